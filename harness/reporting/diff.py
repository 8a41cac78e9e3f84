"""The difference between two prompts: line by line, and word by word where a line was changed."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

from harness.records.record import Record
from harness.reporting.untrusted import visible

Kind = Literal["same", "added", "removed", "place"]

_CONTEXT = 3
_ALIKE = 0.35
"""Lines that share less than this of their words were replaced, not changed: no word of them is marked."""
_LONGEST = 4_000_000
"""Words gone times words come, above which they are not compared: whole prompts, not changed lines."""
_WORD = re.compile(r"\n|[^\S\n]*(?:\w+|[^\w\s])|[^\S\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Record):
    """One line of a unified diff, its sign taken off; `parts` are its words and whether they are new or gone.

    `parts` put together are `text`.
    """

    kind: Kind
    text: str
    parts: tuple[tuple[str, bool], ...] = ()


def lines(before: str, after: str) -> tuple[Line, ...]:
    """Give the unified diff of two texts with three lines of context; nothing when they are equal."""
    old, new = visible(before).split("\n"), visible(after).split("\n")
    return tuple(_lines(old, new)) if old != new else ()


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        before, after = _range(first[1], last[2]), _range(first[3], last[4])
        yield Line(kind="place", text=f"@@ -{before} +{after} @@")
        for kind, start, end, begin, stop in group:
            if kind == "equal":
                yield from (_whole("same", line) for line in old[start:end])
            else:
                yield from _changed(old[start:end], new[begin:stop])


def _range(start: int, end: int) -> str:
    """Write a range of lines as unified diffs do: counted from 1, the length only if it is not 1."""
    length = end - start
    begin = start + 1 if length else start
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _whole(kind: Kind, text: str) -> Line:
    return Line(kind=kind, text=text, parts=((text, False),))


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Give what went, then what came, with the words marked that make the difference."""
    before, after = _WORD.findall("\n".join(old)), _WORD.findall("\n".join(new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if not old or not new or len(before) * len(after) > _LONGEST or matcher.ratio() < _ALIKE:
        yield from (_whole("removed", line) for line in old)
        yield from (_whole("added", line) for line in new)
        return
    blocks = matcher.get_matching_blocks()
    yield from _marked("removed", before, {block.a + n for block in blocks for n in range(block.size)})
    yield from _marked("added", after, {block.b + n for block in blocks for n in range(block.size)})


def _marked(kind: Kind, words: Sequence[str], kept: AbstractSet[int]) -> Iterator[Line]:
    parts: list[tuple[str, bool]] = []
    for place, word in enumerate(words):
        if word == "\n":
            yield _joined(kind, parts)
            parts = []
        else:
            parts.append((word, place not in kept))
    yield _joined(kind, parts)


def _joined(kind: Kind, parts: Sequence[tuple[str, bool]]) -> Line:
    together = tuple(
        ("".join(word for word, _ in run), marked) for marked, run in groupby(parts, key=lambda part: part[1])
    )
    return Line(kind=kind, text="".join(word for word, _ in together), parts=together)
