"""The forest plot: each paired difference with its interval, and the verdict in words beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.charts.canvas import WIDTH, Margins, bounds, canvas, chart, foot, interval, label, name, rule
from harness.records.comparisons import Comparison, Difference
from harness.records.estimates import OVERALL
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import chart as house
from harness.reporting import selection, words
from harness.reporting.chart import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGINS = Margins(left=1.8, right=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One difference as it is drawn, in points, candidate minus base."""

    candidate: str
    base: str
    grader: str
    decides: bool
    dimension: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: str


def forest(report: Report) -> Chart | None:
    """Draw the paired differences of every candidate under every grader; nothing without any."""
    rows = list(_rows(report))
    shown = [row.difference for row in rows if row.difference is not None]
    if not any(difference.difference.n for difference in shown):
        return None
    figure, axes = canvas(len(rows), _MARGINS)
    reach = max(10.0, *(abs(bound) for each in shown for bound in bounds(each.difference)))
    axes.set_xlim(-1.06 * reach, 1.06 * reach)
    axes.axvline(0, color=house.INK, linewidth=1.1, zorder=1)
    for place, row in enumerate(rows):
        if row.difference is not None:
            _row(axes, place, row, several=len(report.graders) > 1)
            continue
        label(axes, _beside(-1.7), place, row.label, weight="bold")
        if place:
            rule(axes, place - 0.5, _beside(-1.7), 1 + _beside(_MARGINS.right))
    foot(axes, f"difference from {name(report.base.label)}, points of 100 (intervals: 95 %)")
    return chart(figure, "Paired differences", _alt(report), _data(report))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row(Record):
    """One line of the forest: a heading, or a difference under the grader that saw it."""

    label: str
    difference: Difference | None = None
    grader: str = ""
    decides: bool = True


def _rows(report: Report) -> Iterator[_Row]:
    for candidate in report.candidates:
        compared = [each for each in _compared(report) if each.candidate == candidate.label]
        if not compared:
            continue
        yield _Row(label=name(candidate.label))
        for dimension in (OVERALL, *report.dimensions):
            for comparison in compared:
                decides = comparison is compared[0]
                for difference in comparison.differences:
                    if difference.dimension == dimension:
                        yield _Row(
                            label=name(dimension) if decides else "",
                            difference=difference,
                            grader=comparison.grader,
                            decides=decides,
                        )


def _row(axes: "Axes", place: int, row: _Row, *, several: bool) -> None:
    difference = row.difference
    if difference is None or not difference.difference.n:
        return
    colour = house.VERDICTS[difference.verdict]
    estimate = difference.difference
    interval(axes, place, estimate, colour, filled=row.decides)
    label(axes, _beside(-0.12), place, row.label, ha="right")
    verdict = f"{words.MARKS[difference.verdict]} {difference.verdict}"
    weight = "bold" if row.decides else "normal"
    label(axes, 1 + _beside(0.12), place, verdict, color=colour, weight=weight)
    numbers = f"{words.signed(estimate.mean)}  ({words.interval(estimate, sign=True)})"
    label(axes, 1 + _beside(1.25), place, numbers, color=house.INK if row.decides else house.SOFT)
    if several:
        label(axes, 1 + _beside(3.15), place, name(row.grader), color=house.SOFT, size=8.5)


def _beside(inches: float) -> float:
    """Turn inches beside the plot into shares of its width."""
    return inches / (WIDTH - _MARGINS.left - _MARGINS.right)


def _compared(report: Report) -> Sequence[Comparison]:
    return (*selection.deciding(report), *selection.second_opinions(report))


def _alt(report: Report) -> str:
    parts = [
        f"{comparison.candidate} against {comparison.base}, {comparison.grader}: "
        + "; ".join(
            f"{each.dimension} {words.signed(each.difference.mean)} "
            f"({words.interval(each.difference, sign=True)}), {each.verdict}"
            for each in comparison.differences
        )
        for comparison in _compared(report)
    ]
    return "Forest plot of paired differences in points. " + ". ".join(parts) + "."


def _data(report: Report) -> list[Drawn]:
    return [
        Drawn(
            candidate=comparison.candidate,
            base=comparison.base,
            grader=comparison.grader,
            decides=comparison.grader == selection.decider(report),
            dimension=each.dimension,
            n=each.difference.n,
            difference=each.difference.mean,
            low=each.difference.low,
            high=each.difference.high,
            p=each.p_decides,
            verdict=each.verdict,
        )
        for comparison in _compared(report)
        for each in comparison.differences
    ]
