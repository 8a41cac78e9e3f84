"""What a criterion may have checked by code instead of by a grader's judgement."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from harness.records.record import Record, refuse

CodeLanguage = Literal["python", "sql", "json", "yaml"]

_LONGEST_PATTERN = 1000
_LANGUAGE = re.compile("[a-z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds(Record):
    """A range that a number must lie in, both ends included; one end may be left open."""

    at_least: float | None = None
    """The smallest number that passes."""
    at_most: float | None = None
    """The largest number that passes."""

    def __post_init__(self) -> None:
        """Refuse bounds that hold for everything or for nothing."""
        given = [bound for bound in (self.at_least, self.at_most) if bound is not None]
        if not given:
            refuse("give at_least, at_most or both")
        if not all(math.isfinite(bound) and bound >= 0 for bound in given):
            refuse("at_least and at_most must be finite numbers, 0 or more")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            refuse(f"at_least must not be above at_most, got {self.at_least:g} and {self.at_most:g}")

    def hold(self, number: float) -> bool:
        """Say whether a number lies inside."""
        low = self.at_least is None or number >= self.at_least
        return low and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar(Record):
    """How close the answer's words must be to a text, whatever their order."""

    to: str = ""
    """The text; left out, the case's `reference`."""
    at_least: float = 0.8
    """Share of similarity, 0 to 1: 1 when the same words occur in both."""

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 < self.at_least <= 1:
            refuse(f"at_least must be above 0 and at most 1, got {self.at_least}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Record):
    """One deterministic test of an answer; exactly one of its fields is given.

    docs/checks.md shows each of them.
    """

    contains: str = ""
    """This text occurs; capitals, white space and kinds of quotes do not matter."""
    lacks: str = ""
    """This text does not occur, compared in the same way."""
    matches: str = ""
    """This regular expression matches somewhere."""
    words: Bounds | None = None
    """How many words the answer has."""
    tokens: Bounds | None = None
    """How many tokens the model wrote, thinking included, as the API counted them."""
    seconds: Bounds | None = None
    """How long the call took that gave the answer."""
    cost: Bounds | None = None
    """What the answer cost, in US dollars."""
    json: Mapping[str, object] | None = None
    """The answer, or its one JSON code block, is JSON that this JSON Schema allows; `{}` allows any."""
    code: CodeLanguage | None = None
    """There is a code block in this language, and each one parses. Nothing is ever run."""
    similar: Similar | None = None
    """The answer is close to a reference text."""
    echoes: Literal["question", "prompt"] | None = None
    """The answer repeats most of the question, or a good part of the agent's own system prompt."""
    language: str = ""
    """The prose is written in this language: an ISO 639-1 code such as `en`."""

    def __post_init__(self) -> None:
        """Refuse a check that tests nothing or two things, and patterns that could not be used."""
        given = [name for name in (each.name for each in fields(self)) if self._given(name)]
        if len(given) != 1:
            refuse(f"give exactly one check, got {' and '.join(given) or 'none'}")
        if len(self.matches) > _LONGEST_PATTERN:
            refuse(f"matches must be at most {_LONGEST_PATTERN} characters, got {len(self.matches)}")
        if self.matches:
            _compiles(self.matches)
        if self.language and not _LANGUAGE.fullmatch(self.language):
            refuse(f"language must be a two-letter code such as en, got {self.language!r}")

    @property
    def name(self) -> str:
        """The field that is given."""
        return next(each.name for each in fields(self) if self._given(each.name))

    def _given(self, name: str) -> bool:
        value = getattr(self, name)
        return bool(value.strip()) if isinstance(value, str) else value is not None


def _compiles(pattern: str) -> None:
    import regex  # noqa: PLC0415 - only for those who use it

    try:
        regex.compile(pattern)
    except regex.error as error:
        refuse(f"matches must be a regular expression, got {pattern!r}: {error}")
