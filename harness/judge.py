"""The judge: asks a model about one criterion at a time, and believes only a verdict with a real quote."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import CallError
from harness.grading.inquiry import Inquiry
from harness.planning.model import Model
from harness.planning.work import HandOver, Mark
from harness.prompts import Exam, judge_request
from harness.records.inputs import Case, Criterion, ModelSpec
from harness.records.outcomes import Answer, Request, Verdict


@dataclass(frozen=True, slots=True)
class Judge:
    """Grades with a model. `secret` is the run's: nonces come from it and stay unguessable."""

    model: Model
    spec: ModelSpec
    api_version: str
    secret: bytes
    kind: str = "judge"

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Ask about each mark, all at once; `models.leaders` lets the first go ahead where that saves money.

        A verdict is handed over as soon as it is there. CallError of one call leaves that mark open and is
        raised when the others are through.
        """
        exam = Exam(case, answer.text)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._mark(mark, exam, hand_over)) for mark in marks]
        for error in (task.result() for task in asked):
            if error is not None:
                raise error

    async def _mark(self, mark: Mark, exam: Exam, hand_over: HandOver) -> CallError | None:
        try:
            hand_over([(mark, await self._verdict(mark, exam))])
        except CallError as error:
            return error
        return None

    async def _verdict(self, mark: Mark, exam: Exam) -> Verdict:
        heard: Verdict | Inquiry = Inquiry()
        while isinstance(heard, Inquiry):
            heard = heard.hear(
                await self.model.answer(self.question(exam, mark.criterion, heard.fault)),
                answer=exam.answer,
                dimension=mark.dimension,
                criterion=mark.criterion,
            )
        return heard

    def question(self, exam: Exam, criterion: Criterion, fault: str = "") -> Request:
        """Build what is asked about one criterion, for whoever sends it."""
        return judge_request(self.spec, self.api_version, exam, criterion, self._nonce(exam.answer), fault)

    def _nonce(self, answer: str) -> str:
        """Derive the code of the markers: the same for all criteria of an answer, unknown to its author."""
        return hmac.new(self.secret, answer.encode(), hashlib.sha256).hexdigest()[:16]
