"""The heatmap of cases by criterion: how often each was passed, or how that moved for each candidate.

Passed means met, and for a criterion with negative points not met: blue is good everywhere.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from harness.charts import heat
from harness.charts.canvas import Margins, canvas, chart, label, name
from harness.charts.heat import Block
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import chart as house
from harness.reporting import selection, words
from harness.reporting.chart import Chart
from harness.reporting.untrusted import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMN = 0.44  # inches
_GAP = 0.4  # columns between dimensions
_HEADING = 1.25  # rows above each block
_LEFT, _RIGHT = 2.4, 1.2
_LONGEST = 28
_INCH_A_LETTER = 0.042  # of a heading, upwards
OWN = "own"
"""The column of what only single cases ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns(Record):
    """The columns of all blocks, `dimension/criterion`, with the place of each."""

    places: Mapping[str, float] = field(default_factory=dict)

    @property
    def end(self) -> float:
        return max(self.places.values()) + 1

    @property
    def longest(self) -> int:
        return min(_LONGEST, max(len(column.rpartition("/")[2]) for column in self.places))

    def of(self, dimension: str) -> list[str]:
        return [column for column in self.places if column.rpartition("/")[0] == dimension]


def criteria(report: Report) -> Chart | None:
    """Draw case × criterion by the grader that decides; nothing where there is no verdict."""
    blocks = _blocks(report)
    if all(block.empty for block in blocks):
        return None
    cases = heat.most_told(selection.case_ids(report), blocks)
    columns = _columns(report, blocks)
    rows = (len(cases) + _HEADING) * len(blocks) - _HEADING
    margins = Margins(left=_LEFT, right=_RIGHT, top=0.35 + _INCH_A_LETTER * columns.longest, bottom=0.85)
    figure, axes = canvas(rows, margins, width=_LEFT + columns.end * _COLUMN + _RIGHT)
    axes.set_xlim(-0.5, columns.end - 0.5)
    for number, block in enumerate(blocks):
        _block(axes, number * (len(cases) + _HEADING), block, cases, columns.places)
    _headings(axes, columns)
    for dimension in report.dimensions:
        if found := [columns.places[column] for column in columns.of(dimension)]:
            axes.text(found[0] - 0.5, rows - 0.1, name(dimension), weight="bold", va="center", size=8.5)
    compared = bool(report.candidates)
    what = f"by how much more than {name(report.base.label)}" if compared else "how often"
    left = heat.hidden(len(cases), len(selection.case_ids(report)))
    axes.set_xlabel(
        f"{what} each passed a criterion, % of attempts, by {selection.decider(report)}{left}"
        "\npassed: met, or avoided where its points are negative",
        color=house.SOFT, fontsize=8.5, labelpad=16, loc="left",
    )  # fmt: skip
    axes.set_xticks([])
    return chart(figure, "Cases by criterion", _alt(report, blocks, what), heat.data(blocks))


def _blocks(report: Report) -> list[Block]:
    kind = selection.decider(report)
    base = _passed(report, report.base, kind)
    if not report.candidates:
        return [Block(title=report.base.label, scores=True, values=base)]
    return [
        Block(title=arm.label, values=_change(base, _passed(report, arm, kind))) for arm in report.candidates
    ]


def _passed(report: Report, arm: Arm, grader: str) -> Mapping[str, Mapping[str, float | None]]:
    """Give the percentage of attempts that passed each criterion of each case; own criteria are averaged."""
    general = {
        (rubric.dimension, each.id): each.points for rubric in report.rubrics for each in rubric.criteria
    }
    own = {
        (case.id, dimension, each.id): each.points
        for case in report.cases
        for dimension, asked in case.criteria.items()
        for each in asked
    }
    found: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for place, verdicts in selection.verdicts(arm, grader).items():
        case, dimension, criterion = place
        met = [verdict.met for _, verdict in verdicts if verdict.met is not None]
        points = own.get(place, general.get((dimension, criterion)))
        if met and points is not None:
            share = 100 * sum(met) / len(met)
            column = OWN if place in own else criterion
            found[case][f"{dimension}/{column}"].append(share if points > 0 else 100 - share)
    return {
        case: {column: fmean(values) for column, values in columns.items()} for case, columns in found.items()
    }


_Passed = Mapping[str, Mapping[str, float | None]]


def _change(base: _Passed, candidate: _Passed) -> _Passed:
    return {
        case: {column: _minus(candidate[case].get(column), before) for column, before in columns.items()}
        for case, columns in base.items()
        if case in candidate
    }


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _columns(report: Report, blocks: Sequence[Block]) -> _Columns:
    """Put the columns side by side, dimensions a little apart; one that holds nothing is left out."""
    known = {column for block in blocks for values in block.values.values() for column in values}
    places: dict[str, float] = {}
    place = 0.0
    for rubric in report.rubrics:
        ids = [f"{rubric.dimension}/{each}" for each in (*(one.id for one in rubric.criteria), OWN)]
        for column in ids:
            if column in known:
                places[column] = place
                place += 1
        place += _GAP
    return _Columns(places=places)


def _block(axes: "Axes", top: float, block: Block, cases: Sequence[str], places: Mapping[str, float]) -> None:
    label(axes, -0.02, top - 0.95, name(block.title), weight="bold", ha="right")
    for row, case in enumerate(cases):
        label(axes, -0.012, top + row, shortened(case, 32), ha="right")
        for column, place in places.items():
            value = block.values.get(case, {}).get(column)
            heat.cell(axes, (place, top + row), value, scores=block.scores, size=7.5, quiet=not block.scores)


def _headings(axes: "Axes", columns: _Columns) -> None:
    for column, place in columns.places.items():
        criterion = column.rpartition("/")[2]
        axes.text(
            place - 0.15, -0.65, shortened(criterion, _LONGEST), rotation=40, ha="left", va="bottom",
            rotation_mode="anchor", size=7.5, color=house.INK if criterion != OWN else house.SOFT,
        )  # fmt: skip


def _alt(report: Report, blocks: Sequence[Block], what: str) -> str:
    names = words.listed(tuple(block.title for block in blocks))
    size = f"{words.many(len(report.cases), 'case')} by criterion"
    told = f"Heatmap of {what} each passed a criterion, in % of attempts, {size}, for {names}."
    moved: defaultdict[str, list[float]] = defaultdict(list)
    for values in blocks[0].values.values():
        for column, value in values.items():
            if value is not None:
                moved[column].append(value)
    means = sorted(((fmean(values), column) for column, values in moved.items()), key=lambda each: each[0])
    shown = "; ".join(f"{column} {words.points(mean, 0)}" for mean, column in means[:3])
    return f"{told} Lowest on average for {blocks[0].title}: {shown}."
