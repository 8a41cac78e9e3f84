"""The subset-mean test: p value, interval and any margin from one draw.

The means of the subsets of a sample are *typical values* for the centre of a symmetric distribution
(Hartigan 1969, JASA 64, 1303-1317): the centre is as likely to fall between any two neighbours of the
sorted means as between any other two. That makes them the exact inversion of the paired sign-flip test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.estimates import TOLERANCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT_UP_TO = 14
"""Cases (or clusters) up to which every subset is taken."""

DRAWS = 9_999
"""Random subsets above that."""

_CHUNK = 4_000_000
"""Mask entries held at once: 32 MB as float64, however many cases there are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubsetMeans:
    """The sorted means of many subsets of one sample of differences."""

    means: "NDArray[np.float64]"

    def p_low(self, margin: float = 0.0) -> float:
        """One-sided p for *the mean is above `margin`*: the share of subset means at or below it."""
        at_or_below = self.means.searchsorted(margin + TOLERANCE, side="right")
        return (1 + int(at_or_below)) / (len(self.means) + 1)

    def p_high(self, margin: float = 0.0) -> float:
        """One-sided p for *the mean is below `margin`*: the share of subset means at or above it."""
        below = self.means.searchsorted(margin - TOLERANCE, side="left")
        return (1 + len(self.means) - int(below)) / (len(self.means) + 1)

    def p_two_sided(self, margin: float = 0.0) -> float:
        """Two-sided p for *the mean is not `margin`*."""
        return min(1.0, 2 * min(self.p_low(margin), self.p_high(margin)))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Every value that the two-sided test would not reject; from six cases on at the level asked for."""
        count = len(self.means)
        # The tiny addend keeps .025 * 40 at 1 and not at 0.99999….
        rank = max(1, int((1 - confidence) / 2 * (count + 1) + TOLERANCE))
        return float(self.means[rank - 1]), float(self.means[count - rank])


def subset_means(differences: Sequence[float], *, seed: int) -> SubsetMeans:
    """Take the mean of every non-empty subset, or of 9,999 seeded random subsets above 14 cases.

    `differences` holds one number per case, in points. Above 14 cases the random subsets depend on the order
    of the cases, so a caller that wants the same numbers whatever the order sorts them by name first.
    Raises `ValueError` on an empty sample.

    >>> subset_means([6.0, 0.0], seed=1).means.tolist()
    [0.0, 3.0, 6.0]
    """
    return subset_means_together([differences], [1] * len(differences), seed=seed)[0]


def subset_means_together(
    columns: Sequence[Sequence[float]], sizes: Sequence[int], *, seed: int
) -> list[SubsetMeans]:
    """Take the subset means of several samples over the same units from one draw of subsets.

    Each column holds one sum of differences per unit, and `sizes` how many cases that unit has: with units of
    one case these are the plain means, with clusters whole clusters are in a subset or out of it, which is
    the sign-flip test that flips whole clusters. Memory does not grow with units times draws.
    """
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    if not columns or not sizes:
        msg = "differences must hold at least one case, got none"
        raise ValueError(msg)
    # The last column counts the cases of a subset.
    table = np.column_stack([*(np.asarray(column, dtype=np.float64) for column in columns), sizes])
    parts = []
    for mask in subsets(len(sizes), seed):
        sums = mask.astype(np.float64) @ table
        kept = sums[:, -1] > 0
        parts.append(sums[kept, :-1] / sums[kept, -1:])
    # Rounding makes ties exact and the numbers the same whatever order a machine sums in; + 0.0 drops "-0.0".
    means = np.sort(np.round(np.concatenate(parts), 9) + 0.0, axis=0)
    return [SubsetMeans(means=np.ascontiguousarray(column)) for column in means.T]


def subsets(units: int, seed: int) -> "Iterator[NDArray[np.uint8]]":
    """Yield subsets as rows of 0 and 1, a chunk at a time: all non-empty ones of few units, else random ones.

    A random one keeps each unit with probability one half, and may be empty.
    """
    return _every_mask(units) if units <= EXACT_UP_TO else _random_masks(units, seed)


def _every_mask(units: int) -> "Iterator[NDArray[np.uint8]]":
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    codes = np.arange(1, 2**units, dtype=np.int64)
    yield ((codes[:, None] >> np.arange(units)) & 1).astype(np.uint8)


def _random_masks(units: int, seed: int) -> "Iterator[NDArray[np.uint8]]":
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    # The raw stream of a bit generator is promised to stay the same between numpy releases; the
    # distributions built on it are not.
    stream = np.random.PCG64(seed)
    words = -(-units // 64)
    rows = max(1, _CHUNK // units)
    for start in range(0, DRAWS, rows):
        count = min(rows, DRAWS - start)
        raw = stream.random_raw(count * words).astype("<u8").view(np.uint8).reshape(count, words * 8)
        yield np.unpackbits(raw, axis=1, count=units)
