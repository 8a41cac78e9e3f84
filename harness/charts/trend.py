"""Scores over nights: intervals as a band, changes of the prompt, breaks in comparability, and alarms.

One dimension a chart. A line is drawn within a period only: across a break two scores are not comparable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.charts.canvas import Margins, canvas, chart, name
from harness.comparison.trending import Period, told
from harness.records.estimates import OVERALL
from harness.records.record import Record
from harness.reporting import chart as house
from harness.reporting import words
from harness.reporting.chart import Chart
from harness.reporting.untrusted import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGINS = Margins(left=0.55, right=1.35, top=0.75, bottom=0.95)
_ROWS = 11
_TICKS = 8
_LEAST_SPAN = 10.0  # points: less would make noise look like news
_NEAR = 0.09  # of the width: marks closer than this are written one below the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One night as it is drawn, in points. `broke` says what changed before it, `alarm` which way it went."""

    at: str
    run: str
    revision: str
    prompt: str
    period: int
    broke: str
    value: float
    low: float | None
    high: float | None
    alarm: str
    began: str


def trend(found: Sequence[Period], *, dimension: str = OVERALL, control: str = "") -> Chart | None:
    """Draw one dimension over all periods; nothing where no run has a score on it.

    With `control` the values are differences to the pinned control of the same day.
    """
    nights = _nights(found, dimension, differences=bool(control))
    if not nights:
        return None
    figure, axes = canvas(_ROWS, _MARGINS)
    _scales(axes, nights)
    for period in dict.fromkeys(each.period for each in nights):
        _line(axes, [(place, each) for place, each in enumerate(nights) if each.period == period])
    _breaks(axes, nights)
    _revisions(axes, nights)
    _alarms(axes, nights)
    last = nights[-1]
    bounds = "" if last.low is None or last.high is None else (
        f"\n{words.points(last.low)} to {words.points(last.high)}"
    )  # fmt: skip
    axes.annotate(
        f"{words.points(last.value)}{bounds}", (len(nights) - 1, last.value), xytext=(10, 0),
        textcoords="offset points", va="center", color=house.CANDIDATE, weight="bold", fontsize=9,
        annotation_clip=False,
    )  # fmt: skip
    what = f"{name(dimension)} minus {name(control)}" if control else f"{name(dimension)}, points of 100"
    band = "" if last.low is None else " (band: 95 %)"
    axes.set_title(f"{what}{band}", loc="left", fontsize=9.5, weight="bold", color=house.INK, pad=22)
    return chart(figure, f"{dimension} over time", _alt(found, nights, dimension), nights)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks(Record):
    """What stands at the nights of a period: alarms by the night they were raised, and where each began."""

    alarms: dict[str, str] = field(default_factory=dict)
    began: dict[str, str] = field(default_factory=dict)


def _nights(found: Sequence[Period], dimension: str, *, differences: bool) -> list[Drawn]:
    drawn = []
    for number, period in enumerate(found):
        if dimension not in period.lines:
            continue
        line, runs = period.lines[dimension], {run.at: run for run in period.runs}
        marks = _Marks()
        for alarm in line.alarms:
            marks.alarms[alarm.raised] = alarm.side
            marks.began[alarm.changed] = alarm.side
        for place, step in enumerate(line.steps):
            run = runs[step.night.at]
            low, high = (None, None) if differences else run.bounds.get(dimension, (None, None))
            drawn.append(
                Drawn(
                    at=run.at,
                    run=run.run,
                    revision=run.label,
                    prompt=run.prompt[:8],
                    period=number + 1,
                    broke=words.listed(period.broke) if place == 0 else "",
                    value=step.night.value,
                    low=low,
                    high=high,
                    alarm=marks.alarms.get(run.at, ""),
                    began=marks.began.get(run.at, ""),
                )
            )
    return drawn


def _scales(axes: "Axes", nights: Sequence[Drawn]) -> None:
    known = [value for each in nights for value in (each.low, each.value, each.high) if value is not None]
    low, high = min(known), max(known)
    missing = max(0.0, _LEAST_SPAN - (high - low)) / 2
    low, high = low - missing - 1, high + missing + 1
    axes.set_ylim(low, high)
    axes.set_xlim(-0.6, len(nights) - 0.4)
    every = max(1, -(-len(nights) // _TICKS))
    ticks = list(range(0, len(nights), every))
    axes.set_xticks(ticks, [nights[tick].at[:10] for tick in ticks])
    axes.tick_params(colors=house.SOFT, labelsize=8.5, length=0)
    axes.set_yticks([value for value in range(-100, 101, _step(high - low)) if low <= value <= high])
    axes.yaxis.set_major_formatter(lambda value, _position: words.points(value, 0))
    axes.grid(axis="y", color=house.RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _step(span: float) -> int:
    return 2 if span < 15 else 5 if span < 45 else 10 if span < 90 else 20


def _line(axes: "Axes", placed: Sequence[tuple[int, Drawn]]) -> None:
    places = [place for place, _ in placed]
    banded = [(place, each.low, each.high) for place, each in placed if each.low is not None]
    if banded:
        lows, highs = [low or 0.0 for _, low, _ in banded], [high or 0.0 for _, _, high in banded]
        at = [place for place, _, _ in banded]
        axes.fill_between(at, lows, highs, color=house.BAND, linewidth=0, zorder=1)
        if len(at) == 1:  # a band needs two nights
            axes.plot(at * 2, [lows[0], highs[0]], color=house.BAND, linewidth=5, zorder=1)
    size = 4.5 if len(places) < 60 else 3
    values = [each.value for _, each in placed]
    axes.plot(places, values, color=house.CANDIDATE, linewidth=1.6, marker="o", markersize=size, zorder=3)


def _breaks(axes: "Axes", nights: Sequence[Drawn]) -> None:
    """Draw a dashed line where scores stop being comparable, and say above it why."""
    for place, each in enumerate(nights):
        if place and each.broke:
            axes.axvline(place - 0.5, color=house.INK, linewidth=1, linestyle=(0, (3, 2)), zorder=2)
            axes.annotate(
                f"{each.broke} changed", (place - 0.5, 1), xycoords=axes.get_xaxis_transform(),
                xytext=(4, 5), textcoords="offset points", fontsize=8.5, color=house.INK,
                annotation_clip=False,
            )  # fmt: skip


def _revisions(axes: "Axes", nights: Sequence[Drawn]) -> None:
    """Mark below the plot where another prompt began to run; marks that are close stand in two rows."""
    last, low = -1.0, False
    for place, each in enumerate(nights):
        if place and each.prompt == nights[place - 1].prompt:
            continue
        near = place and (place - last) / len(nights) < _NEAR
        low = bool(near and not low)
        last = place
        axes.annotate(
            f"▲ {shortened(each.revision, 16)}", (place, 0), xycoords=axes.get_xaxis_transform(),
            xytext=(-3, -39 if low else -28), textcoords="offset points", fontsize=8.5, color=house.SOFT,
            annotation_clip=False,
        )  # fmt: skip


def _alarms(axes: "Axes", nights: Sequence[Drawn]) -> None:
    """Ring the night of an alarm, and point at the night that the change is dated to."""
    for place, each in enumerate(nights):
        if each.began:
            colour = house.WORSE if each.began == "down" else house.BETTER
            axes.axvline(place, color=colour, linewidth=1, linestyle=":", zorder=2)
            axes.annotate(
                "change began", (place, 0), xycoords=axes.get_xaxis_transform(), xytext=(-4, 5),
                textcoords="offset points", ha="right", color=colour, fontsize=8.5,
            )  # fmt: skip
        if each.alarm:
            colour = house.WORSE if each.alarm == "down" else house.BETTER
            axes.plot([place], [each.value], marker="o", markersize=12, color=colour, markerfacecolor="none",
                      markeredgecolor=colour, markeredgewidth=2, zorder=4)  # fmt: skip
            fell = each.alarm == "down"
            axes.annotate(
                f"alarm, {'fell' if fell else 'rose'}", (place, each.value), textcoords="offset points",
                xytext=(9, -16 if fell else 10), ha="left", color=colour, fontsize=8.5, weight="bold",
                annotation_clip=False, zorder=5,
            )  # fmt: skip


def _alt(found: Sequence[Period], nights: Sequence[Drawn], dimension: str) -> str:
    first, last = nights[0], nights[-1]
    ends = f"{words.points(first.value)} on {first.at[:10]}, {words.points(last.value)} on {last.at[:10]}"
    parts = [f"{dimension} over {words.many(len(nights), 'run')}: {ends}"]
    parts += [f"{each.broke} changed before {each.at[:10]}" for each in nights[1:] if each.broke]
    parts += [
        told(dimension, alarm)
        for period in found
        if dimension in period.lines
        for alarm in period.lines[dimension].alarms
    ]
    if not any(each.alarm for each in nights):
        parts.append("no alarm")
    return ". ".join(parts) + "."
