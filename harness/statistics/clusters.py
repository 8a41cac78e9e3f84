"""Cases from one source: the cluster takes the place of the case."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.estimates import Estimate
from harness.statistics import student
from harness.statistics.estimates import NO_VARIATION, TOLERANCE, mean, mean_score

FEWEST_CLUSTERS = 10
"""Below ten clusters cluster-robust errors are too small even with t."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What is flipped, drawn and counted: clusters of cases, each with the positions of its cases."""

    members: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> list[int]:
        """Cases in each unit."""
        return [len(positions) for positions in self.members]

    @property
    def grouped(self) -> bool:
        """Whether some unit holds more than one case."""
        return any(len(positions) > 1 for positions in self.members)

    def sums(self, values: Sequence[float]) -> list[float]:
        """Add the values of each unit's cases up."""
        return [math.fsum(values[position] for position in positions) for positions in self.members]


def units(clusters: Sequence[str]) -> Units:
    """Group cases by the name of their cluster; a case without one is a unit by itself.

    >>> units(["a", "", "a", ""]).members
    ((0, 2), (1,), (3,))
    """
    found: dict[object, list[int]] = {}
    for position, name in enumerate(clusters):
        found.setdefault(name or position, []).append(position)
    return Units(members=tuple(tuple(positions) for positions in found.values()))


def robust_error(values: Sequence[float], grouped: Units) -> float | None:
    """Give the standard error of the mean that stays right when cases of a cluster move together.

    CR1: the sum over clusters of the squared sum of residuals, over n squared, times G / (G - 1) (Liang and
    Zeger 1986, Biometrika 73, 13-22; Miller 2024, arXiv 2411.00640, without the last factor). With units of
    one case it is the usual standard error. `None` for a single cluster, or where nothing scatters.
    """
    count = len(grouped.members)
    if count < 2 or max(values) - min(values) <= TOLERANCE:
        return None
    centre = mean(values)
    total = math.fsum(math.fsum(values[p] - centre for p in each) ** 2 for each in grouped.members)
    if total <= TOLERANCE**2:
        return None
    return math.sqrt(total * count / (count - 1)) / len(values)


def clustered(
    values: Sequence[float], grouped: Units, *, bounds: tuple[float, float], confidence: float = 0.95
) -> Estimate | None:
    """Give the mean with a t interval from cluster-robust errors, G - 1 degrees of freedom, cut to `bounds`.

    `None` where there is no such error.
    """
    error, count = robust_error(values, grouped), len(grouped.members)
    if error is None:
        return None
    centre, half = mean(values), student.quantile((1 + confidence) / 2, count - 1) * error
    return Estimate(
        mean=centre,
        low=max(bounds[0], centre - half),
        high=min(bounds[1], centre + half),
        n=len(values),
        method=f"t over {count} clusters",
        confidence=confidence,
    )


def level(values: Sequence[float], clusters: Sequence[str] = ()) -> Estimate:
    """Estimate a mean score over cases, or over the clusters they come from, in points; see `mean_score`."""
    grouped = units(clusters or [""] * len(values))
    if not grouped.grouped:
        return mean_score(values)
    found = clustered(values, grouped, bounds=(0.0, 100.0))
    if found is not None:
        return found
    method = "one cluster" if len(grouped.members) == 1 else NO_VARIATION
    return Estimate(mean=mean(values), low=None, high=None, n=len(values), method=method)
