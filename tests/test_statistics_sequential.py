"""Looks: their levels against a multivariate normal, and when a look stops."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.records.estimates import Estimate
from harness.statistics.paired import Paired
from harness.statistics.sequential import conditional_power, levels, look, sizes

FRACTIONS = st.lists(st.integers(20, 99), min_size=1, max_size=3, unique=True).map(
    lambda shares: (*(share / 100 for share in sorted(shares)), 1.0)
)


def found(p: float, difference: float = 8.0, n: int = 20) -> Paired:
    estimate = Estimate(mean=difference, low=None, high=None, n=n, method="subset means")
    return Paired(
        difference=difference,
        estimate=estimate,
        p=p,
        p_method="subset means",
        changed=n,
        units_changed=n,
        mde=10.0,
        spread=18.0,
    )


def staying(fractions: tuple[float, ...], at: tuple[float, ...]) -> float:
    """P(no look decides) by a multivariate normal: another way than the recursive integration."""
    critical = [-stats.norm.ppf(level / 2) for level in at]
    correlation = [[math.sqrt(min(a, b) / max(a, b)) for b in fractions] for a in fractions]
    normal = stats.multivariate_normal(cov=correlation)
    return float(normal.cdf(critical, lower_limit=[-bound for bound in critical]))


@pytest.mark.parametrize(
    ("fractions", "published"),
    [((0.5, 0.75, 1.0), (0.00305, 0.0183, 0.0440)), ((0.5, 1.0), (0.00305, 0.0490)), ((1.0,), (0.05,))],
)
def test_levels_are_those_of_the_literature(
    fractions: tuple[float, ...], published: tuple[float, ...]
) -> None:
    assert levels(fractions) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("fractions", [(0.5, 0.75, 1.0), (0.52, 0.76, 1.0), (0.3, 0.9, 1.0)])
def test_each_look_spends_what_the_spending_function_allows(fractions: tuple[float, ...]) -> None:
    at = levels(fractions)
    for count, share in enumerate(fractions, start=1):
        spent = 4 * stats.norm.sf(stats.norm.isf(0.05 / 4) / math.sqrt(share))
        assert 1 - staying(fractions[:count], at[:count]) == pytest.approx(spent, abs=2e-5)


@given(FRACTIONS)
def test_no_level_is_above_the_whole_error_and_together_they_are_not_below_it(
    fractions: tuple[float, ...],
) -> None:
    at = levels(fractions)
    assert all(0 <= level <= 0.05 + 1e-9 for level in at)
    assert sum(at) >= 0.05 - 1e-9


@given(st.integers(20, 10_000))
def test_looks_come_at_half_three_quarters_and_all_of_the_cases(planned: int) -> None:
    first, second, last = sizes(planned)
    assert last == planned
    assert first - 1 < planned / 2 <= first
    assert second - 1 < 3 * planned / 4 <= second


def test_below_twenty_cases_there_are_no_looks() -> None:
    with pytest.raises(ValueError, match="at least 20 cases, got 19"):
        sizes(19)


@pytest.mark.parametrize(
    ("asked", "p", "difference", "word"),
    [
        (20, 0.0030, 8.0, "better"),
        (20, 0.0030, -8.0, "worse"),
        (20, 0.0031, 8.0, "go on"),
        (20, 0.5, 8.0, "futile"),
        (20, 1.0, 0.0, "futile"),
        (30, 0.018, 8.0, "better"),
        (30, 0.019, 8.0, "go on"),
        (40, 0.044, -8.0, "worse"),
        (40, 0.0441, 8.0, "no decision"),
        (40, 0.9, 8.0, "no decision"),
    ],
)
def test_a_look_stops_for_an_effect_or_for_futility(
    asked: int, p: float, difference: float, word: str
) -> None:
    assert look(found(p, difference), asked=asked, planned=40).word == word


def test_futility_can_be_left_out() -> None:
    assert look(found(0.9), asked=20, planned=40, futility=False).word == "go on"


def test_the_last_look_has_no_conditional_power() -> None:
    assert look(found(0.9), asked=40, planned=40).conditional_power is None


@given(st.floats(1e-6, 1), st.floats(0.1, 0.95), st.floats(0.01, 0.05))
def test_conditional_power_is_the_chance_that_the_rest_of_the_path_decides(
    p: float, share: float, last: float
) -> None:
    # The score now, plus a normal rest with the drift seen so far, has to end above the last bound.
    score = stats.norm.isf(p / 2) * math.sqrt(share)
    rest = stats.norm(loc=score + score / share * (1 - share), scale=math.sqrt(1 - share))
    assert conditional_power(p, share, last) == pytest.approx(rest.sf(stats.norm.isf(last / 2)), abs=1e-9)
