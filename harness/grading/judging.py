"""Read a judge's reply: strictly, or not at all."""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.grading.sight import sight
from harness.records.inputs import Criterion
from harness.records.outcomes import Verdict

_EQUAL = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", " ": " "})
# What lies between Markdown marks: words a space apart, and other white space.
_RUNS = re.compile(r"(?P<words>[^\s*_`#>|]+(?: [^\s*_`#>|]+)*)|\s+")
_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 3
_FEWEST_NEAR = 6  # words: in fewer, one letter in ten is another word
_LONGEST_NEAR = 2000  # characters: a quote is a sentence or two
_NEAR = 90
_TELLING = re.compile(r"\d+|\b(?:no|not|never|none|nor|neither|without|cannot|unless|\w+n't)\b")
_PIECES = re.compile(r"\n|(?<=[.!?;:])\s+")

QUOTE_RULES = 5
"""Raise it whenever a reply would be read otherwise than before: it is part of every judge verdict's key."""


class UnreadableError(Exception):
    """The reply cannot be used; the message is the fault, worded so that a judge can mend it."""


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text in the form in which quotes are compared, and where each of its runs came from."""

    text: str
    starts: Sequence[int]
    places: Sequence[int]
    origins: Sequence[int]

    def origin(self, place: int) -> int:
        """Say where in the original a character of the text stands."""
        run = bisect_right(self.starts, place) - 1
        return self.origins[self.places[run] + place - self.starts[run]]


def read_reply(reply: str, *, answer: str, dimension: str, criterion: Criterion) -> Verdict:
    """Turn `{quote, reason, met}` into a verdict whose quote is verbatim text of the answer.

    Raises UnreadableError when the reply is not that object, or when `met` lacks a quote that occurs in the
    answer (white space, quotation marks and Markdown marks may differ, and a slip of the pen in a long
    one). A criterion that declares `evidence: absence` needs none.
    """
    return _verdict(_object(reply), answer=answer, dimension=dimension, criterion=criterion)


def read_list(reply: str, *, answer: str, asked: Sequence[tuple[str, Criterion]]) -> Sequence[Verdict | str]:
    """Turn `{verdicts: [{criterion, quote, reason, met}, …]}` into a verdict, or a fault, for each criterion.

    `asked` holds dimension and criterion in the order of their numbers, from 1. Each is read as strictly as
    if it had been asked alone; a reply that is no such list, or decides what was not asked, is one fault for
    all.
    """
    try:
        found = _listed(reply, len(asked))
    except UnreadableError as error:
        return [str(error)] * len(asked)
    return [
        _one(found.get(number, []), answer=answer, dimension=dimension, criterion=criterion)
        for number, (dimension, criterion) in enumerate(asked, start=1)
    ]


def _one(
    items: Sequence[dict[str, object]], *, answer: str, dimension: str, criterion: Criterion
) -> Verdict | str:
    if len(items) != 1:
        return "it was decided more than once." if items else "it was not decided."
    try:
        return _verdict(items[0], answer=answer, dimension=dimension, criterion=criterion)
    except UnreadableError as error:
        return str(error)


def _verdict(value: dict[str, object], *, answer: str, dimension: str, criterion: Criterion) -> Verdict:
    quote, reason, met = _fields(value)
    found = locate(quote, answer)
    if met and criterion.evidence == "quote" and (fault := _fault(quote, found, answer)):
        raise UnreadableError(fault)
    return Verdict(
        dimension=dimension, criterion=criterion.id, met=met, quote=found if met else "", reason=reason
    )


def proven(quote: str, answer: str) -> str:
    """Give the answer's own text of a quote; raises UnreadableError when it proves nothing."""
    found = locate(quote, answer)
    if fault := _fault(quote, found, answer):
        raise UnreadableError(fault)
    return found


def locate(quote: str, answer: str) -> str:
    """Find a quote in an answer and return the answer's own text of it; empty when it does not occur.

    A longer quote may differ in one letter of ten, but in no number and no negation.

    >>> locate('use a "client id"', "Always use a **“client  id”** here.")
    'use a **“client  id”'
    """
    wanted = _fold(quote).text.strip()
    if not wanted:
        return ""
    folded = _fold(answer)
    start, end = _span(wanted, folded.text) or _near_span(wanted, folded.text) or (0, 0)
    return answer[folded.origin(start) : folded.origin(end - 1) + 1] if end else ""


def _span(wanted: str, text: str) -> tuple[int, int] | None:
    start = text.find(wanted)
    while start >= 0 and _cuts_a_word(text, start, start + len(wanted)):
        start = text.find(wanted, start + 1)
    return (start, start + len(wanted)) if start >= 0 else None


def _near_span(wanted: str, text: str) -> tuple[int, int] | None:
    """Find a slip of the pen: whole words, nine letters in ten alike, and the same numbers and negations."""
    if _words(wanted) < _FEWEST_NEAR or len(wanted) > _LONGEST_NEAR:
        return None
    from rapidfuzz import fuzz  # noqa: PLC0415 - only where a quote is not verbatim

    # The window is as long as the quote; where words were left out, the passage is longer.
    near = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=_NEAR - 20)
    if near is None:
        return None
    start, slack = near.dest_start, len(wanted) // 8
    while start and _inside_a_word(text, start):
        start -= 1
    ends = range(max(start + 1, near.dest_end - slack), min(len(text), near.dest_end + slack) + 1)
    score, end = max(
        (fuzz.ratio(wanted, text[start:end]), end) for end in ends if not _inside_a_word(text, end)
    )
    alike = score >= _NEAR and _telling(wanted) == _telling(text[start:end])
    return (start, end) if alike else None


def _inside_a_word(text: str, place: int) -> bool:
    return place < len(text) and text[place - 1 : place + 1].isalnum()


def _telling(text: str) -> list[str]:
    """List the words whose change would turn a sentence round."""
    return sorted(_TELLING.findall(text.lower()))


def _fault(quote: str, found: str, answer: str) -> str:
    """Say why a quote proves nothing; empty when it does.

    One or two words can be found in any answer, so a quote has three, or is a whole sentence or line.
    """
    if not found:
        return "its quote does not occur in the answer." if quote.strip() else "met needs a quote."
    if _words(sight(found).text) >= _FEWEST_WORDS:
        return ""
    wholes = {_bare(piece) for piece in _PIECES.split(sight(answer).text)}
    if _bare(found) in wholes - {""}:
        return ""
    return "its quote is too short to show anything: quote a whole sentence."


def _words(text: str) -> int:
    """Count words; in scripts that write no spaces between them, four characters count as one."""
    return len(_WORD.findall(text)) + sum(map(_unspaced, text)) // 4


def _bare(text: str) -> str:
    return _fold(text).text.strip(" -+.:;,!?")


def _cuts_a_word(text: str, start: int, end: int) -> bool:
    """Say whether a span begins or ends inside a word."""
    seams = [text[place - 1 : place + 1] for place in (start, end) if 0 < place < len(text)]
    return any(seam.isalnum() and not any(map(_unspaced, seam)) for seam in seams)


def _unspaced(character: str) -> bool:
    """Say whether a letter has neither upper nor lower case, as in scripts without spaces between words."""
    return unicodedata.category(character) == "Lo"


def _object(reply: str) -> dict[str, object]:
    try:
        value = json.loads(reply, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        msg = "it was not a JSON object."
        raise UnreadableError(msg) from None
    return value if isinstance(value, dict) else {}


def _listed(reply: str, count: int) -> dict[int, list[dict[str, object]]]:
    """Read the items of a list by the numbers of their criteria."""
    value = _object(reply)
    items = value.get("verdicts")
    if set(value) != {"verdicts"} or not isinstance(items, list):
        msg = "it must be a JSON object of verdicts, a list, and nothing else."
        raise UnreadableError(msg)
    found: dict[int, list[dict[str, object]]] = {}
    for item in items:
        number = item.get("criterion") if isinstance(item, dict) else None
        if type(number) is not int or not 1 <= number <= count:
            msg = f"each of its verdicts must name its criterion by a number from 1 to {count}."
            raise UnreadableError(msg)
        found.setdefault(number, []).append({key: item[key] for key in item if key != "criterion"})
    return found


def _fields(value: dict[str, object]) -> tuple[str, str, bool]:
    if set(value) != {"quote", "reason", "met"}:
        msg = "it must be a JSON object of quote, reason and met, and nothing else."
        raise UnreadableError(msg)
    quote, reason, met = value["quote"], value["reason"], value["met"]
    if not (isinstance(quote, str) and isinstance(reason, str) and isinstance(met, bool)):
        msg = "quote and reason must be text, and met must be true or false."
        raise UnreadableError(msg)
    try:
        reason.encode()
    except UnicodeEncodeError:
        msg = "its reason holds half a character (a lone surrogate)."
        raise UnreadableError(msg) from None
    return quote, reason, met


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that names a field twice: two readers would take different ones."""
    value = dict(pairs)
    if len(value) < len(pairs):
        msg = "a field twice"
        raise ValueError(msg)
    return value


@lru_cache(maxsize=64)  # a judge asks about one answer many times
def _fold(text: str) -> _Folded:
    """Take what the judge saw, drop Markdown marks, make white space single and quotation marks straight."""
    seen = sight(text)
    pieces: list[str] = []
    starts: list[int] = []
    places: list[int] = []
    length = 0
    for run in _RUNS.finditer(seen.text.translate(_EQUAL)):
        piece = run["words"] or " "
        if piece != " " or (pieces and pieces[-1] != " "):
            pieces.append(piece)
            starts.append(length)
            places.append(run.start())
            length += len(piece)
    return _Folded("".join(pieces), starts, places, seen.origins)
