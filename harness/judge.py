"""The judge: asks a model about one criterion at a time, and believes only a verdict with a real quote."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import CallError
from harness.grading.judging import UnreadableError, read_reply
from harness.planning.model import Model
from harness.planning.work import HandOver, Mark
from harness.prompts import judge_request
from harness.records.inputs import Case, ModelSpec
from harness.records.outcomes import Answer, Usage, Verdict

_TRIES = 2  # the second names the fault of the first; then the verdict stays open


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
        texts = (case.question, answer.text)
        nonce = self._nonce(answer.text)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._mark(mark, texts, nonce, hand_over)) for mark in marks]
        for error in (task.result() for task in asked):
            if error is not None:
                raise error

    async def _mark(
        self, mark: Mark, texts: tuple[str, str], nonce: str, hand_over: HandOver
    ) -> CallError | None:
        try:
            hand_over([(mark, await self._verdict(mark, texts, nonce))])
        except CallError as error:
            return error
        return None

    async def _verdict(self, mark: Mark, texts: tuple[str, str], nonce: str) -> Verdict:
        fault = ""
        replies: list[Answer] = []
        for _ in range(_TRIES):
            request = judge_request(self.spec, self.api_version, texts, mark.criterion, nonce, fault)
            replies.append(await self.model.answer(request))
            try:
                return _paid(_read(replies[-1], texts[1], mark), replies)
            except UnreadableError as error:
                fault = str(error)
        reason = f"the judge's reply could not be used, twice: {fault}"
        open_ = Verdict(dimension=mark.dimension, criterion=mark.criterion.id, met=None, reason=reason)
        return _paid(open_, replies)

    def _nonce(self, answer: str) -> str:
        """Derive the code of the markers: the same for all criteria of an answer, unknown to its author."""
        return hmac.new(self.secret, answer.encode(), hashlib.sha256).hexdigest()[:16]


def _paid(verdict: Verdict, replies: Sequence[Answer]) -> Verdict:
    """Add up what a verdict's calls took; one unknown price makes the sum unknown."""
    costs = [reply.cost for reply in replies]
    usage = sum((reply.usage for reply in replies), Usage())
    return replace(
        verdict,
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
        output_tokens=usage.output_tokens,
        seconds=sum(reply.seconds for reply in replies),
        input_tokens=usage.input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_read_tokens=usage.cache_read_tokens,
    )


def _read(reply: Answer, answer: str, mark: Mark) -> Verdict:
    if reply.stop_reason == "max_tokens":
        msg = "it was cut off before its end; be brief."
        raise UnreadableError(msg)
    if reply.stop_reason == "refusal":
        msg = "it was a refusal."
        raise UnreadableError(msg)
    return read_reply(reply.text, answer=answer, dimension=mark.dimension, criterion=mark.criterion)
