"""Student's t against scipy's."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from harness.statistics.student import quantile, tail

DF = st.one_of(st.integers(1, 200).map(float), st.floats(0.5, 300), st.floats(300, 1e6))


@given(st.floats(-60, 60), DF)
def test_a_tail_is_that_of_scipy(t: float, df: float) -> None:
    wanted = float(special.stdtr(df, -t))
    assert tail(t, df) == pytest.approx(wanted, rel=1e-8, abs=1e-15)


@given(st.floats(1e-6, 0.499), DF)
def test_a_quantile_is_that_of_scipy_on_either_side(beyond: float, df: float) -> None:
    wanted = float(special.stdtrit(df, 1 - beyond))
    assert quantile(1 - beyond, df) == pytest.approx(wanted, rel=1e-8)
    assert quantile(beyond, df) == pytest.approx(-wanted, rel=1e-8)


@given(st.floats(0.001, 0.999), DF)
def test_what_lies_beyond_a_quantile_is_the_rest(probability: float, df: float) -> None:
    assert tail(quantile(probability, df), df) == pytest.approx(1 - probability, rel=1e-9)


@pytest.mark.parametrize("df", [1e8, math.inf])
def test_with_degrees_of_freedom_without_end_it_is_the_normal_distribution(df: float) -> None:
    assert quantile(0.975, df) == pytest.approx(1.959963984540054, rel=1e-7)
    assert tail(10.0, df) == pytest.approx(special.ndtr(-10.0), rel=1e-5)


def test_the_middle_is_nought() -> None:
    assert quantile(0.5, 7) == 0
    assert tail(0.0, 7) == pytest.approx(0.5)


def test_the_interval_of_a_mean_needs_no_scipy() -> None:
    code = (
        "import sys; from harness.statistics.estimates import mean_score; "
        "print(mean_score([50.0, 60.0, 70.0]).low is not None, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
