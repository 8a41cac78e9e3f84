"""The difference between two revisions on *cases like these*: the cases are a sample of what will come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.estimates import Estimate
from harness.statistics.clusters import FEWEST_CLUSTERS, Units, clustered, robust_error, units
from harness.statistics.estimates import (
    FEWEST_CASES,
    NO_VARIATION,
    TOLERANCE,
    cases_needed,
    detectable,
    mean,
    z_quantile,
)
from harness.statistics.subsets import (
    DRAWS,
    EXACT_UP_TO,
    SubsetMeans,
    subset_means,
    subset_means_together,
)

SUBSETS = "subset means"
PSEUDO_CASES = "pseudo-cases"
OF_CLUSTERS = {SUBSETS: "subset means of clusters", PSEUDO_CASES: "pseudo-clusters"}

_RANGE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A paired difference with all that one draw gives.

    `difference` is the mean of the differences, which `estimate` holds with its interval. `p` is two-sided
    for no difference, had as `p_method` says; `changed` counts cases that moved at all and `units_changed`
    the clusters that did (the same where each case stands for itself); `mde` is the difference that this many
    cases find four times in five; `spread` is the standard deviation of the differences, `None` for one case;
    with clusters it is what that many independent units would have to scatter to give the same error.
    `clusters` is 0 where each case stands for itself; `robust` is the t interval over ten clusters or more.
    """

    difference: float
    estimate: Estimate
    p: float
    p_method: str
    changed: int
    units_changed: int
    mde: float | None
    spread: float | None
    clusters: int = 0
    robust: Estimate | None = None

    def cases_needed(self, difference: float) -> int | None:
        """Give the cases that find a true difference of that size four times in five, if that can be said.

        With clusters: that many cases if the new ones come in clusters as large as these.
        """
        needed = None if self.spread is None else cases_needed(self.spread, difference)
        if needed is None or not self.clusters:
            return needed
        return math.ceil(needed * self.estimate.n / self.clusters)


def paired(differences: Sequence[float], *, seed: int, clusters: Sequence[str] = ()) -> Paired:
    """Estimate the mean difference and test it against none.

    `differences` holds candidate minus base per case, in points, each the difference of two means over
    attempts; `clusters` may name the source of each case. Six changed cases (or clusters) or more: subset
    means. Fewer: p from the changed ones alone, exactly, and the interval from two pseudo-cases, because the
    range of so few subset means covers too little; it always holds 0, as their p does. Differences that are
    all the same, not 0, give a p but no interval. Raises `ValueError` without cases.

    >>> paired([10.0, 20.0, 30.0, 5.0, 15.0, 25.0], seed=1).p
    0.03125
    """
    return paired_together([differences], seed=seed, clusters=clusters)[0]


def paired_together(
    columns: Sequence[Sequence[float]], *, seed: int, clusters: Sequence[str] = ()
) -> list[Paired]:
    """Do the same for several questions asked of the same cases, from one draw for all of them."""
    cases = len(columns[0]) if columns else 0
    if not cases:
        msg = "differences must hold at least one case, got none"
        raise ValueError(msg)
    grouped = units(clusters or [""] * cases)
    sums = [grouped.sums(differences) for differences in columns]
    moved = [[total for total in totals if abs(total) > TOLERANCE] for totals in sums]
    wide = [place for place, found in enumerate(moved) if len(found) >= FEWEST_CASES]
    drawn = subset_means_together([sums[place] for place in wide], grouped.sizes, seed=seed) if wide else []
    draws = dict(zip(wide, drawn, strict=True))
    return [
        _estimated(differences, grouped, moved[place], draws.get(place), seed)
        for place, differences in enumerate(columns)
    ]


def pseudo_case_interval(
    differences: Sequence[float], *, grouped: Units | None = None, confidence: float = 0.95
) -> tuple[float, float]:
    """Give the interval after adding one case that gained and one that lost all 100 points, cut to -100..100.

    Bonett and Price (2012, J. Educ. Behav. Stat. 37, 479-488) for paired proportions, carried over to scores,
    and to clusters: the two that are added have the mean size of the others.
    """
    known = grouped or units([""] * len(differences))
    count = len(known.members)
    added = len(differences) / count
    cases = len(differences) + 2 * added
    centre = math.fsum(differences) / cases
    residuals = [
        *(total - size * centre for total, size in zip(known.sums(differences), known.sizes, strict=True)),
        *(added * (extreme - centre) for extreme in (_RANGE, -_RANGE)),
    ]
    half = z_quantile((1 + confidence) / 2) * math.sqrt(math.fsum(r**2 for r in residuals)) / cases
    return max(-_RANGE, centre - half), min(_RANGE, centre + half)


def _estimated(
    differences: Sequence[float],
    grouped: Units,
    moved: Sequence[float],
    draw: SubsetMeans | None,
    seed: int,
) -> Paired:
    n, count = len(differences), len(grouped.members)
    error = robust_error(differences, grouped)
    spread = None if n == 1 else (error or 0.0) * math.sqrt(count)
    difference = mean(differences) + 0.0
    many = grouped.grouped and count >= FEWEST_CLUSTERS
    return Paired(
        difference=difference,
        estimate=_interval(differences, grouped, draw, difference, seed),
        # Units that did not move change no sign-flip sum, so they can be left out of p without changing it.
        p=draw.p_two_sided() if draw else subset_means(moved, seed=seed).p_two_sided() if moved else 1.0,
        p_method=_flips(count if draw else len(moved), grouped=grouped.grouped, seed=seed),
        changed=sum(abs(each) > TOLERANCE for each in differences),
        units_changed=len(moved),
        mde=None if spread is None else detectable(spread, count),
        spread=spread,
        clusters=count if grouped.grouped else 0,
        robust=clustered(differences, grouped, bounds=(-_RANGE, _RANGE)) if many else None,
    )


def _interval(
    differences: Sequence[float], grouped: Units, draw: SubsetMeans | None, difference: float, seed: int
) -> Estimate:
    method = SUBSETS if draw else PSEUDO_CASES
    low: float | None
    high: float | None
    low, high = draw.interval() if draw else _holding_zero(pseudo_case_interval(differences, grouped=grouped))
    if draw and max(differences) - min(differences) <= TOLERANCE:
        low, high, method = None, None, NO_VARIATION
    random = method == SUBSETS and len(grouped.members) > EXACT_UP_TO
    return Estimate(
        mean=difference,
        low=low,
        high=high,
        n=len(differences),
        method=OF_CLUSTERS.get(method, method) if grouped.grouped else method,
        seed=seed if random else None,
    )


def _holding_zero(bounds: tuple[float, float]) -> tuple[float, float]:
    """So few units cannot exclude 0 at this level, however far they moved; nor may their interval."""
    return min(bounds[0], 0.0), max(bounds[1], 0.0)


def _flips(flipped: int, *, grouped: bool, seed: int) -> str:
    what = "clusters" if grouped else "cases"
    if flipped > EXACT_UP_TO:
        return f"sign flips of {what}, {DRAWS:,} drawn, seed {seed}"
    return f"sign flips of {what}, all of them"
