"""What an unquoted YAML word means: the YAML 1.2 core schema, and where other tools would disagree.

YAML 1.1, which many tools still speak, reads `no` as false, `012` as ten and `12:30:45` as 45,045.
Such a word is never guessed at: it is kept as text, together with what is wrong with it.
"""

import math
import re
from typing import Final

Scalar = bool | int | float | str | None

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER: Final = 100

_QUOTE = "put it in quotes if it is text"
_SURPRISES: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = (
    (
        re.compile(r"y|n|yes|no|on|off", re.IGNORECASE),
        "is true or false to some YAML tools and text to others",
        "write true or false, or put it in quotes",
    ),
    (
        re.compile(r"[-+]?(?:0[0-9_]+|0o[0-7]+|0b[01_]+)"),
        "is read as a different number by different YAML tools",
        f"write the number in plain decimal digits, or {_QUOTE}",
    ),
    (
        re.compile(r"[-+]?(?=[0-9.]*_)(?:0x[0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+][0-9]+)?)"),
        "is a number to some YAML tools and text to others",
        f"write the number without underscores, or {_QUOTE}",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
        "is a number in base 60 to some YAML tools and text to others",
        "put it in quotes",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?"),
        "is a date to some YAML tools and text to others",
        "put it in quotes",
    ),
    (
        re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"),
        "is not a finite number",
        f"leave the field out when there is no number, or {_QUOTE}",
    ),
    (re.compile(r"="), "is a special value to some YAML tools and text to others", "put it in quotes"),
)


def scalar(text: str) -> tuple[Scalar, str, str]:
    """Read an unquoted word: its value, what is wrong with it, and a hint; both empty when all is well.

    >>> scalar("1e-3")
    (0.001, '', '')
    >>> scalar("no")[:2]
    ('no', 'is true or false to some YAML tools and text to others')
    """
    if text in _WORDS:
        return _WORDS[text], "", ""
    for pattern, problem, hint in _SURPRISES:
        if pattern.fullmatch(text):
            return text, problem, hint
    if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
        return _number(text)
    return text, "", ""


def _number(text: str) -> tuple[Scalar, str, str]:
    if len(text) > _LONGEST_NUMBER:
        return text, f"is a number of more than {_LONGEST_NUMBER} characters", _QUOTE
    if _INTEGER.fullmatch(text):
        return int(text, 16) if text.startswith("0x") else int(text), "", ""
    value = float(text)
    if math.isinf(value):
        return text, "is a number too large to hold", _QUOTE
    return value, "", ""
