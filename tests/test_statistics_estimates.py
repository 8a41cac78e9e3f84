"""Means, rates and sample sizes against scipy and statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from harness.statistics.estimates import (
    cases_needed,
    clustered_rate,
    detectable,
    mean,
    mean_score,
    pass_rate,
    variance,
    z_quantile,
)
from harness.statistics.student import quantile

SCORES = st.lists(st.integers(0, 400).map(lambda quarter: quarter / 4), min_size=1, max_size=30)


@given(SCORES)
def test_the_interval_of_a_mean_is_the_t_interval_cut_to_the_range_of_a_score(values: list[float]) -> None:
    found = mean_score(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert found.n == len(values)
    if len(set(values)) == 1:
        assert (found.low, found.high) == (None, None)
    else:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert found.low == pytest.approx(max(0, low), abs=1e-9)
        assert found.high == pytest.approx(min(100, high), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "method"),
    [([40.0], "one case"), ([40.0, 40.0], "no variation seen"), ([0.0] * 5, "no variation seen")],
)
def test_without_spread_there_is_no_interval(values: list[float], method: str) -> None:
    found = mean_score(values)
    assert (found.low, found.high, found.method) == (None, None, method)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=30))
def test_the_variance_is_numpys(values: list[float]) -> None:
    assert variance(values) == pytest.approx(np.var(values, ddof=1), abs=1e-9)


def test_equal_values_have_no_variance_even_where_their_mean_is_rounded() -> None:
    assert variance([0.1] * 3) == 0
    assert mean([0.1] * 10) == 0.1


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_pass_rate_has_the_wilson_interval_of_statsmodels(counted: tuple[int, int]) -> None:
    passed, n = counted
    found = pass_rate(passed, n)
    low, high = proportion_confint(passed, n, method="wilson")
    assert found.low == pytest.approx(100 * low, abs=1e-9)
    assert found.high == pytest.approx(100 * high, abs=1e-9)
    assert found.low is not None
    assert found.high is not None
    assert found.mean is not None
    assert 0 <= found.low <= found.mean <= found.high <= 100


@pytest.mark.parametrize(("passed", "n"), [(0, 0), (-1, 3), (4, 3)])
def test_an_impossible_rate_is_refused(passed: int, n: int) -> None:
    with pytest.raises(ValueError, match="passed must be between"):
        pass_rate(passed, n)


@given(st.floats(0.5, 60), st.integers(6, 400))
def test_the_detectable_difference_is_the_textbook_sum(spread: float, n: int) -> None:
    textbook = (stats.t.ppf(0.975, n - 1) + stats.t.ppf(0.80, n - 1)) * spread / math.sqrt(n)
    assert detectable(spread, n) == pytest.approx(textbook, rel=1e-9)


@pytest.mark.parametrize(("spread", "n"), [(20.0, 1), (20.0, 5), (0.0, 40)])
def test_too_few_cases_or_no_spread_have_no_detectable_difference(spread: float, n: int) -> None:
    assert detectable(spread, n) is None


@given(st.floats(0.5, 60), st.floats(1, 50))
def test_the_cases_needed_are_the_fewest_that_do(spread: float, difference: float) -> None:
    n = cases_needed(spread, difference)
    assert n is not None
    enough, one_less = detectable(spread, n), detectable(spread, n - 1)
    assert enough is not None
    assert enough <= difference
    assert one_less is None or one_less > difference


def test_nobody_can_say_how_many_cases_it_takes_without_spread() -> None:
    assert cases_needed(0.0, 5.0) is None


# ------------------------------------------------------------------ rates over clusters

CLUSTERS = st.lists(
    st.integers(1, 20).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=20
)


@given(CLUSTERS)
def test_clusters_never_narrow_an_interval_and_leave_the_rate(clusters: list[tuple[int, int]]) -> None:
    passed, n = (sum(column) for column in zip(*clusters, strict=True))
    plain, found = pass_rate(passed, n), clustered_rate(clusters)
    assert found.mean == pytest.approx(plain.mean)
    assert found.low is not None
    assert found.high is not None
    assert plain.low is not None
    assert plain.high is not None
    assert 0 <= found.low <= plain.low + 1e-9
    assert plain.high - 1e-9 <= found.high <= 100


def test_clusters_that_are_all_or_nothing_count_as_one_item_each() -> None:
    """Ten clusters of ten alike: the design effect is 10 by the textbook, 1 + (m - 1) rho with rho = 1."""
    found = clustered_rate([(10, 10)] * 5 + [(0, 10)] * 5)
    stretch = quantile(0.975, 9) / z_quantile(0.975)
    effective = 100 / (10 * 10 / 9 * stretch**2)  # 10 / 9: the sample variance over ten clusters
    z = z_quantile(0.975)
    half = 100 * z * math.sqrt(0.25 / effective + z * z / (4 * effective**2)) / (1 + z * z / effective)
    assert found.low == pytest.approx(50 - half)
    assert found.high == pytest.approx(50 + half)


def test_one_cluster_shows_no_scatter_and_none_shows_nothing() -> None:
    assert (clustered_rate([(3, 4)]).mean, clustered_rate([(3, 4)]).low) == (75.0, None)
    assert clustered_rate([(0, 0)]).mean is None
