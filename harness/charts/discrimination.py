"""Which criteria tell answers apart: how often each is met, or how that moved between two revisions.

A criterion that every answer meets, or none, moves no score; it is listed with what it says of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.charts.canvas import (
    WIDTH,
    Margins,
    bounds,
    canvas,
    chart,
    foot,
    interval,
    label,
    name,
    rule,
)
from harness.comparison.critique import FEWEST_CASES, Criticised, critique
from harness.records.comparisons import Comparison, CriterionDifference
from harness.records.estimates import Estimate
from harness.records.outcomes import Failed, Outcome
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import chart as house
from harness.reporting import selection, words
from harness.reporting.chart import Chart
from harness.statistics.estimates import clustered_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGINS = Margins(left=2.7, right=3.9, top=0.45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One criterion as it is drawn: percentages of answers that met it, or the difference of those."""

    dimension: str
    criterion: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    p: float | None = None
    remark: str = ""


def discrimination(report: Report, candidate: str = "") -> Chart | None:
    """Draw the criteria of a run by how often they are met, of a comparison by how far they moved.

    Of several candidates it is the one that is named, else the first. Nothing where no criterion is asked
    of enough cases.
    """
    compared = [each for each in selection.deciding(report) if candidate in {"", each.candidate}]
    return _moved(report, compared[0]) if compared else _met(report)


def _moved(report: Report, comparison: Comparison) -> Chart | None:
    rows = sorted(comparison.criteria, key=lambda each: (each.moved == "not measurable", -_mean(each)))
    if not rows:
        return None
    figure, axes = canvas(len(rows), _MARGINS)
    reach = max(10.0, *(abs(bound) for each in rows for bound in bounds(each.difference)))
    axes.set_xlim(-1.06 * reach, 1.06 * reach)
    axes.axvline(0, color=house.INK, linewidth=1.1, zorder=1)
    _heads(axes, f"{name(comparison.base, 18)} → {name(comparison.candidate, 18)}")
    for place, each in enumerate(rows):
        colour = house.VERDICTS["cannot tell"] if each.moved == "not measurable" else _good(each)
        label(axes, -0.02, place, name(each.criterion, 34), ha="right")
        if each.moved != "not measurable":
            interval(axes, place, each.difference, colour, filled=each.moved != "cannot tell")
        told = f"{words.signed(each.difference.mean, 0)}  ({each.base:.0f} → {each.candidate:.0f} %)"
        label(axes, _beside(0.15), place, told, color=house.INK, size=8.5)
        label(axes, _beside(2.0), place, _said(each), color=colour, size=8.5)
    by = selection.decider(report)
    foot(axes, f"met more often by {name(comparison.candidate)}, % of answers, by {by} (intervals: 95 %)")
    data = [_of_difference(each) for each in rows]
    return chart(figure, f"What the criteria tell apart: {name(comparison.candidate)}", _alt(data), data)


def _good(each: CriterionDifference) -> str:
    """Colour by what the move is worth: meeting more of what a good answer avoids is worse."""
    if each.moved == "cannot tell":
        return house.SOFT
    return house.BETTER if (each.moved == "more often") == (each.points > 0) else house.WORSE


def _said(each: CriterionDifference) -> str:
    if each.moved == "not measurable":
        if each.base == each.candidate and each.base in {0.0, 100.0}:
            return "always met by both" if each.base else "never met by either"
        return "not measurable"
    return f"{each.moved}, p {words.p_value(each.p_adjusted if each.p_adjusted is not None else each.p)}"


def _of_difference(each: CriterionDifference) -> Drawn:
    found = each.difference
    p = each.p_adjusted if each.p_adjusted is not None else each.p
    remark = _said(each) if each.moved == "not measurable" else each.moved
    return Drawn(
        dimension=each.dimension, criterion=each.criterion, n=found.n, value=found.mean, low=found.low,
        high=found.high, p=p, remark=remark,
    )  # fmt: skip


def _met(report: Report) -> Chart | None:
    """Draw a single run: a criterion in the middle tells the most, one at either end nothing."""
    outcomes = report.base.outcomes.get(selection.decider(report), ())
    asked = [each for each in critique([outcomes], seed=0) if each.measurable]
    if not asked:
        return None
    rates = {(each.dimension, each.criterion): _rate(outcomes, each) for each in asked}
    rows = sorted(asked, key=lambda each: -(each.met / each.asked))
    figure, axes = canvas(len(rows), _MARGINS)
    axes.set_xlim(-2, 102)
    _heads(axes, name(report.base.label))
    for place, each in enumerate(rows):
        colour = house.SOFT if each.constant else house.CANDIDATE
        label(axes, -0.02, place, name(each.criterion, 34), ha="right")
        interval(axes, place, rates[each.dimension, each.criterion], colour, filled=not each.constant)
        label(axes, _beside(0.15), place, f"{each.met / each.asked:.0%}", color=house.INK, size=8.5)
        label(axes, _beside(0.75), place, name(_remark(each), 46), color=house.SOFT, size=8.5)
    foot(axes, f"met, % of answers, by {selection.decider(report)} (intervals: 95 %, cases as clusters)")
    data = [_of_rate(each, rates[each.dimension, each.criterion]) for each in rows]
    return chart(figure, "How often each criterion is met", _alt(data), data)


def _rate(outcomes: Sequence[Outcome], of: Criticised) -> Estimate:
    cases: dict[str, list[bool]] = {}
    for outcome in outcomes:
        for verdict in () if isinstance(outcome, Failed) else outcome.verdicts:
            asked = (verdict.dimension, verdict.criterion) == (of.dimension, of.criterion)
            if asked and verdict.met is not None:
                cases.setdefault(outcome.trial.case, []).append(verdict.met)
    return clustered_rate([(sum(met), len(met)) for met in cases.values()])


def _remark(each: Criticised) -> str:
    found = []
    if each.constant:
        found.append("always met" if each.met else "never met")
    if each.twins:
        found.append(f"always as {words.listed(each.twins)}")
    if each.opposites:
        found.append(f"never as {words.listed(each.opposites)}")
    if each.flipping:
        found.append(f"flips in {each.flipping} of {words.many(each.repeated, 'case')}")
    return "; ".join(found)


def _of_rate(each: Criticised, found: Estimate) -> Drawn:
    return Drawn(
        dimension=each.dimension, criterion=each.criterion, n=found.n, value=found.mean, low=found.low,
        high=found.high, remark=_remark(each),
    )  # fmt: skip


def _heads(axes: "Axes", text: str) -> None:
    label(axes, _beside(0.15), -1, text, weight="bold", size=9)
    rule(axes, -0.55, 0, 1 + (_MARGINS.right - 0.3) / _plot())


def _plot() -> float:
    return WIDTH - _MARGINS.left - _MARGINS.right


def _beside(inches: float) -> float:
    """Give a place right of the plot as a share of its width."""
    return 1 + inches / _plot()


def _mean(each: CriterionDifference) -> float:
    return each.difference.mean or 0.0


def _alt(data: Sequence[Drawn]) -> str:
    parts = [
        f"{each.criterion} {words.points(each.value, 0)}" + (f", {each.remark}" if each.remark else "")
        for each in data
    ]
    few = f"Criteria that fewer than {FEWEST_CASES} cases ask are left out."
    return f"Criteria by how often they are met, in % of answers: {'; '.join(parts)}. {few}"
