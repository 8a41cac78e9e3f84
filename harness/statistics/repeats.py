"""From attempts at the same thing: how often it succeeds at least once, and how often every time."""

from collections.abc import Callable, Sequence
from functools import cache
from math import comb

from harness.statistics.estimates import mean


@cache
def at_least_once(passed: int, attempts: int, k: int) -> float:
    """Give pass@k: the chance that one of k attempts passes, unbiased from `passed` of `attempts`.

    One minus the share of all choices of k attempts that hold no pass (Chen et al. 2021, arXiv 2107.03374).

    >>> at_least_once(1, 4, 2)
    0.5
    """
    _refuse(passed, attempts, k)
    return 1 - comb(attempts - passed, k) / comb(attempts, k)


@cache
def every_time(passed: int, attempts: int, k: int) -> float:
    """Give pass^k: the chance that k attempts all pass, unbiased from `passed` of `attempts`.

    The share of all choices of k attempts that hold nothing but passes (Yao et al. 2024, tau-bench,
    arXiv 2406.12045).

    >>> every_time(3, 4, 2)
    0.5
    """
    _refuse(passed, attempts, k)
    return comb(passed, k) / comb(attempts, k)


def curves(tallies: Sequence[tuple[int, int]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the means of pass@k and pass^k in points, for k from 1 to the fewest attempts of any.

    Each tally is (passed, attempts) of one thing; things are averaged, attempts are not pooled. Raises
    `ValueError` without any.
    """
    if not tallies:
        msg = "tallies must hold at least one, got none"
        raise ValueError(msg)
    ks = range(1, min(attempts for _, attempts in tallies) + 1)
    return _curve(at_least_once, tallies, ks), _curve(every_time, tallies, ks)


def _curve(
    estimate: Callable[[int, int, int], float], tallies: Sequence[tuple[int, int]], ks: range
) -> tuple[float, ...]:
    return tuple(100 * mean([estimate(passed, attempts, k) for passed, attempts in tallies]) for k in ks)


def _refuse(passed: int, attempts: int, k: int) -> None:
    if not (0 <= passed <= attempts and 1 <= k <= attempts):
        msg = f"passed must lie in 0..attempts and k in 1..attempts, got {passed} of {attempts} and k {k}"
        raise ValueError(msg)
