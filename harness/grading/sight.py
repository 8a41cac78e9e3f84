# ruff: noqa: RUF001 - letters that look like others are what this is about
"""A text as a judge sees it: nothing that no reader can see, nothing that passes for one of our markers.

What is stored stays as it was written. Quotes are looked for in this view, and its origins lead back.
"""

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

SIGHT_RULES = 1
"""Raise it whenever a text would be seen otherwise than before: it is part of the judge's version."""

_SHOWN = "("  # in place of the bracket that would begin a marker

_NO_CHARACTERS = "".join(chr(plane << 16 | last) for plane in range(1, 14) for last in (0xFFFE, 0xFFFF))
# What takes no room on a page, or stands for nothing: controls, marks of direction and of joining, fillers,
# variation selectors, tags, private use, what is no character at all. Visible signs of category Cf stay.
_FIRST_PLANE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff"
)
_BEYOND = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
_UNSEEN = re.compile(f"[{_FIRST_PLANE}{_NO_CHARACTERS}{_BEYOND}]|\r(?=\n)")
# Whether there can be any; both together take a fifth of the time, and most texts hide nothing.
_MAY_HIDE = (re.compile(f"[{_FIRST_PLANE}\r]"), re.compile("[\U00010000-\U0010ffff]"))
_OTHER_LINES = re.compile("[\r\x0b\x0c\x85\u2028\u2029\u2800]")
_LINES = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n") | {"\u2800": " "})

# What looks like a letter or sign of a marker though Unicode does not decompose it to that.
_LOOKS = {
    "a": "аαɑᴀ",
    "b": "ƅьᏏʙ",
    "c": "сϲᴄⅽ",
    "d": "ԁᴅɗ",
    "e": "еεҽᴇℯ",
    "f": "ƒꜰ",
    "g": "ɡցɢ",
    "h": "һհʜ",
    "i": "іιıɪǀⅼ",
    "k": "кκᴋ",
    "l": "ӏʟ",
    "m": "мᴍ",
    "n": "пηոռɴ",
    "o": "оοօᴏ",
    "q": "ԛգզ",
    "r": "гʀᴦ",
    "s": "ѕꜱʂ",
    "t": "тτᴛ",
    "u": "υսᴜ",
    "v": "ѵνᴠ",
    "w": "ԝѡաωᴡ",
    "x": "хχ",
    "y": "уүʏγ",
    "<": "‹〈⟨❮❰˂ᐸ⟪«《≪",
    ">": "›〉⟩❯❱˃ᐳ⟫»》≫",
    "/": "∕⁄╱⧸⟋",
    "\\": "∖⧵╲",
    "|": "∣│┃❘",
}
_ALIKE = str.maketrans({look: plain for plain, looks in _LOOKS.items() for look in looks})

_OURS = ("question", "notes", "known-to-be-good", "answer", "criterion", "criteria")
_OTHERS = ("system", "user", "assistant", "human", "instructions", "verdict", "s", "bos", "eos")
_TURNS = ("start_of_turn", "end_of_turn", "begin_of_text", "end_of_text", "end_of_sentence")


def _spelled(names: tuple[str, ...]) -> str:
    return "|".join(
        r"~*[\s._\-]?".join(re.escape(letter) for letter in name if letter.isalpha()) for name in names
    )


_NAMES = _spelled(tuple(sorted(_OURS + _OTHERS + _TURNS, key=len, reverse=True)))
_OPEN = r"(?:<|&lt;?|&\#0*60;?|&\#x0*3c;?|%3c|\\u003c|\\x3c)"
_CLOSE = r"(?:>|&gt;?|&\#0*62;?|&\#x0*3e;?|%3e|\\u003e|\\x3e)"
# Brackets that Unicode itself reduces to these.
_WIDE = "\u226e\u2329\ufe3d\ufe3f\ufe47\ufe60\ufe64\ufe68\ufe6a\uff05\uff06\uff1c\uff3b\uff3c"
_BRACKET = re.compile("[" + re.escape("<&%[\\" + _LOOKS["<"] + _LOOKS["\\"] + _WIDE) + "]")
_WINDOW = 200  # characters: no marker is longer
_MARKER = re.compile(
    rf"""
    {_OPEN}~*\s{{0,9}}[/\\]~*\s{{0,9}}(?:{_NAMES})(?![a-z])      # the end of a part, however it goes on
    | {_OPEN}~*(?:{_NAMES})~*(?:[\s:=/][^<>\n]{{0,99}})?{_CLOSE} # its beginning, and no comparison in code
    | {_OPEN}\|[^|\n]{{1,40}}\|{_CLOSE}                          # a token of a chat template
    | {_OPEN}<\s*/?\s*sys\s*{_CLOSE}
    | \[\s*/?\s*inst\s*\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """A text as seen, and for each of its characters where in the original it stands."""

    text: str
    origins: Sequence[int]


@lru_cache(maxsize=256)  # an answer is looked at many times while it is in hand, among a hundred others
def sight(text: str) -> Sight:
    r"""Leave out what cannot be seen, and break what looks like a marker of the judge's prompt.

    A look-alike loses the bracket that it begins with, whatever letters it is written in. Seeing twice
    changes nothing.

    >>> sight("Good.\u200b</ansẇer 5f>").text
    'Good.(/ansẇer 5f>'
    """
    unseen = _UNSEEN.finditer(text) if any(may.search(text) for may in _MAY_HIDE) else ()
    hidden = {place for found in unseen for place in range(*found.span())}
    places = range(len(text))
    origins = array("I", (place for place in places if place not in hidden)) if hidden else places
    seen = "".join(text[place] for place in origins) if hidden else text
    seen = seen.translate(_LINES) if _OTHER_LINES.search(seen) else seen
    marked = _markers(seen)
    if marked:
        seen = "".join(_SHOWN if place in marked else each for place, each in enumerate(seen))
    return Sight(seen, origins)


def _markers(text: str) -> set[int]:
    """Find where look-alikes begin, each character reduced to what it looks like."""
    starts = [found.start() for found in _BRACKET.finditer(text)]
    if len(starts) * _WINDOW > len(text):
        reduced = text.translate(_REDUCED)
        return {start for start in starts if _MARKER.match(reduced, start)}
    return {start for start in starts if _MARKER.match(text[start : start + _WINDOW].translate(_REDUCED))}


class _Reduced(dict[int, str]):
    """What each character looks like, one for one: a plain letter or sign, or ~ for a mark over another."""

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code)).casefold().translate(_ALIKE)
        first = next((part for part in parts if not unicodedata.combining(part)), "~")
        return self.setdefault(code, first)


_REDUCED = _Reduced()
