"""The graders that ask no model, in the shape in which the runner uses graders."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.grading import custom, signals
from harness.grading.labels import Labels
from harness.grading.units import read
from harness.planning.work import HandOver, Mark
from harness.records.inputs import Case
from harness.records.outcomes import Answer, Verdict


@dataclass(frozen=True, slots=True)
class SignalsGrader:
    """Matches the phrases that each criterion declares."""

    kind: str = "signals"

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Read the answer once and match every criterion in it."""
        text, question = read(answer.text), case.question
        hand_over(
            [
                (m, signals.grade(m.criterion, question=question, answer=text, dimension=m.dimension))
                for m in marks
            ]
        )


@dataclass(frozen=True, slots=True)
class ChecksGrader:
    """Leaves open what has no checks: those that there are were run before any grader was asked."""

    kind: str = "checks"

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Say of each criterion that nothing here can decide it."""
        del case, answer
        hand_over([(mark, _undecided(mark)) for mark in marks])


def _undecided(mark: Mark) -> Verdict:
    return Verdict(
        dimension=mark.dimension, criterion=mark.criterion.id, met=None, reason="no checks declared"
    )


@dataclass(frozen=True, slots=True)
class LabelsGrader:
    """Looks up what annotators said of exactly this answer."""

    labels: Labels
    kind: str = "labels"

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Give each label as a verdict."""
        del case  # a label is about the answer's text alone
        hand_over([(m, self.labels.verdict(answer.text, m.dimension, m.criterion.id)) for m in marks])


@dataclass(frozen=True, slots=True)
class CustomGrader:
    """Asks a function of the project about each criterion. It runs on the spot, so it should be quick."""

    function: custom.Function
    name: str
    kind: str = "custom"

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Give what it finds as verdicts; raises InputError when it returns something else."""
        hand_over([(mark, self._verdict(mark, case, answer)) for mark in marks])

    def _verdict(self, mark: Mark, case: Case, answer: Answer) -> Verdict:
        return custom.grade(
            self.function, self.name, case, answer.text, dimension=mark.dimension, criterion=mark.criterion
        )
