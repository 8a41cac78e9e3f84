"""The non-inferiority gate: pass only on evidence that no more than the margin is lost on this suite."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from harness.records.results import GateResult
from harness.statistics.estimates import t_quantile
from harness.statistics.suite import Suite, Unavailable

GateWord = Literal["PASS", "FAIL", "INCONCLUSIVE"]

_LEVEL = 0.05


def gates(suites: Mapping[str, Suite | Unavailable], *, margin: float) -> tuple[GateResult, ...]:
    """Decide each gated dimension, in the order given; `margin` is the loss in points that is acceptable.

    PASS when the one-sided 95 % lower bound is above -margin; else FAIL when the difference is below 0 at
    a familywise 5 % over all gated dimensions (Holm 1979, Scand. J. Stat. 6, 65-70); else INCONCLUSIVE.
    Without variation, or with one attempt, there is no bound: INCONCLUSIVE whatever the difference.
    """
    known = {name: found for name, found in suites.items() if isinstance(found, Suite)}
    adjusted = dict(zip(known, holm([found.p_worse() for found in known.values()]), strict=True))
    return tuple(
        _decided(name, found, margin=margin, p=adjusted[name])
        if isinstance(found, Suite)
        else _unavailable(name, found, margin=margin)
        for name, found in suites.items()
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust p values so that rejecting those at or below a level keeps the familywise error at that level.

    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    adjusted = [1.0] * len(ps)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = highest
    return adjusted


def certifiable(found: Suite) -> float:
    """Give the smallest margin that would pass four times in five when nothing changed."""
    return (t_quantile(0.95, found.df) + t_quantile(0.80, found.df)) * found.se


def attempts_needed(found: Suite, margin: float) -> int | None:
    """Give the attempts per case that would pass four times in five if the difference is as seen.

    `None` when the loss seen is the margin or more: more attempts will not pass that.
    """
    room = margin + min(found.difference, 0.0)
    return math.ceil(found.attempts * (certifiable(found) / room) ** 2) if room > 0 else None


def _unavailable(name: str, found: Unavailable, *, margin: float) -> GateResult:
    return GateResult(
        dimension=name,
        margin=margin,
        result="INCONCLUSIVE",
        low=None,
        high=None,
        certifiable=None,
        attempts_needed=None,
        words=f"the gate on {name} is not available: {found.reason}",
    )


def _decided(name: str, found: Suite, *, margin: float, p: float) -> GateResult:
    low, high = found.low(), found.high()
    seen = f"{name} moved by {found.difference:+.1f} points on this suite"
    at_worst = f"the loss may be as large as {-low:.1f} points (margin {margin:g})"
    needed = None
    result: GateWord
    if low > -margin:
        result = "PASS"
        words = f"{seen}: {_loss(low)}, and the margin is {margin:g}"
        words += "; worse, but within the margin" if high < 0 else ""
    elif p <= _LEVEL:
        result = "FAIL"
        words = f"{seen}, a loss beyond chance; {at_worst}"
    else:
        result = "INCONCLUSIVE"
        needed = attempts_needed(found, margin)
        words = f"{seen}, and {at_worst}; {_way_out(needed)}"
    return GateResult(
        dimension=name,
        margin=margin,
        result=result,
        low=low,
        high=high,
        certifiable=certifiable(found),
        attempts_needed=needed,
        words=words,
    )


def _loss(low: float) -> str:
    return f"at most {-low:.1f} points are lost" if low < 0 else "nothing is lost"


def _way_out(needed: int | None) -> str:
    if needed is None:
        return "more attempts will not pass this"
    return f"about {needed} attempts a case would pass it if the difference stays as seen"
