"""The heatmap of cases by criterion, as the page shows it: a table, folded away, whose every cell is a link.

A cell says how often the answers of one case met one criterion, in percent of the attempts that were graded.
Whether that is good goes by the criterion's points: where they are negative, met less often is better.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from harness.records.inputs import Case, Criterion
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import selection, words
from harness.reporting.packing import Packer
from harness.reporting.selection import Place
from harness.reporting.templating import filled
from harness.reporting.untrusted import visible

_MUCH = 50
"""Percent of the attempts; a change of at least so many has the stronger colour."""

COMPARED = ("better", "worse", "same", "ungraded")
ALONE = ("passed", "partly", "missed", "ungraded")
"""What a cell can be in a comparison, and in a single run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Record):
    """One criterion of one case: `kind` is one of `COMPARED` or `ALONE`, `text` the shares in percent.

    `place` is where it leads, for a criterion of one case alone; the others' links the page's script makes.
    """

    kind: str
    text: str
    much: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Record):
    """The columns of one dimension: its general criteria, and with `own` one for what single cases ask."""

    dimension: str
    criteria: tuple[Criterion, ...]
    own: bool

    @property
    def width(self) -> int:
        """The number of its columns."""
        return len(self.criteria) + self.own


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """One case; `cells` has a tuple for each column: one cell, or in a column `own` any number."""

    case: str
    title: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Record):
    """The table of one candidate against the base, or of a single run; `counts` has its cells by kind."""

    label: str
    counts: tuple[tuple[str, int], ...]
    packed: str


def grids(report: Report, packing: Packer) -> tuple[Grid, ...]:
    """Give a table for each candidate, or for the run alone; none where no verdict was given."""
    kind = selection.decider(report)
    base = _shares(report.base, kind)
    if not report.candidates:
        return _grid(report, report.base, (base,), packing)
    return tuple(
        grid for arm in report.candidates for grid in _grid(report, arm, (base, _shares(arm, kind)), packing)
    )


_Shares = Mapping[Place, float]
"""Percent of the graded attempts that met a criterion; what was not graded is not in it."""


def _shares(arm: Arm, grader: str) -> _Shares:
    found = {}
    for place, verdicts in selection.verdicts(arm, grader).items():
        met = [verdict.met for _, verdict in verdicts if verdict.met is not None]
        if met:
            found[place] = 100 * fmean(met)
    return found


def _grid(report: Report, arm: Arm, shares: tuple[_Shares, ...], packing: Packer) -> tuple[Grid, ...]:
    groups = tuple(_groups(report))
    if not groups or not any(shares):
        return ()
    rows = [_row(case, groups, shares) for case in report.cases]
    counted = Counter(cell.kind for row in rows for cells in row.cells for cell in cells)
    compared = len(shares) > 1
    body = filled(
        "grid.html",
        label=arm.label,
        base=report.base.label if compared else "",
        grader=selection.decider(report),
        groups=groups,
        rows=rows,
    )
    return (
        Grid(
            label=arm.label,
            counts=tuple((kind, counted[kind]) for kind in (COMPARED if compared else ALONE)),
            packed=packing.pack(body),
        ),
    )


def _groups(report: Report) -> Iterator[Group]:
    """Give the dimensions that ask anything; criteria of single cases share a column."""
    general = {rubric.dimension: rubric.criteria for rubric in report.rubrics}
    for dimension in report.dimensions:
        group = Group(
            dimension=dimension,
            criteria=general.get(dimension, ()),
            own=any(case.criteria.get(dimension) for case in report.cases),
        )
        if group.width:
            yield group


def _row(case: Case, groups: tuple[Group, ...], shares: tuple[_Shares, ...]) -> Row:
    cells: list[tuple[Cell, ...]] = []
    for group in groups:
        places = [(case.id, group.dimension, each.id) for each in group.criteria]
        asked = zip(places, group.criteria, strict=True)
        cells += [(_cell(place, each.points, shares),) for place, each in asked]
        if group.own:
            own = case.criteria.get(group.dimension, ())
            told = [((case.id, group.dimension, each.id), each.points) for each in own]
            cells.append(tuple(_cell(place, points, shares, own=True) for place, points in told))
    return Row(case=case.id, title=visible(case.title or case.id), cells=tuple(cells))


def _cell(place: Place, points: float, shares: tuple[_Shares, ...], *, own: bool = False) -> Cell:
    found = [each.get(place) for each in shares]
    texts = [words.points(share, 0) for share in found]
    kind, change = _kind(found, points)
    return Cell(
        kind=kind,
        text=texts[0] if kind == "same" else "→".join(texts),
        much=abs(change) >= _MUCH,
        place="/".join(place) if own else "",
    )


def _kind(shares: list[float | None], points: float) -> tuple[str, float]:
    """Say what a cell's shares mean, and by how much they differ."""
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return "ungraded", 0
    if len(known) == 1:
        passed = known[0] if points > 0 else 100 - known[0]
        return ("missed" if passed == 0 else "passed" if passed == 100 else "partly"), 0
    change = known[1] - known[0]
    if not change:
        return "same", 0
    return "better" if (change > 0) == (points > 0) else "worse", change
