"""The difference between two revisions on *this suite*: the cases are fixed, only the attempts are noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.estimates import Estimate
from harness.statistics import student
from harness.statistics.estimates import mean, variance


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A difference over fixed cases with its standard error above 0, in points, and the t that belongs to it.

    `attempts` is the mean number of graded attempts per case and arm.
    """

    difference: float
    se: float
    df: float
    cases: int
    attempts: float

    def low(self, confidence: float = 0.95) -> float:
        """Give the one-sided lower bound."""
        return self.difference - student.quantile(confidence, self.df) * self.se

    def high(self, confidence: float = 0.95) -> float:
        """Give the one-sided upper bound."""
        return self.difference + student.quantile(confidence, self.df) * self.se

    def p_worse(self, margin: float = 0.0) -> float:
        """Give the one-sided p for *the difference is below `margin`*."""
        return student.tail((margin - self.difference) / self.se, self.df)

    def estimate(self, confidence: float = 0.95) -> Estimate:
        """Give the difference with its two-sided interval, cut to -100..100."""
        tail = (1 + confidence) / 2
        return Estimate(
            mean=self.difference,
            low=max(-100.0, self.low(tail)),
            high=min(100.0, self.high(tail)),
            n=self.cases,
            method="attempts within cases",
            confidence=confidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Why there is nothing to say about this suite, in words."""

    reason: str


def suite(base: Sequence[Sequence[float]], candidate: Sequence[Sequence[float]]) -> Suite | Unavailable:
    """Estimate the difference over these very cases from how much the attempts at each case scatter.

    Both hold, case by case in the same order, the scores of its graded attempts, in points; the numbers of
    attempts may differ. SE² sums s²/E over cases and arms, over n²; df by Satterthwaite (1946, Biometrics
    Bulletin 2, 110-114). A case with a single graded attempt borrows the pooled variance of its arm, so its
    share of SE² is spread over the cases that measured it.
    """
    if not base or len(base) != len(candidate):
        msg = f"both arms must hold the same cases and at least one, got {len(base)} and {len(candidate)}"
        raise ValueError(msg)
    arms = (base, candidate)
    measured = all(any(len(attempts) > 1 for attempts in arm) for arm in arms)
    return _settled(
        [_parts(arm) for arm in arms] if measured else None,
        difference=mean([mean(b) - mean(a) for a, b in zip(base, candidate, strict=True)]),
        counted=[len(attempts) for arm in arms for attempts in arm],
        cases=len(base),
    )


def above(floor: float, attempts: Sequence[Sequence[float]]) -> Suite | Unavailable:
    """Estimate how far one arm's score over these very cases lies above a floor, in points.

    The attempts as in `suite`; the floor is known exactly and adds no error, nor degrees of freedom.
    """
    if not attempts:
        msg = "attempts must hold at least one case, got none"
        raise ValueError(msg)
    return _settled(
        [_parts(attempts)] if any(len(each) > 1 for each in attempts) else None,
        difference=mean([mean(each) for each in attempts]) - floor,
        counted=[len(each) for each in attempts],
        cases=len(attempts),
    )


def _settled(
    parts: Sequence[Sequence[tuple[float, int]]] | None,
    *,
    difference: float,
    counted: Sequence[int],
    cases: int,
) -> Suite | Unavailable:
    """Put the parts of SE² together; `None` where some arm has one attempt a case throughout."""
    if parts is None:
        return Unavailable(
            reason="one attempt a case does not show how far its answers scatter, it takes two or more"
        )
    flat = [part for arm in parts for part in arm]
    square = math.fsum(size for size, _ in flat)
    if square == 0:
        return Unavailable(reason="no variation seen between attempts, so there is no error to reckon with")
    return Suite(
        difference=difference + 0.0,
        se=math.sqrt(square),
        df=square**2 / math.fsum(size**2 / df for size, df in flat),
        cases=cases,
        attempts=mean([float(count) for count in counted]),
    )


def _parts(arm: Sequence[Sequence[float]]) -> list[tuple[float, int]]:
    """Give each measured case's share of SE² with its degrees of freedom."""
    n = len(arm)
    measured = [attempts for attempts in arm if len(attempts) > 1]
    pooled_df = sum(len(attempts) - 1 for attempts in measured)
    borrowed = n - len(measured)
    return [
        (
            variance(attempts) * (1 / len(attempts) + borrowed * (len(attempts) - 1) / pooled_df) / n**2,
            len(attempts) - 1,
        )
        for attempts in measured
    ]
