"""Scores: each arm's mean per dimension with its interval, a panel for each grader."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.charts.canvas import (
    WIDTH,
    Margins,
    arm_colour,
    chart,
    foot,
    interval,
    label,
    name,
    panels,
    rule,
)
from harness.records.estimates import OVERALL, Estimate
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import chart as house
from harness.reporting import selection, words
from harness.reporting.chart import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT = 2.75
_MARGINS = Margins(left=_LEFT + 0.15, right=0.75, top=0.35)
_MOST_GRADERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One score as it is drawn, in points."""

    grader: str
    dimension: str
    arm: str
    n: int
    mean: float | None
    low: float | None
    high: float | None


def scores(report: Report) -> Chart | None:
    """Draw the scores of all arms; nothing where none was graded."""
    arms = selection.arms(report)
    graders = [grader.kind for grader in report.graders[:_MOST_GRADERS]]
    found = {(arm.label, grader): dict(arm.scores.get(grader, ())) for arm in arms for grader in graders}
    if not any(estimate.n for of_arm in found.values() for estimate in of_arm.values()):
        return None
    dimensions = (OVERALL, *report.dimensions)
    block = len(arms) + 1
    figure, drawn = panels(block * len(dimensions) - 1, len(graders), _MARGINS)
    _labels(drawn[0], [arm.label for arm in arms], dimensions)
    for axes, grader in zip(drawn, graders, strict=True):
        axes.set_xlim(0, 100)
        axes.set_title(name(grader) if len(graders) > 1 else "", loc="left", fontsize=9.5, color=house.SOFT)
        for place, dimension in enumerate(dimensions):
            for offset, arm in enumerate(arms):
                estimate = found[arm.label, grader].get(dimension)
                filled = offset > 0 or len(arms) == 1
                _score(axes, block * place + offset, estimate, colour=arm_colour(offset), filled=filled)
        foot(axes, "score, points of 100 (intervals: 95 %)")
    return chart(figure, "Scores", _alt(report, graders), _data(report))


def _labels(axes: "Axes", arms: Sequence[str], dimensions: Sequence[str]) -> None:
    """Name every row left of the first panel, and draw a line through all panels between dimensions."""
    plot = axes.get_position().width * WIDTH
    block = len(arms) + 1
    for place, dimension in enumerate(dimensions):
        label(axes, -_LEFT / plot, block * place, name(dimension), weight="bold")
        for offset, arm in enumerate(arms):
            row = block * place + offset
            label(axes, -0.1 / plot, row, name(arm), ha="right", color=arm_colour(offset))
        if place:
            rule(axes, block * place - 1, -_LEFT / plot, (WIDTH - _LEFT - 0.3) / plot)


def _score(axes: "Axes", place: int, estimate: Estimate | None, *, colour: str, filled: bool) -> None:
    if estimate is None or not estimate.n:
        label(axes, 0.02, place, "not graded", color=house.SOFT)
        return
    interval(axes, place, estimate, colour, filled=filled)
    label(axes, 1.02, place, words.points(estimate.mean), color=colour, weight="bold")


def _alt(report: Report, graders: Sequence[str]) -> str:
    parts = [
        f"{arm.label}, {grader}: "
        + "; ".join(
            f"{dimension} {words.points(estimate.mean)} ({words.interval(estimate)})"
            for dimension, estimate in arm.scores.get(grader, ())
            if estimate.n
        )
        for grader in graders
        for arm in selection.arms(report)
    ]
    return "Score per dimension in points. " + ". ".join(parts) + "."


def _data(report: Report) -> list[Drawn]:
    return [
        Drawn(
            grader=grader.kind,
            dimension=dimension,
            arm=arm.label,
            n=estimate.n,
            mean=estimate.mean,
            low=estimate.low,
            high=estimate.high,
        )
        for grader in report.graders
        for arm in selection.arms(report)
        for dimension, estimate in arm.scores.get(grader.kind, ())
    ]
