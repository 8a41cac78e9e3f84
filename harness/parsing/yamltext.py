"""YAML text to plain data and back; the one owner of the `yaml` library.

Every value knows its line. What people get wrong without noticing is a fault here: a key twice, a word that
other tools read differently, anchors, tags, tabs. Faults are collected, so that a file is mended in one go.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import yaml

from harness.errors import Fault
from harness.parsing.scalars import Scalar, scalar

Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"
Path = tuple[str | int, ...]

_MOST_LEVELS: Final = 100
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ODD_BREAK: Final = re.compile("[\r\x85\u2028\u2029\ufeff]")

# libyaml parses about 18 times as fast; the wheels of all common platforms hold it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML text as read: its value, the line (from 1) of everything in it, and what is wrong with it.

    `lines` maps each path to a line: of the key for a field, of the first token for an item, `()` for the
    whole. After a syntax error `value` is None and a fault has the empty path.
    """

    value: Plain
    lines: Mapping[Path, int]
    faults: tuple[Fault, ...]

    def line(self, path: Path) -> int:
        """Give the line of `path`, or of the nearest parent that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def place(path: Path) -> str:
    """Write a path as people read it.

    >>> place((1, "criteria", "trade-offs", 0, "points"))
    '[1].criteria.trade-offs[0].points'
    """
    parts = (_step(step) for step in path)
    return "".join(parts).removeprefix(".")


def parse(text: str) -> Document:
    """Read one YAML document by the 1.2 core schema; never raises on any text.

    A value under a fault is kept as far as it makes sense (the first of two equal keys, the text of a
    doubtful word), so that validation can go on and report the rest.
    """
    surrogate = _SURROGATE.search(text)
    if surrogate:
        line = text.count("\n", 0, surrogate.start()) + 1
        fault = Fault(message=f"half a character ({surrogate.group()!r})", line=line, hint="save it as UTF-8")
        return Document(value=None, lines={}, faults=(fault,))
    reader = _Reader()
    try:
        value = reader.document(yaml.parse(text, Loader=_Loader))
    except yaml.YAMLError as error:
        value = None
        reader.faults.append(_syntax_fault(error, text))
    return Document(value=value, lines=reader.lines, faults=tuple(reader.faults))


def syntax_fault(text: str) -> str:
    """Say why a text is no YAML at all, or nothing; anchors, tags and several documents are in order here."""
    try:
        for _ in yaml.parse(text, Loader=_Loader):
            pass
    except yaml.YAMLError as error:
        return str(_syntax_fault(error, text))
    return ""


def dump(value: object) -> str:
    r"""Write plain data as YAML that a person would: blocks for long texts, keys in the order given.

    Takes None, booleans, finite numbers, text, lists, tuples and mappings with text keys. `parse` gives an
    equal value back, tuples as lists.

    >>> print(dump({"id": "a", "prompt": "first\nsecond\n", "answer": "no"}), end="")
    id: a
    prompt: |
      first
      second
    answer: 'no'
    """
    text: str = yaml.dump(
        value,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return text.removesuffix("...\n")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[\w-]+", step) else f"[{step!r}]"


# ------------------------------------------------------------------ reading


@dataclass(slots=True)
class _Reader:
    """Builds plain data from parser events: unlike nodes, they still know anchors and explicit tags."""

    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def document(self, events: Iterator[yaml.Event]) -> Plain:
        value: Plain = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fault((), event, "a second document begins here", "keep one document a file")
                    break
            elif isinstance(event, yaml.NodeEvent):
                self.lines[()] = _line(event)
                value = self._value(event, events, ())
        return value

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Plain:
        if len(path) > _MOST_LEVELS:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {_MOST_LEVELS} levels", problem_mark=mark)
        if isinstance(event, yaml.AliasEvent):
            self._fault(path, event, f"an alias (*{event.anchor}) is not read", "write the value out")
            return None
        if isinstance(event, yaml.ScalarEvent):
            self._check_decoration(event, path)
            return self._scalar(event, path)
        if isinstance(event, yaml.CollectionStartEvent):
            self._check_decoration(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, path)
        return self._mapping(events, path)

    def _list(self, events: Iterator[yaml.Event], path: Path) -> Plain:
        items: list[Plain] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.lines[here] = _line(event)
            items.append(self._value(event, events, here))
        return items

    def _mapping(self, events: Iterator[yaml.Event], path: Path) -> Plain:
        entries: dict[str, Plain] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, path)
            if key is None:
                self._discard(next(events), events, path)
                continue
            here = (*path, key)
            if key in entries:
                message = f"key {key!r} occurs twice, first on line {self.lines[here]}"
                self._fault(here, event, message, "remove one of the two")
                self._discard(next(events), events, here)
                continue
            self.lines[here] = _line(event)
            entries[key] = self._value(next(events), events, here)
        return entries

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._fault(path, event, "a key must be text, got a list, a mapping or an alias", "")
            if not isinstance(event, yaml.AliasEvent):
                self._discard(event, events, path)
            return None
        if event.implicit[0] and not event.style and event.value == "<<":
            self._fault(path, event, "a merge key (<<) is not read", "write the fields out")
            return None
        self._check_decoration(event, path)
        key = self._scalar(event, (*path, event.value))
        if not isinstance(key, str):
            self._fault(
                path, event, f"a key must be text, got {event.value or 'nothing'}", "put it in quotes"
            )
            return None
        return key

    def _discard(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> None:
        """Read past a value that has no place in the result, keeping only what is wrong in it."""
        aside = _Reader(faults=self.faults)
        aside.lines[path] = _line(event)
        aside._value(event, events, path)

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Scalar:
        text: str = event.value
        if _SURROGATE.search(text):  # PyYAML alone lets these escapes pass; libyaml refuses them
            text = _SURROGATE.sub("\ufffd", text)
            self._fault(path, event, "an escape that is no character", "write the character itself")
        if event.style or not event.implicit[0]:
            return text
        value, problem, hint = scalar(text)
        if problem:
            self._fault(path, event, f"{text if len(text) <= 40 else text[:40] + '…'} {problem}", hint)
        return value

    def _check_decoration(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: Path) -> None:
        if event.anchor is not None:
            self._fault(path, event, f"an anchor (&{event.anchor}) is not read", "remove it")
        if event.tag is not None:
            self._fault(path, event, f"a tag ({event.tag}) is not read", "remove it; use quotes for text")

    def _fault(self, path: Path, event: yaml.Event, message: str, hint: str) -> None:
        self.faults.append(Fault(message=message, line=_line(event), path=place(path), hint=hint))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


# The parser's words, as PyYAML or libyaml has them; then ours, and what to do.
_SYNTAX: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "mapping values are not allowed",
        "a ': ' inside text that is not in quotes, or a line indented by mistake",
        "put the text in quotes, or write it as a block after `|`",
    ),
    (
        r"(?s)found unexpected end of stream.*quoted",
        "a quote that is opened here is never closed",
        "close it, or write the text as a block after `|`",
    ),
    (
        "could not find expected ':'",
        "a line that is neither `key: value` nor indented under one",
        "indent it under its key, or write the text as a block after `|`",
    ),
    (r"tab character|character '\\t'", "a tab is used as indentation", "indent with spaces"),
    (
        "alphabetic or numeric",
        "text that starts with * or & must be in quotes",
        "put the text in quotes",
    ),
    (
        "cannot start any token|directive",
        "text cannot start with this character",
        "put the text in quotes",
    ),
    (
        r"(?s)flow (?:node|mapping|sequence)|expected ',' or",
        "a [ or { is opened and not closed, or a comma is missing",
        "close it, or put text that holds brackets in quotes",
    ),
    (
        "block end|'-' indicator|expected key|block (?:collection|mapping)",
        "the indentation does not fit the lines above",
        "line it up with its neighbours",
    ),
    ("escape code", "an escape that is no character", "write the character itself"),
    ("unknown escape", "an unknown \\ escape inside double quotes", "use single quotes, or write \\\\"),
    ("not allowed", "a control character", "remove it, or write it as an escape in double quotes"),
)


def _syntax_fault(error: yaml.YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    context_mark = getattr(error, "context_mark", None)
    context = getattr(error, "context", None)
    words = str(getattr(error, "problem", error)) + (f" ({context})" if context else "")
    last = text.count("\n", 0, len(text.rstrip())) + 1
    if mark is None:
        position = getattr(error, "position", 0)
        return _in_our_words(words, text.count("\n", 0, position) + 1)
    if "end of stream" in words and context_mark is not None:
        return _in_our_words(words, context_mark.line + 1)
    if "cannot start" in words and text[mark.index : mark.index + 1] == "\t":
        words = "tab character"
    return _in_our_words(words, min(mark.line + 1, last))


def _in_our_words(words: str, line: int) -> Fault:
    for pattern, message, hint in _SYNTAX:
        if re.search(pattern, words):
            return Fault(message=message, line=line, hint=hint)
    return Fault(message=f"not readable as YAML: {words}", line=line)


# ------------------------------------------------------------------ writing


class _Writer(yaml.SafeDumper):
    """Writes only plain data, without aliases, with items indented under their key."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 (PyYAML's signature)
        del indentless
        super().increase_indent(flow, indentless=False)


def _write_text(writer: _Writer, text: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if _ODD_BREAK.search(text):  # PyYAML would fold these into spaces outside double quotes
        return '"'
    if "\n" in text:
        # A block whose first line is indented or empty needs an indicator that few people can read.
        return '"' if text[0].isspace() else "|"
    value, problem, _ = scalar(text)
    return "'" if problem or not isinstance(value, str) else None


def _write_number(writer: _Writer, number: float) -> yaml.ScalarNode:
    if number - number != 0:
        msg = f"only finite numbers can be written, got {number}"
        raise ValueError(msg)
    return writer.represent_float(number)


def _write_mapping(writer: _Writer, mapping: Mapping[str, object]) -> yaml.MappingNode:
    return writer.represent_dict(mapping.items())


_Writer.add_representer(str, _write_text)
_Writer.add_representer(float, _write_number)
_Writer.add_representer(tuple, yaml.SafeDumper.represent_list)
_Writer.add_representer(MappingProxyType, _write_mapping)
