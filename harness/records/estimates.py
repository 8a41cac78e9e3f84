"""Means and intervals, and where their uncertainty comes from, in points from 0 to 100."""

from dataclasses import dataclass
from typing import Literal

from harness.records.record import Record

OVERALL = "overall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Record):
    """A mean in points with its interval and n; what cannot be had is `None`.

    `seed` is that of the random draw behind the interval, `None` where nothing was drawn.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    confidence: float = 0.95
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(Record):
    """Where the uncertainty of a mean comes from, and what would shrink it most.

    `of` says what the mean is of: `score` or `difference`. The standard deviations are in points: `case` from
    case to case, `attempt` from answer to answer of one case, `judge` from vote to vote on one answer (`None`
    unless a judge voted more than once; what the majority leaves of it is in `attempt`). `attempt` is `None`
    with one attempt a case: it is part of `case` then. `half_width` is that of a 95 % t interval over `n`
    cases with `attempts` each; `more_cases` and `more_attempts` (with the half-width each would give) cost
    the same number of answers.
    """

    dimension: str
    of: Literal["score", "difference"]
    n: int
    attempts: float
    case: float
    attempt: float | None
    judge: float | None
    half_width: float
    more_cases: tuple[int, float] | None
    more_attempts: tuple[int, float] | None
    advice: str
    method: str = "nested analysis of variance"
