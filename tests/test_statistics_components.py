"""Where uncertainty comes from: against a textbook's mean squares, and what more answers would bring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.components import of_differences, of_scores, pooled

SCORE = st.integers(0, 100).map(float)


def balanced(*shape: int) -> st.SearchStrategy[np.ndarray]:
    size = int(np.prod(shape))
    return st.lists(SCORE, min_size=size, max_size=size).map(lambda values: np.array(values).reshape(shape))


@settings(deadline=None)
@given(balanced(5, 3, 2))
def test_balanced_gradings_give_the_nested_mean_squares(cube: np.ndarray) -> None:
    # Searle, Casella and McCulloch: each mean square estimates its own variance plus those nested in it.
    cases, attempts, gradings = cube.shape
    of_answers, of_cases = cube.mean(axis=2), cube.mean(axis=(1, 2))
    inside = cube.var(axis=2, ddof=1).mean()
    between_answers = gradings * of_answers.var(axis=1, ddof=1).mean()
    between_cases = attempts * gradings * of_cases.var(ddof=1)
    found = of_scores(cube.tolist())
    assert found is not None
    assert found.judge == pytest.approx(inside, abs=1e-8)
    attempt = max(0.0, (between_answers - inside) / gradings)
    assert found.attempt == pytest.approx(attempt, abs=1e-8)
    if between_answers >= inside:
        case = max(0.0, (between_cases - between_answers) / (attempts * gradings))
        assert found.case == pytest.approx(case, abs=1e-8)
    assert found.cases == cases
    assert [found.attempts, found.gradings] == pytest.approx([attempts, gradings])


@settings(deadline=None)
@given(balanced(6, 4))
def test_the_half_width_now_is_that_of_the_t_interval(table: np.ndarray) -> None:
    found = of_scores([[[score] for score in case] for case in table.tolist()])
    assert found is not None
    assert found.judge is None
    half = stats.t.ppf(0.975, 5) * stats.sem(table.mean(axis=1))
    assert found.half_width() == pytest.approx(half, abs=1e-8)


@settings(deadline=None)
@given(balanced(6, 3), balanced(6, 3))
def test_a_difference_has_the_attempts_of_both_arms(base: np.ndarray, candidate: np.ndarray) -> None:
    found = of_differences(base.tolist(), candidate.tolist())
    assert found is not None
    within = base.var(axis=1, ddof=1).mean() + candidate.var(axis=1, ddof=1).mean()
    assert found.attempt == pytest.approx(within, abs=1e-8)
    between = (candidate.mean(axis=1) - base.mean(axis=1)).var(ddof=1)
    assert found.case == pytest.approx(max(0.0, between - within / 3), abs=1e-8)
    half = stats.t.ppf(0.975, 5) * (between / 6) ** 0.5
    assert found.half_width() == pytest.approx(half, abs=1e-8)


@settings(deadline=None)
@given(balanced(6, 3))
def test_as_many_answers_bring_more_as_cases_than_as_attempts(table: np.ndarray) -> None:
    found = of_scores([[[score] for score in case] for case in table.tolist()])
    assert found is not None
    by_cases, by_attempts = found.half_width(more_cases=6), found.half_width(more_attempts=3)
    assert by_cases <= by_attempts + 1e-9
    assert by_attempts <= found.half_width() + 1e-9


def test_where_attempts_vary_and_cases_do_not_attempts_help_too() -> None:
    found = of_scores([[[40.0], [60.0]], [[41.0], [59.0]], [[39.0], [61.0]], [[42.0], [58.0]]])
    assert found is not None
    assert found.case == 0
    assert found.half_width(more_attempts=2) == pytest.approx(found.half_width() / 2**0.5)


def test_unequal_attempts_count_by_the_mean_of_their_inverses() -> None:
    found = of_scores([[[10.0], [20.0]], [[30.0]], [[50.0], [70.0], [60.0]]])
    assert found is not None
    assert found.attempts == pytest.approx(3 / (1 / 2 + 1 + 1 / 3))
    assert found.attempt == pytest.approx((50 + 200) / 3)


def test_one_attempt_a_case_does_not_tell_cases_and_attempts_apart() -> None:
    found = of_scores([[[10.0]], [[30.0]], [[20.0]]])
    assert found is not None
    assert found.attempt is None
    assert found.judge is None
    assert found.case == pytest.approx(100)


def test_copies_within_a_cluster_do_not_make_the_mean_surer() -> None:
    alone = of_scores([[[score]] for score in (10.0, 30.0, 20.0, 50.0)])
    copied = of_scores(
        [[[score]] for score in (10.0, 30.0, 20.0, 50.0) for _ in range(3)], list("aaabbbcccddd")
    )
    assert alone is not None
    assert copied is not None
    assert copied.half_width() == pytest.approx(alone.half_width())


@pytest.mark.parametrize("cases", [1])
def test_a_single_case_shows_no_spread(cases: int) -> None:
    assert of_scores([[[10.0], [20.0]]] * cases) is None


def test_groups_of_one_tell_nothing_of_what_varies_inside() -> None:
    assert pooled([[1.0], [2.0]]) is None
