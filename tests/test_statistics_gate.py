"""The non-inferiority gate: its three results, Holm against statsmodels, and that nothing passes for free."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from harness.statistics.gate import attempts_needed, certifiable, gates, holm
from harness.statistics.suite import Suite, Unavailable, above, suite

SUITES = st.builds(
    Suite,
    difference=st.floats(-40, 40),
    se=st.floats(0.1, 20),
    df=st.floats(1, 200),
    cases=st.just(12),
    attempts=st.floats(2, 9),
)


def found(difference: float, se: float, attempts: float = 3.0) -> Suite:
    return Suite(difference=difference, se=se, df=48, cases=12, attempts=attempts)


@pytest.mark.parametrize(
    ("difference", "se", "result", "words"),
    [
        (0.0, 1.0, "PASS", "at most"),
        (6.0, 1.0, "PASS", "nothing is lost"),
        (-2.5, 1.0, "PASS", "worse, but within the margin"),
        (-9.0, 1.0, "FAIL", "loss beyond chance"),
        (-1.0, 4.0, "INCONCLUSIVE", "attempts a case would pass it"),
        (-6.0, 6.0, "INCONCLUSIVE", "more attempts will not pass this"),
    ],
)
def test_a_gate_has_three_results(difference: float, se: float, result: str, words: str) -> None:
    (decided,) = gates({"security": found(difference, se)}, margin=5)
    assert decided.result == result
    assert words in decided.words
    assert decided.words.startswith("security")


@given(SUITES, st.floats(0.5, 30))
def test_pass_means_that_the_lower_bound_is_above_the_margin_and_fail_that_the_upper_is_below_0(
    one: Suite, margin: float
) -> None:
    (decided,) = gates({"security": one}, margin=margin)
    low, high = stats.t.interval(0.90, one.df, one.difference, one.se)
    assert decided.low == pytest.approx(low, rel=1e-6, abs=1e-6)
    assert decided.high == pytest.approx(high, rel=1e-6, abs=1e-6)
    assert decided.low is not None
    assert decided.high is not None
    assert (decided.result == "PASS") == (decided.low > -margin)
    if decided.result == "FAIL":
        assert decided.high < 1e-9


@settings(deadline=None, max_examples=20)  # statsmodels takes its time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_that_of_statsmodels(ps: list[float]) -> None:
    assert holm(ps) == pytest.approx(list(multipletests(ps, method="holm")[1]), abs=1e-12)


def test_three_dimensions_fail_less_easily_than_one() -> None:
    barely = found(-6.0, 3.3)
    (alone,) = gates({"security": barely}, margin=5)
    together = gates({"security": barely, "a": found(0, 3.3), "b": found(0, 3.3)}, margin=5)
    assert (alone.result, together[0].result) == ("FAIL", "INCONCLUSIVE")
    assert [gate.dimension for gate in together] == ["security", "a", "b"]


@pytest.mark.parametrize("loss", [0.0, 30.0])
def test_zero_variation_alone_neither_passes_nor_fails(loss: float) -> None:
    steady = suite([[80.0, 80.0, 80.0]], [[80.0 - loss] * 3])
    (decided,) = gates({"security": steady}, margin=5)
    assert decided.result == "INCONCLUSIVE"
    assert (decided.low, decided.high, decided.certifiable, decided.attempts_needed) == (None,) * 4
    assert "no variation seen" in decided.words


def test_a_gate_that_is_not_available_takes_no_part_in_the_correction() -> None:
    barely = found(-6.0, 3.3)
    decided = gates({"a": Unavailable(reason="because"), "security": barely}, margin=5)
    assert [gate.result for gate in decided] == ["INCONCLUSIVE", "FAIL"]
    assert "because" in decided[0].words


@given(SUITES)
def test_at_the_certifiable_margin_a_run_without_change_passes_four_times_in_five(one: Suite) -> None:
    # To pass, the estimate must lie above t(.95) SE - margin; without change it does so in .80 of runs.
    needed_estimate = stats.t.ppf(0.95, one.df) * one.se - certifiable(one)
    assert stats.t.sf(needed_estimate / one.se, one.df) == pytest.approx(0.80, abs=1e-6)


@given(SUITES, st.floats(0.5, 30))
def test_more_attempts_are_named_only_where_they_can_help(one: Suite, margin: float) -> None:
    needed = attempts_needed(one, margin)
    assert (needed is None) == (one.difference <= -margin)
    (decided,) = gates({"security": one}, margin=margin)
    if decided.result == "INCONCLUSIVE" and needed is not None:
        assert decided.attempts_needed == needed
        assert needed > one.attempts


def test_a_gain_seen_by_chance_does_not_lower_the_attempts_needed() -> None:
    assert attempts_needed(found(4.0, 4.0), 5) == attempts_needed(found(0.0, 4.0), 5)
    at_a_loss, at_none = attempts_needed(found(-2.0, 4.0), 5), attempts_needed(found(0.0, 4.0), 5)
    assert at_a_loss is not None
    assert at_none is not None
    assert at_a_loss > at_none


# ------------------------------------------------------------------ margins, floors and looks


def test_each_dimension_may_have_its_own_margin() -> None:
    asked = {"security": found(-2.0, 1.0), "style": found(-2.0, 1.0)}
    strict, lax = gates(asked, margin=10, margins={"security": 3})
    assert (strict.margin, strict.result, lax.margin, lax.result) == (3, "INCONCLUSIVE", 10, "PASS")


@pytest.mark.parametrize(
    ("over", "se", "result", "words"),
    [
        (4.0, 1.0, "PASS", "security scores 84.0 on this suite, 82.3 at least, and the floor is 80"),
        (-4.0, 1.0, "FAIL", "security scores 76.0 on this suite, 77.7 at most: below the floor of 80 beyond"),
        (1.0, 2.0, "INCONCLUSIVE", "may score as little as 77.6, and the floor is 80; about"),
        (-1.0, 2.0, "INCONCLUSIVE", "more attempts will not pass this"),
    ],
)
def test_a_floor_has_three_results(over: float, se: float, result: str, words: str) -> None:
    (decided,) = gates({}, margin=5, floors={"security": (80.0, found(over, se))})
    assert decided.result == result
    assert words in decided.words
    assert decided.floor == 80
    assert decided.low == pytest.approx(80 + over - stats.t.ppf(0.95, 48) * se)


@given(SUITES, st.floats(1, 99))
def test_a_floor_passes_when_the_lower_bound_of_the_score_is_above_it(one: Suite, floor: float) -> None:
    (decided,) = gates({}, margin=5, floors={"security": (floor, one)})
    assert decided.low is not None
    assert decided.high is not None
    assert (decided.result == "PASS") == (one.low() > 0)
    assert decided.low == pytest.approx(floor + one.low())
    if decided.result == "FAIL":
        assert decided.high < floor + 1e-9


def test_floors_and_margins_are_corrected_together() -> None:
    barely = found(-6.0, 3.3)
    (alone,) = gates({}, margin=5, floors={"security": (80.0, barely)})
    others = {"a": found(0, 3.3), "b": found(0, 3.3)}
    *_, together = gates(others, margin=5, floors={"security": (80.0, barely)})
    assert (alone.result, together.result) == ("FAIL", "INCONCLUSIVE")
    assert together.p == pytest.approx(3 * (alone.p or 0))


@given(SUITES)
def test_with_two_looks_each_takes_half_of_the_error(one: Suite) -> None:
    (decided,) = gates({"security": one}, margin=5, looks=2)
    assert decided.confidence == 0.975
    assert decided.low == pytest.approx(
        stats.t.ppf(0.025, one.df, one.difference, one.se), rel=1e-6, abs=1e-6
    )
    (single,) = gates({"security": one}, margin=5)
    assert decided.result != "PASS" or single.result == "PASS"
    assert single.result != "INCONCLUSIVE" or decided.result == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("attempts", "words"), [([[80.0]] * 9, "two or more"), ([[80.0] * 3] * 9, "no variation seen")]
)
def test_a_floor_without_measured_scatter_is_not_available(attempts: list[list[float]], words: str) -> None:
    (decided,) = gates({}, margin=5, floors={"security": (50.0, above(50.0, attempts))})
    assert (decided.result, decided.low) == ("INCONCLUSIVE", None)
    assert decided.words.startswith("the gate on security against its floor of 50 is not available")
    assert words in decided.words
