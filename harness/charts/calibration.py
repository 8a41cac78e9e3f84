"""How far a grader agrees with labels: what it sees of what is there, and what it leaves of what is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.charts.canvas import WIDTH, Margins, chart, foot, interval, label, name, panels, rule
from harness.records.calibrations import Calibration, Measure
from harness.records.record import Record
from harness.reporting import chart as house
from harness.reporting import words
from harness.reporting.chart import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT = 3.2
_GAP = 1.3
_FEWEST = 12
"""Labelled verdicts of a criterion: with fewer the intervals span most of the chart."""
_MARGINS = Margins(left=_LEFT, right=_GAP, top=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One scope as it is drawn. Rates in points with their intervals; `alpha` is Krippendorff's."""

    dimension: str
    scope: str
    n: int
    sensitivity: float | None
    sensitivity_low: float | None
    sensitivity_high: float | None
    specificity: float | None
    specificity_low: float | None
    specificity_high: float | None
    alpha: float | None
    note: str


def calibration(found: Calibration) -> Chart | None:
    """Draw sensitivity and specificity, pooled first, of what has labels of both kinds and enough of them."""
    pooled = [each for each in found.pooled if each.measurable]
    told = (each for each in found.criteria if each.measurable and each.n >= _FEWEST)
    single = sorted(told, key=_worst)
    if not pooled and not single:
        return None
    rows: list[Measure | None] = [*pooled, *([None] if pooled and single else []), *single]
    figure, plots = panels(len(rows), 2, _MARGINS)
    for axes, title in zip(plots, ("met, and it says met", "not met, and it says not met"), strict=True):
        axes.set_xlim(0, 100)
        axes.set_title(title, loc="left", fontsize=9.5, weight="bold", color=house.INK)
        foot(axes, "% of labelled verdicts (intervals: 95 %)")
    wide = plots[0].get_position().width * WIDTH
    for place, each in enumerate(rows):
        if each is None:
            rule(plots[0], place, -(_LEFT - 0.2) / wide, (WIDTH - _LEFT - 0.2) / wide)
            continue
        _row(plots, place, each, pooled=each in pooled)
    left = len(found.criteria) - len(single)
    few = f"{left} criteria are left out: fewer than {_FEWEST} labels, or labels of one kind only. "
    return chart(
        figure,
        f"How far {name(found.grader.kind)} agrees with labels",
        _alt(found) + (few if left else ""),
        _data(rows),
    )


def _row(plots: "Sequence[Axes]", place: int, each: Measure, *, pooled: bool) -> None:
    colour = house.INK if pooled else house.CANDIDATE
    weight = "bold" if pooled else "normal"
    label(plots[0], -0.03, place, f"{name(each.scope, 32)}  ({each.n})", ha="right", weight=weight)
    for axes, rate in zip(plots, (each.sensitivity, each.specificity), strict=True):
        interval(axes, place, rate, colour)
        label(axes, 1.04, place, words.points(rate.mean, 0), color=colour, weight=weight)
    alpha = f"alpha {words.share(each.alpha)}"
    label(
        plots[1],
        1.04 + 0.42 / (plots[1].get_position().width * WIDTH),
        place,
        alpha,
        color=house.SOFT,
        size=8,
    )


def _worst(each: Measure) -> float:
    return min(each.sensitivity.mean or 0.0, each.specificity.mean or 0.0)


def _data(rows: Sequence[Measure | None]) -> list[Drawn]:
    return [
        Drawn(
            dimension=each.dimension,
            scope=each.scope,
            n=each.n,
            sensitivity=each.sensitivity.mean,
            sensitivity_low=each.sensitivity.low,
            sensitivity_high=each.sensitivity.high,
            specificity=each.specificity.mean,
            specificity_low=each.specificity.low,
            specificity_high=each.specificity.high,
            alpha=each.alpha,
            note=each.note,
        )
        for each in rows
        if each is not None
    ]


def _alt(found: Calibration) -> str:
    whole = found.overall
    sample = ", in sample, which flatters it" if found.in_sample else ""
    met, unmet = whole.sensitivity, whole.specificity
    return (
        f"{found.grader.kind} beside {words.count(whole.n)} labelled verdicts of {found.labels}{sample}: "
        f"it says met on {words.points(met.mean, 0)} % ({words.interval(met)}) of what is met by the labels, "
        f"and not met on {words.points(unmet.mean, 0)} % ({words.interval(unmet)}) of what is not; "
        f"alpha {words.share(whole.alpha)}. "
    )
