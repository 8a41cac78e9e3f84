"""The gates: pass only on evidence that no more than the margin is lost, or the floor kept, on this suite."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.records.comparisons import GateResult
from harness.reporting.words import signed
from harness.statistics import student
from harness.statistics.estimates import TOLERANCE
from harness.statistics.suite import Suite, Unavailable

GateWord = Literal["PASS", "FAIL", "INCONCLUSIVE"]

_LEVEL = 0.05


def gates(
    suites: Mapping[str, Suite | Unavailable],
    *,
    margin: float,
    margins: Mapping[str, float] | None = None,
    floors: Mapping[str, tuple[float, Suite | Unavailable]] | None = None,
    looks: int = 1,
) -> tuple[GateResult, ...]:
    """Decide each gated dimension in the order given, then each floor; all in points.

    `margin` is the loss that is acceptable, `margins` another one for single dimensions; each floor comes
    with how far the score lies above it. PASS when the one-sided 95 % lower bound is above -margin (above 0
    for a floor); else FAIL when the difference is below 0 at a familywise 5 % over all that is decided (Holm
    1979, Scand. J. Stat. 6, 65-70); else INCONCLUSIVE. With two `looks` planned each takes half of both
    errors. Without variation, or with one attempt, there is no bound: INCONCLUSIVE whatever the difference.
    """
    own = margins or {}
    asked = [
        *(_Asked(name=name, found=found, margin=own.get(name, margin)) for name, found in suites.items()),
        *(_Asked(name=name, found=found, floor=floor) for name, (floor, found) in (floors or {}).items()),
    ]
    known = [each.found for each in asked if isinstance(each.found, Suite)]
    adjusted = iter(holm([found.p_worse() for found in known]))
    level = _LEVEL / looks
    return tuple(
        _decided(each, each.found, p=next(adjusted), level=level)
        if isinstance(each.found, Suite)
        else _unavailable(each, each.found, level=level)
        for each in asked
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


def certifiable(found: Suite, *, level: float = _LEVEL) -> float:
    """Give the smallest margin that would pass four times in five when nothing changed."""
    return (student.quantile(1 - level, found.df) + student.quantile(0.80, found.df)) * found.se


def attempts_needed(found: Suite, margin: float, *, level: float = _LEVEL) -> int | None:
    """Give the attempts per case that would pass four times in five if the difference is as seen.

    `None` when the loss seen is the margin or more: more attempts will not pass that. A gain that was seen is
    not counted on.
    """
    return _attempts(found, margin + min(found.difference, 0.0), level)


def _attempts(found: Suite, room: float, level: float) -> int | None:
    """Give the attempts that show with four chances in five that a difference `room` away is on this side."""
    if room <= TOLERANCE:
        return None
    return math.ceil(found.attempts * (certifiable(found, level=level) / room) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One gate: no more than `margin` lost against the base, or a score of `floor` at least."""

    name: str
    found: Suite | Unavailable
    margin: float = 0.0
    floor: float | None = None

    @property
    def title(self) -> str:
        return self.name if self.floor is None else f"{self.name} against its floor of {self.floor:g}"


def _unavailable(asked: _Asked, found: Unavailable, *, level: float) -> GateResult:
    return GateResult(
        dimension=asked.name,
        margin=asked.margin,
        floor=asked.floor,
        result="INCONCLUSIVE",
        low=None,
        high=None,
        certifiable=None,
        attempts_needed=None,
        words=f"the gate on {asked.title} is not available: {found.reason}",
        confidence=1 - level,
    )


def _decided(asked: _Asked, found: Suite, *, p: float, level: float) -> GateResult:
    low, high = found.low(1 - level), found.high(1 - level)
    needed = None
    result: GateWord
    if low > -asked.margin:
        result = "PASS"
    elif p <= level:
        result = "FAIL"
    else:
        result = "INCONCLUSIVE"
        if asked.floor is None:
            needed = attempts_needed(found, asked.margin, level=level)
        else:
            needed = _attempts(found, found.difference, level)
    words = _against_base if asked.floor is None else _against_floor
    base = asked.floor or 0.0
    return GateResult(
        dimension=asked.name,
        margin=asked.margin,
        floor=asked.floor,
        result=result,
        low=base + low,
        high=base + high,
        certifiable=certifiable(found, level=level),
        attempts_needed=needed,
        words=words(asked, found, result, (low, high), _way_out(needed)),
        n=found.cases,
        confidence=1 - level,
        method="attempts within cases, one-sided t, Holm",
        p=p,
    )


def _against_base(
    asked: _Asked, found: Suite, result: GateWord, bounds: tuple[float, float], way_out: str
) -> str:
    low, high = bounds
    seen = f"{asked.name} moved by {signed(found.difference)} points on this suite"
    at_worst = f"the loss may be as large as {-low:.1f} points (margin {asked.margin:g})"
    match result:
        case "PASS":
            worse = "; worse, but within the margin" if high < 0 else ""
            return f"{seen}: {_loss(low)}, and the margin is {asked.margin:g}{worse}"
        case "FAIL":
            return f"{seen}, a loss beyond chance; {at_worst}"
        case "INCONCLUSIVE":
            return f"{seen}, and {at_worst}; {way_out}"


def _against_floor(
    asked: _Asked, found: Suite, result: GateWord, bounds: tuple[float, float], way_out: str
) -> str:
    floor = asked.floor or 0.0
    low, high = (min(100.0, max(0.0, floor + bound)) for bound in bounds)
    seen = f"{asked.name} scores {floor + found.difference:.1f} on this suite"
    match result:
        case "PASS":
            return f"{seen}, {low:.1f} at least, and the floor is {floor:g}"
        case "FAIL":
            return f"{seen}, {high:.1f} at most: below the floor of {floor:g} beyond chance"
        case "INCONCLUSIVE":
            return f"{seen}, but may score as little as {low:.1f}, and the floor is {floor:g}; {way_out}"


def _loss(low: float) -> str:
    return f"at most {-low:.1f} points are lost" if low < 0 else "nothing is lost"


def _way_out(needed: int | None) -> str:
    if needed is None:
        return "more attempts will not pass this"
    return f"about {needed} attempts a case would pass it if the difference stays as seen"
