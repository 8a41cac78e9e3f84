"""Comparing two runs: pairing, verdicts, sentences, caveats, gates and flips, and what never changes them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.comparison.caveats import of_arms
from harness.comparison.comparing import compare, compare_all
from harness.comparison.gating import gates_of_one
from harness.comparison.pairing import pairs
from harness.comparison.ranking import ranking
from harness.comparison.reliability import reliability
from harness.comparison.spreads import spreads_of_one
from harness.comparison.summary import counts, scores
from harness.grading.scoring import outcome
from harness.records.comparisons import Comparison, Difference
from harness.records.estimates import Estimate
from harness.records.inputs import (
    Agent,
    Case,
    Criterion,
    Escalation,
    Eval,
    Gate,
    GraderSpec,
    ModelSpec,
    Rubric,
)
from harness.records.outcomes import Answer, Failed, Outcome, Trial, Usage, Verdict
from harness.records.results import Arm
from harness.records.runs import Manifest, Revision, Run

Attempt = str | None
"""The ids of the criteria met; `?id` is ungraded; `None` failed. A word behind `!` is a stop reason."""
Answers = Mapping[str, Sequence[Attempt]]

RUBRICS = (
    Rubric(
        dimension="architecture",
        criteria=(
            Criterion(id="a1", text="Shows code.", points=2),
            Criterion(id="a2", text="Names a test.", points=3),
            Criterion(id="a3", text="Adds a needless service.", points=-1),
        ),
    ),
    Rubric(
        dimension="security",
        criteria=(
            Criterion(id="s1", text="Names a threat.", points=1),
            Criterion(id="s2", text="Says who may read.", points=3),
        ),
    ),
)
OWN = {"case-00": {"security": (Criterion(id="own", text="Signs the webhook.", points=4),)}}
CRITERIA = ("a1", "a2", "a3", "s1", "s2")
FULL, NO_S2 = "a1 a2 s1 s2", "a1 a2 s1"


def names(n: int) -> list[str]:
    return [f"case-{number:02}" for number in range(1, n + 1)]


def suite_of(identities: Sequence[str]) -> tuple[Case, ...]:
    return tuple(Case(id=name, prompt="What now?", criteria=OWN.get(name, {})) for name in identities)


def evaluation(*, attempts: int = 1, gate: Gate | None = None, seed: int = 7) -> Eval:
    return Eval(
        agent="agents/backend.md",
        rubrics=("evals/rubrics/security.yaml",),
        model=ModelSpec(provider="recorded", answers="answers.jsonl"),
        graders=(GraderSpec(kind="signals"),),
        attempts=attempts,
        gate=gate,
        seed=seed,
    )


def outcomes(answers: Answers) -> tuple[Outcome, ...]:
    return tuple(
        trial_outcome(case, number, attempt)
        for case, attempts in answers.items()
        for number, attempt in enumerate(attempts, start=1)
    )


def trial_outcome(case: str, number: int, attempt: Attempt) -> Outcome:
    trial = Trial(case=case, attempt=number, key=f"{case}/{number}")
    if attempt is None:
        return Failed(trial=trial, kind="timeout", message="no answer within 60 s")
    met, _, stop_reason = attempt.partition("!")
    words = met.split()
    (asked,) = suite_of([case])
    verdicts = [
        Verdict(
            dimension=rubric.dimension,
            criterion=criterion.id,
            met=None if f"?{criterion.id}" in words else criterion.id in words,
        )
        for rubric in RUBRICS
        for criterion in (*rubric.criteria, *asked.criteria.get(rubric.dimension, ()))
    ]
    answer = Answer(text="word " * len(words), stop_reason=stop_reason or "end_turn")
    return outcome(trial, answer, verdicts, asked, RUBRICS)


def arm(label: str, answers: Answers, *, attempts: int = 1, words: float | None = None) -> Arm:
    found = outcomes(answers)
    agent = Agent(name="backend", description="", prompt=label, prompt_hash=label, file_hash=label)
    manifest = Manifest(
        eval_name="backend",
        eval=evaluation(attempts=attempts),
        revision=Revision(label=label, path="agents/backend.md", agent=agent),
        cases=suite_of(list(answers)),
        rubrics=RUBRICS,
        graders=(),
        model_version="recorded",
    )
    return Arm(
        run=Run(id=label, manifest=manifest, created_at="2026-01-01T00:00:00Z"),
        label=label,
        counts={"signals": counts(found, planned=len(answers) * attempts)},
        outcomes={"signals": found},
        scores={},
        words=words,
        usage=Usage(),
        costs={},
        seconds=None,
    )


def compared(
    base: Arm | Answers,
    candidate: Arm | Answers,
    *,
    eval: Eval | None = None,  # noqa: A002 - as in compare
    cases: Sequence[str] = (),
) -> Comparison:
    before = base if isinstance(base, Arm) else arm("old", base)
    after = candidate if isinstance(candidate, Arm) else arm("new", candidate)
    known = cases or list(
        dict.fromkeys(case.id for one in (before, after) for case in one.made.manifest.cases)
    )
    return compare(
        before, after, grader="signals", eval=eval or evaluation(), cases=suite_of(known), rubrics=RUBRICS
    )


def of(comparison: Comparison, dimension: str) -> Difference:
    return next(found for found in comparison.differences if found.dimension == dimension)


ATTEMPT = st.lists(st.sampled_from(CRITERIA), max_size=5).map(lambda met: " ".join(sorted(set(met))))
PAIRED_ANSWERS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        *(st.fixed_dictionaries({c: st.lists(ATTEMPT, min_size=1, max_size=3) for c in names(n)}),) * 2
    )
)

# ------------------------------------------------------------------ laws


@settings(deadline=None, max_examples=40)
@given(PAIRED_ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_cases_and_outcomes_changes_no_number(
    arms: tuple[Answers, Answers], random: Random
) -> None:
    before, after = (arm(label, answers) for label, answers in zip(("old", "new"), arms, strict=True))
    cases = list(arms[0])
    turned = [
        dataclasses.replace(one, outcomes={"signals": tuple(shaken(one.outcomes["signals"], random))})
        for one in (before, after)
    ]
    plain = compared(before, after, cases=cases)
    shuffled = compared(*turned, cases=cases[::-1])
    assert shuffled.differences == plain.differences
    assert shuffled.flips == plain.flips
    assert shuffled.headline == plain.headline
    assert shuffled.cases == plain.cases[::-1]


def shaken(found: Sequence[Outcome], random: Random) -> list[Outcome]:
    return random.sample(found, len(found))


def known(estimate: Estimate) -> float:
    assert estimate.mean is not None
    return estimate.mean


@settings(deadline=None, max_examples=40)
@given(PAIRED_ANSWERS)
def test_swapping_the_arms_negates_differences_and_gains(arms: tuple[Answers, Answers]) -> None:
    one, other = compared(arms[0], arms[1]), compared(arms[1], arms[0])
    for forth, back in zip(one.differences, other.differences, strict=True):
        assert back.difference.mean == pytest.approx(-known(forth.difference), abs=1e-9)
        assert back.p == forth.p
        assert {forth.verdict, back.verdict} in (
            {"better", "worse"},
            {"cannot tell"},
            {"no worse"},
            {"no worse", "cannot tell"},
        )
    assert {(f.case, f.criterion, f.gain) for f in one.flips} == {
        (f.case, f.criterion, -f.gain) for f in other.flips
    }


@settings(deadline=None, max_examples=40)
@given(PAIRED_ANSWERS)
def test_the_difference_is_the_difference_of_the_means_of_case_means(arms: tuple[Answers, Answers]) -> None:
    for found in compared(*arms).differences:
        moved = known(found.candidate) - known(found.base)
        assert found.difference.mean == pytest.approx(moved, abs=1e-9)
        assert found.difference.n == found.base.n == len(arms[0])


@settings(deadline=None, max_examples=40)
@given(PAIRED_ANSWERS)
def test_gains_add_up_to_the_change_of_the_score_where_nothing_was_clipped(
    arms: tuple[Answers, Answers],
) -> None:
    comparison = compared(*arms)
    for row in comparison.cases:
        gained = math.fsum(
            f.gain for f in comparison.flips if (f.case, f.dimension) == (row.case, "security")
        )
        before, after = row.base["security"], row.candidate["security"]
        assert before is not None
        assert after is not None
        assert gained == pytest.approx(after - before, abs=1e-9)
    assert [abs(f.gain) for f in comparison.flips] == sorted(
        (abs(f.gain) for f in comparison.flips), reverse=True
    )


@settings(deadline=None, max_examples=40)
@given(PAIRED_ANSWERS)
def test_records_hold_plain_finite_python_values_and_the_same_inputs_give_the_same_record(
    arms: tuple[Answers, Answers],
) -> None:
    asked = evaluation(attempts=2, gate=Gate())
    comparison = compared(*arms, eval=asked)
    assert comparison == compared(*arms, eval=asked)
    for value in leaves(dataclasses.asdict(comparison)):
        assert type(value) in (str, int, float, type(None))
        assert not isinstance(value, float) or math.isfinite(value)


def leaves(value: object) -> list[object]:
    match value:
        case dict():
            return [leaf for part in value.values() for leaf in leaves(part)]
        case tuple() | list():
            return [leaf for part in value for leaf in leaves(part)]
        case _:
            return [value]


# ------------------------------------------------------------------ pairing


def test_attempts_are_averaged_inside_a_case_first() -> None:
    many = {"case-01": [FULL, FULL, FULL], "case-02": [NO_S2]}
    found = of(compared(many, {"case-01": [FULL], "case-02": [FULL]}), "security")
    assert found.base.mean == (100 + 25) / 2
    assert found.difference.mean == 75 / 2
    assert found.difference.n == 2


def test_a_case_that_failed_in_one_arm_is_left_out_of_both_and_named() -> None:
    comparison = compared({"case-01": [FULL], "case-02": [FULL]}, {"case-01": [NO_S2], "case-02": [None]})
    assert comparison.unpaired == ("case-02",)
    found = of(comparison, "security")
    assert (found.base.mean, found.candidate.mean, found.difference.n) == (100, 25, 1)
    assert comparison.cases[1].candidate == {"overall": None, "architecture": None, "security": None}
    assert said(comparison, "1 case is not graded in both arms", "case-02")


def test_an_ungraded_criterion_costs_its_dimension_and_overall_but_no_other() -> None:
    comparison = compared(
        {"case-01": [FULL], "case-02": [FULL]}, {"case-01": [FULL], "case-02": ["a1 a2 s1 ?s2"]}
    )
    counted = {found.dimension: found.difference.n for found in comparison.differences}
    assert counted == {"overall": 1, "architecture": 2, "security": 1}


def test_a_verdict_of_an_incomplete_dimension_is_no_flip() -> None:
    # s1 differs between the arms, but the second attempt has no score for security.
    comparison = compared({"case-01": [FULL]}, {"case-01": [FULL, "a1 a2 ?s2"]})
    assert comparison.flips == ()


def test_missing_points_are_the_share_of_positive_points_that_nobody_graded() -> None:
    # Two arms of two cases: 5 points of architecture and 4 of security each; one trial failed,
    # one has no security.
    comparison = compared({"case-01": [FULL], "case-02": [None]}, {"case-01": ["a1 ?s1"], "case-02": [FULL]})
    assert comparison.missing_points == pytest.approx((9 + 4) / 36)
    assert said(comparison, "36.1 % of the points")


def test_a_planned_attempt_that_never_ran_is_missing_too() -> None:
    before, after = (
        arm("old", {"case-01": [FULL]}, attempts=2),
        arm("new", {"case-01": [FULL, FULL]}, attempts=2),
    )
    comparison = compared(before, after)
    assert comparison.missing_points == pytest.approx(1 / 4)
    assert said(comparison, "1 not run of 2", "The arms differ in this")


def test_pairs_stand_in_the_order_of_their_ids_so_that_a_random_draw_is_the_same_whatever_came_first() -> (
    None
):
    many = outcomes({case: [FULL] for case in reversed(names(40))})
    assert pairs(many, many, dimension="overall").cases == tuple(names(40))


def test_an_attempt_too_many_does_not_make_up_for_a_missing_one() -> None:
    one = arm("old", {"case-01": [FULL, FULL], "case-02": []})
    assert compared(one, {"case-01": [FULL], "case-02": [FULL]}).missing_points == pytest.approx(1 / 4)


def test_an_answer_to_a_case_that_nobody_asked_for_is_named_and_not_counted() -> None:
    both = {"case-01": [FULL], "stray": [NO_S2]}
    comparison = compared(both, both, cases=["case-01"])
    assert comparison.unpaired == ("stray",)
    assert of(comparison, "overall").difference.n == 1
    assert [row.case for row in comparison.cases] == ["case-01"]


@pytest.mark.parametrize("answers", [{"case-01": [None]}, {"case-01": ["?a1 ?s1"]}, {"case-01": []}])
def test_nothing_graded_gives_no_verdict_and_says_so(answers: Answers) -> None:
    comparison = compared({"case-01": [FULL]}, answers, eval=evaluation(gate=Gate()))
    assert [found.dimension for found in comparison.differences] == ["overall", "architecture", "security"]
    for found in comparison.differences:
        assert (found.verdict, found.p, found.difference.n, found.difference.low) == (
            "cannot tell",
            None,
            0,
            None,
        )
    assert comparison.headline == "Nothing can be said of new against old: no case was graded in both."
    assert {gate.result for gate in comparison.gates} == {"INCONCLUSIVE"}
    assert said(comparison, "overall, architecture and security: there is no comparison")


# ------------------------------------------------------------------ verdicts and sentences

TEN = names(10)
STEADY = {case: [NO_S2, NO_S2, NO_S2] for case in TEN}
WOBBLY = {
    case: [NO_S2, FULL, NO_S2] if number % 2 else [FULL, NO_S2, NO_S2] for number, case in enumerate(TEN)
}
SOME_LOST = {case: [NO_S2] if number < 3 else [FULL] for number, case in enumerate(TEN)}


def test_a_gain_in_every_case_is_better_and_named() -> None:
    comparison = compared(
        {c: [NO_S2] for c in TEN}, {c: [FULL] if c != "case-01" else ["a1 a2 s2"] for c in TEN}
    )
    found = of(comparison, "security")
    assert found.verdict == "better"
    assert found.sentence.startswith(
        "Better: security went from 25.0 to 97.5, +72.5 points (cases like these, n = 10"
    )
    assert comparison.headline.startswith(
        "new is better than old overall: +36.2 points (cases like these, n = 10"
    )
    assert comparison.headline.endswith("Better on security (+72.5). Cannot tell on architecture (0.0).")


def test_a_loss_in_every_case_is_worse() -> None:
    comparison = compared(
        {c: [FULL] for c in TEN}, {c: [NO_S2] if c != "case-01" else ["a1 a2"] for c in TEN}
    )
    assert of(comparison, "security").verdict == "worse"
    assert "new is worse than old overall" in comparison.headline
    assert "Worse on security (−77.5)." in comparison.headline


def test_where_all_moved_alike_there_is_a_p_but_no_interval() -> None:
    found = of(compared({c: [NO_S2] for c in TEN}, {c: [FULL] for c in TEN}), "security")
    assert (found.verdict, found.difference.low) == ("better", None)
    assert "all moved alike, so there is no interval" in found.sentence


def test_no_worse_needs_the_bound_on_this_suite() -> None:
    before, after = arm("old", WOBBLY, attempts=3), arm("new", WOBBLY, attempts=3)
    wide = evaluation(attempts=3, gate=Gate(margin=40))
    found = of(compared(before, after, eval=wide), "security")
    assert found.verdict == "no worse"
    assert found.suite is not None
    assert "inside the margin of 40" in found.sentence
    narrow = of(compared(before, after, eval=evaluation(attempts=3, gate=Gate(margin=2))), "security")
    assert narrow.verdict == "cannot tell"
    assert "beyond the margin of 2" in narrow.sentence


@pytest.mark.parametrize(
    ("base", "candidate", "words"),
    [
        ({c: [FULL] for c in TEN}, SOME_LOST, "only 3 of 10 cases changed, and below 6 no p under 0.05"),
        ({c: [FULL] for c in TEN}, {c: [FULL] for c in TEN}, "none of 10 cases changed"),
        ({"case-01": [FULL]}, {"case-01": [NO_S2]}, "with 1 case no p under 0.05 is possible"),
        ({c: [FULL] for c in names(5)}, {c: [NO_S2] for c in names(5)}, "with 5 cases no p under 0.05"),
        (
            {c: [FULL if n % 2 else NO_S2] for n, c in enumerate(TEN)},
            {c: [NO_S2 if n % 2 else FULL] for n, c in enumerate(TEN)},
            "points four times in five, and to find 5 it takes about",
        ),
    ],
)
def test_cannot_tell_says_what_it_would_take(base: Answers, candidate: Answers, words: str) -> None:
    found = of(compared(base, candidate), "security")
    assert found.verdict == "cannot tell"
    assert found.sentence.startswith("Cannot tell: security went from")
    assert words in found.sentence


def test_with_one_attempt_the_suite_is_missing_and_says_why() -> None:
    found = of(compared(SOME_LOST, SOME_LOST), "overall")
    assert found.suite is None
    assert "it takes two or more" in found.suite_missing


# ------------------------------------------------------------------ gates


def test_gates_exist_only_where_the_eval_sets_them() -> None:
    before, after = arm("old", WOBBLY, attempts=3), arm("new", WOBBLY, attempts=3)
    assert compared(before, after).gates == ()
    every = compared(before, after, eval=evaluation(gate=Gate(margin=40))).gates
    assert [gate.dimension for gate in every] == ["architecture", "security"]
    named = compared(
        before, after, eval=evaluation(gate=Gate(margin=40, dimensions=("overall", "security")))
    ).gates
    assert [(gate.dimension, gate.result) for gate in named] == [("overall", "PASS"), ("security", "PASS")]


@pytest.mark.parametrize(
    ("answers", "attempts", "words"),
    [({c: [FULL] for c in TEN}, 1, "it takes two or more"), (STEADY, 3, "no variation seen")],
)
def test_without_measured_scatter_the_gate_never_passes(answers: Answers, attempts: int, words: str) -> None:
    arms = [arm(label, answers, attempts=attempts) for label in ("old", "new")]
    comparison = compared(*arms, eval=evaluation(attempts=attempts, gate=Gate()))
    assert {gate.result for gate in comparison.gates} == {"INCONCLUSIVE"}
    assert all(words in gate.words for gate in comparison.gates)
    assert said(comparison, "A verdict on this suite alone, which a gate would need, is not available", words)


def test_a_margin_and_a_floor_of_ones_own_are_gated_too() -> None:
    before, after = arm("old", WOBBLY, attempts=3), arm("new", WOBBLY, attempts=3)
    gate = Gate(margin=40, dimensions=("overall",), margins={"security": 60}, floors={"security": 20})
    found = compared(before, after, eval=evaluation(attempts=3, gate=gate)).gates
    assert [(each.dimension, each.margin, each.floor) for each in found] == [
        ("overall", 40, None),
        ("security", 60, None),
        ("security", 0, 20),
    ]
    assert [each.result for each in found] == ["PASS", "PASS", "PASS"]
    assert [each.n for each in found] == [10, 10, 10]


def test_a_single_run_is_held_to_its_floors_alone() -> None:
    found = outcomes(WOBBLY)
    (decided,) = gates_of_one(found, Gate(margin=5, floors={"security": 90}))
    assert decided.result == "FAIL"
    assert "below the floor of 90" in decided.words
    assert gates_of_one(found, Gate(margin=5)) == gates_of_one(found, None) == ()


def test_a_floor_of_what_nobody_graded_is_inconclusive() -> None:
    (decided,) = gates_of_one(outcomes({"case-01": [None]}), Gate(floors={"security": 50}))
    assert (decided.result, decided.low) == ("INCONCLUSIVE", None)
    assert "no case was graded" in decided.words


# ------------------------------------------------------------------ many questions at once

BETTER = {c: [FULL] if c != "case-01" else ["a1 a2 s2"] for c in TEN}
MIXED = {c: [NO_S2 if number % 3 else FULL] for number, c in enumerate(TEN)}
BASE = {c: [NO_S2] for c in TEN}


def together(*candidates: Answers) -> tuple[Comparison, ...]:
    return compare_all(
        arm("old", BASE),
        [arm(f"new{number}", answers) for number, answers in enumerate(candidates)],
        grader="signals",
        eval=evaluation(),
        cases=suite_of(TEN),
        rubrics=RUBRICS,
    )


def test_one_candidate_is_asked_one_question_overall_and_one_per_dimension() -> None:
    (found,) = together(BETTER)
    assert [(row.family, row.p_adjusted is None) for row in found.differences] == [
        (1, True),
        (2, False),
        (2, False),
    ]
    assert found == compared(arm("old", BASE), arm("new0", BETTER))


def test_candidates_are_adjusted_for_each_other_and_never_gain_by_it() -> None:
    alone = [compared(arm("old", BASE), arm(f"new{n}", each)) for n, each in enumerate((BETTER, MIXED))]
    both = together(BETTER, MIXED)
    assert [row.family for row in both[0].differences] == [2, 4, 4]
    for one, other in zip(alone, both, strict=True):
        for before, after in zip(one.differences, other.differences, strict=True):
            assert after.p == before.p
            assert after.p_adjusted is not None
            assert after.p is not None
            assert after.p_adjusted >= after.p
            assert after.difference == before.difference


def differences_of(found: Sequence[Comparison]) -> dict[str, list[tuple[float | None, ...]]]:
    return {
        each.candidate: [(d.p, d.p_adjusted, d.difference.mean) for d in each.differences] for each in found
    }


@settings(max_examples=15)
@given(st.permutations(range(4)), st.integers(1, 3))
def test_the_order_of_the_candidates_changes_no_number(order: list[int], step: int) -> None:
    cases = names(16)
    before = arm("old", {c: [NO_S2] for c in cases})
    arms = [
        arm(f"new{k}", {c: [FULL if (n * (k + step)) % 5 < 2 else "a1 s1"] for n, c in enumerate(cases)})
        for k in range(4)
    ]
    one, other = (
        compare_all(before, each, grader="signals", eval=evaluation(), cases=suite_of(cases), rubrics=RUBRICS)
        for each in (arms, [arms[place] for place in order])
    )
    assert differences_of(one) == differences_of(other)


def test_the_verdict_goes_by_the_p_that_holds_for_all_questions() -> None:
    # Six of ten rise alike: p = .031 by itself, but each of eight others could have done that by chance.
    rising = [
        {c: [FULL if (number + k) % 10 < 6 else NO_S2] for number, c in enumerate(TEN)} for k in range(9)
    ]
    (alone,), (first, *_) = together(rising[0]), together(*rising)
    assert of(alone, "overall").verdict == "better"
    found = of(first, "overall")
    assert found.p == of(alone, "overall").p == 2 / 2**6
    assert found.verdict == "cannot tell"
    assert "adjusted for 9 candidates, 0.031 by itself" in found.sentence


def test_criteria_that_moved_are_told_beyond_chance_and_constant_ones_are_not_measurable() -> None:
    (found,) = together(BETTER)
    told = {one.criterion: one for one in found.criteria}
    assert {name: one.moved for name, one in told.items()} == {
        "a1": "not measurable",
        "a2": "not measurable",
        "a3": "not measurable",
        "s1": "cannot tell",
        "s2": "more often",
    }
    moved = told["s2"]
    assert (moved.base, moved.candidate, moved.difference.mean, moved.changed) == (0, 100, 100, 10)
    assert moved.family == 2
    assert told["a3"].p is None
    assert told["a3"].difference.low is None


def test_a_criterion_of_few_cases_is_left_to_the_flips() -> None:
    few = {**{c: [NO_S2] for c in names(4)}, "case-00": ["own"]}
    found = compared(few, {c: [FULL] for c in few})
    assert found.criteria == ()
    assert found.flips


# ------------------------------------------------------------------ ranking


def ranked(*arms: Answers) -> list[tuple[str, bool]]:
    labelled = [arm(f"r{number}", answers) for number, answers in enumerate(arms)]
    found = ranking(labelled, grader="signals", clusters={}, seed=7)
    assert found is not None
    return [(rank.label, rank.tied) for rank in found.ranks]


def test_three_revisions_are_ranked_and_ties_with_the_best_named() -> None:
    nearly = {**BETTER, "case-02": [NO_S2]}
    assert ranked(BASE, BETTER, nearly) == [("r1", True), ("r2", True), ("r0", False)]


def test_equal_revisions_are_all_tied() -> None:
    assert ranked(BASE, BASE, BASE) == [("r0", True), ("r1", True), ("r2", True)]


def test_a_ranking_goes_over_the_cases_that_all_have_graded_and_says_how_many() -> None:
    arms = [arm("one", BASE), arm("two", {**BETTER, "case-05": [None]}), arm("three", MIXED)]
    found = ranking(arms, grader="signals", clusters={}, seed=7)
    assert found is not None
    assert found.n == 9
    assert {rank.score.n for rank in found.ranks} == {9}
    assert found.words.startswith("two scores best")
    assert "the best of several looks better than it is" in found.words


def test_two_revisions_or_no_common_case_have_no_ranking() -> None:
    two = [arm("one", BASE), arm("two", BETTER)]
    assert ranking(two, grader="signals", clusters={}, seed=7) is None
    apart = [*two, arm("three", {c: [None] for c in TEN})]
    assert ranking(apart, grader="signals", clusters={}, seed=7) is None


def test_a_revision_of_which_nothing_was_graded_has_no_place_and_takes_nobody_elses() -> None:
    arms = [arm(f"r{number}", answers) for number, answers in enumerate((BASE, BETTER, MIXED))]
    nothing = arm("nothing", {c: [None] for c in TEN})
    found = ranking([*arms, nothing], grader="signals", clusters={}, seed=7)
    assert found == ranking(arms, grader="signals", clusters={}, seed=7)
    assert found is not None


# ------------------------------------------------------------------ clusters


def in_clusters(answers: tuple[Answers, Answers], clusters: Mapping[str, str]) -> Comparison:
    before, after = (arm(label, each) for label, each in zip(("old", "new"), answers, strict=True))
    cases = [dataclasses.replace(c, cluster=clusters.get(c.id, "")) for c in suite_of(list(answers[0]))]
    return compare(before, after, grader="signals", eval=evaluation(), cases=cases, rubrics=RUBRICS)


def test_cases_from_five_sources_can_give_no_verdict() -> None:
    found = in_clusters((BASE, BETTER), {c: f"incident-{number % 5}" for number, c in enumerate(TEN)})
    security = of(found, "security")
    assert (security.clusters, security.verdict) == (5, "cannot tell")
    assert "only 5 of 5 clusters of cases changed" in security.sentence
    assert said(found, "Fewer than 6 clusters of cases changed", "pseudo-clusters")
    assert said(found, "come from 5 clusters")


def test_cases_without_a_source_stand_for_themselves() -> None:
    found = in_clusters((BASE, BETTER), {"case-01": "incident", "case-02": "incident"})
    security = of(found, "security")
    assert security.clusters == 9
    assert security.verdict == "better"
    assert security.difference.method == "subset means of clusters"
    assert "n = 10 from 9 clusters" in security.sentence
    plain = compared(arm("old", BASE), arm("new", BETTER))
    assert in_clusters((BASE, BETTER), {}) == plain


# ------------------------------------------------------------------ length


def lengthened(answers: Answers, extra: Mapping[str, int]) -> Arm:
    plain = arm("new", answers)
    found = tuple(
        one
        if isinstance(one, Failed)
        else dataclasses.replace(one, answer=Answer(text="word " * (20 + extra[one.trial.case])))
        for one in plain.outcomes["signals"]
    )
    words = 20 + sum(extra.values()) / len(extra)
    return dataclasses.replace(plain, outcomes={"signals": found}, words=words)


def test_where_length_moved_the_difference_at_equal_length_stands_beside_the_raw_one() -> None:
    none = dict.fromkeys(TEN, 0)
    base = dataclasses.replace(lengthened(BASE, none), label="old")
    grown = compared(base, lengthened(BETTER, {c: 10 * n - 20 for n, c in enumerate(TEN, start=1)}))
    found = of(grown, "security")
    assert found.length_adjusted is not None
    assert found.length_adjusted.n == 10
    assert "at equal length of answers it would be" in found.sentence
    alike = compared(base, lengthened(BETTER, none))
    assert of(alike, "security").length_adjusted is None
    beyond = compared(base, lengthened(BETTER, {c: 10 * n for n, c in enumerate(TEN, start=1)}))
    assert "cannot be told" in of(beyond, "security").sentence


# ------------------------------------------------------------------ reliability and spread


def test_what_flickers_between_attempts_is_counted_and_comes_first() -> None:
    answers = {"case-01": [FULL, FULL, FULL], "case-02": [FULL, NO_S2, "a1 a2 a3 s1"]}
    run = arm("new", answers, attempts=3)
    found = reliability(run, grader="signals", cases=suite_of(list(answers)), rubrics=RUBRICS)
    assert found is not None
    first, second = found.cases
    assert (first.case, second.case, found.flaky) == ("case-02", "case-01", (first,))
    assert [(f.criterion, f.passed, f.attempts) for f in first.flickers] == [("a3", 2, 3), ("s2", 1, 3)]
    # Of ten criteria of cases eight always pass, one passes in 2 of 3 attempts and one in 1 of 3.
    assert found.whole.every_time == pytest.approx((90, 100 * (8 + 1 / 3) / 10, 80))
    assert found.whole.at_least_once == pytest.approx((90, 100 * (8 + 1 + 2 / 3) / 10, 100))
    flaky = {one.criterion: one.flaky for one in found.criteria}
    assert flaky == {"a1": 0, "a2": 0, "a3": 1, "s1": 0, "s2": 1}
    assert (second.lowest, second.highest) == (100, 100)


def test_what_passes_every_time_carries_an_interval_over_cases() -> None:
    often = {case: [FULL, FULL, NO_S2] if number % 2 else [FULL] * 3 for number, case in enumerate(TEN)}
    found = reliability(arm("new", often), grader="signals", cases=suite_of(TEN), rubrics=RUBRICS)
    assert found is not None
    (moody,) = [each.repeated for each in found.criteria if each.criterion == "s2"]
    assert [each.mean for each in moody.every_intervals] == pytest.approx(list(moody.every_time))
    assert {each.n for each in moody.every_intervals} == {len(TEN)}
    three = moody.every_intervals[2]  # half of the cases pass all three attempts, the others never
    half = stats.t.ppf(0.975, len(TEN) - 1) * stats.sem([100.0, 0.0] * 5)
    assert (three.low, three.high) == pytest.approx((50 - half, 50 + half))
    assert len(found.whole.every_intervals) == len(found.whole.every_time)
    assert found.cases[0].repeated.every_intervals == ()


def test_one_attempt_says_nothing_of_reliability() -> None:
    once = arm("new", BASE)
    assert reliability(once, grader="signals", cases=suite_of(TEN), rubrics=RUBRICS) is None


def test_a_run_says_where_its_uncertainty_comes_from_and_what_more_answers_would_bring() -> None:
    overall, *_ = spreads_of_one(outcomes(WOBBLY), ("architecture", "security"), {})
    assert (overall.dimension, overall.of, overall.n, overall.attempts) == ("overall", "score", 10, 3)
    assert overall.judge is None
    assert overall.more_cases is None or overall.more_cases[0] == 10


def test_what_more_answers_would_bring_is_weighed_at_equal_cost() -> None:
    uneven = {c: [FULL, NO_S2, FULL] if n % 3 else ["", NO_S2, NO_S2] for n, c in enumerate(TEN)}
    security = spreads_of_one(outcomes(uneven), ("architecture", "security"), {})[2]
    assert security.more_cases is not None
    assert security.more_attempts is not None
    assert (security.more_cases[0], security.more_attempts[0]) == (10, 3)
    assert security.more_cases[1] < security.more_attempts[1] < security.half_width
    assert "10 more cases would make that" in security.advice
    assert "3 more attempts a case, as many answers" in security.advice


# ------------------------------------------------------------------ caveats


def said(comparison: Comparison, *words: str) -> bool:
    """Whether one caveat holds all these words."""
    return any(all(word in caveat for word in words) for caveat in comparison.caveats)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (100.0, 100.0, False),
        (100.0, 105.0, False),
        (100.0, 141.0, True),
        (1286.0, 805.0, True),
        (None, 100.0, False),
    ],
)
def test_length_is_called_confounded_where_it_moved(
    before: float | None, after: float, expected: bool
) -> None:
    answers = {c: [FULL] for c in TEN}
    comparison = compared(arm("old", answers, words=before), arm("new", answers, words=after))
    assert said(comparison, "length is confounded") == expected
    if expected and before is not None:
        assert said(comparison, f"from {before:,.0f} to {after:,.0f} words")


def test_trials_left_out_are_counted_and_compared_between_the_arms() -> None:
    whole = {c: [FULL] for c in TEN}
    torn: Answers = {**whole, "case-01": [None], "case-02": ["?s1"]}
    uneven, even = compared(whole, torn), compared(torn, torn)
    assert said(
        uneven, "old 0 failed and 0 ungraded of 10", "new 1 failed and 1 ungraded of 10", "arms differ"
    )
    assert said(even, "1 failed and 1 ungraded")
    assert not said(even, "arms differ")
    assert not said(compared(whole, whole), "left out")


def test_cut_and_refused_answers_are_pointed_out() -> None:
    comparison = compared({"case-01": ["a1 !max_tokens"]}, {"case-01": ["!refusal"]})
    assert said(comparison, "old 1 cut and 0 refused of 1", "new 0 cut and 1 refused of 1")
    assert not said(compared({"case-01": [FULL]}, {"case-01": [FULL]}), "refused")


def test_the_caveat_on_many_dimensions_and_on_symmetry_come_where_they_apply() -> None:
    mixed = {c: [FULL] if c in TEN[3:] else ["a1 s2"] for c in TEN} | {"case-01": ["a1"]}
    gained = compared({c: ["a2 s1"] for c in TEN}, mixed)
    assert said(gained, "each p is adjusted for that", "the intervals are not")
    assert said(gained, "read what moved")
    unchanged = compared({c: [FULL] for c in TEN}, {c: [FULL] for c in TEN})
    assert not said(unchanged, "adjusted")
    assert not said(unchanged, "read what moved")


def test_the_free_grader_is_named_for_what_it_is() -> None:
    assert said(
        compared({"case-01": [FULL]}, {"case-01": [FULL]}), "signals grader is free and deterministic"
    )


# ------------------------------------------------------------------ flips


def test_a_flip_tells_share_points_and_gain_also_of_a_criterion_to_avoid() -> None:
    comparison = compared({"case-00": ["a1 a2 own", "a1 a2"]}, {"case-00": ["a1 a2 a3", "a1 a2 a3"]})
    first, second = comparison.flips
    assert (first.criterion, first.text, first.points) == ("own", "Signs the webhook.", 4)
    assert (first.base, first.candidate) == (0.5, 0)
    assert first.gain == pytest.approx(-0.5 * 4 / (1 + 3 + 4) * 100)
    assert (second.criterion, second.base, second.candidate) == ("a3", 0, 1)
    assert second.gain == pytest.approx(-1 / 5 * 100)


# ------------------------------------------------------------------ one run


def test_one_runs_scores_begin_with_overall_and_count_cases_not_attempts() -> None:
    found = dict(
        scores(outcomes({"case-01": [FULL, NO_S2], "case-02": [NO_S2, "a1 a2 ?s1"]}), ["security", "absent"])
    )
    assert list(found) == ["overall", "security", "absent"]
    assert found["security"].mean == ((100 + 25) / 2 + 25) / 2
    assert found["overall"].mean == (((100 + 62.5) / 2) + 62.5) / 2
    assert [estimate.n for estimate in found.values()] == [2, 2, 0]


def test_counts_tell_planned_answered_and_graded_apart() -> None:
    found = counts(
        outcomes({"case-01": [FULL, "?s1", None], "case-02": ["!refusal", "a1 !max_tokens"]}), planned=7
    )
    assert (found.planned, found.answered, found.graded, found.ungraded, found.failed) == (7, 4, 3, 1, 1)
    assert (found.refused, found.cut) == (1, 1)
    assert found.missing_share == pytest.approx(4 / 7)


_KIN = "of the family of the model that answered"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "claude-sonnet-5-5"}, "The judge, claude-sonnet-5-5, is the model that answered"),
        ({"model": "claude-haiku-5-5"}, f"The judge, claude-haiku-5-5, is {_KIN}"),
        ({"model": "gpt-9"}, ""),
        ({"panel": ["gpt-9", "claude-haiku-5-5", "llama-7"]}, f"Of the judges, claude-haiku-5-5 is {_KIN}"),
        ({"model": "gpt-9", "escalate": "claude-opus-5-5"}, f"Of the judges, claude-opus-5-5 is {_KIN}"),
        ({"panel": ["gpt-9", "llama-7", "qwen-5"]}, ""),
    ],
)
def test_a_judge_of_the_agent_s_kin_is_named(asked: dict[str, Any], words: str) -> None:
    given = arm("old", {c: [FULL] for c in TEN})
    (kind,) = given.counts
    manifest = given.made.manifest
    model = asked.get("model")
    spec = GraderSpec(
        kind="judge",
        model=ModelSpec(name=model) if model else None,
        panel=tuple(ModelSpec(name=name) for name in asked.get("panel", ())),
        escalate=Escalation(model=ModelSpec(name=asked["escalate"]), when="both")
        if "escalate" in asked
        else None,
    )
    wanted = dataclasses.replace(manifest.eval, model=ModelSpec(name="claude-sonnet-5-5"), graders=(spec,))
    base = dataclasses.replace(
        given,
        run=dataclasses.replace(given.made, manifest=dataclasses.replace(manifest, eval=wanted)),
        counts={"judge": given.counts[kind]},
    )
    kin = [each for each in of_arms(base, base, grader="judge") if "the model that answered" in each]
    assert len(kin) == bool(words)
    assert all(each.startswith(words) for each in kin)
