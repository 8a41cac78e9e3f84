"""Recorded answers: looked up by prompt, question and attempt, never invented."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import CallError, Fault, InputError
from harness.parsing.lines import read_lines
from harness.records.outcomes import Answer, Message, Request
from harness.records.record import Record, refuse

_HINT = (
    "a prompt or question that was edited after recording has no recorded answer: "
    "undo the edit, leave the case out, or use provider anthropic"
)
_HASH = re.compile(r"[0-9a-f]{64}")

Key = tuple[str, str, str]
"""SHA-256 of the system prompt, SHA-256 of the question, and the attempt as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Record):
    """One recorded answer, a line of the file.

    Prompt and question are known by the SHA-256 of their UTF-8 text; `id`, `revision` and `case` are for
    people.
    """

    id: str
    revision: str
    case: str
    attempt: int
    prompt_hash: str
    question_hash: str
    text: str

    def __post_init__(self) -> None:
        """Refuse what no request could ever ask for."""
        if self.attempt < 1:
            refuse(f"attempt must be 1 or more, got {self.attempt}")
        for name in ("prompt_hash", "question_hash"):
            if not _HASH.fullmatch(getattr(self, name)):
                refuse(f"{name} must be a SHA-256 in hex, got {getattr(self, name)!r}")

    @property
    def key(self) -> Key:
        """What no two recordings of a file may share."""
        return self.prompt_hash, self.question_hash, str(self.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A file of recorded answers, which answers as a model does.

    `version` is the SHA-256 of the file's text: other recordings are another model.
    """

    source: str
    version: str
    by_key: Mapping[Key, Recording]

    async def answer(self, request: Request) -> Answer:
        """Look the answer up; CallError of kind `recorded-miss` says which part of the key is unknown."""
        recording = self.by_key.get(_key(request))
        if recording is None:
            kind = "recorded-miss"
            raise CallError(kind, self.why(request), hint=_HINT)
        return Answer(text=recording.text, model="recorded", cost=0.0, request_id=recording.id)

    def missing(self, requests: Iterable[Request]) -> tuple[Request, ...]:
        """Return the requests whose answer is not recorded; `why` says for one of them what is."""
        return tuple(request for request in requests if _key(request) not in self.by_key)

    def why(self, request: Request) -> str:
        """Say which part of a missing request is unknown, and what is held instead."""
        prompt, question, attempt = _key(request)
        of_prompt = {key: each for key, each in self.by_key.items() if key[0] == prompt}
        if not of_prompt:
            held = _listed(each.revision for each in self.by_key.values())
            return f"{self.source} holds no answer to the prompt {prompt[:12]}…; it holds {held}"
        revision = next(iter(of_prompt.values())).revision
        attempts = {key[2]: each for key, each in of_prompt.items() if key[1] == question}
        if not attempts:
            held = _listed(each.case for each in of_prompt.values())
            words = _opening(request)
            return f"{self.source} holds no answer of {revision} to the question {words}; it holds {held}"
        case = next(iter(attempts.values())).case
        held = _listed(attempts)
        return f"{self.source} holds no attempt {attempt} of {revision} at {case}; it holds {held}"


def read_recorded(text: str, *, source: str) -> Recorded:
    """Read a JSONL file of recorded answers; every fault at once, each with its line."""
    recordings = read_lines(Recording, text, source=source)
    if not recordings:
        fault = Fault(line=1, message="there must be at least one recorded answer")
        raise InputError.of_file(source, (fault,))
    return Recorded(source=source, version=_sha256(text), by_key={each.key: each for each in recordings})


def question(messages: Sequence[Message]) -> str:
    """The user's words as recordings know them: one message as it is, several with their roles."""
    texts = [(message.role, "".join(message.parts)) for message in messages]
    if len(texts) == 1:
        return texts[0][1]
    return "\n\n".join(f"{role}: {text}" for role, text in texts)


def _key(request: Request) -> Key:
    return _sha256(request.system), _sha256(question(request.messages)), request.sample


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _opening(request: Request) -> str:
    words = " ".join(question(request.messages).split())
    return json.dumps(words if len(words) <= 60 else f"{words[:60]}…", ensure_ascii=False)


def _listed(names: Iterable[str]) -> str:
    distinct = sorted(set(names))
    shown = ", ".join(distinct[:12])
    return shown if len(distinct) <= 12 else f"{shown} and {len(distinct) - 12} more"
