"""Looks in words and in the comparison: order of cases, the level that decides, what gates may still say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.assembling import arm
from harness.comparison.comparing import compare
from harness.comparison.looking import looked, order, saving, told, under
from harness.planning.work import jobs, marks_of
from harness.records.comparisons import Comparison, GateResult
from harness.records.results import Arm
from harness.records.runs import Look, LookWord, Stopping
from making import Shelf, answer, case, criterion, manifest, rubric, run, verdict

IDS = st.lists(st.text("abcdefgh", min_size=1, max_size=5), unique=True, max_size=12)
CASES = [case(f"case-{number}") for number in range(24)]
RUBRICS = (rubric("security", criterion("x")),)


def made(prompt: str, met: int) -> Arm:
    """An arm that meets the criterion in its first cases, so many of them."""
    asked, shelf = manifest(CASES, RUBRICS, prompt=prompt), Shelf()
    for number, job in enumerate(jobs(asked, shelf)):
        given = answer(f"{prompt} {number}")
        shelf.of_answers[job.trial.key] = given
        for mark in marks_of(asked, job.case, given):
            shelf.of_verdicts[mark.key] = verdict("x", met=number < met)
    return replace(arm(run(asked), jobs(asked, shelf), ()), label=prompt)


def compared(level: float = 0.05) -> Comparison:
    base, candidate = made("old", 0), made("new", 6)
    wanted = base.made.manifest.eval
    return compare(base, candidate, grader="signals", eval=wanted, cases=CASES, rubrics=RUBRICS, level=level)


def stopping(word: LookWord, *, left: int = 12) -> Stopping:
    names = tuple(each.id for each in CASES)
    look = Look(
        cases=24 - left,
        graded=24 - left,
        difference=9.0,
        p=0.002,
        level=0.0031,
        conditional_power=None if word == "no decision" else 0.04,
        word=word,
    )
    return Stopping(
        base="b", candidate="c", ran=names[: 24 - left], left=names[24 - left :], looks=(look,), saved=1200
    )


@given(IDS, st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_is_the_seeds_whatever_order_the_cases_come_in(
    ids: list[str], seed: int, shuffle: object
) -> None:
    shuffled = list(ids)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    assert order(shuffled, seed) == order(ids, seed)
    assert sorted(order(ids, seed)) == sorted(ids)


@given(IDS, st.integers(0, 99))
def test_a_new_case_does_not_shuffle_the_others(ids: list[str], seed: int) -> None:
    assert tuple(name for name in order([*ids, "new"], seed) if name != "new") == order(ids, seed)


def test_another_seed_is_another_order() -> None:
    ids = [each.id for each in CASES]
    assert order(ids, 1) != order(ids, 2)


@pytest.mark.parametrize(("level", "word"), [(0.05, "better"), (0.02, "cannot tell")])
def test_the_level_decides_and_not_always_five_percent(level: float, word: str) -> None:
    found = compared(level)
    overall, (criterion,) = found.differences[0], found.criteria
    assert overall.p == pytest.approx(0.03, abs=0.01)
    assert overall.verdict == word
    assert criterion.moved == {"better": "more often"}.get(word, word)


def test_a_look_sees_what_the_comparison_will_say() -> None:
    base, candidate = made("old", 0), made("new", 6)
    look = looked(base, candidate, grader="signals", asked=24, planned=24)
    assert look is not None
    assert (look.p, look.difference, look.graded) == (compared().differences[0].p, 25.0, 24)


def test_a_look_without_a_graded_case_sees_nothing() -> None:
    base = made("old", 0)
    empty = replace(base, outcomes={"signals": ()})
    assert looked(base, empty, grader="signals", asked=12, planned=24) is None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("better", "biased outward"),
        ("worse", "biased outward"),
        ("futile", "with a chance of only 4%: that is no evidence that nothing changed"),
    ],
)
def test_an_early_stop_says_what_it_does_to_the_numbers(word: LookWord, said: str) -> None:
    found = under(compared(), stopping(word))
    assert found.headline.endswith(" Stopped early at case 12 of 24.")
    assert "looked at after 12, 18 and 24 cases" in found.caveats[0]
    assert "Stopped early at case 12 of 24, saved 1,200 paid calls." in found.caveats[0]
    assert said in found.caveats[1]
    assert found.differences == compared().differences


def test_looks_that_went_to_the_end_only_name_their_level() -> None:
    found = under(compared(), stopping("no decision", left=0))
    assert found.headline == compared().headline
    assert "decides at 0.0031 here, not at 0.05" in found.caveats[0]
    assert found.caveats[1:] == compared().caveats


@pytest.mark.parametrize(
    ("result", "word", "left", "kept"),
    [
        ("PASS", "better", 12, False),
        ("PASS", "no decision", 0, True),
        ("FAIL", "worse", 12, True),
        ("FAIL", "better", 12, False),
        ("INCONCLUSIVE", "worse", 12, True),
    ],
)
def test_gates_speak_only_for_what_was_run(result: str, word: LookWord, left: int, *, kept: bool) -> None:
    gate = GateResult(
        dimension="security",
        margin=5,
        result=result,  # type: ignore[arg-type]
        low=-1,
        high=1,
        certifiable=4,
        attempts_needed=None,
        words="as it was",
    )
    (found,) = under(replace(compared(), gates=(gate,)), stopping(word, left=left)).gates
    assert (found == gate) is kept
    if not kept:
        assert found.result == "INCONCLUSIVE"
        assert "whole suite" in found.words


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("better", ": better"),
        ("futile", "with a chance of 4%"),
        ("go on", ": going on"),
        ("no decision", ": no decision"),
    ],
)
def test_a_look_is_told_in_a_line(word: LookWord, said: str) -> None:
    line = told(stopping(word).looks[0], 24)
    assert "12 of 24 cases: overall +9.0 points, p = 0.0020, which decides at 0.0031 or less" in line
    assert said in line


def test_where_no_call_is_paid_cases_are_what_is_saved() -> None:
    assert saving(replace(stopping("better"), saved=0)).endswith("saved 12 cases.")
