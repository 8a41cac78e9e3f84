"""Text that a model or a dataset wrote, made harmless for each place it is shown in.

HTML needs nothing from here beyond `visible`: the templates escape everything themselves. What looks like a
key is shown nowhere.
"""

import re

from harness.redaction import redacted

_ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$^]|^[#+=-])")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")  # more figures begin no list
# GitHub links these in rendered text, whatever was escaped in the source, so the words are cut apart.
_AUTOLINKED = re.compile(r"(@|#(?=\w)|GH-(?=\d)|https?:(?=//)|ftp:(?=//)|www(?=\.))", re.IGNORECASE)
# Control characters (Cc) but tab and line end, lone surrogates (Cs), and marks of direction.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
# A spreadsheet takes these for the beginning of a formula, the full-width ones in some locales. Where it cuts
# lines at semicolons, as it does wherever the comma stands in numbers, quotes hold no text together: a cell
# begins after any semicolon, tab or line end in it.
_FORMULA = re.compile('^(?=[\t\n])|(?:^|(?<=[;\t\n]))(?=[ "]*[=+@\uff1d\uff0b\uff0d\uff20-])')


def visible(text: str) -> str:
    r"""Show what would act on a reader's screen unseen: control and direction characters become �.

    Tabs and line ends stay; CRLF and CR become LF. Keys and passwords are taken out.

    >>> visible("a\x1b[31mb\u202ec")
    'a�[31mb�c'
    """
    return redacted(_ACTING.sub(_REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n")))


def shortened(text: str, length: int) -> str:
    r"""Give the text on one line, at most `length` characters, an ellipsis where it was cut.

    >>> shortened("one  two\nthree", 10)
    'one two t…'
    """
    line = " ".join(visible(text[: 4 * length + 1000]).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def markdown_text(text: str, length: int = 300) -> str:
    r"""Give one line that GitHub shows as it is: no markup, no HTML, no mention, no link, no table cell.

    >>> markdown_text("a|b <i>")
    'a\\|b &lt;i&gt;'
    """
    line = _AUTOLINKED.sub(rf"\1{_ZERO_WIDTH_SPACE}", shortened(text, length))
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", escaped))


def markdown_code(text: str, length: int = 300) -> str:
    """Give one line as a code span that its own backticks cannot end; pipes are safe in a table too.

    >>> markdown_code("a`b")
    '`` a`b ``'
    """
    line = shortened(text, length).replace("|", "\N{FULLWIDTH VERTICAL LINE}")
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def cell(text: str) -> str:
    """Give text that a spreadsheet shows and never computes (OWASP, CSV injection).

    >>> cell("=1+1"), cell("plain"), cell("a;=1+1")
    ("'=1+1", 'plain', "a;'=1+1")
    """
    return _FORMULA.sub("'", visible(text))


def json_text(text: str) -> str:
    r"""Escape in JSON text what would act on a screen; it parses to the same data, without keys.

    Everything below a space is escaped by any JSON writer already.

    >>> json_text('{"a": "\u202eb"}')
    '{"a": "\\u202eb"}'
    """
    return redacted(_ACTING.sub(lambda found: f"\\u{ord(found.group()):04x}", text))
