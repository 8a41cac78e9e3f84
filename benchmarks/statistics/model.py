"""The data that the simulations draw: answers to cases under twelve yes-or-no criteria, for two prompts.

Behind each verdict lies a normal number that must pass a threshold (probit). It adds up from parts whose
shares of the variance, 1 in all, are solved for below so that scores scatter as this project's do:

    case             how hard the case is for every criterion
    case × criterion how hard it is for one of them; with `case`, what two attempts at a case share
    answer           what one answer does to all of its criteria
    the rest         verdict by verdict

Two prompts find the same cases hard to the degree `likeness`, the correlation of the first two parts between
them: below 1 a change of prompt moves single cases even where it moves none on average.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

WEIGHTS = np.array([5, 5, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1], dtype=np.float64)
"""Points of the criteria."""

CASE_SD = 15.6
"""Points: standard deviation of the true scores of cases."""

ATTEMPT_SD = 12.4
"""Points: standard deviation of the scores of one case's answers."""

DISAGREE = 0.216
"""Share of criteria on which two answers to one case differ."""

TUNED_AT = 0.70
"""Share of verdicts that are met, at which the three hold."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the variance: what a case does to all criteria, to single ones, and an answer to all."""

    case: float
    criterion: float
    answer: float

    @property
    def noise(self) -> float:
        """What differs from answer to answer."""
        return 1 - self.case - self.criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is true of the two prompts.

    `level` is the share of verdicts that the base meets, `change` what the candidate adds in points, on
    average over all cases there could be. With `broken`, that share of cases scores 0 under the candidate,
    and the others gain what makes the average change come true.
    """

    cases: int
    attempts: int
    likeness: float = 0.55
    level: float = 0.70
    change: float = 0.0
    broken: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Many experiments at once: scores by experiment, case and attempt, in points.

    `met_base` and `met_candidate` are the shares of all verdicts of an arm that are met, unweighted.
    """

    base: Points
    candidate: Points
    met_base: Points
    met_candidate: Points


@cache
def shares() -> Shares:
    """Solve for the shares of the variance that give the three spreads above."""
    total, squares = WEIGHTS.sum(), (WEIGHTS**2).sum()

    def spread(same: float, others: float) -> float:
        """Give the variance of a score, from the covariances of a criterion with itself and with others."""
        return float((squares * same + (total**2 - squares) * others) / total**2)

    kept = brentq(lambda r: 2 * (TUNED_AT * (1 - TUNED_AT) - _together(r)) - DISAGREE, 0.01, 0.99)
    case_variance = (CASE_SD / 100) ** 2
    case = brentq(lambda r: spread(_together(kept), _together(r)) - case_variance, 0.0, kept)
    whole = case_variance + (ATTEMPT_SD / 100) ** 2
    with_answer = brentq(lambda r: spread(TUNED_AT * (1 - TUNED_AT), _together(r)) - whole, 0.0, 0.99)
    return Shares(case=case, criterion=kept - case, answer=with_answer - case)


def draw(world: World, experiments: int, rng: np.random.Generator) -> Drawn:
    """Draw experiments whose cases are a sample of all cases: *cases like these*."""
    hard_base, hard_candidate = _hardness(world, experiments, rng)
    thresholds = np.full((experiments, world.cases), float(ndtri(world.level + world.change / 100)))
    if world.broken:
        rest = (world.level + world.change / 100) / (1 - world.broken)
        breaks = rng.random((experiments, world.cases)) < world.broken
        thresholds = np.where(breaks, -np.inf, float(ndtri(rest)))
    base = _answers(hard_base + float(ndtri(world.level)), world.attempts, rng)
    candidate = _answers(hard_candidate + thresholds[..., None], world.attempts, rng)
    return _scored(base, candidate)


def draw_fixed(world: World, experiments: int, rng: np.random.Generator) -> Drawn:
    """Draw experiments whose very cases differ by exactly `world.change` on average: *this suite*."""
    hard_base, hard_candidate = _hardness(world, experiments, rng)
    base = hard_base + float(ndtri(world.level))
    wanted = _true_scores(base) + world.change
    low, high = np.full(experiments, -8.0), np.full(experiments, 8.0)
    for _ in range(30):  # halving 16 thirty times leaves less than a millionth of a point
        middle = (low + high) / 2
        below = _true_scores(hard_candidate + middle[:, None, None]) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    candidate = hard_candidate + ((low + high) / 2)[:, None, None]
    return _scored(_answers(base, world.attempts, rng), _answers(candidate, world.attempts, rng))


def _together(correlation: float) -> float:
    """Give the covariance of two verdicts whose normal numbers have that correlation."""
    threshold = float(ndtri(TUNED_AT))
    both = multivariate_normal.cdf([threshold] * 2, cov=[[1, correlation], [correlation, 1]])
    return float(both - TUNED_AT**2)


def _hardness(world: World, experiments: int, rng: np.random.Generator) -> tuple[Points, Points]:
    """Draw what the cases do to each verdict, by experiment, case and criterion, for both prompts."""
    found = shares()
    shape = (experiments, world.cases, len(WEIGHTS))

    def one() -> Points:
        per_case = rng.standard_normal((*shape[:2], 1)) * found.case**0.5
        return np.asarray(per_case + rng.standard_normal(shape) * found.criterion**0.5)

    base, own = one(), one()
    return base, world.likeness * base + (1 - world.likeness**2) ** 0.5 * own


def _true_scores(reached: Points) -> Points:
    """Give each experiment's true score: the mean over its cases and all answers that there could be."""
    met = ndtr(reached / shares().noise ** 0.5)
    return np.asarray(100 * (met @ WEIGHTS / WEIGHTS.sum()).mean(axis=1))


def _answers(reached: Points, attempts: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw verdicts by experiment, case, attempt and criterion."""
    found = shares()
    experiments, cases, criteria = reached.shape
    per_answer = rng.standard_normal((experiments, cases, attempts, 1)) * found.answer**0.5
    rest = rng.standard_normal((experiments, cases, attempts, criteria)) * (found.noise - found.answer) ** 0.5
    return np.asarray(reached[:, :, None, :] + per_answer + rest > 0)


def _scored(base: NDArray[np.bool_], candidate: NDArray[np.bool_]) -> Drawn:
    worth = 100 * WEIGHTS / WEIGHTS.sum()
    return Drawn(
        base=base @ worth,
        candidate=candidate @ worth,
        met_base=base.mean(axis=(1, 2, 3)),
        met_candidate=candidate.mean(axis=(1, 2, 3)),
    )
