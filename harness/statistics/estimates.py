"""Means, rates and what a sample of a given size could find. The case is the unit everywhere."""

import math
from collections.abc import Sequence
from statistics import NormalDist

from harness.records.estimates import Estimate
from harness.statistics import student

TOLERANCE = 1e-9
"""Points. Two scores closer than this are the same score: rounding must not decide a tie."""

FEWEST_CASES = 6
"""Below six changed cases no two-sided p under .05 exists: 2 / 2**5 = .0625."""

NO_VARIATION = "no variation seen"

NOTHING = Estimate(mean=None, low=None, high=None, n=0, method="nothing graded")
"""Stands where there is no case to take a mean of; with n = 0 its mean carries no meaning."""


def z_quantile(probability: float) -> float:
    """Give the normal quantile."""
    return NormalDist().inv_cdf(probability)


def mean(values: Sequence[float]) -> float:
    """Give the mean, summed exactly, so that the order of the values does not matter."""
    return math.fsum(values) / len(values)


def variance(values: Sequence[float]) -> float:
    """Give the sample variance (n - 1) of two values or more; 0 when they differ by rounding alone."""
    if max(values) - min(values) <= TOLERANCE:
        return 0.0
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def mean_score(values: Sequence[float], *, confidence: float = 0.95) -> Estimate:
    """Estimate a mean score over cases with a t interval, cut to 0..100.

    `values` holds one score per case, the mean of its attempts, in points. One case, or cases that all
    score the same, give no interval: their spread says nothing. Raises `ValueError` without values.

    >>> mean_score([50.0, 60.0, 70.0]).mean
    60.0
    """
    if not values:
        msg = "values must hold at least one case, got none"
        raise ValueError(msg)
    n = len(values)
    centre = mean(values)
    spread = variance(values) if n > 1 else 0.0
    if spread == 0:
        method = NO_VARIATION if n > 1 else "one case"
        return Estimate(mean=centre, low=None, high=None, n=n, method=method, confidence=confidence)
    half = student.quantile((1 + confidence) / 2, n - 1) * math.sqrt(spread / n)
    low, high = max(0.0, centre - half), min(100.0, centre + half)
    return Estimate(mean=centre, low=low, high=high, n=n, method="t over cases", confidence=confidence)


def pass_rate(passed: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Estimate a pass rate in points with Wilson's interval (Wilson 1927, JASA 22, 209-212).

    `n` counts cases: attempts of one case are not independent and must not be pooled into it.
    """
    if not 0 <= passed <= n or n == 0:
        msg = f"passed must be between 0 and n, and n at least 1, got {passed} of {n}"
        raise ValueError(msg)
    low, high = _wilson(passed / n, n, confidence)
    mean = 100 * passed / n
    return Estimate(mean=mean, low=low, high=high, n=n, method="Wilson", confidence=confidence)


def clustered_rate(clusters: Sequence[tuple[int, int]], *, confidence: float = 0.95) -> Estimate:
    """Estimate a rate in points over items that come in clusters, each cluster (passed, items).

    Wilson's interval at the effective number of items: the items over their design effect, as Korn and
    Graubard (1998, Survey Methodology 24, 193-201) do for the exact interval, with Student's t for few
    clusters. A design effect below 1 counts as 1, so that the interval is never narrower than that of
    independent items. One cluster gives no interval. `n` counts items; none at all is `NOTHING`.

    >>> round(clustered_rate([(9, 10), (10, 10), (5, 10)]).mean)
    80
    """
    filled = [(passed, items) for passed, items in clusters if items]
    n = sum(items for _, items in filled)
    if n == 0:
        return NOTHING
    share = sum(passed for passed, _ in filled) / n
    if len(filled) == 1:
        return Estimate(mean=100 * share, low=None, high=None, n=n, method="one case", confidence=confidence)
    level = (1 + confidence) / 2
    stretch = student.quantile(level, len(filled) - 1) / z_quantile(level)
    effective = n / (_design_effect(filled, share, n) * stretch**2)
    low, high = _wilson(share, effective, confidence)
    method = f"Wilson, {len(filled)} cases as clusters"
    return Estimate(mean=100 * share, low=low, high=high, n=n, method=method, confidence=confidence)


def _design_effect(clusters: Sequence[tuple[int, int]], share: float, n: int) -> float:
    """Give the rate's variance over clusters by that of independent items, 1 at least."""
    independent = share * (1 - share) / n
    if independent == 0:
        return 1.0
    scatter = math.fsum((passed - share * items) ** 2 for passed, items in clusters)
    groups = len(clusters)
    return max(1.0, groups / (groups - 1) * scatter / n**2 / independent)


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Give Wilson's bounds in points; `n` need not be whole."""
    z = z_quantile((1 + confidence) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At 0 of n and n of n rounding must not push the rate itself out of its interval.
    return 100 * max(0.0, min(share, centre - half)), 100 * min(1.0, max(share, centre + half))


def detectable(spread: float, n: int) -> float | None:
    """Give the true difference that n paired cases find (two-sided p under .05) four times in five.

    `spread` is the standard deviation of the differences, in points. `None` below six cases, where no
    difference of any size can be found, and without spread, where there is nothing to reckon with.
    """
    if n < FEWEST_CASES or spread <= TOLERANCE:
        return None
    return (student.quantile(0.975, n - 1) + student.quantile(0.80, n - 1)) * spread / math.sqrt(n)


def cases_needed(spread: float, difference: float) -> int | None:
    """Give the fewest cases that find a true difference of that size four times in five.

    `None` without spread, where nobody can say.
    """
    if spread <= TOLERANCE:
        return None
    wanted = abs(difference)
    n = max(FEWEST_CASES, math.floor(((z_quantile(0.975) + z_quantile(0.80)) * spread / wanted) ** 2))
    while (found := detectable(spread, n)) is not None and found > wanted:
        n += 1
    return n
