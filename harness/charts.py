"""Charts of a report, drawn by matplotlib in one house style; the only module that knows matplotlib.

Equal reports give equal bytes: no date, no random id, no setting of the person's own. Labels are
untrusted text, so nothing in them is read as mathematics. Figures are made without pyplot, which
would keep them alive.
"""

import importlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records.comparisons import CaseScores, Comparison, Difference
from harness.records.estimates import OVERALL, Estimate
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import chart as house
from harness.reporting import selection, words
from harness.reporting.chart import Chart
from harness.reporting.untrusted import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "harness",
    "text.parse_math": False,
    "text.color": house.INK,
    "figure.facecolor": house.PAPER,
    "savefig.facecolor": house.PAPER,
}
# Narrower than DejaVu Sans, which matplotlib measures with, so no label outgrows its place.
_SCREEN_FONTS = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif"
_WIDTH = 10.4
_SCORES_LEFT = 2.75
_FOREST_LEFT = 1.8
_FOREST_RIGHT = 4.0
_ROW = 0.27
_DPI = 192  # twice the 96 dots of a CSS inch
_MOST_CASES = 40
_NARROWEST = 4.45  # columns that one panel of the heatmap is as wide as at least: the page stretches it
_MOST_GRADERS = 3


def load() -> None:
    """Import all that drawing needs ahead of time, fonts included."""
    for name in ("style", "figure", "font_manager", "backends.backend_svg", "backends.backend_agg"):
        importlib.import_module(f"matplotlib.{name}")


def draw(report: Report) -> Mapping[str, Chart]:
    """Draw `forest` (comparisons only), `scores`, and `heatmap` (of differences, or a single run's scores).

    A chart that would show nothing is left out.
    """
    import matplotlib.style  # noqa: PLC0415 # half a second that only drawing needs

    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
        # PNG shows a box for a letter that the font lacks; SVG leaves the choice of font to the reader.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn = {"forest": _forest(report), "scores": _scores(report), "heatmap": _heatmap(report)}
    return {kind: chart for kind, chart in drawn.items() if chart is not None}


# ------------------------------------------------------------------ forest


def _forest(report: Report) -> Chart | None:
    """Draw the paired differences with their intervals; verdicts in words at the right."""
    rows = list(_forest_rows(report))
    shown = [row.difference for row in rows if row.difference is not None]
    if not any(difference.difference.n for difference in shown):
        return None
    figure, axes = _canvas(len(rows), left=_FOREST_LEFT, right=_FOREST_RIGHT)
    reach = max(10.0, *(abs(bound) for each in shown for bound in _bounds(each.difference)))
    axes.set_xlim(-1.06 * reach, 1.06 * reach)
    axes.axvline(0, color=house.INK, linewidth=1.1, zorder=1)
    for place, row in enumerate(rows):
        if row.difference is None:
            _label(axes, _beside(-1.7), place, row.label, weight="bold")
            if place:
                ends = {"xmin": _beside(-1.7), "xmax": 1 + _beside(_FOREST_RIGHT)}
                axes.axhline(place - 0.5, color=house.RULE, linewidth=0.8, clip_on=False, **ends)
        else:
            _forest_row(axes, place, row, several=len(report.graders) > 1)
    _foot(axes, f"difference from {_name(report.base.label)}, points of 100 (intervals: 95 %)")
    return _chart(figure, "Paired differences", _forest_alt(report))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row(Record):
    """One line of the forest: a heading, or a difference under the grader that saw it."""

    label: str
    difference: Difference | None = None
    grader: str = ""
    decides: bool = True


def _forest_rows(report: Report) -> Iterator[_Row]:
    for candidate in report.candidates:
        compared = [
            comparison
            for grader in report.graders
            for comparison in selection.by_grader(report, grader.kind)
            if comparison.candidate == candidate.label
        ]
        if not compared:
            continue
        yield _Row(label=_name(candidate.label))
        for dimension in (OVERALL, *report.dimensions):
            for comparison in compared:
                decides = comparison is compared[0]
                for difference in comparison.differences:
                    if difference.dimension == dimension:
                        label = _name(dimension) if decides else ""
                        yield _Row(
                            label=label, difference=difference, grader=comparison.grader, decides=decides
                        )


def _forest_row(axes: "Axes", place: int, row: _Row, *, several: bool) -> None:
    difference = row.difference
    if difference is None or not difference.difference.n:
        return
    colour = house.VERDICTS[difference.verdict]
    estimate = difference.difference
    _interval(axes, place, estimate, colour, filled=row.decides)
    _label(axes, _beside(-0.12), place, row.label, ha="right")
    verdict = f"{words.MARKS[difference.verdict]} {difference.verdict}"
    weight = "bold" if row.decides else "normal"
    _label(axes, 1 + _beside(0.12), place, verdict, color=colour, weight=weight)
    numbers = f"{words.signed(estimate.mean)}  ({words.interval(estimate, sign=True)})"
    _label(axes, 1 + _beside(1.25), place, numbers, color=house.INK if row.decides else house.SOFT)
    if several:
        _label(axes, 1 + _beside(3.15), place, _name(row.grader), color=house.SOFT, size=8.5)


def _beside(inches: float) -> float:
    """Turn inches beside the forest's plot into shares of its width."""
    return inches / (_WIDTH - _FOREST_LEFT - _FOREST_RIGHT)


def _forest_alt(report: Report) -> str:
    parts = [
        f"{comparison.candidate} against {comparison.base}, {comparison.grader}: "
        + "; ".join(
            f"{each.dimension} {words.signed(each.difference.mean)} "
            f"({words.interval(each.difference, sign=True)}), {each.verdict}"
            for each in comparison.differences
        )
        for comparison in (*selection.deciding(report), *selection.second_opinions(report))
    ]
    return "Forest plot of paired differences in points. " + ". ".join(parts) + "."


# ------------------------------------------------------------------ scores


def _scores(report: Report) -> Chart | None:
    """Draw each arm's score per dimension with its interval, one panel per grader."""
    arms = selection.arms(report)
    graders = [grader.kind for grader in report.graders[:_MOST_GRADERS]]
    scores = {(arm.label, grader): dict(arm.scores.get(grader, ())) for arm in arms for grader in graders}
    if not any(estimate.n for found in scores.values() for estimate in found.values()):
        return None
    dimensions = (OVERALL, *report.dimensions)
    block = len(arms) + 1
    figure, panels = _panels(block * len(dimensions) - 1, len(graders))
    _score_labels(panels[0], [arm.label for arm in arms], dimensions)
    for axes, grader in zip(panels, graders, strict=True):
        axes.set_xlim(0, 100)
        axes.set_title(_name(grader) if len(graders) > 1 else "", loc="left", fontsize=9.5, color=house.SOFT)
        for place, dimension in enumerate(dimensions):
            for offset, arm in enumerate(arms):
                estimate = scores[arm.label, grader].get(dimension)
                filled = offset > 0 or len(arms) == 1
                _score(axes, block * place + offset, estimate, colour=_arm_colour(offset), filled=filled)
        _foot(axes, "score, points of 100 (intervals: 95 %)")
    return _chart(figure, "Scores", _scores_alt(report, graders))


def _score_labels(axes: "Axes", arms: Sequence[str], dimensions: Sequence[str]) -> None:
    """Name every row left of the first panel, and draw a line through all panels between dimensions."""
    plot = axes.get_position().width * _WIDTH
    block = len(arms) + 1
    for place, dimension in enumerate(dimensions):
        _label(axes, -_SCORES_LEFT / plot, block * place, _name(dimension), weight="bold")
        for offset, label in enumerate(arms):
            row = block * place + offset
            _label(axes, -0.1 / plot, row, _name(label), ha="right", color=_arm_colour(offset))
        if place:
            ends = {"xmin": -_SCORES_LEFT / plot, "xmax": (_WIDTH - _SCORES_LEFT - 0.3) / plot}
            axes.axhline(block * place - 1, color=house.RULE, linewidth=0.8, clip_on=False, **ends)


def _score(axes: "Axes", place: int, estimate: Estimate | None, *, colour: str, filled: bool) -> None:
    if estimate is None or not estimate.n:
        _label(axes, 0.02, place, "not graded", color=house.SOFT)
        return
    _interval(axes, place, estimate, colour, filled=filled)
    _label(axes, 1.02, place, words.points(estimate.mean), color=colour, weight="bold")


def _arm_colour(place: int) -> str:
    return house.CANDIDATE if place else house.BASE


def _scores_alt(report: Report, graders: Sequence[str]) -> str:
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


# ------------------------------------------------------------------ heatmap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel(Record):
    """One block of the heatmap: a number per case and dimension, `None` where there is none.

    Differences run from worse to better; scores from nothing to the better end alone.
    """

    title: str
    scores: bool = False
    values: Mapping[str, Mapping[str, float | None]]


def _heatmap(report: Report) -> Chart | None:
    """Draw case × dimension: differences per candidate, or the scores of a single run."""
    compared = selection.deciding(report)
    panels = [_Panel(title=each.candidate, values=_moves(each)) for each in compared]
    if not report.candidates:
        panels = [_Panel(title=report.base.label, scores=True, values=_scored(report))]
    known = [value for panel in panels for values in panel.values.values() for value in values.values()]
    if all(value is None for value in known):
        return None
    cases = _most_told(report, panels)
    columns = (*report.dimensions, OVERALL)
    span = len(columns) + 0.45
    several = max(_WIDTH, 2.6 + len(panels) * 0.75 * span)
    width = several if len(panels) > 1 else 2.6 + 1.1 * max(span, _NARROWEST)
    figure, axes = _canvas(len(cases), left=2.4, right=0.2, top=0.55, width=width)
    axes.set_xlim(-0.5, span * len(panels) - 0.95)
    for row, case in enumerate(cases):
        _label(axes, -0.015, row, shortened(case, 32), ha="right")
    for number, panel in enumerate(panels):
        _heat_panel(axes, number * span, panel, cases, columns)
    what = f"difference from {_name(report.base.label)}" if report.candidates else "score"
    among = len(selection.case_ids(report))
    hidden = f"; {len(cases)} of {among} cases" if among > len(cases) else ""
    _foot(axes, f"{what}, points of 100, by {selection.decider(report)}{hidden}", ruled=False)
    alt = _heatmap_alt(panels, what, len(cases), told_below=bool(report.cases))
    return _chart(figure, "Cases by dimension", alt)


def _heat_panel(
    axes: "Axes", left: float, panel: _Panel, cases: Sequence[str], columns: Sequence[str]
) -> None:
    axes.text(left - 0.5, -1.45, _name(panel.title), weight="bold", va="center")
    for column, dimension in enumerate(columns):
        x = left + column
        axes.text(x, -0.8, shortened(dimension, 13), ha="center", va="center", color=house.SOFT, size=8)
        for row, case in enumerate(cases):
            value = panel.values.get(case, {}).get(dimension)
            _heat_cell(axes, (x, row), value, scores=panel.scores)


def _heat_cell(axes: "Axes", place: tuple[float, float], value: float | None, *, scores: bool) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 # as in draw

    x, y = place
    if value is None:
        axes.text(x, y, "–", ha="center", va="center", color=house.SOFT)
        return
    half = len(house.STEPS) // 2
    step = round(value / 25) if scores else max(-half, min(half, round(value / 10)))
    axes.add_patch(
        Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=house.STEPS[step + half], linewidth=0)
    )
    colour = house.STRONG_TEXT if abs(step) == half else house.INK
    text = words.points(value, 0) if scores else words.signed(value, 0)
    axes.text(x, y, text, ha="center", va="center", color=colour)


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


def _most_told(report: Report, panels: Sequence[_Panel]) -> list[str]:
    """Give the cases in the report's order; of too many, those with the largest numbers."""
    size = {
        case: max(
            (abs(value or 0.0) for panel in panels for value in panel.values.get(case, {}).values()),
            default=0.0,
        )
        for case in selection.case_ids(report)
    }
    chosen = set(sorted(size, key=lambda case: -size[case])[:_MOST_CASES])
    return [case for case in size if case in chosen]


def _heatmap_alt(panels: Sequence[_Panel], what: str, cases: int, *, told_below: bool) -> str:
    names = words.listed(tuple(panel.title for panel in panels))
    told = f"Heatmap of the {what} in points, {cases} cases by dimension, for {names}."
    return f"{told} The same numbers stand with each case below." if told_below else told


# ------------------------------------------------------------------ the house style


def _canvas(
    rows: int, *, left: float, right: float, top: float = 0.2, width: float = _WIDTH
) -> "tuple[Figure, Axes]":
    """Give a figure whose one plot has this many rows of equal height; margins in inches."""
    from matplotlib.figure import Figure  # noqa: PLC0415 # as in draw

    bottom = 0.55
    height = rows * _ROW + top + bottom
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, rows * _ROW / height)
    )
    _bare(axes, rows)
    return figure, axes


def _panels(rows: int, count: int) -> "tuple[Figure, list[Axes]]":
    """Give a figure with panels side by side that share their rows; labels stand left of the first."""
    from matplotlib.figure import Figure  # noqa: PLC0415 # as in draw

    left, gap, top, bottom = _SCORES_LEFT + 0.15, 0.75, 0.35, 0.55
    height = rows * _ROW + top + bottom
    width = (_WIDTH - left - gap * count) / count
    figure = Figure(figsize=(_WIDTH, height))
    panels = [
        figure.add_axes(
            ((left + (width + gap) * number) / _WIDTH, bottom / height, width / _WIDTH, rows * _ROW / height)
        )
        for number in range(count)
    ]
    for axes in panels:
        _bare(axes, rows)
    return figure, panels


def _bare(axes: "Axes", rows: int) -> None:
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.patch.set_visible(False)
    for side in axes.spines.values():
        side.set_visible(False)


def _foot(axes: "Axes", text: str, *, ruled: bool = True) -> None:
    axes.set_xlabel(text, color=house.SOFT, fontsize=8.5, labelpad=5, loc="left")
    if not ruled:
        axes.set_xticks([])
        return
    axes.tick_params(axis="x", colors=house.SOFT, labelsize=8.5, length=0)
    axes.grid(axis="x", color=house.RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(lambda value, _position: words.points(value, 0))


def _interval(axes: "Axes", place: int, estimate: Estimate, colour: str, *, filled: bool) -> None:
    if estimate.mean is None:
        return
    if estimate.low is not None and estimate.high is not None:
        width = 2.4 if filled else 1.4
        axes.plot(
            [estimate.low, estimate.high],
            [place, place],
            color=colour,
            linewidth=width,
            solid_capstyle="butt",
        )
    face = colour if filled else house.PAPER
    axes.plot(
        [estimate.mean], [place], marker="o", markersize=6.5, markerfacecolor=face,
        markeredgecolor=colour, markeredgewidth=1.4, linestyle="none", zorder=3, clip_on=False,
    )  # fmt: skip


def _label(axes: "Axes", x: float, row: float, text: str, **look: object) -> None:
    """Write beside a row; `x` is a share of the plot's width, so labels may stand outside of it."""
    axes.text(
        x, row, text, transform=axes.get_yaxis_transform(), va="center", clip_on=False, **look,  # type: ignore[arg-type] # matplotlib's own keywords
    )  # fmt: skip


def _name(text: str) -> str:
    return shortened(text, 24)


def _bounds(estimate: Estimate) -> tuple[float, ...]:
    return tuple(value for value in (estimate.low, estimate.mean, estimate.high) if value is not None)


def _chart(figure: "Figure", title: str, alt: str) -> Chart:
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    text = svg.getvalue().replace("'DejaVu Sans'", _SCREEN_FONTS)
    return Chart(title=title, alt=shortened(alt, 4000), svg=text, png=png.getvalue())
