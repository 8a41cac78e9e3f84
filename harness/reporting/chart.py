"""A chart as reports embed it, and the colours that all of them share.

`harness.charts` draws; this module only says what a drawn chart is and how it turns dark.
"""

import re
from dataclasses import dataclass

from harness.records.comparisons import VerdictWord
from harness.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(Record):
    """One drawn chart: vector for the page, pixels (at 2x) for elsewhere, words for who cannot see it."""

    title: str
    alt: str
    svg: str
    png: bytes


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
