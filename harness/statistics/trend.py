"""Has the score changed over time? A self-starting CUSUM, which needs no known mean, spread or quiet period.

Each night is held against all nights before it, as a t value turned into a normal one; while nothing changes
these are independent standard normals from the third night on, whatever mean and spread the score has
(Hawkins 1987, The Statistician 36, 299-315). Their excess over an allowance is summed up (Page 1954,
Biometrika 41, 100-115).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from scipy.special import ndtri, stdtr

from harness.records.record import Record

ALLOWANCE = 0.5
"""k, in standard deviations of a night: the sum reacts to shifts of more than this."""

DECISION = 5.0
"""h: an alarm is raised above it. With k = .5 about one false alarm in 1,000 nights on each side."""

_LEAST_SPREAD = 0.1  # points: a score that never moved must not make the first rounding error an alarm
_MOST = 10.0  # keeps a value beyond what a double can hold from becoming infinite

Side = Literal["down", "up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Night(Record):
    """One score in points at one time (ISO 8601), with its standard error where that is known."""

    at: str
    value: float
    se: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Record):
    """What one night added: `q` is its normal value (`None` for the first two), `down` and `up` the sums."""

    night: Night
    q: float | None
    down: float
    up: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm(Record):
    """A sum that rose above the bound at `raised`; the change most likely began at `changed`.

    `before` and `after` are the mean scores on either side of the change, in points.
    """

    side: Side
    raised: str
    changed: str
    before: float
    after: float


def cusum(
    nights: Sequence[Night],
    *,
    allowance: float = ALLOWANCE,
    most: float = _MOST,
    earlier: Sequence[Sequence[float]] = (),
) -> tuple[Step, ...]:
    """Sum up how far each night lies off all nights before it, downwards and upwards.

    `nights` are in order of time and comparable: the same cases, rubric and judge. Nothing is forgotten after
    an alarm: begin anew with the nights since the change once it is acknowledged. One night counts for `most`
    at most, in standard deviations. `earlier` holds stretches of nights at other levels: they tell how much
    nights scatter, and so how far off a night is when there are few at this level yet.

    >>> [step.q for step in cusum([Night(at=str(day), value=80.0) for day in range(3)])]
    [None, None, 0.0]
    """
    steps = []
    down = up = mean = 0.0
    squares = math.fsum(_squares(stretch) for stretch in earlier)
    known = sum(len(stretch) - 1 for stretch in earlier if stretch)
    for count, night in enumerate(nights):
        freedom = known + count - 1
        q = _normal(night.value, count, freedom, mean, squares) if count and freedom else None
        if q is not None:
            counted = math.copysign(min(abs(q), most), q)
            down, up = max(0.0, down - counted - allowance), max(0.0, up + counted - allowance)
        steps.append(Step(night=night, q=q, down=down, up=up))
        # Welford's sums: the mean and the squares of all nights so far.
        off = night.value - mean
        mean += off / (count + 1)
        squares += off * (night.value - mean)
    return tuple(steps)


def alarms(
    steps: Sequence[Step], *, sides: Sequence[Side] = ("down", "up"), decision: float = DECISION
) -> tuple[Alarm, ...]:
    """Name each time that a sum went above the bound, once per excursion, in order of time.

    The change is dated to the night after the sum last stood at 0 (Page's estimate).
    """
    found = [alarm for side in sides for alarm in _of_side(steps, side, decision)]
    return tuple(sorted(found, key=lambda alarm: alarm.raised))


def minus(live: Sequence[Night], control: Sequence[Night]) -> tuple[Night, ...]:
    """Subtract the control of the same day (UTC), which moves with model and judge but not with the prompt.

    A day without a control is left out; of several nights of one day the last counts.
    """
    of_day = {night.at[:10]: night for night in control}
    last = {night.at[:10]: night for night in live}
    return tuple(_minus(night, of_day[day]) for day, night in last.items() if day in of_day)


def shift(
    before: Sequence[float], since: Sequence[float], *, earlier: Sequence[Sequence[float]] = ()
) -> float | None:
    """Give the two-sided p of no difference between the nights before and those since.

    Student's t with the pooled variance, so their scatter is taken as equal; that of `earlier` stretches of
    nights at other levels is pooled with it. For one night since it is that night's own step in `cusum`.
    `None` where nothing tells the scatter, or there is no night on either side.

    >>> round(shift([80.0, 82.0, 81.0], [71.0]), 3)
    0.013
    """
    parts = [part for part in (before, since, *earlier) if part]
    freedom = sum(len(part) - 1 for part in parts)
    if not before or not since or freedom < 1:
        return None
    spread = max(_LEAST_SPREAD, math.sqrt(math.fsum(map(_squares, parts)) / freedom))
    moved = math.fsum(since) / len(since) - math.fsum(before) / len(before)
    t = moved / (spread * math.sqrt(1 / len(before) + 1 / len(since)))
    return 2 * float(stdtr(freedom, -abs(t)))


def fell_at(values: Sequence[float]) -> int:
    """Find the place of the first night of a fall, 1 or later: the split that explains most of the scatter.

    The maximum-likelihood estimate under equal scatter (Hinkley 1970, Biometrika 57, 1-17). Needs two nights.

    >>> fell_at([80.0, 82.0, 81.0, 70.0, 71.0])
    3
    """
    total, sums = math.fsum(values), list(accumulate(values))

    def explained(place: int) -> float:
        before, since = sums[place - 1] / place, (total - sums[place - 1]) / (len(values) - place)
        return max(0.0, before - since) ** 2 * place * (len(values) - place)

    return max(range(1, len(values)), key=explained)


def _squares(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values) if values else 0.0
    return math.fsum((value - mean) ** 2 for value in values)


def _normal(value: float, count: int, freedom: int, mean: float, squares: float) -> float:
    """Turn a night's distance from the `count` nights before it into a standard normal value."""
    spread = max(_LEAST_SPREAD, math.sqrt(squares / freedom))
    t = (value - mean) / (spread * math.sqrt(1 + 1 / count))
    # The lower tail keeps its digits where the upper one would round to 1.
    q = min(_MOST, -float(ndtri(stdtr(freedom, -abs(t)))))
    return math.copysign(q, t) + 0.0


def _of_side(steps: Sequence[Step], side: Side, decision: float) -> list[Alarm]:
    found = []
    began, above = 0, False
    for place, step in enumerate(steps):
        height = step.down if side == "down" else step.up
        if height > decision and not above:
            found.append(_alarm(steps, side, began, place))
        above = height > decision
        if height == 0:
            began = place + 1
    return found


def _alarm(steps: Sequence[Step], side: Side, began: int, raised: int) -> Alarm:
    before = [step.night.value for step in steps[:began]]
    after = [step.night.value for step in steps[began : raised + 1]]
    return Alarm(
        side=side,
        raised=steps[raised].night.at,
        changed=steps[began].night.at,
        before=math.fsum(before) / len(before),
        after=math.fsum(after) / len(after),
    )


def _minus(live: Night, control: Night) -> Night:
    known = None not in (live.se, control.se)
    se = math.hypot(live.se or 0.0, control.se or 0.0) if known else None
    return Night(at=live.at, value=live.value - control.value, se=se)
