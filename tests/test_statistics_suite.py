"""The difference on this suite: against Welch's test, against sums done with numpy, and its laws."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.suite import Suite, Unavailable, above, suite

ATTEMPTS = st.lists(st.integers(0, 100).map(float), min_size=2, max_size=5)
ARMS = st.lists(st.tuples(ATTEMPTS, ATTEMPTS), min_size=1, max_size=6)


def available(base: list[list[float]], candidate: list[list[float]]) -> Suite:
    found = suite(base, candidate)
    assert isinstance(found, Suite)
    return found


@given(ATTEMPTS, ATTEMPTS)
def test_on_a_single_case_it_is_welchs_t_test(base: list[float], candidate: list[float]) -> None:
    assume(len(set(base)) > 1 and len(set(candidate)) > 1)  # scipy warns of an arm without scatter
    found = available([base], [candidate])
    welch = stats.ttest_ind(candidate, base, equal_var=False)
    assert found.df == pytest.approx(welch.df, rel=1e-9)
    assert found.p_worse() == pytest.approx(
        stats.ttest_ind(candidate, base, equal_var=False, alternative="less").pvalue, abs=1e-9
    )
    low, high = welch.confidence_interval(0.95)
    estimate = found.estimate()
    assert estimate.low == pytest.approx(max(-100, low), abs=1e-6)
    assert estimate.high == pytest.approx(min(100, high), abs=1e-6)


@given(ARMS)
def test_the_error_is_the_recipes_sum_and_unequal_attempts_are_welcome(
    arms: list[tuple[list[float], list[float]]],
) -> None:
    base, candidate = [a for a, _ in arms], [b for _, b in arms]
    parts = [(np.var(x, ddof=1) / len(x) / len(arms) ** 2, len(x) - 1) for x in (*base, *candidate)]
    square = sum(part for part, _ in parts)
    assume(square > 0)
    found = available(base, candidate)
    assert found.se == pytest.approx(np.sqrt(square), rel=1e-9)
    assert found.df == pytest.approx(square**2 / sum(part**2 / df for part, df in parts), rel=1e-9)
    assert found.difference == pytest.approx(np.mean([np.mean(b) - np.mean(a) for a, b in arms]), abs=1e-9)


@given(ARMS)
def test_swapping_the_arms_negates_and_permuting_cases_changes_nothing(
    arms: list[tuple[list[float], list[float]]],
) -> None:
    base, candidate = [a for a, _ in arms], [b for _, b in arms]
    found, swapped, turned = (
        suite(base, candidate),
        suite(candidate, base),
        suite(base[::-1], candidate[::-1]),
    )
    if isinstance(found, Suite):
        assert isinstance(swapped, Suite)
        assert isinstance(turned, Suite)
        assert swapped.difference == -found.difference
        assert swapped.low() == pytest.approx(-found.high(), abs=1e-9)
        assert turned.difference == found.difference
        assert turned.se == pytest.approx(found.se)
    else:
        assert isinstance(swapped, Unavailable)


def test_a_case_with_one_attempt_borrows_the_scatter_of_its_arm() -> None:
    base = [[10.0, 20.0, 30.0], [40.0, 50.0], [70.0]]
    candidate = [[15.0, 25.0], [45.0, 60.0], [80.0, 70.0]]
    pooled = (2 * np.var(base[0], ddof=1) + np.var(base[1], ddof=1)) / 3
    measured = sum(np.var(x, ddof=1) / len(x) for x in (*base[:2], *candidate))
    assert available(base, candidate).se == pytest.approx(np.sqrt(measured + pooled) / 3)


@pytest.mark.parametrize(
    ("base", "candidate", "reason"),
    [
        ([[1.0], [2.0]], [[1.0], [3.0]], "two or more"),
        ([[1.0, 2.0], [2.0]], [[1.0], [3.0]], "two or more"),
        ([[5.0, 5.0]], [[9.0, 9.0]], "no variation seen"),
    ],
)
def test_without_measured_scatter_it_says_why_it_is_not_available(
    base: list[list[float]], candidate: list[list[float]], reason: str
) -> None:
    found = suite(base, candidate)
    assert isinstance(found, Unavailable)
    assert reason in found.reason


@pytest.mark.parametrize(("base", "candidate"), [([], []), ([[1.0, 2.0]], [])])
def test_arms_with_different_cases_are_refused(base: list[list[float]], candidate: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="same cases"):
        suite(base, candidate)


@given(ATTEMPTS, st.integers(0, 100).map(float))
def test_on_a_single_case_a_floor_is_students_t_test(attempts: list[float], floor: float) -> None:
    assume(len(set(attempts)) > 1)
    found = above(floor, [attempts])
    assert isinstance(found, Suite)
    student = stats.ttest_1samp(attempts, floor)
    assert found.df == pytest.approx(student.df)
    assert found.p_worse() == pytest.approx(
        stats.ttest_1samp(attempts, floor, alternative="less").pvalue, abs=1e-9
    )


@given(ARMS)
def test_a_floor_is_the_difference_to_an_arm_that_never_varies(
    arms: list[tuple[list[float], list[float]]],
) -> None:
    attempts = [candidate for _, candidate in arms]
    one, other = above(40.0, attempts), suite([[40.0, 40.0]] * len(attempts), attempts)
    if isinstance(one, Suite) and isinstance(other, Suite):
        assert (one.difference, one.se, one.df) == pytest.approx((other.difference, other.se, other.df))
    else:
        assert one == other


def test_a_floor_needs_a_case() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        above(50.0, [])
