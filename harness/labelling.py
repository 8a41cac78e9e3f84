"""What a person is asked to label, in which order, and the line that keeps what they said."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from harness.grading.judging import locate
from harness.grading.labels import HUMAN, Label, text_hash
from harness.grading.scoring import criteria_of
from harness.records.calibrations import Sample
from harness.records.inputs import Case, Criterion, Rubric


@dataclass(frozen=True, slots=True)
class Question:
    """One criterion on one answer. Blind: nothing in it says whose prompt wrote the answer."""

    case: Case
    answer: str
    dimension: str
    criterion: Criterion

    @property
    def key(self) -> tuple[str, str, str]:
        """What the label is known by."""
        return (text_hash(self.answer), self.dimension, self.criterion.id)


def questions(
    samples: Iterable[Sample],
    rubrics: Sequence[Rubric],
    *,
    general: bool,
    done: Collection[tuple[str, str, str]],
) -> tuple[tuple[Question, ...], ...]:
    """List what is left to label: one group per answer, groups and their criteria in the order of hashes.

    So neither the revision nor the rubric's order can be guessed, and a second sitting goes on in the same
    order. With `general` the criteria of single cases are left out. `done` holds the keys of labels that
    there are.
    """
    groups: dict[str, dict[str, Question]] = {}
    for sample in samples:
        rubric_only = {criterion.id for rubric in rubrics for criterion in rubric.criteria}
        for dimension, criterion in criteria_of(sample.case, rubrics):
            asked = Question(sample.case, sample.answer.text, dimension, criterion)
            if asked.key not in done and (not general or criterion.id in rubric_only):
                groups.setdefault(asked.key[0], {})[_hash(*asked.key)] = asked
    return tuple(tuple(group[place] for place in sorted(group)) for _, group in sorted(groups.items()))


def label(asked: Question, *, met: bool, quote: str, annotator: str) -> Label:
    """Put down what a person said. The answer's name is its hash, so that the file stays blind as well."""
    return Label(
        answer=f"{asked.case.id}/{asked.key[0][:12]}",
        answer_hash=asked.key[0],
        dimension=asked.dimension,
        criterion=asked.criterion.id,
        met=met,
        quote=locate(quote, asked.answer),
        annotators={f"{HUMAN}{annotator}": met},
        settled="one",
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
