"""A chart as reports embed it, its data as CSV, and the colours that all of them share.

`harness.charts` draws; this module only says what a drawn chart is and how it turns dark.
"""

import re
from collections.abc import Sequence
from csv import writer
from dataclasses import dataclass
from types import SimpleNamespace

from harness.records.comparisons import VerdictWord
from harness.records.record import Record
from harness.reporting.tables import plain
from harness.reporting.untrusted import cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(Record):
    """One drawn chart: vector for the page, pixels (at 2x) for elsewhere, words for who cannot see it.

    `csv` holds the numbers that are drawn, for who would rather have those.
    """

    title: str
    alt: str
    svg: str
    png: bytes
    csv: str = ""


def sheet(rows: Sequence[Record]) -> str:
    """Give records of one kind as CSV, a column for each field; `None` is an empty cell.

    Text that a spreadsheet would compute starts with an apostrophe.
    """
    lines: list[str] = []
    out = writer(SimpleNamespace(write=lines.append), lineterminator="\n")
    names = list(plain(rows[0])) if rows else []
    out.writerow(names)
    for row in rows:
        out.writerow([_written(getattr(row, name)) for name in names])
    return "".join(lines)


def _written(value: object) -> str:
    """Write a whole number alike whether it came as `int` or `float`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.12g}"
    return "" if value is None else cell(str(value))


PAPER = "#ffffff"
INK = "#1f2328"
SOFT = "#57606a"
RULE = "#d0d7de"
BASE = "#6e7781"
CANDIDATE = "#4f46a5"
BETTER = "#0067a6"
WORSE = "#b3470a"
NO_WORSE = "#0f7265"
STRONG_TEXT = "#fefefe"
BAND = "#dcdaf3"

VERDICTS: dict[VerdictWord, str] = {
    "better": BETTER,
    "worse": WORSE,
    "no worse": NO_WORSE,
    "cannot tell": SOFT,
}
"""Blue against orange, which every common kind of colour blindness tells apart."""

STEPS = ("#b3480b", "#d2763a", "#e8ab80", "#f6dcc9", "#f4f5f6", "#cfe2f1", "#92c0e0", "#4a93c6", "#12669f")
"""Nine steps from worse over nothing to better, ten points apart; the two ends carry `STRONG_TEXT`."""

_DARK = {
    PAPER: "#161b22",
    INK: "#e6edf3",
    SOFT: "#9aa4af",
    RULE: "#343b44",
    BASE: "#9aa5b1",
    CANDIDATE: "#a9a3f0",
    BETTER: "#6cb6ff",
    WORSE: "#f0924c",
    NO_WORSE: "#4cc2ae",
    STRONG_TEXT: "#0d1117",
    BAND: "#2c2950",
} | dict(
    zip(
        STEPS,
        ("#ee8f4d", "#93491b", "#6d4026", "#453026", "#21262d", "#22384b", "#26527a", "#2a6797", "#6ab0e3"),
        strict=True,
    )
)

_COLOUR = re.compile(r'(?<=: )#[0-9a-f]{6}(?=[;"])')


def dark(colour: str) -> str:
    """Give the dark theme's counterpart of a house colour; any other colour stays."""
    return _DARK.get(colour, colour)


def darkened(svg: str) -> str:
    """Give a chart's SVG in the colours of the dark theme."""
    return _COLOUR.sub(lambda match: dark(match[0]), svg)
