"""The difference at equal length: against least squares of statsmodels."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.api import OLS, add_constant  # type: ignore[import-untyped]

from harness.statistics.length import AT_EQUAL_LENGTH, BEYOND, at_equal_length

PAIRS = st.lists(
    st.tuples(st.integers(-60, 60).map(float), st.integers(-500, 500).map(float)), min_size=6, max_size=20
)


@settings(deadline=None, max_examples=60)
@given(PAIRS)
def test_it_is_the_intercept_of_statsmodels(pairs: list[tuple[float, float]]) -> None:
    differences, longer = [d for d, _ in pairs], [x for _, x in pairs]
    assume(len(set(longer)) > 1)
    found = at_equal_length(differences, longer)
    fit = OLS(np.array(differences), add_constant(np.array(longer))).fit()
    assume(fit.mse_resid > 1e-6)
    low, high = fit.conf_int()[0]
    assert found is not None
    assert found.mean == pytest.approx(fit.params[0], abs=1e-9)
    assert found.low == pytest.approx(max(-100, low), abs=1e-8)
    assert found.high == pytest.approx(min(100, high), abs=1e-8)


@given(PAIRS)
def test_swapping_the_arms_negates(pairs: list[tuple[float, float]]) -> None:
    found, mirrored = (at_equal_length([s * d for d, _ in pairs], [s * x for _, x in pairs]) for s in (1, -1))
    assert (found is None) == (mirrored is None)
    if found is not None and mirrored is not None:
        assert mirrored.mean == pytest.approx(-(found.mean or 0), abs=1e-9)


def test_what_goes_with_length_alone_is_gone_at_equal_length() -> None:
    longer = [-30.0, -10.0, 10.0, 30.0, -30.0, -10.0, 10.0, 30.0]
    noise = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]
    found = at_equal_length([words / 10 + extra for words, extra in zip(longer, noise, strict=True)], longer)
    assert found is not None
    assert found.mean == pytest.approx(0, abs=1e-9)
    assert found.method == AT_EQUAL_LENGTH


def test_where_every_case_got_longer_it_says_that_the_line_is_drawn_out() -> None:
    found = at_equal_length([1.0, 4.0, 2.0, 6.0, 3.0, 7.0], [100.0, 150.0, 90.0, 200.0, 120.0, 170.0])
    assert found is not None
    assert found.method == BEYOND


def test_a_line_that_fits_without_remainder_has_no_error_to_reckon_with() -> None:
    longer = [-30.0, 10.0, 20.0, 50.0, 80.0, 110.0, 5.0]
    assert at_equal_length([words / 10 for words in longer], longer) is None


@pytest.mark.parametrize("longer", [[], [10.0] * 8, [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_too_few_cases_or_one_length_for_all_say_nothing(longer: list[float]) -> None:
    assert at_equal_length([1.0] * len(longer), longer) is None
