"""pass@k and pass^k: against counting all choices of attempts, and how they hang together."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.repeats import at_least_once, curves, every_time

TALLY = st.integers(1, 8).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(TALLY, st.data())
def test_they_are_the_shares_of_all_choices_of_k_attempts(
    tally: tuple[int, int], data: st.DataObject
) -> None:
    passed, attempts = tally
    k = data.draw(st.integers(1, attempts))
    outcomes = [True] * passed + [False] * (attempts - passed)
    choices = list(itertools.combinations(outcomes, k))
    assert at_least_once(passed, attempts, k) == pytest.approx(sum(map(any, choices)) / len(choices))
    assert every_time(passed, attempts, k) == pytest.approx(sum(map(all, choices)) / len(choices))


@given(st.lists(TALLY, min_size=1, max_size=5))
def test_more_attempts_pass_more_often_once_and_less_often_every_time(tallies: list[tuple[int, int]]) -> None:
    once, always = curves(tallies)
    assert once[0] == pytest.approx(always[0])
    assert once[0] == pytest.approx(100 * sum(passed / n for passed, n in tallies) / len(tallies))
    assert list(once) == sorted(once)
    assert list(always) == sorted(always, reverse=True)
    assert len(once) == len(always) == min(n for _, n in tallies)


@given(TALLY, st.data())
def test_failing_at_least_once_is_not_passing_every_time(tally: tuple[int, int], data: st.DataObject) -> None:
    passed, attempts = tally
    k = data.draw(st.integers(1, attempts))
    assert at_least_once(attempts - passed, attempts, k) == pytest.approx(1 - every_time(passed, attempts, k))


@pytest.mark.parametrize(("passed", "attempts", "k"), [(3, 2, 1), (-1, 2, 1), (1, 2, 3), (1, 2, 0)])
def test_what_cannot_be_is_refused(passed: int, attempts: int, k: int) -> None:
    for estimate in (at_least_once, every_time):
        with pytest.raises(ValueError, match="must lie in"):
            estimate(passed, attempts, k)


def test_no_tallies_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        curves([])
