"""What must hold of any comparison, whatever the scores: over verdict, interval, suite and gate together.

Scores come as sheets of another tool would, so that Hypothesis may choose every number: few cases and many,
one attempt and several, unequal attempts, ties, nothing but zeros.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from harness.comparison.sheets import report
from harness.records.comparisons import Comparison, Difference
from harness.records.estimates import OVERALL, Estimate
from harness.records.inputs import Gate
from harness.reporting.tables import as_json
from harness.statistics.paired import PSEUDO_CASES, SUBSETS
from test_sheets import made, told

Scores = Mapping[str, tuple[float, ...]]
Arms = tuple[Scores, Scores]

POINTS = st.sampled_from([20.0, 30.0, 35.0, 40.0, 42.5, 45.0, 50.0, 60.0, 62.5, 70.0])
"""Few values, so that ties are common; room below and above for a constant."""
ATTEMPTS = st.lists(POINTS, min_size=1, max_size=3).map(tuple)
GATE = Gate(margin=5, dimensions=(OVERALL,))


def arms(most: int, fewest: int = 1) -> st.SearchStrategy[Arms]:
    cases = st.lists(st.tuples(ATTEMPTS, ATTEMPTS), min_size=fewest, max_size=most)
    return cases.map(
        lambda found: (
            {f"q{n:02}": pair[0] for n, pair in enumerate(found)},
            {f"q{n:02}": pair[1] for n, pair in enumerate(found)},
        )
    )


def compared(found: Arms, *, margin: float = 5.0) -> Comparison:
    base, candidate = (made(label, dict(scores)) for label, scores in zip(("old", "new"), found, strict=True))
    gate = replace(GATE, margin=margin)
    (comparison,) = told(base, candidate, gate=gate).comparisons
    return comparison


def overall(found: Arms) -> Difference:
    return compared(found).differences[0]


def bounds(estimate: Estimate | None) -> tuple[float, float] | None:
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.low, estimate.high


def same(one: Difference, other: Difference) -> None:
    assert one.p == pytest.approx(other.p, abs=1e-12)
    assert one.verdict == other.verdict
    assert one.changed == other.changed
    assert one.difference.mean == pytest.approx(other.difference.mean, abs=1e-8)
    for ours, theirs in ((one.difference, other.difference), (one.suite, other.suite)):
        assert (bounds(ours) is None) == (bounds(theirs) is None)
        if (pair := bounds(ours)) is not None:
            assert pair == pytest.approx(bounds(theirs), abs=1e-7)


def shifted(scores: Scores, constant: float) -> Scores:
    return {case: tuple(score + constant for score in attempts) for case, attempts in scores.items()}


# ------------------------------------------------------------------ what changes nothing


@settings(deadline=None, max_examples=60)
@given(arms(12), st.randoms(use_true_random=False))
def test_calling_the_cases_otherwise_changes_no_number(found: Arms, random: Random) -> None:
    names = sorted(found[0])
    others = random.sample(names, len(names))
    renamed = tuple(
        {other: scores[name] for name, other in zip(names, others, strict=True)} for scores in found
    )
    same(overall((renamed[0], renamed[1])), overall(found))


@settings(deadline=None, max_examples=60)
@given(arms(20), st.randoms(use_true_random=False))
def test_the_order_of_attempts_changes_no_number(found: Arms, random: Random) -> None:
    mixed = tuple(
        {case: tuple(random.sample(attempts, len(attempts))) for case, attempts in scores.items()}
        for scores in found
    )
    same(overall((mixed[0], mixed[1])), overall(found))


@settings(deadline=None, max_examples=60)
@given(arms(20), st.integers(-20, 30))
def test_a_constant_added_to_both_arms_changes_nothing_but_their_levels(found: Arms, constant: int) -> None:
    moved = overall((shifted(found[0], constant), shifted(found[1], constant)))
    same(moved, overall(found))
    assert moved.base.mean == pytest.approx((overall(found).base.mean or 0.0) + constant, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(arms(20))
def test_attempts_that_repeat_themselves_add_no_case(found: Arms) -> None:
    doubled = overall(({c: a * 2 for c, a in found[0].items()}, {c: a * 2 for c, a in found[1].items()}))
    plain = overall(found)
    assert (doubled.p, doubled.changed, doubled.difference.n) == (plain.p, plain.changed, plain.difference.n)
    assert doubled.difference.mean == pytest.approx(plain.difference.mean, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(arms(12), ATTEMPTS)
def test_a_case_that_only_one_arm_has_changes_no_number(found: Arms, attempts: tuple[float, ...]) -> None:
    same(overall(({**found[0], "z": attempts}, found[1])), overall(found))


# ------------------------------------------------------------------ what changes as it must


@settings(deadline=None, max_examples=60)
@given(arms(20))
def test_swapping_the_arms_negates(found: Arms) -> None:
    there, back = overall(found), overall((found[1], found[0]))
    assert back.p == there.p
    assert back.difference.mean == pytest.approx(-(there.difference.mean or 0.0), abs=1e-9)
    for one, other in ((there.difference, back.difference), (there.suite, back.suite)):
        assert (bounds(one) is None) == (bounds(other) is None)
        if (pair := bounds(one)) is not None:
            assert bounds(other) == pytest.approx((-pair[1], -pair[0]), abs=1e-7)
    turned = {"better": "worse", "worse": "better"}
    assert there.verdict not in turned or back.verdict == turned[there.verdict]


@settings(deadline=None, max_examples=60)
@given(arms(12, fewest=6), st.integers(-15, 15))
def test_a_constant_added_to_one_arm_moves_the_interval_by_it(found: Arms, constant: int) -> None:
    plain, moved = overall(found), overall((found[0], shifted(found[1], constant)))
    assume({plain.difference.method, moved.difference.method} == {SUBSETS})
    low, high = bounds(plain.difference) or (math.nan, math.nan)
    assert bounds(moved.difference) == pytest.approx((low + constant, high + constant), abs=1e-7)
    if plain.suite is not None and moved.suite is not None:
        assert (moved.suite.mean or 0.0) == pytest.approx((plain.suite.mean or 0.0) + constant, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(arms(11), POINTS)
def test_a_case_without_change_leaves_p_as_it_was(found: Arms, score: float) -> None:
    with_one = overall(({**found[0], "z": (score,)}, {**found[1], "z": (score,)}))
    assert with_one.p == overall(found).p
    assert with_one.changed == overall(found).changed


@settings(deadline=None, max_examples=60)
@given(arms(10), st.integers(1, 4), POINTS)
def test_cases_without_change_never_narrow_an_interval_past_0(found: Arms, more: int, score: float) -> None:
    still = {f"z{n}": (score,) for n in range(more)}
    with_them = overall(({**found[0], **still}, {**found[1], **still}))
    pair = bounds(with_them.difference)
    if pair is not None and overall(found).p is not None and (overall(found).p or 0.0) > 0.05:
        assert pair[0] <= 0 <= pair[1]


@settings(deadline=None, max_examples=60)
@given(arms(20))
def test_with_few_changed_cases_the_interval_is_as_wide_as_two_pseudo_cases_make_it(
    found: Arms,
) -> None:
    told_of = overall(found)
    assume(told_of.difference.method == PSEUDO_CASES)
    low, high = bounds(told_of.difference) or (0.0, 0.0)
    widened = told_of.difference.n + 2
    at_least = 1.959 * 100 * math.sqrt(2) / widened
    inside = low > -100 and high < 100
    assert not inside or high - low >= 2 * at_least * 0.99


# ------------------------------------------------------------------ what never contradicts itself


@settings(deadline=None, max_examples=120)
@given(arms(20))
@example(({f"q{n}": (0.0,) for n in range(5)}, {f"q{n}": (100.0,) for n in range(5)}))
@example(({f"q{n}": (0.0,) for n in range(9)}, {f"q{n}": (0.0,) for n in range(9)}))
def test_word_p_and_interval_say_the_same(found: Arms) -> None:
    row = overall(found)
    assert row.p is not None
    assert 0 < row.p <= 1
    mean, pair = row.difference.mean, bounds(row.difference)
    assert mean is not None
    assert (row.verdict in {"better", "worse"}) == (row.p <= 0.05)
    assert row.verdict != "better" or mean > 0
    assert row.verdict != "worse" or mean < 0
    if pair is not None:
        assert -100 <= pair[0] <= mean + 1e-9
        assert mean - 1e-9 <= pair[1] <= 100
        assert (pair[0] <= 0 <= pair[1]) == (row.p > 0.05)


@settings(deadline=None, max_examples=60)
@given(arms(12), st.floats(0.5, 30), st.floats(1, 20))
def test_a_wider_margin_never_takes_a_pass_away(found: Arms, margin: float, more: float) -> None:
    (narrow,) = compared(found, margin=margin).gates
    (wide,) = compared(found, margin=margin + more).gates
    assert narrow.result != "PASS" or wide.result == "PASS"
    if narrow.low is not None and narrow.high is not None:
        assert (narrow.result == "PASS") == (narrow.low > -margin)
        assert narrow.result != "FAIL" or narrow.high < 0


# ------------------------------------------------------------------ the corners


def level(n: int, *attempts: float) -> Scores:
    return {f"q{number}": attempts for number in range(n)}


@pytest.mark.parametrize("n", [1, 2, 5, 6, 15, 40])
@pytest.mark.parametrize(
    ("base", "candidate", "word", "suite"),
    [
        ((0.0,), (0.0,), "cannot tell", False),
        ((50.0,), (50.0,), "cannot tell", False),
        ((100.0, 100.0), (100.0, 100.0), "cannot tell", False),
        ((40.0, 60.0), (50.0, 50.0), "", True),
        ((40.0, 60.0, 50.0), (55.0,), "", False),
        ((40.0, 60.0), (45.0, 50.0, 85.0), "", True),
    ],
)
def test_few_cases_equal_scores_and_odd_attempts_give_plain_answers(
    n: int, base: tuple[float, ...], candidate: tuple[float, ...], word: str, *, suite: bool
) -> None:
    found = (made("old", dict(level(n, *base))), made("new", dict(level(n, *candidate))))
    (comparison,) = told(*found, gate=GATE).comparisons
    (row,) = comparison.differences
    assert word in {"", row.verdict}
    assert (row.suite is not None) == suite
    assert row.difference.n == n
    moved = sum(candidate) / len(candidate) != pytest.approx(sum(base) / len(base))
    assert row.changed == (n if moved else 0)
    assert (row.p is not None and row.p <= 0.05) == (moved and n >= 6)
    text = as_json(report(*found, command="", gate=GATE, seed=1, about=()))
    assert not {"NaN", "Infinity"} & set(text.replace(",", " ").split())
