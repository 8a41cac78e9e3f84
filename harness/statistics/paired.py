"""The difference between two revisions on *cases like these*: the cases are a sample of what will come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.results import Estimate
from harness.statistics.estimates import (
    FEWEST_CASES,
    NO_VARIATION,
    TOLERANCE,
    cases_needed,
    detectable,
    mean,
    variance,
    z_quantile,
)

SUBSETS = "subset means"
PSEUDO_CASES = "pseudo-cases"

_RANGE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A paired difference with all that one draw gives.

    `difference` is the mean of the differences, which `estimate` holds with its interval. `p` is two-sided
    for no difference; `changed` counts cases that moved at all; `mde` is the difference that this many cases
    find four times in five; `spread` is the standard deviation of the differences, `None` for one case.
    """

    difference: float
    estimate: Estimate
    p: float
    changed: int
    mde: float | None
    spread: float | None

    def cases_needed(self, difference: float) -> int | None:
        """Give the cases that find a true difference of that size four times in five, if that can be said."""
        return None if self.spread is None else cases_needed(self.spread, difference)


def paired(differences: Sequence[float], *, seed: int) -> Paired:
    """Estimate the mean difference and test it against none.

    `differences` holds candidate minus base per case, in points, each the difference of two means over
    attempts. Six changed cases or more: subset means. Fewer: p from the changed cases alone, exactly,
    and the interval from two pseudo-cases, because the range of so few subset means covers too little.
    Differences that are all the same, not 0, give a p but no interval. Raises `ValueError` without cases.

    >>> paired([10.0, 20.0, 30.0, 5.0, 15.0, 25.0], seed=1).p
    0.03125
    """
    if not differences:
        msg = "differences must hold at least one case, got none"
        raise ValueError(msg)
    n = len(differences)
    moved = [difference for difference in differences if abs(difference) > TOLERANCE]
    spread = math.sqrt(variance(differences)) if n > 1 else None
    p, (low, high), method = _tested(differences, moved, spread, seed)
    difference = mean(differences) + 0.0
    return Paired(
        difference=difference,
        estimate=Estimate(mean=difference, low=low, high=high, n=n, method=method),
        p=p,
        changed=len(moved),
        mde=None if spread is None else detectable(spread, n),
        spread=spread,
    )


def pseudo_case_interval(differences: Sequence[float], *, confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval after adding one case that gained and one that lost all 100 points, cut to -100..100.

    Bonett and Price (2012, J. Educ. Behav. Stat. 37, 479-488) for paired proportions, carried over to scores.
    """
    widened = [*differences, _RANGE, -_RANGE]
    n = len(widened)
    centre = mean(widened)
    half = z_quantile((1 + confidence) / 2) * math.sqrt(variance(widened) * (n - 1) / n / n)
    return max(-_RANGE, centre - half), min(_RANGE, centre + half)


def _tested(
    differences: Sequence[float], moved: Sequence[float], spread: float | None, seed: int
) -> tuple[float, tuple[float | None, float | None], str]:
    from harness.statistics.subsets import subset_means  # noqa: PLC0415 - numpy, which one run alone needs not

    if len(moved) < FEWEST_CASES:
        # Cases that did not move change no sign-flip sum, so they can be left out of p without changing it.
        p = subset_means(moved, seed=seed).p_two_sided() if moved else 1.0
        return p, pseudo_case_interval(differences), PSEUDO_CASES
    draw = subset_means(differences, seed=seed)
    if not spread:
        return draw.p_two_sided(), (None, None), NO_VARIATION
    return draw.p_two_sided(), draw.interval(), SUBSETS
