"""Agent prompt files: bytes in, an Agent out, and the cases that its own examples give."""

import hashlib
import itertools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from harness.errors import Fault, InputError
from harness.parsing.examples import Extracted, extract, openings
from harness.parsing.frontmatter import Field, FrontMatter, Parts, decode, read_fields, split
from harness.records.inputs import Agent, Case, Example, Note

_OWN_FIELDS = ("name", "description", "model", "color")
_LONGEST_TITLE = 70


def read_agent(data: bytes, *, source: str) -> Agent:
    """Read an agent file as its author meant it; `source` is its path, the fallback for its name.

    Front matter need not be valid YAML, nor be there at all; every assumption is a note. Fields are
    kept as text and never acted on. Raises InputError when it is not text, or holds no prompt.
    """
    text, notes = decode(data, source=source)
    parts = split(text)
    if not parts.body.replace("-", " ").strip():
        raise _no_prompt(source, text, parts)
    front = FrontMatter(fields={}) if parts.front is None else read_fields(parts.front, parts.line)
    name, name_notes = _name(front, source)
    description, description_notes = _description(front)
    found = extract(description.text)
    assumed = itertools.chain(
        (*notes, *parts.notes, *front.notes, *name_notes, *description_notes),
        _example_notes(found, parts, description.line),
    )
    return Agent(
        name=name,
        description=description.text,
        prompt=parts.body,
        prompt_hash=_sha256(parts.body.encode()),
        file_hash=_sha256(data),
        model=_text(front, "model"),
        color=_text(front, "color"),
        fields={key: field.text for key, field in front.fields.items() if key not in _OWN_FIELDS},
        examples=found.examples,
        notes=tuple(sorted(assumed, key=lambda note: note.line)),
    )


def cases_of(agent: Agent) -> tuple[Case, ...]:
    """Turn an agent's examples into cases without criteria of their own: the general ones grade them.

    An example without a user turn gives an event: its context is the prompt, tagged `event`. One
    without a context too gives no case; reading the agent has noted that. Ids number the examples.
    """
    slug = re.sub(r"[^\w.-]+", "-", agent.name).strip("-") or "agent"
    numbered = enumerate(agent.examples, start=1)
    return tuple(
        _case(f"{slug}-example-{number}", example) for number, example in numbered if _askable(example)
    )


def _case(name: str, example: Example) -> Case:
    if example.user:
        title = _title(example.context or example.user)
        return Case(id=name, title=title, prompt=example.user, context=example.context, tags=("example",))
    return Case(id=name, title=_title(example.context), prompt=example.context, tags=("example", "event"))


def _askable(example: Example) -> bool:
    return bool(example.user.strip() or example.context.strip())


def _title(text: str) -> str:
    """Cut to a few words: the first sentence, or its beginning."""
    sentence = re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".")
    if len(sentence) <= _LONGEST_TITLE:
        return sentence
    return sentence[:_LONGEST_TITLE].rpartition(" ")[0] + " …"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _no_prompt(source: str, text: str, parts: Parts) -> InputError:
    line = text.rstrip().count("\n") + 1
    where = "the file is empty or a fence alone" if parts.front is None else "nothing follows the closing ---"
    hint = "write the system prompt below the front matter"
    return InputError.of_file(
        source, (Fault(message=f"must hold a prompt, but {where}", line=line, hint=hint),)
    )


# ------------------------------------------------------------------ fields


def _text(front: FrontMatter, key: str) -> str:
    field = front.fields.get(key)
    return field.text if field else ""


def _name(front: FrontMatter, source: str) -> tuple[str, tuple[Note, ...]]:
    name = _text(front, "name")
    if name:
        return name, ()
    # The path may be `REVISION:PATH`, or a Windows one.
    stem = PurePosixPath(re.split(r"[:\\]", source)[-1]).stem or "agent"
    return stem, (Note(line=1, text=f"no name; the file's is used: {stem}"),)


def _description(front: FrontMatter) -> tuple[Field, tuple[Note, ...]]:
    field = front.fields.get("description")
    if field and field.text:
        return field, ()
    metadata = front.fields.get("metadata")
    nested = read_fields(metadata.text, metadata.line + 1).fields.get("description") if metadata else None
    if nested:
        return nested, (Note(line=nested.line, text="the description is inside metadata"),)
    return Field(text="", line=1), (Note(line=1, text="no description, so no examples"),)


# ------------------------------------------------------------------ notes


def _example_notes(found: Extracted, parts: Parts, line: int) -> Iterator[Note]:
    """Lift what examples had to assume to the agent, with the line where each begins."""
    yield from (Note(line=line, text=text) for text in found.notes)
    front = parts.front or ""
    tags = (parts.line + front.count("\n", 0, start) for start in openings(front))
    lines = [tag for tag in tags if tag >= line]
    for number, example in enumerate(found.examples, start=1):
        at = lines[number - 1] if number <= len(lines) else line
        yield from (Note(line=at, text=f"example {number}: {text}") for text in example.notes)
        if not _askable(example):
            yield Note(line=at, text=f"example {number}: neither a user turn nor a context, so no case")
