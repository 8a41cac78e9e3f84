"""A rubric judged by a run: what is constant, doubled, unsteady, or tells two revisions apart."""

from collections.abc import Callable, Sequence

from harness.comparison.critique import Criticised, critique
from harness.records.outcomes import Failed, Outcome, Trial, Ungraded
from making import answer, verdict

CASES = tuple(f"case{number}" for number in range(8))


def arm(*attempts: Callable[[int], dict[str, bool | None]], cases: Sequence[str] = CASES) -> list[Outcome]:
    """One outcome per case and attempt; each attempt says which criteria its number's answer meets."""
    return [
        Ungraded(
            trial=Trial(case=case, attempt=place, key=f"{case}/{place}"),
            answer=answer(),
            verdicts=tuple(verdict(name, met=met) for name, met in said(number).items()),
            scores={},
            reason="",
        )
        for place, said in enumerate(attempts, 1)
        for number, case in enumerate(cases)
    ]


def found(*arms: Sequence[Outcome]) -> dict[str, Criticised]:
    return {each.criterion: each for each in critique(arms, seed=1)}


def test_what_is_always_or_never_met_is_constant_and_has_no_twin() -> None:
    said = found(arm(lambda _: {"always": True, "ever": True, "never": False}))
    assert all(each.constant for each in said.values())
    assert [each.met for each in said.values()] == [8, 8, 0]
    assert all(each.twins == each.opposites == () for each in said.values())


def test_criteria_that_agree_everywhere_are_twins_and_those_that_never_do_opposites() -> None:
    said = found(arm(lambda n: {"one": n % 2 == 0, "same": n % 2 == 0, "other": n % 2 == 1, "own": n < 3}))
    assert said["one"].twins == ("same",)
    assert said["same"].twins == ("one",)
    assert said["other"].opposites == ("one", "same")
    assert said["own"].twins == said["own"].opposites == ()


def test_attempts_that_disagree_are_counted_by_case() -> None:
    said = found(arm(lambda n: {"steady": n < 3, "loose": n < 3}, lambda n: {"steady": n < 3, "loose": True}))
    assert (said["steady"].flipping, said["steady"].repeated) == (0, 8)
    assert (said["loose"].flipping, said["loose"].repeated) == (5, 8)


def test_two_runs_are_told_apart_by_what_moved() -> None:
    base = arm(lambda n: {"gained": False, "still": n < 4, "once": False})
    candidate = arm(lambda n: {"gained": True, "still": n < 4, "once": n == 0})
    said = found(base, candidate)
    assert said["gained"].difference == 100.0
    assert said["gained"].p is not None
    assert said["gained"].p == 2 * 2 / 2**8  # the exact sign-flip p, twice for the two that moved
    assert (said["still"].difference, said["still"].p) == (0.0, 1.0)
    assert said["once"].difference == 12.5
    assert said["gained"].flipping == 0  # attempts of two runs are not attempts of one


def test_below_six_cases_nothing_is_said() -> None:
    few = [*arm(lambda n: {"one": n > 2, "two": n > 2}, cases=CASES[:5])]
    said = found(few, few)
    assert not any(each.measurable for each in said.values())
    assert all(each.twins == () and each.difference is None for each in said.values())


def test_what_failed_or_stayed_open_counts_nowhere() -> None:
    broken = Failed(trial=Trial(case="x", attempt=1, key="x"), kind="timeout", message="slow")
    said = found([broken, *arm(lambda n: {"one": None if n else True})])
    assert (said["one"].asked, said["one"].cases) == (1, 1)
