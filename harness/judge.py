"""The judge: asks models about criteria of an answer, and believes only a verdict with a real quote."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import CallError
from harness.grading.inquiry import Inquiry
from harness.planning.calls import Call, calls
from harness.planning.model import Model
from harness.planning.work import HandOver, Mark
from harness.prompts import Exam, judge_request
from harness.records.inputs import Case, Criterion, ModelSpec
from harness.records.outcomes import Answer, Request


@dataclass(frozen=True, slots=True)
class Judge:
    """Grades with models. `secret` is the run's: nonces come from it and stay unguessable."""

    models: Mapping[ModelSpec, Model]
    api_version: str
    secret: bytes
    kind: str = "judge"

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Make every call that the marks need, all at once; `models.leaders` lets the first go ahead.

        A verdict is handed over as soon as it is there. CallError of one call leaves its marks open and is
        raised when the others are through.
        """
        exam = self.exam(case, answer)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._call(call, exam, hand_over)) for call in calls(marks)]
        for error in (task.result() for task in asked):
            if error is not None:
                raise error

    async def _call(self, call: Call, exam: Exam, hand_over: HandOver) -> CallError | None:
        """Ask until every mark of a call has its verdict; what is left is asked once more, by itself."""
        left, inquiry, model = call.marks, Inquiry(), self.models[call.seat.model]
        try:
            while left:
                reply = await model.answer(
                    self.question(exam, call, [m.criterion for m in left], inquiry.fault)
                )
                heard = inquiry.hear(reply, answer=exam.answer, asked=left, mode=call.seat.mode)
                left, inquiry = heard.left, heard.inquiry
                if heard.verdicts:
                    hand_over(heard.verdicts)
        except CallError as error:
            return error
        return None

    def exam(self, case: Case, answer: Answer) -> Exam:
        """Put down what is examined, between markers whose code its author cannot know.

        The code is the same for all criteria and votes of an answer, so that they share a cached prefix.
        """
        nonce = hmac.new(self.secret, answer.text.encode(), hashlib.sha256).hexdigest()[:16]
        return Exam(case, answer.text, nonce)

    def question(self, exam: Exam, call: Call, criteria: Sequence[Criterion], fault: str = "") -> Request:
        """Build what is asked about these criteria of a call, for whoever sends it."""
        return judge_request(call.seat, self.api_version, exam, criteria, fault, alone=call.alone)
