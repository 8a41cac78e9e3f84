"""A calibration's figures against counts by hand, and intervals that cover what they should."""

import math
import runpy
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.records.calibrations import Compared, Measure
from harness.statistics.agreement import krippendorff_alpha
from harness.statistics.calibration import (
    BOTH_CLASSES,
    GENERAL,
    POOLED,
    by_case,
    by_criterion,
    by_revision,
    held_out,
    pooled,
)
from harness.statistics.estimates import pass_rate
from making import compared

CRITERIA = (("security", "threat"), ("security", "input"), ("cost", "cheap"))
ASKED = frozenset(CRITERIA[:2])


ITEMS = st.lists(
    st.builds(
        compared,
        st.sampled_from([True, False, None]),
        st.booleans(),
        case=st.sampled_from("abcd"),
        revision=st.sampled_from(["old", "new"]),
        place=st.sampled_from(CRITERIA),
    ),
    max_size=60,
)


def table(items: list[Compared]) -> tuple[int, int, int, int]:
    tally = Counter((each.met, each.label) for each in items)
    return tally[True, True], tally[True, False], tally[False, True], tally[False, False]


def counts(found: Measure) -> tuple[int, int, int, int]:
    return found.both_met, found.false_met, found.false_unmet, found.both_unmet


@given(ITEMS)
def test_every_scope_counts_its_own_verdicts(items: list[Compared]) -> None:
    found = {measure.scope: measure for measure in pooled(items, ASKED)}
    of_general = [each for each in items if (each.dimension, each.criterion) in ASKED]
    assert counts(found[POOLED]) == table(items)
    assert counts(found[GENERAL]) == table(of_general)
    assert found[POOLED].ungraded == sum(each.met is None for each in items)
    for dimension in {each.dimension for each in items}:
        assert counts(found[dimension]) == table([each for each in items if each.dimension == dimension])
    by_name = {measure.scope: measure for measure in by_criterion(items)}
    assert sum(measure.n for measure in by_name.values()) == found[POOLED].n
    measurable = sum(m.n for name, m in by_name.items() if m.measurable and name != "cheap")
    assert found[BOTH_CLASSES].n == measurable


@given(ITEMS)
def test_alpha_is_krippendorff_s_where_the_labels_vary(items: list[Compared]) -> None:
    (whole, *_) = pooled(items, ASKED)
    graded = [each for each in items if each.met is not None]
    if len({each.label for each in graded}) < 2:
        assert (whole.alpha, whole.kappa, whole.balanced_accuracy) == (None, None, None)
    else:
        assert whole.alpha == pytest.approx(krippendorff_alpha((each.met, each.label) for each in items))


@given(ITEMS)
def test_leaving_a_case_out_is_measuring_without_it(items: list[Compared]) -> None:
    general = [each for each in items if (each.dimension, each.criterion) in ASKED]
    for fold in by_case(items, ASKED):
        others = [(each.met, each.label) for each in general if each.case != fold.case]
        alpha = krippendorff_alpha(others)
        assert fold.alpha_without == (None if alpha is None else pytest.approx(alpha))


@given(ITEMS)
def test_cases_held_out_average_over_the_criteria_with_both_classes(items: list[Compared]) -> None:
    found = held_out(items, ASKED)
    (_, _, both, *_) = pooled(items, ASKED)
    assert (found is None) == (both.n + both.ungraded == 0)
    if found is not None:
        measurable = {each.scope for each in by_criterion(items) if each.measurable}
        alone = [
            pooled([each for each in items if each.case == case and each.criterion in measurable], ASKED)[1]
            for case in {each.case for each in items}
        ]
        scores = [each.ac1 for each in alone if each.ac1 is not None]
        assert found.ac1.n == len(scores)
        if scores:
            assert found.ac1.mean == pytest.approx(sum(scores) / len(scores))
            assert found.ac1.low is None or found.ac1.high is None or found.ac1.low <= found.ac1.high <= 1


def test_a_criterion_whose_labels_never_vary_is_not_measurable() -> None:
    (found,) = by_criterion([compared(True, True)] * 9)
    assert found.balanced_accuracy is None
    assert found.note == "not measurable: the labels say met throughout"


@pytest.mark.parametrize(
    ("items", "note"),
    [
        (
            [compared(True, True)] * 9 + [compared(True, False)] * 9,
            "below 0.7: says met of 9 of 9 that are not",
        ),
        ([compared(False, True)] * 6 + [compared(False, False)] * 6, "below 0.7: misses 6 of 6 that are met"),
        ([compared(True, True)] * 9 + [compared(False, False)] * 2, "only 2 not met"),
        ([compared(None, True)], "not measurable: nothing was graded"),
        ([compared(True, True)] * 9 + [compared(False, False)] * 9, ""),
    ],
)
def test_what_the_figures_would_hide_is_noted(items: list[Compared], note: str) -> None:
    (found,) = by_criterion(items)
    assert found.note == note


@given(ITEMS)
def test_no_criterion_below_seven_tenths_goes_without_a_note(items: list[Compared]) -> None:
    for measure in by_criterion(items):
        if measure.balanced_accuracy is None or measure.balanced_accuracy < 0.7:
            assert measure.note


def test_a_grader_that_favours_one_revision_is_seen_to_lean() -> None:
    cases = "abcdefgh"
    items = [compared(False, False, case=case) for case in cases]
    items += [compared(True, False, case=case, revision="new") for case in cases[:7]]
    items += [compared(False, False, case=cases[7], revision="new")]
    new, old = by_revision(items, seed=1)
    assert (new.revision, old.revision) == ("new", "old")
    assert (new.lean, old.lean) == (87.5, 0.0)
    assert new.against is None
    assert old.against is not None
    assert old.against.mean == -87.5
    assert old.p is not None
    assert old.p < 0.05
    (first, _) = by_revision(items, seed=1, first="old")
    assert first.revision == "old"


def test_a_grader_that_errs_alike_on_all_revisions_leans_alike() -> None:
    items = [
        compared(True, False, case=case, revision=name) for case in "abcdefgh" for name in ("old", "new")
    ]
    assert {lean.lean for lean in by_revision(items, seed=1)} == {100.0}
    assert by_revision(items, seed=1)[1].p == 1.0


# ------------------------------------------------------------------ coverage

SIMULATION = runpy.run_path(str(Path(__file__).parent.parent / "benchmarks/statistics/calibration.py"))


@pytest.mark.parametrize("rate", [0.6, 0.8, 0.9, 0.95])
def test_wilson_s_interval_covers_a_rate_as_often_as_it_says(rate: float) -> None:
    """Exactly, by the binomial distribution, on average over the numbers of labels that a criterion has."""
    coverage = []
    for n in range(20, 61):
        found = [pass_rate(passed, n) for passed in range(n + 1)]
        held = [(each.low or 0) <= 100 * rate <= (each.high or 0) for each in found]
        coverage.append(float(stats.binom.pmf(range(n + 1), n, rate) @ np.array(held)))
    assert 0.94 <= np.mean(coverage) <= 0.965
    assert min(coverage) > 0.88


@pytest.mark.parametrize("likeness", [0.0, 0.05])
def test_pooled_intervals_cover_although_verdicts_on_one_case_err_together(likeness: float) -> None:
    experiments = 150
    row = SIMULATION["study"](SIMULATION["World"](0.85, 0.85, likeness), experiments)
    chance = 3 * math.sqrt(0.95 * 0.05 / experiments)
    assert row.criterion > 0.95 - 0.02
    assert row.pooled > 0.95 - chance
    assert row.alpha > 0.95 - chance
    # Verdicts taken as independent would have claimed too much; without that, clusters prove nothing here.
    assert (row.pooled_as_independent > 0.95 - chance) is (likeness == 0)
