"""The CUSUM over nights: its normal values done another way, what it finds, and how often it cries wolf."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.trend import Night, alarms, cusum, fell_at, minus, shift

SCORES = st.lists(st.floats(0, 100).map(lambda score: round(score, 2)), min_size=3, max_size=30)


def nights(values: Sequence[float]) -> list[Night]:
    return [
        Night(at=f"2026-{1 + day // 28:02}-{1 + day % 28:02}", value=value)
        for day, value in enumerate(values)
    ]


def noise(count: int, seed: int, spread: float = 3.0) -> list[float]:
    return list(np.random.default_rng(seed).normal(70, spread, size=count))


@given(SCORES)
def test_each_night_is_the_t_value_of_a_new_observation_as_a_normal_one(values: list[float]) -> None:
    for count, step in enumerate(cusum(nights(values))):
        if count < 2:
            assert step.q is None
            continue
        earlier = np.array(values[:count])
        spread = max(0.1, earlier.std(ddof=1))
        t = (values[count] - earlier.mean()) / (spread * math.sqrt(1 + 1 / count))
        expected = stats.norm.isf(stats.t.sf(abs(t), count - 1)) * np.sign(t)
        assert step.q == pytest.approx(min(10, max(-10, expected)), abs=1e-6)


@given(SCORES, st.floats(-50, 50))
def test_adding_a_constant_changes_no_step(values: list[float], constant: float) -> None:
    moved = cusum(nights([value + constant for value in values]))
    for one, other in zip(cusum(nights(values)), moved, strict=True):
        assert (one.down, one.up) == pytest.approx((other.down, other.up), abs=1e-5)


@given(SCORES)
def test_a_mirrored_series_swaps_up_and_down(values: list[float]) -> None:
    mirrored = cusum(nights([100 - value for value in values]))
    for one, other in zip(cusum(nights(values)), mirrored, strict=True):
        assert (one.down, one.up) == pytest.approx((other.up, other.down), abs=1e-6)


def test_a_drop_raises_an_alarm_and_names_the_night_it_began() -> None:
    series = nights([*noise(30, seed=4), *(value - 12 for value in noise(10, seed=5))])
    (alarm,) = alarms(cusum(series))
    assert alarm.side == "down"
    assert series[28].at <= alarm.changed <= series[31].at
    assert series[30].at < alarm.raised <= series[34].at
    assert alarm.before - alarm.after == pytest.approx(12, abs=4)


def test_a_rise_is_an_alarm_only_where_both_sides_are_watched() -> None:
    steps = cusum(nights([*noise(30, seed=4), *(value + 12 for value in noise(10, seed=5))]))
    assert [alarm.side for alarm in alarms(steps)] == ["up"]
    assert alarms(steps, sides=("down",)) == ()


def test_a_score_that_never_moves_raises_no_alarm_for_a_rounding_error() -> None:
    assert alarms(cusum(nights([80.0] * 20 + [80.0 - 1e-9] * 20))) == ()


def test_a_score_that_never_moved_and_then_falls_is_found() -> None:
    (alarm,) = alarms(cusum(nights([80.0] * 10 + [70.0] * 2)))
    assert alarm.changed == nights([80.0] * 11)[10].at


def test_normal_values_of_a_steady_series_are_independent_standard_normals() -> None:
    found = np.array(
        [[step.q for step in cusum(nights(noise(30, seed)))[2:]] for seed in range(300)], dtype=float
    )
    assert stats.kstest(found.ravel(), "norm").pvalue > 0.01
    assert abs(np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1]) < 0.03


def test_few_steady_series_of_eighty_nights_raise_a_false_alarm() -> None:
    # One alarm in about 930 nights on one side (Hawkins and Olwell 1998, table for k = .5, h = 5): 8 % in 80.
    series = [cusum(nights(noise(100, seed))) for seed in range(400)]
    late = [any(step.down > 5 for step in steps[20:]) for steps in series]
    assert 0.03 < float(np.mean(late)) < 0.14


def test_the_control_is_subtracted_day_by_day() -> None:
    live = [Night(at="2026-01-01T02:00Z", value=70, se=3), Night(at="2026-01-02T02:00Z", value=72, se=3)]
    control = [Night(at="2026-01-02T02:09Z", value=75, se=4), Night(at="2026-01-03T02:00Z", value=75)]
    (only,) = minus(live, control)
    assert (only.at, only.value, only.se) == ("2026-01-02T02:00Z", -3, 5)


@given(st.integers(3, 30), st.integers(3, 30), st.integers(0, 999))
def test_a_shift_is_students_t_test_with_the_pooled_variance(one: int, other: int, seed: int) -> None:
    before, since = noise(one, seed), [value + seed % 7 for value in noise(other, seed + 1)]
    expected = float(stats.ttest_ind(before, since).pvalue)
    assert shift(before, since) == pytest.approx(expected, abs=1e-9)


def test_nights_that_never_moved_are_held_to_a_tenth_of_a_point() -> None:
    assert shift([70.0] * 5, [70.01] * 5) == pytest.approx(0.879, abs=1e-3)


def test_earlier_stretches_lend_their_scatter_and_not_their_level() -> None:
    """With the level of two nights and the scatter of twenty, a third is held against a t of 20 degrees."""
    earlier = noise(20, seed=8)
    *_, last = cusum(nights([50.0, 52.0, 45.0]), earlier=[earlier])
    squares = 19 * np.var(earlier, ddof=1) + 2.0
    t = (45.0 - 51.0) / (math.sqrt(squares / 20) * math.sqrt(1 + 1 / 2))
    assert last.q == pytest.approx(stats.norm.ppf(stats.t.cdf(t, 20)), abs=1e-9)


def test_one_night_since_is_its_own_step() -> None:
    values = noise(12, seed=3)
    (*_, step) = cusum(nights(values))
    assert step.q is not None
    assert shift(values[:-1], values[-1:]) == pytest.approx(2 * stats.norm.cdf(-abs(step.q)), rel=1e-6)


@pytest.mark.parametrize(("before", "since"), [([], [1.0, 2.0]), ([1.0, 2.0], []), ([1.0], [2.0])])
def test_a_shift_needs_scatter_and_nights_on_either_side(before: list[float], since: list[float]) -> None:
    assert shift(before, since) is None


def test_one_night_counts_for_no_more_than_it_may() -> None:
    values = [*noise(20, seed=5), 0.0]
    (*_, free), (*_, bound) = cusum(nights(values)), cusum(nights(values), most=3.0)
    assert free.q == bound.q
    assert bound.down <= max(step.down for step in cusum(nights(values[:-1]))) + 2.5
    assert free.down > bound.down


def test_a_shift_between_two_nights_is_told_by_the_scatter_of_earlier_ones() -> None:
    earlier = [noise(10, seed=1), noise(12, seed=2)]
    pooled = (9 * np.var(earlier[0], ddof=1) + 11 * np.var(earlier[1], ddof=1)) / 20
    expected = 2 * stats.t.cdf(-6.0 / math.sqrt(2 * pooled), 20)
    assert shift([50.0], [44.0], earlier=earlier) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 999))
def test_a_large_fall_is_dated_to_its_first_night(before: int, since: int, seed: int) -> None:
    values = [*noise(before, seed, spread=1.0), *(value - 40 for value in noise(since, seed + 1, spread=1.0))]
    assert fell_at(values) == before
