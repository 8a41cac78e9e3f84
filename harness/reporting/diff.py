"""The difference between two prompts, line by line."""

import difflib
from dataclasses import dataclass
from typing import Literal

from harness.records.record import Record
from harness.reporting.untrusted import visible

Kind = Literal["same", "added", "removed", "place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Record):
    """One line of a unified diff, its sign taken off."""

    kind: Kind
    text: str


def lines(before: str, after: str) -> tuple[Line, ...]:
    """Give the unified diff of two texts with three lines of context; nothing when they are equal."""
    unified = difflib.unified_diff(visible(before).split("\n"), visible(after).split("\n"), lineterm="", n=3)
    return tuple(_line(text) for number, text in enumerate(unified) if number >= 2)


def _line(text: str) -> Line:
    kinds: dict[str, Kind] = {"+": "added", "-": "removed", "@": "place"}
    kind = kinds.get(text[:1], "same")
    return Line(kind=kind, text=text if kind == "place" else text[1:])
