"""The subset-mean test: against scipy's permutation test, against its own validity, and its laws."""

import itertools
import tracemalloc
from collections.abc import Sequence
from random import Random
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from harness.statistics.subsets import subset_means

POINTS = st.integers(-400, 400).map(lambda quarter: quarter / 4)
SAMPLES = st.lists(POINTS, min_size=1, max_size=9)
LONG = [7.0, -3.0, 12.5, 4.0, 0.5, 22.0, -9.0, 15.0, 3.0, 8.0, -1.0, 6.0, 2.0, 11.0]


ALTERNATIVES: tuple[Literal["two-sided", "greater", "less"], ...] = ("two-sided", "greater", "less")


@settings(deadline=None)
@given(st.lists(POINTS, min_size=2, max_size=9))
def test_p_is_the_sign_flip_p_of_scipy(differences: list[float]) -> None:
    draw = subset_means(differences, seed=1)
    ours = {"two-sided": draw.p_two_sided(), "greater": draw.p_low(), "less": draw.p_high()}
    for alternative in ALTERNATIVES:
        flips = permutation_test(
            (np.array(differences),),
            np.mean,
            permutation_type="samples",
            n_resamples=2**20,
            alternative=alternative,
        )
        assert ours[alternative] == pytest.approx(flips.pvalue, abs=1e-12)


@settings(deadline=None)
@given(SAMPLES, st.floats(-50, 50))
def test_p_at_a_margin_is_p_at_zero_of_the_shifted_differences(
    differences: list[float], margin: float
) -> None:
    shifted = subset_means([difference - margin for difference in differences], seed=1)
    assert subset_means(differences, seed=1).p_low(margin) == pytest.approx(shifted.p_low(), abs=1e-12)
    assert subset_means(differences, seed=1).p_high(margin) == pytest.approx(shifted.p_high(), abs=1e-12)


@pytest.mark.parametrize("sizes", [(1, 2, 3, 4, 5, 6, 7), (1, 1, 1, 1, 1, 1, 50), (5, 5, 5, 0, 0, 9, 9)])
@pytest.mark.parametrize("level", [0.05, 0.1, 0.3])
def test_where_signs_are_fair_coins_p_reaches_a_level_no_more_often_than_that(
    sizes: Sequence[float], level: float
) -> None:
    worlds = [
        [sign * size for sign, size in zip(signs, sizes, strict=True)]
        for signs in itertools.product((-1, 1), repeat=len(sizes))
    ]
    rejected = sum(subset_means(world, seed=1).p_two_sided() <= level for world in worlds)
    assert rejected <= level * len(worlds)


@settings(deadline=None)
@given(st.lists(POINTS, min_size=6, max_size=10), st.floats(-60, 60))
def test_the_interval_holds_exactly_the_values_that_the_test_does_not_reject(
    differences: list[float], value: float
) -> None:
    draw = subset_means(differences, seed=1)
    low, high = draw.interval()
    near_an_end = min(abs(value - low), abs(value - high)) < 1e-6
    assert near_an_end or (low < value < high) == (draw.p_two_sided(value) > 0.05)


@settings(deadline=None)
@given(SAMPLES, st.randoms(use_true_random=False))
def test_up_to_fourteen_cases_neither_order_nor_seed_matter(differences: list[float], random: Random) -> None:
    shuffled = list(differences)
    random.shuffle(shuffled)
    one, other = subset_means(differences, seed=1), subset_means(shuffled, seed=2)
    assert one.interval() == pytest.approx(other.interval(), abs=1e-8)
    assert one.p_two_sided() == other.p_two_sided()


@settings(deadline=None, max_examples=30)
@given(st.lists(POINTS, min_size=1, max_size=40), st.integers(0, 2**32))
def test_swapping_the_arms_negates_the_interval_and_keeps_p(differences: list[float], seed: int) -> None:
    draw, mirrored = (
        subset_means([sign * difference for difference in differences], seed=seed) for sign in (1, -1)
    )
    low, high = draw.interval()
    assert mirrored.interval() == (-high, -low)
    assert mirrored.p_two_sided() == draw.p_two_sided()
    assert 0 < draw.p_two_sided() <= 1


def test_above_fourteen_cases_random_subsets_come_close_to_all_subsets() -> None:
    # A case that did not move changes no flipped sum, so the exact p of 14 cases is that of these 15.
    exact, drawn = subset_means(LONG, seed=1).p_low(), subset_means([*LONG, 0.0], seed=1).p_low()
    assert len(subset_means([*LONG, 0.0], seed=1).means) > 9_900
    assert drawn == pytest.approx(exact, abs=5 * (exact * (1 - exact) / 9_999) ** 0.5)


def test_the_same_seed_gives_the_same_draw_and_another_seed_another() -> None:
    sample = [*LONG, 1.5, 2.5]
    assert np.array_equal(subset_means(sample, seed=5).means, subset_means(sample, seed=5).means)
    assert not np.array_equal(subset_means(sample, seed=5).means, subset_means(sample, seed=6).means)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_nothing_but_zeros_gives_p_1(n: int) -> None:
    draw = subset_means([0.0] * n, seed=1)
    assert draw.p_two_sided() == 1
    assert draw.interval() == (0, 0)


def test_rounding_noise_decides_no_tie() -> None:
    noisy = subset_means([0.1 + 0.2 - 0.3, 5.0, -5.0, 0.0], seed=1)
    assert noisy.p_two_sided() == subset_means([0.0, 5.0, -5.0, 0.0], seed=1).p_two_sided()


def test_ten_thousand_cases_stay_in_bounded_memory() -> None:
    sample = np.random.default_rng(1).normal(1, 20, 10_000).tolist()
    tracemalloc.start()
    draw = subset_means(sample, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    low, high = draw.interval()
    assert low < np.mean(sample) < high
    assert peak < 150e6


def test_no_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        subset_means([], seed=1)
