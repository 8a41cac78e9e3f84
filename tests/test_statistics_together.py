"""Step-down max-T: against a direct enumeration, that it keeps its promise, and its laws."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.statistics.subsets import subset_means
from harness.statistics.together import step_down

POINTS = st.integers(-40, 40).map(float)
TABLES = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(POINTS, min_size=n, max_size=n), min_size=1, max_size=4)
)


def enumerated(columns: list[list[float]]) -> list[float]:
    """Adjust the way the book says it: hypothesis by hypothesis, flip by flip."""
    seen = [statistic(column) for column in columns]
    order = sorted(range(len(columns)), key=lambda place: -seen[place])
    worlds = list(itertools.product((1, -1), repeat=len(columns[0])))
    adjusted, highest = [0.0] * len(columns), 0.0
    for rank, place in enumerate(order):
        competing = order[rank:]
        beaten = 0
        for signs in worlds:
            flipped = [[s * value for s, value in zip(signs, columns[c], strict=True)] for c in competing]
            beaten += max(map(statistic, flipped)) >= seen[place] - 1e-9
        highest = max(highest, beaten / len(worlds))
        adjusted[place] = highest
    return adjusted


def statistic(column: list[float]) -> float:
    size = sum(value**2 for value in column) ** 0.5
    return abs(sum(column)) / size if size else 0.0


@settings(deadline=None, max_examples=60)
@given(TABLES)
def test_it_is_the_enumeration_of_all_flips(columns: list[list[float]]) -> None:
    assert step_down(columns, seed=1) == pytest.approx(enumerated(columns), abs=1e-12)


@settings(deadline=None)
@given(st.lists(POINTS, min_size=1, max_size=9))
def test_one_question_alone_has_its_own_p(column: list[float]) -> None:
    assert step_down([column], seed=1) == [pytest.approx(subset_means(column, seed=1).p_two_sided())]


@settings(deadline=None)
@given(TABLES)
def test_asking_more_never_lowers_a_p(columns: list[list[float]]) -> None:
    alone = [subset_means(column, seed=1).p_two_sided() for column in columns]
    together = step_down(columns, seed=1)
    assert all(p >= own - 1e-12 for p, own in zip(together, alone, strict=True))


@settings(deadline=None)
@given(TABLES, st.randoms(use_true_random=False), st.integers(1, 50))
def test_order_of_questions_and_cases_signs_and_units_of_measure_do_not_matter(
    columns: list[list[float]], random: object, scale: int
) -> None:
    places = list(range(len(columns)))
    random.shuffle(places)  # type: ignore[attr-defined]
    plain = step_down(columns, seed=1)
    turned = step_down([columns[place][::-1] for place in places], seed=1)
    assert turned == [plain[place] for place in places]
    negated = [[-scale * value for value in column] for column in columns]
    assert step_down(negated, seed=1) == plain


@settings(deadline=None)
@given(TABLES)
def test_a_question_asked_twice_costs_nothing(columns: list[list[float]]) -> None:
    doubled = step_down([*columns, columns[0]], seed=1)
    assert doubled[: len(columns)] == step_down(columns, seed=1)
    assert doubled[-1] == doubled[0]


@pytest.mark.parametrize("level", [0.0625, 0.125, 0.25])
def test_where_nothing_changed_something_is_found_no_more_often_than_the_level(level: float) -> None:
    sizes = [[5.0, 1.0, 3.0, 2.0, 8.0, 1.0], [1.0, 9.0, 2.0, 2.0, 1.0, 4.0], [2.0, 2.0, -7.0, 1.0, 3.0, 3.0]]
    worlds = list(itertools.product((1, -1), repeat=6))
    found = 0
    for signs in worlds:
        flipped = [[s * size for s, size in zip(signs, column, strict=True)] for column in sizes]
        found += min(step_down(flipped, seed=1)) <= level
    assert found <= level * len(worlds)


def test_above_fourteen_cases_a_draw_comes_close_to_all_flips() -> None:
    column, other = [7.0, -3.0, 12.5, 4.0, 0.5, 22.0, -9.0, 15.0, 3.0, 8.0], [1.0, 2.0, -3.0, 4.0] + [0.0] * 6
    exact = step_down([column, other], seed=1)
    # Cases that did not move change no flip.
    drawn = step_down([column + [0.0] * 20, other + [0.0] * 20], seed=1)
    assert drawn == pytest.approx(exact, abs=0.02)
    assert drawn == step_down([column + [0.0] * 20, other + [0.0] * 20], seed=1)


def test_nothing_but_zeros_is_no_evidence_and_disturbs_nobody() -> None:
    column = [3.0, 4.0, 5.0, 1.0, 2.0, 6.0]
    assert step_down([column, [0.0] * 6], seed=1) == [2 / 2**6, 1]


def test_ten_thousand_cases_and_twenty_questions_stay_in_bounded_memory() -> None:
    table = np.random.default_rng(1).normal(0, 20, (20, 10_000)).tolist()
    tracemalloc.start()
    adjusted = step_down(table, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(adjusted) == 20
    assert peak < 150e6
