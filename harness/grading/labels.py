"""Verdicts that annotators gave: looked up by the answer's text, never guessed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.parsing.lines import read_lines
from harness.records.outcomes import Verdict
from harness.records.record import Record
from harness.reporting.words import many

_SETTLED = {
    "both": "label: both annotators agreed",
    "adjudicated": "label: settled by a third reading",
    "one": "label: one annotator",
}

HUMAN = "human:"
"""How the name of an annotator begins who is a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Record):
    """One labelled verdict, a line of a labels file.

    `answer_hash` is the SHA-256 of the answer's text: a label is about exactly that text. `annotators` holds
    what each annotator said, by name; without names they are models. A person's name begins with `human:`.
    `settled` says how they came to agree.
    """

    answer: str
    answer_hash: str
    dimension: str
    criterion: str
    met: bool
    quote: str = ""
    annotators: tuple[bool, ...] | Mapping[str, bool] = ()
    settled: Literal["both", "adjudicated", "one"] = "one"

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two labels of a file may share."""
        return (self.answer_hash, self.dimension, self.criterion)

    @property
    def votes(self) -> tuple[bool, ...]:
        """What each annotator said."""
        named = self.annotators
        return tuple(named.values()) if isinstance(named, Mapping) else named

    @property
    def people(self) -> tuple[str, ...]:
        """The people among the annotators, by name."""
        return tuple(name for name in self.annotators if isinstance(name, str) and name.startswith(HUMAN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """All labels of a file. `version` is the SHA-256 of its text: a changed label is graded anew."""

    source: str
    version: str
    by_key: Mapping[tuple[str, str, str], Label]

    def find(self, answer: str, dimension: str, criterion: str) -> Label | None:
        """Return the label of this criterion on exactly this text, if there is one."""
        return self.by_key.get((text_hash(answer), dimension, criterion))

    @property
    def labelled_by(self) -> str:
        """Say in words who labelled: people, models, and whether somebody settled where they differed."""
        labels = self.by_key.values()
        people = {name for label in labels for name in label.people}
        models = max((len(label.votes) - len(label.people) for label in labels), default=0)
        parts = ["1 person" if len(people) == 1 else f"{len(people)} people"] if people else []
        parts += [many(models, "model annotator")] if models else []
        third = any(label.settled == "adjudicated" for label in labels)
        said = " and ".join(parts) or "annotators who are not named"
        return f"{said}, with a third reading where they differed" if third else said

    def verdict(self, answer: str, dimension: str, criterion: str) -> Verdict:
        """Give the label as a verdict; ungraded where nobody labelled this text."""
        label = self.find(answer, dimension, criterion)
        if label is None:
            reason = f"no label for this answer in {self.source}"
            return Verdict(dimension=dimension, criterion=criterion, met=None, reason=reason)
        how = _SETTLED[label.settled]
        return Verdict(dimension=dimension, criterion=criterion, met=label.met, quote=label.quote, reason=how)


def text_hash(text: str) -> str:
    """SHA-256 of the text as UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_labels(text: str, *, source: str) -> Labels:
    """Read a JSONL file of labels; every fault at once, each with its line."""
    labels = read_lines(Label, text, source=source)
    return Labels(source=source, version=text_hash(text), by_key={label.key: label for label in labels})
