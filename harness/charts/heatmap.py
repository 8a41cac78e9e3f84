"""The heatmap of cases by dimension: differences for each candidate, or the scores of a single run."""

from collections.abc import Mapping, Sequence

from harness.charts import heat
from harness.charts.canvas import WIDTH, Margins, canvas, chart, foot, label, name
from harness.charts.heat import Block
from harness.records.comparisons import CaseScores, Comparison
from harness.records.estimates import OVERALL
from harness.records.results import Report
from harness.reporting import selection, words
from harness.reporting.chart import Chart
from harness.reporting.untrusted import shortened

_MARGINS = Margins(left=2.4, right=0.2, top=0.55)
_NARROWEST = 4.45  # columns that one block is as wide as at least: the page stretches it


def heatmap(report: Report) -> Chart | None:
    """Draw case × dimension; nothing where no case has a number."""
    blocks = [Block(title=each.candidate, values=_moves(each)) for each in selection.deciding(report)]
    if not report.candidates:
        blocks = [Block(title=report.base.label, scores=True, values=_scored(report))]
    if all(block.empty for block in blocks):
        return None
    cases = heat.most_told(selection.case_ids(report), blocks)
    columns = (*report.dimensions, OVERALL)
    span = len(columns) + 0.45
    several = max(WIDTH, 2.6 + len(blocks) * 0.75 * span)
    width = several if len(blocks) > 1 else 2.6 + 1.1 * max(span, _NARROWEST)
    figure, axes = canvas(len(cases), _MARGINS, width=width)
    axes.set_xlim(-0.5, span * len(blocks) - 0.95)
    for row, case in enumerate(cases):
        label(axes, -0.015, row, shortened(case, 32), ha="right")
    for number, block in enumerate(blocks):
        heat.block(axes, number * span, block, cases, columns)
    what = f"difference from {name(report.base.label)}" if report.candidates else "score"
    left = heat.hidden(len(cases), len(selection.case_ids(report)))
    foot(axes, f"{what}, points of 100, by {selection.decider(report)}{left}", ruled=False)
    alt = _alt(blocks, what, len(cases), told_below=bool(report.cases))
    return chart(figure, "Cases by dimension", alt, heat.data(blocks))


def _scored(report: Report) -> Mapping[str, Mapping[str, float | None]]:
    found = selection.case_scores(report.base, selection.decider(report))
    return {case: dict(scores) for case, scores in found.items()}


def _moves(comparison: Comparison) -> Mapping[str, Mapping[str, float | None]]:
    return {
        scores.case: {dimension: _moved(scores, dimension) for dimension in scores.base}
        for scores in comparison.cases
    }


def _moved(scores: CaseScores, dimension: str) -> float | None:
    before, after = scores.base.get(dimension), scores.candidate.get(dimension)
    return None if before is None or after is None else after - before


def _alt(blocks: Sequence[Block], what: str, cases: int, *, told_below: bool) -> str:
    names = words.listed(tuple(block.title for block in blocks))
    told = f"Heatmap of the {what} in points, {cases} cases by dimension, for {names}."
    return f"{told} The same numbers stand with each case below." if told_below else told
