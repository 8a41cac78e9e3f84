"""Clusters of cases: against statsmodels and scipy, and that clusters of one are no clusters."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test
from statsmodels.api import OLS  # type: ignore[import-untyped]

from harness.statistics.clusters import clustered, level, robust_error, units
from harness.statistics.estimates import mean_score
from harness.statistics.paired import Paired, paired

POINTS = st.integers(-400, 400).map(lambda quarter: quarter / 4)
CLUSTERED = st.lists(st.tuples(POINTS, st.sampled_from("abcdefg")), min_size=4, max_size=24)


def apart(pairs: Sequence[tuple[float, str]]) -> tuple[list[float], list[str]]:
    return [value for value, _ in pairs], [name for _, name in pairs]


@settings(deadline=None, max_examples=60)
@given(CLUSTERED)
def test_the_robust_error_is_cr1_of_statsmodels(pairs: list[tuple[float, str]]) -> None:
    values, names = apart(pairs)
    assume(len(set(names)) > 1)
    fit = OLS(np.array(values), np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(names, return_inverse=True)[1]}
    )
    assert (robust_error(values, units(names)) or 0.0) == pytest.approx(float(fit.bse[0]), abs=1e-9)


@given(st.lists(st.integers(0, 400).map(lambda quarter: quarter / 4), min_size=2, max_size=20))
def test_with_clusters_of_one_it_is_the_usual_interval(values: list[float]) -> None:
    alone = clustered(values, units([""] * len(values)), bounds=(0, 100))
    usual = mean_score(values)
    assert (alone is None) == (usual.low is None)
    if alone is not None:
        assert (alone.low, alone.high) == pytest.approx((usual.low, usual.high), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(CLUSTERED)
def test_p_is_that_of_flipping_whole_clusters(pairs: list[tuple[float, str]]) -> None:
    values, names = apart(pairs)
    sums = [sum(value for value, name in pairs if name == each) for each in sorted(set(names))]
    assume(len(sums) > 1)
    flips = permutation_test((np.array(sums),), np.sum, permutation_type="samples", n_resamples=2**12)
    assert paired(values, seed=1, clusters=names).p == pytest.approx(flips.pvalue, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(POINTS, min_size=1, max_size=20))
def test_a_cluster_for_each_case_changes_no_number(values: list[float]) -> None:
    names = [str(place) for place in range(len(values))]
    assert paired(values, seed=3, clusters=names) == paired(values, seed=3)


@settings(deadline=None, max_examples=40)
@given(CLUSTERED)
def test_swapping_the_arms_negates_with_clusters_too(pairs: list[tuple[float, str]]) -> None:
    values, names = apart(pairs)
    found, mirrored = (paired([sign * value for value in values], seed=3, clusters=names) for sign in (1, -1))
    assert mirrored.p == found.p
    assert mirrored.difference == -found.difference
    if found.estimate.low is not None and mirrored.estimate.high is not None:
        assert mirrored.estimate.high == pytest.approx(-found.estimate.low, abs=1e-9)


def ten_alike(size: int) -> Paired:
    """Measure eight clusters whose cases all moved alike; what matters is eight, not eight times `size`."""
    moves = [4.0, 7.0, -2.0, 5.0, 9.0, 1.0, 3.0, 6.0]
    return paired(
        [move for move in moves for _ in range(size)],
        seed=1,
        clusters=[str(place) for place in range(len(moves)) for _ in range(size)],
    )


def test_copies_of_a_case_in_its_cluster_add_no_evidence() -> None:
    alone, copied = ten_alike(1), ten_alike(30)
    assert copied.p == alone.p
    assert (copied.estimate.low, copied.estimate.high) == (alone.estimate.low, alone.estimate.high)
    assert copied.mde == pytest.approx(alone.mde)
    assert copied.clusters == 8
    assert copied.estimate.n == 240
    assert copied.estimate.method == "subset means of clusters"


def test_below_six_changed_clusters_no_verdict_is_possible_however_many_cases() -> None:
    found = paired([10.0] * 500 + [0.0] * 500, seed=1, clusters=[str(place % 5) for place in range(1000)])
    assert found.p > 0.05
    assert found.units_changed == 5
    assert found.estimate.method == "pseudo-clusters"


def test_the_cross_check_with_t_needs_ten_clusters() -> None:
    values = [float(place % 7) for place in range(40)]
    nine, ten = (paired(values, seed=1, clusters=[str(place % g) for place in range(40)]) for g in (9, 10))
    assert nine.robust is None
    assert ten.robust is not None
    assert ten.robust.method == "t over 10 clusters"


@pytest.mark.parametrize(
    ("names", "method"), [(["a", "a", "a"], "one cluster"), (["a", "a", "b"], "t over 2 clusters")]
)
def test_a_level_says_what_it_counted(names: list[str], method: str) -> None:
    assert level([50.0, 60.0, 70.0], names).method == method


def test_cases_that_all_score_alike_show_no_variation_in_clusters_either() -> None:
    assert level([50.0, 50.0, 50.0], ["a", "a", "b"]).method == "no variation seen"
