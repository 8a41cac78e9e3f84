"""The paired difference on cases like these, with few changed cases and with many."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped]

from harness.statistics.paired import PSEUDO_CASES, SUBSETS, paired, pseudo_case_interval

POINTS = st.integers(-400, 400).map(lambda quarter: quarter / 4)
SAMPLES = st.lists(POINTS, min_size=1, max_size=20)


@settings(deadline=None)
@given(SAMPLES)
def test_mean_n_and_changed_are_those_of_the_differences_and_the_interval_holds_the_mean(
    differences: list[float],
) -> None:
    found = paired(differences, seed=3)
    estimate = found.estimate
    assert estimate.mean == found.difference == pytest.approx(np.mean(differences), abs=1e-9)
    assert estimate.n == len(differences)
    assert found.changed == np.count_nonzero(differences)
    assert 0 < found.p <= 1
    if estimate.low is not None and estimate.high is not None:
        assert -100 <= estimate.low <= found.difference + 1e-9
        assert found.difference - 1e-9 <= estimate.high <= 100


@settings(deadline=None)
@given(SAMPLES)
def test_swapping_the_arms_negates(differences: list[float]) -> None:
    found, mirrored = paired(differences, seed=3), paired([-d for d in differences], seed=3)
    assert mirrored.p == found.p
    assert mirrored.difference == -found.difference
    if found.estimate.low is not None and found.estimate.high is not None:
        assert mirrored.estimate.low == pytest.approx(-found.estimate.high, abs=1e-9)
        assert mirrored.estimate.high == pytest.approx(-found.estimate.low, abs=1e-9)


@settings(deadline=None)
@given(SAMPLES)
def test_below_six_changed_cases_p_never_reaches_five_percent(differences: list[float]) -> None:
    found = paired(differences, seed=3)
    assert found.changed >= 6 or found.p > 0.05


@pytest.mark.parametrize("n", [6, 15, 40])
def test_six_cases_that_all_gained_are_enough(n: int) -> None:
    found = paired([float(gain) for gain in range(1, 7)] + [0.0] * (n - 6), seed=3)
    assert found.changed == 6
    assert found.p <= 0.05


@pytest.mark.parametrize(
    "differences", [[12.0], [12.0, -3.0], [1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 20, [9.0] * 5]
)
def test_few_changed_cases_take_the_interval_of_the_pseudo_cases(differences: list[float]) -> None:
    found = paired(differences, seed=3)
    assert found.estimate.method == PSEUDO_CASES
    assert (found.estimate.low, found.estimate.high) == pseudo_case_interval(differences)


@pytest.mark.parametrize("shared", [-7.5, 0.1])
def test_cases_that_all_moved_by_the_same_have_a_p_but_no_interval(shared: float) -> None:
    found = paired([shared] * 8, seed=3)
    assert (found.estimate.low, found.estimate.high, found.mde) == (None, None, None)
    assert found.estimate.method == "no variation seen"
    assert found.p == 2 / 2**8


def test_no_change_at_all_is_no_evidence() -> None:
    found = paired([0.0] * 12, seed=3)
    assert (found.p, found.changed, found.estimate.mean, found.mde) == (1, 0, 0, None)
    assert found.estimate.low == pytest.approx(-(found.estimate.high or 0))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 30))
def test_on_pass_or_fail_the_pseudo_cases_are_bonett_and_prices(gained: int, lost: int, same: int) -> None:
    n = gained + lost + same
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = stats.norm.ppf(0.975) * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    low, high = pseudo_case_interval([100.0] * gained + [-100.0] * lost + [0.0] * same)
    assert low == pytest.approx(100 * max(-1, up - down - half), abs=1e-9)
    assert high == pytest.approx(100 * min(1, up - down + half), abs=1e-9)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=14), st.integers(0, 40)
)
def test_adding_a_constant_to_both_arms_changes_nothing(arms: list[tuple[int, int]], constant: int) -> None:
    plain = paired([float(b - a) for a, b in arms], seed=3)
    raised = paired([(b + constant) - (a + float(constant)) for a, b in arms], seed=3)
    assert plain == raised


@settings(deadline=None)
@given(st.integers(0, 14), st.integers(0, 14))
def test_on_pass_or_fail_p_is_mcnemars_exact_one(gained: int, lost: int) -> None:
    assume(0 < gained + lost <= 14)
    found = paired([100.0] * gained + [-100.0] * lost, seed=3)
    assert found.p == pytest.approx(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue, abs=1e-9)


def test_many_changed_cases_use_one_draw_for_p_and_interval() -> None:
    differences = [3.0, -4.0, 10.0, 12.0, 8.0, 5.0, 9.0, 11.0, -2.0, 7.0, 6.0, 4.5, 13.0, 2.0, 1.0, 15.0]
    found = paired(differences, seed=3)
    assert found.estimate.method == SUBSETS
    assert found.estimate.low is not None
    assert (found.p <= 0.05) == (found.estimate.low > 0)
    low, high = stats.t.interval(0.95, 15, np.mean(differences), stats.sem(differences))
    assert found.estimate.low == pytest.approx(low, abs=1)
    assert found.estimate.high == pytest.approx(high, abs=1)
    assert found.cases_needed(1.0) is not None


def test_one_case_cannot_say_how_many_it_takes() -> None:
    assert paired([5.0], seed=3).cases_needed(5.0) is None


def test_no_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        paired([], seed=3)
