"""Runs of one eval in order of time, cut where their scores stop being comparable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from harness.comparison.designing import changes, ground
from harness.records.record import Record
from harness.records.results import Arm
from harness.reporting.words import points, signed
from harness.statistics.trend import Alarm, Night, Side, Step, alarms, cusum, minus


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Record):
    """One finished run as a trend sees it: when, what, and its mean score on each name, in points.

    `bounds` holds the interval of each score that has one, `prompt` the hash of the prompt.
    """

    at: str
    run: str
    label: str
    scores: Mapping[str, float]
    ground: Mapping[str, str]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Record):
    """One name's score over a period, night by night, with its alarms."""

    steps: tuple[Step, ...]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Record):
    """A stretch of runs with comparable scores; `broke` names what changed against the one before."""

    broke: tuple[str, ...]
    runs: tuple[Scored, ...]
    lines: Mapping[str, Line]


def scored(arm: Arm) -> Scored:
    """Take what the deciding grader made of a run; a name that nobody graded is left out."""
    manifest = arm.made.manifest
    found = arm.scores[manifest.graders[0].kind]
    return Scored(
        at=arm.made.finished_at or arm.made.created_at,
        run=arm.made.id,
        label=arm.label,
        scores={name: estimate.mean for name, estimate in found if estimate.n and estimate.mean is not None},
        ground=ground(manifest),
        bounds={
            name: (estimate.low, estimate.high)
            for name, estimate in found
            if estimate.n and estimate.low is not None and estimate.high is not None
        },
        prompt=manifest.revision.agent.prompt_hash,
    )


def periods(
    runs: Sequence[Scored], *, control: str = "", sides: Sequence[Side] = ("down", "up")
) -> tuple[Period, ...]:
    """Cut runs into periods of equal ground, in order of time, and watch every name in each.

    With `control`, the label of a pinned revision, the lines are the other runs' scores minus the control's
    of the same day (UTC).
    """
    found: list[list[Scored]] = []
    for each in sorted(runs, key=lambda run: (run.at, run.run)):
        if found and not changes(found[-1][-1].ground, each.ground):
            found[-1].append(each)
        else:
            found.append([each])
    grounds = [stretch[0].ground for stretch in found]
    broke = [changes(before, after) for before, after in pairwise([*grounds[:1], *grounds])]
    return tuple(
        _period(stretch, changed, control, sides) for stretch, changed in zip(found, broke, strict=True)
    )


def told(name: str, alarm: Alarm) -> str:
    """Say in a sentence when a score moved, which way and how far."""
    moved = "fell" if alarm.side == "down" else "rose"
    return (
        f"{name} {moved} around {alarm.changed[:10]} (alarm on {alarm.raised[:10]}): "
        f"{points(alarm.before)} before, {points(alarm.after)} since, {signed(alarm.after - alarm.before)}"
    )


def _period(runs: Sequence[Scored], broke: tuple[str, ...], control: str, sides: Sequence[Side]) -> Period:
    live = [run for run in runs if run.label != control]
    names = dict.fromkeys(name for run in runs for name in run.scores)
    lines = {name: _line(_nights(live, runs, name, control), sides) for name in names}
    return Period(
        broke=broke, runs=tuple(live), lines={name: line for name, line in lines.items() if line.steps}
    )


def _nights(live: Sequence[Scored], runs: Sequence[Scored], name: str, control: str) -> Sequence[Night]:
    nights = _of(live, name)
    return minus(nights, _of([run for run in runs if run.label == control], name)) if control else nights


def _of(runs: Sequence[Scored], name: str) -> list[Night]:
    return [Night(at=run.at, value=run.scores[name]) for run in runs if name in run.scores]


def _line(nights: Sequence[Night], sides: Sequence[Side]) -> Line:
    steps = cusum(nights)
    return Line(steps=steps, alarms=alarms(steps, sides=sides))
