"""The grammar of phrases: what a person may write under `all` and `unless` of a signal.

It lives beside the records so that a malformed phrase is refused where it was written. What a
phrase matches is the business of `harness.grading.phrases`; docs/signals.md teaches the language.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from harness.records.record import refuse

GAP = 6
"""How many words ` ... ` may leap over."""

PLACEHOLDERS = frozenset(
    [
        "addition",
        "asked",
        "code",
        "duration",
        "endpoint",
        "identifier",
        "inline",
        "label",
        "money",
        "number",
        "percent",
        "quantity",
        "setting",
        "signature",
        "spliced",
        "status",
        "technology",
        "threshold",
    ]
)

Joint = Literal["tight", "loose", "gap"]


@dataclass(frozen=True, slots=True)
class Atom:
    """One step of a phrase: a word, the stem of words, or a placeholder, and how it follows the last one.

    `tight` atoms follow with no punctuation between, `loose` ones with any, `gap` ones with up to
    `GAP` words between.
    """

    kind: Literal["word", "stem", "placeholder"]
    text: str
    joint: Joint = "tight"


Alternative = tuple[Atom, ...]

_MOST_ALTERNATIVES = 200  # each is looked for in every unit of every answer

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[%$\u20ac\u00a3]")
_BREAK = re.compile(r"[,;:!?()\[\]{}<>|\u2013\u2014\u2026]|\.")
_PIECE = re.compile(r"(?P<gap>\.\.\.)|\{(?P<placeholder>[^{}]*)\}|(?P<text>(?:[^{}.]|\.(?!\.\.))+|[{}])")


def words(text: str) -> list[tuple[int, int, str]]:
    """Split text into words, numbers and the signs % $ € £: start, end and normal form of each.

    The normal form is lower case, without a possessive 's and without commas in numbers.
    Letters and digits part (`250ms` is two words), and so do the parts of `snake_case`.
    """
    return [(found.start(), found.end(), _normal(found.group())) for found in _WORD.finditer(text)]


def breaks(separator: str) -> bool:
    """Say whether the text between two words holds punctuation, beyond hyphens, quotes and Markdown marks.

    A full stop alone is part of a name (`node.js`, `users.id`).
    """
    return separator != "." and _BREAK.search(separator) is not None


@lru_cache(maxsize=8192)
def parse(phrase: str) -> tuple[Alternative, ...]:
    """Read a phrase into its alternatives; ValueError in the words of the person who wrote it."""
    parts = re.split(r"\s\|\s", f" {phrase} ")
    if len(parts) > _MOST_ALTERNATIVES:
        refuse(f"a phrase may have {_MOST_ALTERNATIVES} alternatives, got {len(parts)}")
    return tuple(_alternative(part, phrase) for part in parts)


def _alternative(part: str, phrase: str) -> Alternative:
    if not part.strip():
        refuse(f"phrase {phrase!r} holds an empty alternative")
    if "|" in part:
        refuse(f"phrase {phrase!r}: write a space on each side of |")
    atoms: list[Atom] = []
    joint: Joint | None = None
    for piece in _PIECE.finditer(part):
        if piece["gap"]:
            if joint == "gap" or not atoms:
                refuse(f"phrase {phrase!r}: ... must stand between two words")
            joint = "gap"
        elif piece["placeholder"] is not None:
            atoms.append(_placeholder(piece["placeholder"], joint or "tight", phrase))
            joint = None
        else:
            joint = _literal(piece["text"], joint, atoms, phrase)
    if not atoms:
        refuse(f"phrase {phrase!r} holds an alternative without a word")
    if joint == "gap":
        refuse(f"phrase {phrase!r}: ... must stand between two words")
    return tuple(atoms)


def _placeholder(name: str, joint: Joint, phrase: str) -> Atom:
    if name not in PLACEHOLDERS:
        known = ", ".join(sorted(PLACEHOLDERS))
        refuse(f"phrase {phrase!r}: no placeholder {{{name}}}, known are {known}")
    return Atom("placeholder", name, joint)


def _literal(text: str, joint: Joint | None, atoms: list[Atom], phrase: str) -> Joint | None:
    """Append the words of a piece of plain text; give how the next atom will follow."""
    if text in "{}":
        refuse(f"phrase {phrase!r}: a brace must belong to a placeholder such as {{number}}")
    end = 0
    for start, stop, word in words(text):
        between = text[end:start]
        _refuse_star(between, phrase)
        follows = joint or ("loose" if breaks(between) else "tight")
        star = text[stop : stop + 1] == "*"
        if star and len(word) < 2:
            refuse(f"phrase {phrase!r}: a stem before * needs two letters at least")
        if star and text[stop + 1 : stop + 2].isalnum():
            refuse(f"phrase {phrase!r}: * may only end a word")
        atoms.append(Atom("stem" if star else "word", word, follows))
        joint, end = None, stop + star
    _refuse_star(text[end:], phrase)
    if joint is None and breaks(text[end:]):
        return "loose"
    return joint


def _refuse_star(between: str, phrase: str) -> None:
    if "*" in between:
        refuse(f"phrase {phrase!r}: * may only end a word")


def _normal(word: str) -> str:
    if word[0].isdecimal():
        return word.replace(",", "")
    word = word.lower().replace("\u2019", "'")
    return word.removesuffix("'s")
