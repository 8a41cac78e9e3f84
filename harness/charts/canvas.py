"""The house style of all charts: where things stand, how an interval looks, how a drawing becomes a file.

Equal data give equal bytes: no date, no random id, no setting of the person's own. Labels are
untrusted text, so nothing in them is read as mathematics. Figures are made without pyplot, which
would keep them alive.
"""

import importlib
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records.estimates import Estimate
from harness.records.record import Record
from harness.reporting import chart as house
from harness.reporting import words
from harness.reporting.chart import Chart, sheet
from harness.reporting.untrusted import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 10.4
"""Inches that a chart is wide where nothing asks for more."""
ROW = 0.27
"""Inches that one row of a chart is high."""

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
_DPI = 192  # twice the 96 dots of a CSS inch
_LONGEST_ALT = 4000


def load() -> None:
    """Import all that drawing needs ahead of time, fonts included."""
    for name in ("style", "figure", "font_manager", "backends.backend_svg", "backends.backend_agg"):
        importlib.import_module(f"matplotlib.{name}")


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style, whatever the person has set for charts of their own."""
    import matplotlib.style  # noqa: PLC0415 # half a second that only drawing needs

    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
        # PNG shows a box for a letter that the font lacks; SVG leaves the choice of font to the reader.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins(Record):
    """Inches around a plot, with room for labels."""

    left: float
    right: float
    top: float = 0.2
    bottom: float = 0.55


def canvas(rows: float, margins: Margins, *, width: float = WIDTH) -> "tuple[Figure, Axes]":
    """Give a figure whose one plot has this many rows of equal height."""
    from matplotlib.figure import Figure  # noqa: PLC0415 # as in styled

    height = rows * ROW + margins.top + margins.bottom
    figure = Figure(figsize=(width, height))
    plot = (
        margins.left / width,
        margins.bottom / height,
        (width - margins.left - margins.right) / width,
        rows * ROW / height,
    )
    axes = figure.add_axes(plot)
    bare(axes, rows)
    return figure, axes


def panels(rows: float, count: int, margins: Margins) -> "tuple[Figure, list[Axes]]":
    """Give a figure with panels side by side that share their rows; `margins.right` follows each."""
    from matplotlib.figure import Figure  # noqa: PLC0415 # as in styled

    height = rows * ROW + margins.top + margins.bottom
    width = (WIDTH - margins.left - margins.right * count) / count
    figure = Figure(figsize=(WIDTH, height))
    drawn = [
        figure.add_axes(
            (
                (margins.left + (width + margins.right) * number) / WIDTH,
                margins.bottom / height,
                width / WIDTH,
                rows * ROW / height,
            )
        )
        for number in range(count)
    ]
    for axes in drawn:
        bare(axes, rows)
    return figure, drawn


def bare(axes: "Axes", rows: float) -> None:
    """Take away what matplotlib draws around a plot; row 0 is the topmost."""
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.patch.set_visible(False)
    for side in axes.spines.values():
        side.set_visible(False)


def foot(axes: "Axes", text: str, *, ruled: bool = True) -> None:
    """Say below a plot what its numbers are; `ruled` draws a faint line at each of them."""
    axes.set_xlabel(text, color=house.SOFT, fontsize=8.5, labelpad=5, loc="left")
    if not ruled:
        axes.set_xticks([])
        return
    axes.tick_params(axis="x", colors=house.SOFT, labelsize=8.5, length=0)
    axes.grid(axis="x", color=house.RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(lambda value, _position: words.points(value, 0))


def interval(axes: "Axes", place: float, estimate: Estimate, colour: str, *, filled: bool = True) -> None:
    """Draw a mean with its interval on a row; hollow for what does not decide."""
    if estimate.mean is None:
        return
    if estimate.low is not None and estimate.high is not None:
        axes.plot(
            [estimate.low, estimate.high],
            [place, place],
            color=colour,
            linewidth=2.4 if filled else 1.4,
            solid_capstyle="butt",
        )
    face = colour if filled else house.PAPER
    axes.plot(
        [estimate.mean], [place], marker="o", markersize=6.5, markerfacecolor=face,
        markeredgecolor=colour, markeredgewidth=1.4, linestyle="none", zorder=3, clip_on=False,
    )  # fmt: skip


def label(axes: "Axes", x: float, row: float, text: str, **look: object) -> None:
    """Write beside a row; `x` is a share of the plot's width, so labels may stand outside of it."""
    axes.text(
        x, row, text, transform=axes.get_yaxis_transform(), va="center", clip_on=False, **look,  # type: ignore[arg-type] # matplotlib's own keywords
    )  # fmt: skip


def rule(axes: "Axes", row: float, left: float, right: float) -> None:
    """Draw a faint line between rows; its ends are shares of the plot's width."""
    axes.axhline(row, color=house.RULE, linewidth=0.8, clip_on=False, xmin=left, xmax=right)


def name(text: str, length: int = 24) -> str:
    """Shorten a label to what has room."""
    return shortened(text, length)


def bounds(estimate: Estimate) -> tuple[float, ...]:
    """Give those of mean and bounds that there are."""
    return tuple(value for value in (estimate.low, estimate.mean, estimate.high) if value is not None)


def arm_colour(place: int) -> str:
    """Give the colour of an arm: the first is the base."""
    return house.CANDIDATE if place else house.BASE


def chart(figure: "Figure", title: str, alt: str, data: Sequence[Record]) -> Chart:
    """Turn a drawing into files, with its data as CSV beside it."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    text = svg.getvalue().replace("'DejaVu Sans'", _SCREEN_FONTS)
    return Chart(title=title, alt=shortened(alt, _LONGEST_ALT), svg=text, png=png.getvalue(), csv=sheet(data))
