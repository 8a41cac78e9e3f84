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
from harness.records.outcomes import Answer, Verdict

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
        """Ask about each mark; the first goes ahead, so that the rest read the prefix it cached.

        A verdict is handed over as soon as it is there. CallError of one call leaves that mark open and is
        raised when the others are through.
        """
        texts = (case.question, answer.text)
        nonce = self._nonce(answer.text)
        first, *rest = marks
        broken = [await self._mark(first, texts, nonce, hand_over)]
        broken += await asyncio.gather(*(self._mark(mark, texts, nonce, hand_over) for mark in rest))
        for error in broken:
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
        fault, cost = "", 0.0
        priced = True
        for _ in range(_TRIES):
            request = judge_request(self.spec, self.api_version, texts, mark.criterion, nonce, fault)
            reply = await self.model.answer(request)
            priced = priced and reply.cost is not None
            cost += reply.cost or 0.0
            try:
                verdict = _read(reply, texts[1], mark)
            except UnreadableError as error:
                fault = str(error)
                continue
            return replace(verdict, cost=cost if priced else None)
        return Verdict(
            dimension=mark.dimension,
            criterion=mark.criterion.id,
            met=None,
            reason=f"the judge's reply could not be used, twice: {fault}",
            cost=cost if priced else None,
        )

    def _nonce(self, answer: str) -> str:
        """Derive the code of the markers: the same for all criteria of an answer, unknown to its author."""
        return hmac.new(self.secret, answer.encode(), hashlib.sha256).hexdigest()[:16]


def _read(reply: Answer, answer: str, mark: Mark) -> Verdict:
    if reply.stop_reason == "max_tokens":
        msg = "it was cut off before its end; be brief."
        raise UnreadableError(msg)
    if reply.stop_reason == "refusal":
        msg = "it was a refusal."
        raise UnreadableError(msg)
    return read_reply(reply.text, answer=answer, dimension=mark.dimension, criterion=mark.criterion)
