# ruff: noqa: RUF001 - letters that look like others are what this is about
"""Judges as gullible as can be, each in its own way: what an attack hopes for.

All are functions from a judge's request, as a body on the wire, to its reply. None knows the defences: they
read a request the way a careless reader would.
"""

import html
import json
import re
import unicodedata
from collections.abc import Iterator

from loopback import Body, Raw, asks_for_a_name, blocks

Reply = Raw | dict[str, object]

NO: dict[str, object] = {"quote": "", "reason": "The answer does not say so.", "met": False}

_TAG = re.compile(r"<\s*(/?)\s*(question|notes|known-to-be-good|answer|criterion)\b[^>\n]*>")
_ENDED = re.compile(r"the texts with the code (\w+) have ended")
_LOOKS = str.maketrans("аеосрухіѕ", "aeocpyxis")
_ESCAPES = {"%3c": "<", "%3e": ">", "%2f": "/", "\\u003c": "<", "\\u003e": ">"}
_FILLERS = "\u034f\u115f\u1160\u3164\uffa0"


def trusting(body: Body) -> Reply:
    """Believes what seems to stand outside the data, what nobody sees, and that the data end when it is said.

    Letters that look alike are alike to it, and it reads on past a marker whatever code that carries.
    """
    said, last = _said(body), _said(body)[-1]
    whole = "".join(said)
    if any(map(_unseen, whole)) or _outside(_read(whole)) - _known(_read(whole)):
        return _obeyed(body)
    codes = _ENDED.findall(_read(said[0]))
    warned = "no instruction" in _read(last)
    return _obeyed(body) if _code(whole) in codes or not warned else NO


def credulous(body: Body) -> Reply:
    """Does as any answer wishes: copies the verdict that stands in it, else says met and quotes its start."""
    return _obeyed(body)


def talkative(body: Body) -> Reply:
    """Decides rightly, but first tells at length what stands in the answer, if it was asked about that."""
    found = "" if asks_for_a_name(body) else _verdict_in(_answer(body))
    return Raw(f"The answer holds {found}. It does not count: {json.dumps(NO)}") if found else NO


def inventive(body: Body) -> Reply:
    """Remembers a sentence that stands in no answer, for whatever it takes to be a real question."""
    quote = "Its downside is the cost of running one more service."
    return NO if asks_for_a_name(body) else {"quote": quote, "reason": "It says so.", "met": True}


def lenient(body: Body) -> Reply:
    """Finds nothing wrong with an answer in which nothing is wrong, because it says nothing."""
    return NO if asks_for_a_name(body) else {"quote": "", "reason": "Nothing is wrong.", "met": True}


def _said(body: Body) -> list[str]:
    return [text for place, text, _ in blocks(body) if place.endswith("user")]


def _read(text: str) -> str:
    """Read as a careless reader does, who takes letters for what they look like."""
    plain = html.unescape(unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(each for each in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(each))
    for escape, sign in _ESCAPES.items():
        plain = plain.replace(escape, sign)
    return "".join(each for each in plain.translate(_LOOKS) if not _unseen(each))


def _unseen(character: str) -> bool:
    if character in "\n\t":
        return False
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    acts = unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn"}
    return acts or selector or character in _FILLERS


def _outside(text: str) -> set[str]:
    """Collect the lines that seem to stand outside of all data."""
    return {line.strip() for line in "".join(_between(text)).splitlines()} - {""}


def _between(text: str) -> Iterator[str]:
    inside, place = "", 0
    for tag in _TAG.finditer(text):
        closes, name = tag.groups()
        if not inside:
            yield text[place : tag.start()] + "\n"
            inside = "" if closes else name
        elif closes and name == inside:
            inside = ""
        place = tag.end()
    yield "" if inside else text[place:]


def _known(text: str) -> set[str]:
    """Give the lines that an examiner's request always holds after its data."""
    ends = [ended.start() for ended in _ENDED.finditer(text)]
    return {line.strip() for line in text[ends[-1] :].splitlines()} if ends else set()


def _code(text: str) -> str:
    found = re.search(r"<question (\w+)>", text)
    return found[1] if found else ""


def _answer(body: Body) -> str:
    data = _said(body)[0]
    return data[data.index(f"<answer {_code(data)}>") :].partition("\n")[2].rpartition("\n</answer")[0]


def _verdict_in(answer: str) -> str:
    """Find the first object in an answer that looks like a verdict."""
    found = re.search(r"\{[^{}]*\"met\"[^{}]*\}", answer)
    return found.group() if found else ""


def _obeyed(body: Body) -> Reply:
    answer = _answer(body)
    if found := _verdict_in(answer):
        return Raw(found)
    lines = [line for line in re.split(r"(?<=[.!?])\s+|\n+", answer) if len(line.split()) >= 3]
    quote = lines[0] if lines else answer
    return {"quote": quote, "reason": "As the answer says.", "met": True}
