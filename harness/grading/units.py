"""An answer taken apart: words, and the sentences, blocks and sections of Markdown that hold them.

The splitter knows headings, paragraphs, lists, tables, quotes and fenced code; each character is
looked at a fixed number of times, so that a megabyte of anything costs a second or two.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.records.phrases import breaks, words

Kind = Literal["heading", "prose", "item", "row", "code"]

LONG_ITEM = 45
"""A bullet of more words than this is read sentence by sentence."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The smallest unit: a sentence, a short bullet, a table row, or lines of code without a blank line.

    `start` and `end` are offsets into the answer; `block` and `section` number the larger units.
    """

    start: int
    end: int
    kind: Kind
    block: int
    section: int


@dataclass(frozen=True, slots=True)
class AnswerText:
    """An answer read once for many criteria.

    The word arrays run parallel: where each word starts and ends, its normal form, its sentence,
    and whether punctuation stands before it. `places` maps each word to where it occurs, and
    `vocabulary` holds those words in order.
    """

    text: str
    sentences: tuple[Sentence, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    words: tuple[str, ...]
    sentence_of: tuple[int, ...]
    broken: bytes
    places: dict[str, list[int]] = field(repr=False)
    vocabulary: tuple[str, ...] = field(repr=False)

    def starting_with(self, stem: str) -> Iterator[int]:
        """Give every place of a word that starts with the stem."""
        at = bisect_left(self.vocabulary, stem)
        while at < len(self.vocabulary) and self.vocabulary[at].startswith(stem):
            yield from self.places[self.vocabulary[at]]
            at += 1

    def quote(self, first: int, last: int) -> str:
        """Cut the text from one sentence to another, both included, verbatim."""
        return self.text[self.sentences[first].start : self.sentences[last].end]

    def is_header(self, sentence: int) -> bool:
        """Say whether a sentence is the first row of a table: it names columns, so it is poor evidence."""
        found = self.sentences[sentence]
        return found.kind == "row" and _DELIMITER.match(self.text, found.end) is not None


def read(answer: str) -> AnswerText:
    """Take an answer apart, once for all criteria."""
    sentences: list[Sentence] = []
    starts: list[int] = []
    ends: list[int] = []
    normal: list[str] = []
    owners: list[int] = []
    broken = bytearray()
    places: dict[str, list[int]] = {}
    for sentence in _sentences(answer):
        previous = None
        for start, end, word in words(answer[sentence.start : sentence.end]):
            left, right = sentence.start + start, sentence.start + end
            broken.append(previous is not None and breaks(answer[previous:left]))
            places.setdefault(word, []).append(len(starts))
            starts.append(left)
            ends.append(right)
            normal.append(word)
            owners.append(len(sentences))
            previous = right
        sentences.append(sentence)
    return AnswerText(
        text=answer,
        sentences=tuple(sentences),
        starts=tuple(starts),
        ends=tuple(ends),
        words=tuple(normal),
        sentence_of=tuple(owners),
        broken=bytes(broken),
        places=places,
        vocabulary=tuple(sorted(places)),
    )


# ------------------------------------------------------------------ blocks

Label = Literal["heading", "prose", "item", "row", "code", "blank", "fence", "rule"]

_LINE = re.compile(r"[^\n]+\n?|\n")
_FENCE = re.compile(r"[ \t]{0,12}(`{3,}|~{3,})")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+")
_BOLD_LINE = re.compile(r"[ \t]{0,3}(?:\*\*|__)(?:[\w'&/-]+[ \t]*){1,6}:?(?:\*\*|__):?[ \t]*\n?$")
_ITEM = re.compile(r"[ \t]{0,24}(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+")
_ROW = re.compile(r"[ \t]{0,12}\|")
_DELIMITER = re.compile(r"[ \t]*\n[ \t|:-]*-[ \t|:-]*(?:\n|$)")
_RULE = re.compile(r"[\s|:=*_-]+$")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_STATES = re.compile(r":\s+\S|(?:\S+\s+){6}\S")


def _sentences(text: str) -> Iterator[Sentence]:
    block = section = 0
    last: Label | None = None
    leads = False
    for label, start, end, fresh in _chunks(text):
        block += not leads if label in {"item", "row", "code"} and label != last else fresh
        section += label == "heading"
        leads = label == "prose" and text[start:end].rstrip(" \t\n*_").endswith(":")
        last = label
        kind: Kind = "prose" if label == "heading" and _STATES.search(text, start, end) else label
        for left, right in _cut(text, kind, start, end):
            yield Sentence(left, right, kind, block, section)


def _chunks(text: str) -> Iterator[tuple[Kind, int, int, bool]]:
    """Give paragraphs, bullets, rows, headings and code without blank lines: kind, start, end.

    The last value says whether the chunk begins a new block although the one before was of its kind.
    """
    kind: Kind | None = None
    begin = stop = 0
    fresh = False
    since: set[Label] = set()
    for label, start, end in _lines(text):
        match label:
            case "rule":
                continue
            case "blank" | "fence":
                since.add(label)
                continue
            case _:
                pass
        if kind is not None and not since and _continues(kind, label):
            stop = end
            continue
        if kind is not None:
            yield kind, begin, stop, fresh
        indented = label == "prose" and kind == "item" and text[start : start + 2].isspace()
        kind, begin, stop = ("item" if indented else label), start, end
        fresh = _fresh(kind, since)
        since = set()
    if kind is not None:
        yield kind, begin, stop, fresh


def _continues(kind: Kind, label: Label) -> bool:
    return (kind in {"prose", "item"} and label == "prose") or kind == label == "code"


def _fresh(kind: Kind, since: set[Label]) -> bool:
    match kind:
        case "row":
            return bool(since)
        case "code":
            return "fence" in since
        case "item":
            return False
        case _:
            return True


def _lines(text: str) -> Iterator[tuple[Label, int, int]]:
    """Label every line; a bullet starts after its marker, a quote after its signs."""
    fence = ""
    for line in _LINE.finditer(text):
        start, end = line.span()
        mark = _FENCE.match(text, start, end)
        if fence:
            closes = mark is not None and mark[1].startswith(fence)
            fence = "" if closes else fence
            label: Label = "fence" if closes else "blank" if line.group().isspace() else "code"
            yield label, start, end
        elif mark:
            fence = mark[1]
            yield "fence", start, end
        else:
            yield _labelled(text, start, end)


def _labelled(text: str, start: int, end: int) -> tuple[Label, int, int]:
    if quote := _QUOTE.match(text, start, end):
        start = quote.end()
    if start == end or _RULE.match(text, start, end):
        return ("rule" if "|" in text[start:end] else "blank"), start, end
    if heading := _HEADING.match(text, start, end):
        return "heading", heading.end(), end
    if _BOLD_LINE.match(text, start, end):
        return "heading", start, end
    if item := _ITEM.match(text, start, end):
        return "item", item.end(), end
    return ("row" if _ROW.match(text, start, end) else "prose"), start, end


# ------------------------------------------------------------------ sentences

_END = re.compile(r"[.!?\u2026][\"'\u2019\u201d)*_`\]]{0,4}\s+(?=[^a-z\s])")
_ABBREVIATION = re.compile(r"(?:^|[^\w])(?:e\.g|i\.e|vs|etc|approx|incl|cf|fig|[a-z])\.$", re.IGNORECASE)


def _cut(text: str, kind: Kind, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the sentences of a chunk, trimmed of white space."""
    whole = kind in {"heading", "row", "code"}
    if whole or (kind == "item" and len(text[start:end].split()) <= LONG_ITEM):
        yield _trimmed(text, start, end)
        return
    left = start
    for found in _END.finditer(text, start, end):
        if _ABBREVIATION.search(text[max(left, found.start() - 7) : found.start() + 1]):
            continue
        yield _trimmed(text, left, found.end())
        left = found.end()
    if left < end:
        yield _trimmed(text, left, end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
