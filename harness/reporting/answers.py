"""Answers as safe HTML, with the evidence that graders quoted marked in them.

An answer is untrusted: its Markdown is rendered without raw HTML, images and inline styles, and
links survive only as http, https or mailto.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.records.record import Record
from harness.reporting.untrusted import visible

LONGEST = 100_000
"""Characters of one text that a page shows; the rest is in results.json."""

_SAFE_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_TAG = re.compile(r"(<[^>]*>)")
_LETTERS = re.compile(r"[^\W_]+")  # letters and digits of any script


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Record):
    """Words of an answer to mark: `id` becomes the id of the first element that holds some of them."""

    id: str
    text: str


def rendered(text: str, quotes: Sequence[Quote] = ()) -> tuple[str, frozenset[str]]:
    """Give the answer as safe HTML, and the ids of the quotes that were found and marked in it.

    Quotes are matched by their letters and digits alone, so that Markdown's own signs, white space and
    line breaks never hide one; every mark stays inside one element.
    """
    shown = visible(text)
    body = _renderer().render(shown[:LONGEST])
    if len(shown) > LONGEST:
        body += f'<p class="cut">{len(shown) - LONGEST:,} more characters are in results.json.</p>\n'
    return _marked(body, quotes)


def _marked(body: str, quotes: Sequence[Quote]) -> tuple[str, frozenset[str]]:
    pieces = _TAG.split(body)
    texts = [html.unescape(piece) for piece in pieces[::2]]
    spans = _spans("".join(texts), quotes)
    if not spans:
        return body, frozenset()
    starts = accumulate((len(text) for text in texts), initial=0)
    cuts = sorted({position for start, end, _ in spans for position in (start, end)})
    opened: set[str] = set()
    for place, (text, start) in enumerate(zip(texts, starts, strict=False)):
        if any(first < start + len(text) and start < last for first, last, _ in spans):
            pieces[2 * place] = _piece(text, start, cuts, spans, opened)
    return "".join(pieces), frozenset(opened)


_Span = tuple[int, int, Quote]


def _spans(text: str, quotes: Sequence[Quote]) -> list[_Span]:
    if not quotes:
        return []
    runs = [(run.start(), run.group()) for run in _LETTERS.finditer(text)]
    letters = "".join(run for _, run in runs)
    counts = [0, *accumulate(len(run) for _, run in runs)]

    def position(letter: int) -> int:
        run = bisect_right(counts, letter) - 1
        return runs[run][0] + letter - counts[run]

    spans = []
    for quote in quotes:
        wanted = "".join(_LETTERS.findall(quote.text))
        found = letters.find(wanted) if wanted else -1
        if found >= 0:
            spans.append((position(found), position(found + len(wanted) - 1) + 1, quote))
    return spans


def _piece(text: str, start: int, cuts: list[int], spans: list[_Span], opened: set[str]) -> str:
    """Escape one run of text between two tags again, each part of it inside the marks that cover it."""
    end = start + len(text)
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    parts = []
    for left, right in pairwise(edges):
        part = html.escape(text[left - start : right - start])
        covering = [quote for first, last, quote in spans if first <= left and right <= last]
        if part.strip():
            for quote in covering:
                part = _mark(part, quote, first=quote.id not in opened)
                opened.add(quote.id)
        parts.append(part)
    return "".join(parts)


def _mark(part: str, quote: Quote, *, first: bool) -> str:
    """Mark one piece of a quote: the first carries its id, the others say whose they are."""
    return f'<mark {"id" if first else "data-of"}="{html.escape(quote.id)}">{part}</mark>'


@cache
def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    markdown.validateLink = _safe  # type: ignore[method-assign] # how markdown-it-py's documentation sets it
    markdown.core.ruler.push("house", lambda state: _house(state.tokens))
    return markdown


def _safe(url: str) -> bool:
    return bool(_SAFE_LINK.match(url))


def _house(tokens: Sequence[Token]) -> None:
    """Keep a page's outline, policy and layout: lower headings, no inline styles, links that tell nothing."""
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h5" if int(token.tag[1]) <= levels[0] else "h6"  # an arm's name is an h4
        style = str(token.attrs.pop("style", ""))
        if style:
            token.attrs["class"] = style.replace("text-align:", "align-")
        if token.type == "link_open":
            token.attrs |= {"rel": "noopener noreferrer nofollow", "target": "_blank"}
        _house(token.children or ())
