"""Many questions asked of the same cases at once: p values that hold for all of them together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.statistics.estimates import TOLERANCE
from harness.statistics.subsets import subsets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def step_down(columns: Sequence[Sequence[float]], *, seed: int) -> list[float]:
    """Adjust for asking several questions: give each one's p such that the familywise error holds.

    Each column holds one number per unit: the differences (or their sums over a cluster) of one dimension,
    criterion or candidate, 0 where the unit was not asked. All columns are flipped together, unit by unit, so
    that what they share is kept (Westfall and Young 1993, Resampling-Based Multiple Testing, algorithm 2.8,
    max-T). The statistic is |sum| over the root of the sum of squares, which orders flips as |t| does and
    stays finite where all moved alike. Each question competes with the flips' largest over it and all with
    less evidence; of one question alone this is the sign-flip p. The flips are those of
    `harness.statistics.subsets`: all of them up to 14 units, else 9,999 seeded ones.

    >>> step_down([[1.0, 2.0, 3.0], [1.0, -2.0, 0.5]], seed=1)
    [0.25, 1.0]
    """
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    table = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
    scale = np.sqrt((table**2).sum(axis=0))
    asked = np.divide(table, scale, out=np.zeros_like(table), where=scale > TOLERANCE)
    seen = np.abs(asked.sum(axis=0))
    order = np.argsort(-seen, kind="stable")
    reached, drawn = _reached(asked[:, order], seen[order], seed)
    adjusted = np.maximum.accumulate((1 + reached) / (drawn + 1))
    back = np.empty_like(adjusted)
    back[order] = adjusted
    return [float(p) for p in back]


def _reached(
    asked: "NDArray[np.float64]", seen: "NDArray[np.float64]", seed: int
) -> "tuple[NDArray[np.int64], int]":
    """Count the flips whose largest statistic from each question on reaches what was seen of it."""
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    totals = asked.sum(axis=0)
    reached = np.zeros(len(seen), dtype=np.int64)
    drawn = 0
    for mask in subsets(len(asked), seed):
        flipped = np.abs(totals - 2 * (mask.astype(np.float64) @ asked))
        largest = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
        reached += (largest >= seen - TOLERANCE).sum(axis=0)
        drawn += len(mask)
    return reached, drawn
