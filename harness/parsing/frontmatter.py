"""The two halves of an agent file: front matter as text fields, and the prompt below it, untouched.

Files in the wild are read the way their author meant them. Whatever had to be assumed is a note with a line.
The order of recovery: encoding, fences, strict YAML, and last a scanner that knows lines and nothing else.
"""

import codecs
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import Fault, InputError
from harness.parsing.yamltext import Document, Plain, dump, parse
from harness.records.inputs import Note

KNOWN_KEYS: Final = frozenset(
    (
        *("name", "description", "model", "color", "effort", "maxTurns", "memory", "background", "isolation"),
        *("tools", "disallowedTools", "allowed-tools", "allowedTools", "mcpServers", "permissionMode"),
        *("hooks", "skills", "initialPrompt", "experimental", "metadata", "examples", "triggers"),
        *("author", "capabilities", "category", "priority", "tags", "type", "version"),
        *("max_tokens", "temperature"),
    )
)
"""Keys that end a description which runs on without indentation; any other `word:` belongs to it."""

_KEY: Final = re.compile(r"([A-Za-z_][\w.-]*):(?=\s|$)")
_TEXT_KEYS: Final = ("name", "description", "model", "color")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A file cut in two: `front` is None without front matter; `line` is where `front` begins, from 1."""

    front: str | None
    line: int
    body: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One front-matter field: its value as text, and the line of its key in the file."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The fields of a front matter by key, in file order, and what was assumed to read them."""

    fields: Mapping[str, Field]
    notes: tuple[Note, ...] = ()


def decode(data: bytes, *, source: str) -> tuple[str, tuple[Note, ...]]:
    """Turn bytes into text with LF line ends, without a byte order mark.

    Tries UTF-16 (by its mark), UTF-8, then Windows-1252. Raises InputError for anything that is not text.
    """
    text, notes = _decoded(data, source)
    if "\0" in text:
        raise _not_text(source, "it holds NUL characters")
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        notes = (*notes, Note(line=line, text="line ends are CRLF or CR; read as LF"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, notes


def split(text: str) -> Parts:
    """Cut a file at its fences; the body begins right after the closing fence's line end.

    Without fences the whole text is the body. Only the first closing fence counts.
    """
    lines = text.split("\n")
    opening, notes = _opening(lines)
    if opening is None:
        return Parts(front=None, line=1, body=text, notes=(Note(line=1, text="no front matter"),))
    closing, closing_notes = _closing(lines, opening)
    if closing is None:
        message = "the front matter is never closed; the whole file is read as the prompt"
        return Parts(front=None, line=1, body=text, notes=(Note(line=opening + 1, text=message),))
    front = textwrap.dedent("\n".join(lines[opening + 1 : closing]))
    body = "\n".join(lines[closing + 1 :])
    return Parts(front=front, line=opening + 2, body=body, notes=(*notes, *closing_notes))


def read_fields(front: str, line: int) -> FrontMatter:
    """Read the fields of a front matter whose first line is line `line` of the file.

    Text values are given as YAML reads them, all others as they are written. The first of two equal keys
    counts.
    """
    document = parse(front)
    if isinstance(document.value, dict):
        return _from_yaml(document, document.value, front, line)
    return _from_lines(document, front, line)


# ------------------------------------------------------------------ encoding


def _decoded(data: bytes, source: str) -> tuple[str, tuple[Note, ...]]:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16"), (Note(line=1, text="encoded as UTF-16"),)
        if data.startswith(codecs.BOM_UTF8):
            return data.decode("utf-8-sig"), (Note(line=1, text="starts with a byte order mark; left out"),)
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        if error.encoding.startswith("utf-16"):
            raise _not_text(source, "it begins like UTF-16 but is not") from error
        line = data[: error.start].count(b"\n") + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _not_text(source, "it is neither UTF-8 nor Windows-1252") from error
    return text.removeprefix("ï»¿"), (Note(line=line, text="not UTF-8; read as Windows-1252"),)


def _not_text(source: str, why: str) -> InputError:
    fault = Fault(message=f"must be a text file, but {why}", line=1, hint="save it as UTF-8")
    return InputError.of_file(source, (fault,))


# ------------------------------------------------------------------ fences


def _opening(lines: list[str]) -> tuple[int | None, tuple[Note, ...]]:
    """Find the line before the first field; -1 when the fields begin on the first line."""
    index = _skip_preamble(lines)
    if index == len(lines):
        return None, ()
    if lines[index].strip() == "---":
        strict = index == 0 and lines[index].rstrip() == "---"
        message = "the opening --- is not at the start of line 1"
        return index, () if strict else (Note(line=index + 1, text=message),)
    if lines[index].startswith("name:") and any(line.rstrip() == "---" for line in lines[index:]):
        return index - 1, (Note(line=index + 1, text="the front matter has no opening ---"),)
    return None, ()


def _skip_preamble(lines: list[str]) -> int:
    """Pass blank lines, HTML comments and the opening of a code fence around the whole file."""
    inside_comment = False
    for index, line in enumerate(lines):
        text = line.strip()
        inside_comment = inside_comment or text.startswith("<!--")
        if inside_comment:
            inside_comment = not text.endswith("-->")
        elif text and not text.startswith("```"):
            return index
    return len(lines)


def _closing(lines: list[str], opening: int) -> tuple[int | None, tuple[Note, ...]]:
    indented = opening >= 0 and lines[opening][:1].isspace()
    following = range(opening + 1, len(lines))
    for index in following:
        if (lines[index].strip() if indented else lines[index].rstrip()) == "---":
            return index, ()
    for fence in (r"\.\.\.", r"\s*[-\u2013\u2014]+"):
        for index in following:
            if re.fullmatch(fence, lines[index].rstrip()):
                shown = lines[index].strip()
                return index, (Note(line=index + 1, text=f"the front matter is closed by {shown}, not ---"),)
    seen_key = False
    for index in following:
        seen_key = seen_key or _KEY.match(lines[index]) is not None
        if seen_key and not lines[index].strip():
            message = "the front matter has no closing ---; it is read up to this blank line"
            return index, (Note(line=index + 1, text=message),)
    return None, ()


# ------------------------------------------------------------------ strict YAML


def _from_yaml(document: Document, value: Mapping[str, Plain], front: str, line: int) -> FrontMatter:
    lines = front.split("\n")
    starts = sorted(document.line((key,)) - 1 for key in value)
    fields: dict[str, Field] = {}
    notes = [
        Note(line=line - 1 + (fault.line or 1), text=f"{fault.path}: {fault.message}".removeprefix(": "))
        for fault in document.faults
    ]
    for key, item in value.items():
        start = document.line((key,)) - 1
        end = next((other for other in starts if other > start), len(lines))
        written = _written(key, lines[start:end])
        fields[key] = Field(text=_as_text(item, written), line=line + start)
        notes += _yaml_notes(key, item, written, line + start)
    return FrontMatter(fields=fields, notes=tuple(notes))


def _written(key: str, lines: list[str]) -> str | None:
    """Give a value as it is written; None when it does not begin with its key, as in `{a: 1, b: 2}`."""
    match = re.match(rf"(?P<quote>[\"']?){re.escape(key)}(?P=quote)\s*:", lines[0])
    if not match:
        return None
    return "\n".join((lines[0][match.end() :].strip(), textwrap.dedent("\n".join(lines[1:])))).strip()


def _as_text(item: Plain, written: str | None) -> str:
    if isinstance(item, str):
        return item.strip()
    return dump(item).strip() if written is None else written


def _yaml_notes(key: str, item: Plain, written: str | None, line: int) -> Iterator[Note]:
    if key in _TEXT_KEYS and not isinstance(item, str):
        yield Note(line=line, text=f"{key} is not text to YAML; read as written")
    if isinstance(item, str) and written and written[0] not in "\"'|>" and " #" in written:
        yield Note(line=line, text=f"{key}: YAML takes text after ' #' for a comment; left out: {written!r}")


# ------------------------------------------------------------------ line by line


def _from_lines(document: Document, front: str, line: int) -> FrontMatter:
    why = "; ".join(fault.message for fault in document.faults) or "no fields"
    where = min((fault.line or 1 for fault in document.faults), default=1)
    notes = [
        Note(
            line=line - 1 + where,
            text=f"read line by line, as agent hosts do: the front matter is not strict YAML ({why})",
        )
    ]
    fields: dict[str, Field] = {}
    for key, start, text in _scan(front.split("\n")):
        if not key:
            notes.append(Note(line=line + start, text=f"not a field, left out: {text!r}"))
        elif key in fields:
            notes.append(Note(line=line + start, text=f"key {key!r} occurs twice; left out: {text!r}"))
        else:
            fields[key] = Field(text=_plain_text(text), line=line + start)
    return FrontMatter(fields=fields, notes=tuple(notes))


def _scan(lines: list[str]) -> Iterator[tuple[str, int, str]]:
    """Give (key, index of its line, raw text) of each field; the key is empty for text before the first."""
    key, start, collected, depth = "", 0, list[str](), 0
    for index, line in enumerate(lines):
        match = _KEY.match(line)
        in_description = key == "description"
        if match and (not in_description or (depth <= 0 and match[1] in KNOWN_KEYS)):
            yield from _field(key, start, collected)
            key, start, collected, depth = match[1], index, [line[match.end() :]], 0
        elif key or not line.lstrip().startswith("#"):
            collected.append(line)
        depth += line.lower().count("<example") - line.lower().count("</example")
    yield from _field(key, start, collected)


def _field(key: str, start: int, lines: list[str]) -> Iterator[tuple[str, int, str]]:
    first, rest = "".join(lines[:1]), "\n".join(lines[1:])
    text = "\n".join((first.strip(), textwrap.dedent(rest))).strip()
    if key or text:
        yield key, start, text


def _plain_text(text: str) -> str:
    """Undo the quotes or the block mark around a value that stands alone, where they are well formed."""
    if text[:1] in {'"', "'"}:
        value = parse(text).value
        inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] else text
        return value if isinstance(value, str) else inner
    block = re.match(r"[|>][-+0-9]*[ \t]*\n", text)
    return text[block.end() :].strip() if block else text
