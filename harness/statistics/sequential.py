"""Stopping a comparison early without fooling oneself: O'Brien-Fleming looks with a stop for futility.

A p that is looked at after every one of 40 cases falls below .05 by chance one time in four. So the error is
spent: little at the early looks, nearly all of it at the last (Lan and DeMets 1983, Biometrika 70, 659-663).
"""

import math
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.records.runs import Look, LookWord
from harness.statistics.estimates import z_quantile
from harness.statistics.paired import Paired

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]

FRACTIONS = (0.5, 0.75, 1.0)
"""Shares of the cases after which is looked; an earlier look would have too few cases to decide anything."""

FEWEST_PLANNED = 20
"""Below, half of the cases are fewer than ten: the first look could hardly ever reach its level."""

FUTILE = 0.10
"""Conditional power under the current trend below which going on is not worth its cost."""

LEVEL = 0.05

_NODES = 128


def sizes(planned: int) -> tuple[int, ...]:
    """Give the number of cases at each look; raises `ValueError` below `FEWEST_PLANNED` cases.

    >>> sizes(40)
    (20, 30, 40)
    """
    if planned < FEWEST_PLANNED:
        msg = f"looks need at least {FEWEST_PLANNED} cases, got {planned}"
        raise ValueError(msg)
    return tuple(math.ceil(share * planned) for share in FRACTIONS)


@cache
def levels(fractions: tuple[float, ...], alpha: float = LEVEL) -> tuple[float, ...]:
    """Give the two-sided p at or below which each look decides, so that all together err with `alpha`.

    The spending function is O'Brien and Fleming's, 2(1 - phi(z(alpha/4) / sqrt(t))) per side; the levels come
    from integrating the paths that went on (Armitage, McPherson and Rowe 1969, JRSS A 132, 235-244).

    >>> [round(level, 5) for level in levels((0.5, 0.75, 1.0))]
    [0.00305, 0.01832, 0.044]
    """
    spent = [_spent(share, alpha) for share in fractions]
    found = [2 * spent[0]]
    paths, weights = _starting(fractions[0], _critical(found[0]))
    for (before, now), (less, more) in zip(pairwise(fractions), pairwise(spent), strict=True):
        bound = _bound(paths, weights, math.sqrt(now - before), more - less)
        found.append(2 * float(_phi(-bound / math.sqrt(now))))
        paths, weights = _going_on(paths, weights, math.sqrt(now - before), bound)
    return tuple(found)


def look(found: Paired, *, asked: int, planned: int, futility: bool = True) -> Look:
    """Decide after `asked` of `planned` cases whether to stop; `found` is over those that both arms graded.

    Stops for `better` or `worse` when p is at or below the look's level, and for `futile` when the chance
    that the last look still decides, if the trend stays as it is, is below one in ten. That stop is not
    binding: leaving it out (`futility` false) does not raise the error.
    """
    seen = sizes(planned)
    place = seen.index(asked)
    level = levels(tuple(size / planned for size in seen))[place]
    power = None if asked == planned else conditional_power(found.p, asked / planned, _last(planned))
    word: LookWord
    if found.p <= level:
        word = "better" if found.difference > 0 else "worse"
    elif power is None:
        word = "no decision"
    else:
        word = "futile" if futility and power < FUTILE else "go on"
    return Look(
        cases=asked,
        graded=found.estimate.n,
        difference=found.difference,
        p=found.p,
        level=level,
        conditional_power=power,
        word=word,
    )


def conditional_power(p: float, share: float, last_level: float) -> float:
    """Give the chance that the last look decides the way it leans, if the trend goes on as seen.

    `share` is the part of the cases that has been seen, `p` two-sided. The final z is then normal around
    z / sqrt(share) with variance 1 - share (Lan and Wittes 1988, Biometrics 44, 579-585).
    """
    from scipy.special import ndtri  # noqa: PLC0415 - a fifth of a second that only looks need

    trend = -float(ndtri(p / 2)) / math.sqrt(share) if p < 1 else 0.0
    return float(_phi((trend - _critical(last_level)) / math.sqrt(1 - share)))


def _last(planned: int) -> float:
    return levels(tuple(size / planned for size in sizes(planned)))[-1]


def _critical(level: float) -> float:
    return -z_quantile(level / 2)


def _spent(share: float, alpha: float) -> float:
    """Give the error of one side that may be spent until this share of the cases."""
    return 2 * float(_phi(z_quantile(alpha / 4) / math.sqrt(share)))


def _phi(values: "Grid | float") -> "Grid | np.float64":
    """Give the normal distribution function, of one value or many."""
    from scipy.special import ndtr  # noqa: PLC0415 - as in `conditional_power`

    found: Grid | np.float64 = ndtr(values)
    return found


# ------------------------------------------------------------------ paths that went on, on a grid


def _starting(share: float, critical: float) -> "tuple[Grid, Grid]":
    """Give nodes of the first score between its bounds and the probability that each stands for."""
    points, weights = _nodes(critical * math.sqrt(share))
    return points, weights * _density(points, math.sqrt(share))


def _going_on(paths: "Grid", weights: "Grid", step: float, bound: float) -> "tuple[Grid, Grid]":
    points, widths = _nodes(bound)
    reached = _density(points[:, None] - paths[None, :], step) @ weights
    return points, widths * reached


def _bound(paths: "Grid", weights: "Grid", step: float, gained: float) -> float:
    """Find the bound of the score above which the paths that went on come with probability `gained`."""
    low, high = 0.0, 10.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        above = float(_phi((paths - middle) / step) @ weights)
        low, high = (middle, high) if above > gained else (low, middle)
    return (low + high) / 2


def _nodes(bound: float) -> "tuple[Grid, Grid]":
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    points, weights = np.polynomial.legendre.leggauss(_NODES)
    return points * bound, weights * bound


def _density(values: "Grid", spread: float) -> "Grid":
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    found: Grid = np.exp(-0.5 * (values / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    return found
