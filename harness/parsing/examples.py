"""Dialogue examples in an agent's description: when the agent should act, as its author showed it.

An example is a context, turns and a commentary, in any of the layouts that people and tools write. Tagged
examples (`<example>`) are read whole; untagged ones as well as can be. What fits nowhere becomes a note.
"""

import html
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from harness.records.inputs import Example, Turn

_USER: Final = ("user", "human", "usuario", "usuário")
_ASSISTANT: Final = ("assistant", "agent", "asistente", "assistente")
_CONTEXT: Final = ("context", "contexto")
_COMMENTARY: Final = ("commentary", "comentario", "comentário")
_LABELS: Final = "|".join((*_USER, *_ASSISTANT, *_CONTEXT, *_COMMENTARY))
_QUOTES: Final = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u300c": "\u300d"}

_BLOCK: Final = re.compile(
    r"(?<!`)<(?P<kind>(?:good|bad|negative)_)?example\b(?P<attributes>[^<>]*)>", re.IGNORECASE
)
_BLOCK_END: Final = re.compile(r"</(?:good_|bad_|negative_)?example\s*>", re.IGNORECASE)
_MARKER: Final = re.compile(
    rf"<(?P<tag>(?:{_LABELS})(?:_request|_response)?)>"
    rf"|(?<!\w)(?P<label>{_LABELS})\**(?:[ \t]*\([^()\n]{{0,60}}\))?[ \t]*[:\uff1a]\**[ \t]*"
    r"|^[ \t]*(?:[-*•][ \t]+)?\**(?P<other>(?!examples?:)[^\W\d_]\w{0,30})\**:\**[ \t]*(?=[\"\u201c])",
    re.IGNORECASE | re.MULTILINE,
)
_ACTION: Final = re.compile(r"<[^<>\n]{3,300}>|\([^()\n]{3,300}\)|\[[^\[\]\n]{3,300}\]")
_GAP: Final = re.compile(r"(?:\s|[,.;]|->|→|=>|[-*•](?=\s))*")
_NUMBER: Final = re.compile(r"\d{1,2}[.)]\s")
_LONGEST_DESCRIPTION: Final = 100_000
_APOSTROPHES: Final = "'\u2019"
_UNIT_ENDS: Final = "\n.!?>)]\"';\u2026\u2192\u201d\u2019\u3002"
_LEFTOVER: Final = " \t\n,;-*•→>="
_ESCAPED_BREAKS: Final = re.compile(
    rf"(?<=[>\"'.!?)\]\s])(?:\\{{1,2}}n)+|(?:\\{{1,2}}n)+(?=\s|<|$|[-*•]|(?:{_LABELS}|examples?)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The examples of a description, and what reading them as a whole had to assume."""

    examples: tuple[Example, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """A piece of an example: `stray` is text under no label. `note` says what was assumed."""

    kind: Literal["context", "user", "assistant", "commentary", "stray"]
    text: str
    label: str = ""
    note: str = ""


def extract(description: str) -> Extracted:
    """Read the examples of a description: the tagged ones, or else whatever looks like a dialogue."""
    if len(description) > _LONGEST_DESCRIPTION:
        return Extracted(examples=(), notes=("the description is too long to look for examples in it",))
    text, notes = _unescaped(description)
    openings = list(_BLOCK.finditer(text))
    if openings:
        return Extracted(examples=tuple(_tagged(text, openings)), notes=notes)
    examples, leftovers = _untagged(text)
    return Extracted(examples=examples, notes=(*notes, *leftovers))


def openings(text: str) -> tuple[int, ...]:
    """Give where each `<example>` tag begins in `text`, as offsets."""
    return tuple(match.start() for match in _BLOCK.finditer(text))


def _unescaped(text: str) -> tuple[str, tuple[str, ...]]:
    r"""Undo escapes written out once too often, but only beside example grammar: not in `C:\new`."""
    notes = []
    if "&lt;example" in text:
        text = html.unescape(text)
        notes.append("examples are HTML-escaped; read unescaped")
    if _MARKER.search(text) is None:
        return text, tuple(notes)
    plain = _ESCAPED_BREAKS.sub(lambda match: "\n" * match[0].count("n"), text)
    if re.search(r":[ \t]*\\+\"", plain):
        plain = re.sub(r"\\+\"", '"', plain)
    if plain != text:
        notes.append("line breaks or quotes in the examples are written as escapes; read unescaped")
    return plain, tuple(notes)


# ------------------------------------------------------------------ blocks


def _tagged(text: str, openings: list[re.Match[str]]) -> Iterator[Example]:
    for opening, following in itertools.zip_longest(openings, openings[1:]):
        limit = following.start() if following else len(text)
        end = _BLOCK_END.search(text, opening.end(), limit)
        example = _example(list(_events(text[opening.end() : end.start() if end else limit])))
        notes = example.notes if end else (*example.notes, "the example is not closed")
        kind = f"{opening['kind'] or ''}{opening['attributes']}".strip(" _")
        if kind:
            notes = (*notes, f"marked as {kind}")
        yield replace(example, notes=notes)


def _untagged(text: str) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    """Cut one stream of events into examples, at each context or user turn that follows an assistant's."""
    events = list(_events(text))
    if not any(event.kind == "user" for event in events):
        return (), ()
    if events[0].kind == "stray":
        events = events[1:]  # the description proper
    examples, notes = [], []
    for group in _groups(events):
        if any(event.kind in {"user", "assistant"} for event in group):
            example = _example(group)
            examples.append(replace(example, notes=(*example.notes, "untagged: read as well as can be")))
        else:
            left = " ".join(event.text for event in group)
            notes.append(f"looks like part of an example, left out: {left!r}")
    return tuple(examples), tuple(notes)


def _groups(events: list[_Event]) -> Iterator[list[_Event]]:
    group: list[_Event] = []
    for event in events:
        kinds = {known.kind for known in group}
        heading = event.kind == "stray" and event.text.endswith(":")
        answered = bool(kinds & {"assistant", "commentary"})
        begins = answered and (heading or event.kind in {"context", "user"})
        if begins or (event.kind == "context" and "user" in kinds):
            yield group
            group = []
        group.append(event)
    if group:
        yield group


# ------------------------------------------------------------------ events


def _events(text: str) -> Iterator[_Event]:
    position = 0
    while marker := _next_marker(text, position):
        yield from _stray(text[position : marker.start()])
        event, position = _tag(text, marker) if marker["tag"] else _labelled(text, marker)
        yield event
    yield from _stray(text[position:])


def _stray(text: str) -> Iterator[_Event]:
    """Give what stands under no label: actions such as `[writes code]` one by one, and the text between."""
    position = 0
    for action in _ACTION.finditer(text):
        before = text[position : action.start()].rstrip(" \t")
        if before and before[-1] not in _UNIT_ENDS:
            continue  # an aside within a sentence
        yield from _narration(text[position : action.start()])
        yield _Event(kind="stray", label="action", text=action[0])
        position = action.end()
    yield from _narration(text[position:])


def _narration(text: str) -> Iterator[_Event]:
    kept = text.strip(_LEFTOVER).lstrip(_LEFTOVER + ".")
    kept = re.sub(r"\A\d{1,2}[.)](?=\s|\Z)|(?<=\s)\d{1,2}[.)]\Z", "", kept).strip(_LEFTOVER)
    if kept and not re.fullmatch(r"(?:another )?examples?( \d+)?:?", kept, re.IGNORECASE):
        yield _Event(kind="stray", text=kept)


def _next_marker(text: str, position: int) -> re.Match[str] | None:
    while marker := _MARKER.search(text, position):
        if marker["tag"] or marker["other"] or _stands(text, marker):
            return marker
        position = marker.end()
    return None


def _stands(text: str, marker: re.Match[str]) -> bool:
    """Whether a label begins a turn: it starts a line, follows a finished sentence, or opens a quote."""
    if text[marker.end() : marker.end() + 1] in _QUOTES:
        return True
    before = text[max(0, marker.start() - 12) : marker.start()].rstrip(" \t*-•")
    return not before or before[-1] in _UNIT_ENDS


def _tag(text: str, marker: re.Match[str]) -> tuple[_Event, int]:
    name = marker["tag"].lower()
    label = re.sub(r"_(request|response)$", "", name)
    kind = _kind(label)
    end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, marker.end())
    if end:
        content = text[marker.end() : end.start()].strip()
        return _Event(kind=kind, text=content, label=label), end.end()
    following = _next_marker(text, marker.end())
    stop = following.start() if following else len(text)
    content = text[marker.end() : stop].strip()
    return _Event(kind=kind, text=content, label=label, note=f"<{name}> is not closed"), stop


def _labelled(text: str, marker: re.Match[str]) -> tuple[_Event, int]:
    label = marker["label"] or marker["other"]
    kind = _kind(label.lower())
    unknown = label.lower() not in (*_USER, *_ASSISTANT, *_CONTEXT, *_COMMENTARY)
    note = f"speaker {label!r} is read as the user" if unknown else ""
    start = marker.end()
    if kind in {"user", "assistant"} and text[start : start + 1] in _QUOTES:
        content, stop, problem = _quoted(text, start)
        return _Event(kind=kind, text=content, label=label.lower(), note=note or problem), stop
    following = _next_marker(text, start)
    stop = following.start() if following else len(text)
    content = text[start:stop].strip(" \t\n-*•")
    return _Event(kind=kind, text=content, label=label.lower(), note=note), stop


def _kind(label: str) -> Literal["context", "user", "assistant", "commentary"]:
    if label in _CONTEXT:
        return "context"
    if label in _COMMENTARY:
        return "commentary"
    return "assistant" if label in _ASSISTANT else "user"


# ------------------------------------------------------------------ quotes


def _quoted(text: str, start: int) -> tuple[str, int, str]:
    """Read a quoted turn: its text, where it stops, and what was assumed.

    Apostrophes and inner quotes look like the end. The end is the first quote that something new follows,
    else the first at the end of a line or before an action, else the last before the next turn.
    """
    following = _next_marker(text, start + 1)
    limit = following.start() if following else len(text)
    ends = list(_candidates(text, start, limit))
    for test in (_new_follows, _line_ends):
        for end in ends:
            if test(text, end + 1):
                return text[start + 1 : end].strip(), end + 1, ""
    if ends:
        return text[start + 1 : ends[-1]].strip(), ends[-1] + 1, ""
    return text[start + 1 : limit].strip(), limit, "a quote is not closed"


def _candidates(text: str, start: int, limit: int) -> Iterator[int]:
    closing = _QUOTES[text[start]]
    for index in range(start + 1, limit):
        if text[index] == closing:
            inside_word = text[index - 1].isalnum() and text[index + 1 : index + 2].isalnum()
            if not inside_word or closing not in _APOSTROPHES or _MARKER.match(text, index + 1):
                yield index


def _new_follows(text: str, position: int) -> bool:
    position = _end(_GAP, text, position)
    action = _ACTION.match(text, position)
    if action and not _MARKER.match(text, position):
        position = _end(_GAP, text, action.end())
    rest_is_new = _MARKER.match(text, position) or _NUMBER.match(text, position)
    return position == len(text) or rest_is_new is not None


def _line_ends(text: str, position: int) -> bool:
    stop = _end(_GAP, text, position)
    return "\n" in text[position:stop] or _ACTION.match(text, stop) is not None


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


# ------------------------------------------------------------------ folding


def _example(events: list[_Event]) -> Example:
    """Put the pieces together; what has no place of its own becomes a note."""
    if not any(event.kind != "stray" for event in events):
        return Example(notes=tuple(f"nothing reads as a dialogue: {event.text!r}" for event in events))
    events, assumed = _told_apart(events)
    contexts = [event.text for event in events if event.kind == "context"]
    commentaries = [event.text for event in events if event.kind == "commentary"]
    turns = tuple(
        Turn(role=event.kind, text=event.text) for event in events if event.kind in {"user", "assistant"}
    )
    return Example(
        context="\n\n".join(contexts),
        turns=turns,
        commentary="\n\n".join(commentaries),
        notes=(*assumed, *_missing(turns, contexts, commentaries)),
    )


def _told_apart(events: list[_Event]) -> tuple[list[_Event], tuple[str, ...]]:
    """Settle what needs the whole example: leading text is context, and an agent may be who asks."""
    has_assistant = any(event.label in _ASSISTANT and event.label != "agent" for event in events)
    kept: list[_Event] = []
    notes: list[str] = []
    for index, event in enumerate(events):
        if event.note:
            notes.append(event.note)
        if event.kind == "stray" and index == 0 and event.label != "action":
            kept.append(replace(event, kind="context"))
            notes.append("the context has no label")
        elif event.kind == "stray":
            notes.append(f"{event.label or 'text between the turns'}: {event.text}")
        elif event.label == "agent" and has_assistant:
            kept.append(replace(event, kind="user"))
            notes.append("speaker 'agent' is read as the user")
        else:
            kept.append(event)
    return kept, tuple(notes)


def _missing(turns: tuple[Turn, ...], contexts: list[str], commentaries: list[str]) -> Iterator[str]:
    roles = {turn.role for turn in turns}
    present = (
        (bool(contexts), "no context"),
        ("user" in roles, "no user turn"),
        ("assistant" in roles, "no assistant turn"),
        (bool(commentaries), "no commentary"),
    )
    yield from (words for there, words in present if not there)
