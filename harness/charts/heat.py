"""What the two heatmaps share: blocks of coloured cells with a number in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.charts.canvas import name
from harness.records.record import Record
from harness.reporting import chart as house
from harness.reporting import words
from harness.reporting.untrusted import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CASES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Record):
    """One block: a number per case and column, `None` where there is none.

    Differences run from worse to better; scores from nothing to the better end alone.
    """

    title: str
    scores: bool = False
    values: Mapping[str, Mapping[str, float | None]]

    @property
    def empty(self) -> bool:
        """Whether there is no number in it."""
        return all(value is None for values in self.values.values() for value in values.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One cell as it is drawn, in points."""

    arm: str
    case: str
    column: str
    value: float | None


def data(blocks: Sequence[Block]) -> list[Drawn]:
    """Give every cell, of the cases that found no room too."""
    return [
        Drawn(arm=block.title, case=case, column=column, value=value)
        for block in blocks
        for case, values in block.values.items()
        for column, value in values.items()
    ]


def most_told(cases: Sequence[str], blocks: Sequence[Block]) -> list[str]:
    """Give the cases in their order; of too many, those with the largest numbers."""
    size = {
        case: max(
            (abs(value or 0.0) for block in blocks for value in block.values.get(case, {}).values()),
            default=0.0,
        )
        for case in cases
    }
    chosen = set(sorted(size, key=lambda case: -size[case])[:MOST_CASES])
    return [case for case in size if case in chosen]


def hidden(shown: int, among: int) -> str:
    """Say that not all cases found room, as an end to what stands below the chart."""
    return f"; {shown} of {among} cases" if among > shown else ""


def block(axes: "Axes", left: float, drawn: Block, cases: Sequence[str], columns: Sequence[str]) -> None:
    """Draw a block from column `left` on, with its title and the names of its columns above it."""
    axes.text(left - 0.5, -1.45, name(drawn.title), weight="bold", va="center")
    for column, heading in enumerate(columns):
        x = left + column
        axes.text(x, -0.8, shortened(heading, 13), ha="center", va="center", color=house.SOFT, size=8)
        for row, case in enumerate(cases):
            cell(axes, (x, row), drawn.values.get(case, {}).get(heading), scores=drawn.scores)


def cell(
    axes: "Axes",
    place: tuple[float, float],
    value: float | None,
    *,
    scores: bool,
    size: float = 9.5,
    quiet: bool = False,
) -> None:
    """Draw one cell: its colour in steps of the house's scale, its number on it; `quiet` leaves out a 0."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 # half a second that only drawing needs

    x, y = place
    if value is None:
        axes.text(x, y, "–", ha="center", va="center", color=house.SOFT, size=size)
        return
    half = len(house.STEPS) // 2
    step = round(value / 25) if scores else max(-half, min(half, round(value / 10)))
    axes.add_patch(
        Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=house.STEPS[step + half], linewidth=0)
    )
    colour = house.STRONG_TEXT if abs(step) == half else house.INK
    text = words.points(value, 0) if scores else words.signed(value, 0)
    if not (quiet and round(value) == 0):
        axes.text(x, y, text, ha="center", va="center", color=colour, size=size)
