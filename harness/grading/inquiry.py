"""Verdicts in the asking: what the judge's replies so far have come to, whoever carries them.

Nothing here sends anything. A live call and a batch that comes back on another day take the same step.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from harness.grading.canary import sprung
from harness.grading.judging import UnreadableError, read_list, read_reply
from harness.grading.shares import shared, usages
from harness.records.inputs import CANARY, Criterion, JudgeMode
from harness.records.outcomes import Answer, Usage, Verdict
from harness.records.record import Record

_TRIES = 2  # the second names the fault of the first; then the verdict stays open


class Question(Protocol):
    """What one verdict is asked for."""

    @property
    def dimension(self) -> str:
        """The dimension that the criterion belongs to."""

    @property
    def criterion(self) -> Criterion:
        """The criterion."""


Q = TypeVar("Q", bound=Question)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Generic[Q]):
    """What a reply came to: verdicts, and the questions that it left, with the inquiry to go on with."""

    verdicts: tuple[tuple[Q, Verdict], ...]
    left: tuple[Q, ...]
    inquiry: "Inquiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry(Record):
    """How often verdicts were asked for in vain, what was wrong last time, and what that cost.

    `fault` belongs into the next request. `cost` is in US dollars, `None` once a reply's price is unknown.
    """

    tries: int = 0
    fault: str = ""
    cost: float | None = 0.0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0

    def hear(self, reply: Answer, *, answer: str, asked: Sequence[Q], mode: JudgeMode) -> Heard[Q]:
        """Take in a reply about these questions, in the order in which they were asked.

        A question whose second reply cannot be used either gets a verdict that stays open. What all replies
        cost is shared over the verdicts that they gave, exactly.
        """
        found = [_meant(each) for each in _read(reply, answer, asked, mode)]
        last = self.tries + 1 >= _TRIES
        verdicts, left, faults, unspent = list[tuple[Q, Verdict]](), list[Q](), list[str](), Inquiry()
        shares = self._spending(reply).shared(len(asked))
        for question, verdict, share in zip(asked, found, shares, strict=True):
            if isinstance(verdict, Verdict) or last:
                made = verdict if isinstance(verdict, Verdict) else _open(question, verdict)
                verdicts.append((question, share.paying(made)))
            else:
                left.append(question)
                faults.append(verdict)
                unspent = unspent.plus(share)
        going_on = replace(unspent, tries=self.tries + 1, fault=_named(faults, whole=not verdicts))
        return Heard(verdicts=tuple(verdicts), left=tuple(left), inquiry=going_on)

    def plus(self, other: "Inquiry") -> "Inquiry":
        """Add what another one cost; one unknown price makes the sum unknown."""
        unknown = self.cost is None or other.cost is None
        return replace(
            self,
            cost=None if unknown else (self.cost or 0.0) + (other.cost or 0.0),
            usage=self.usage + other.usage,
            seconds=self.seconds + other.seconds,
        )

    def shared(self, parts: int) -> Sequence["Inquiry"]:
        """Cut what was spent into parts that add up to it."""
        costs = [None] * parts if self.cost is None else shared(self.cost, parts)
        rows = zip(costs, usages(self.usage, parts), shared(self.seconds, parts), strict=True)
        return [Inquiry(cost=cost, usage=usage, seconds=seconds) for cost, usage, seconds in rows]

    def paying(self, verdict: Verdict) -> Verdict:
        """Give the verdict with what was spent on it."""
        return replace(verdict, cost=self.cost, seconds=self.seconds, **asdict(self.usage))

    def _spending(self, reply: Answer) -> "Inquiry":
        return self.plus(Inquiry(cost=reply.cost, usage=reply.usage, seconds=reply.seconds))


def _read(reply: Answer, answer: str, asked: Sequence[Q], mode: JudgeMode) -> Sequence[Verdict | str]:
    """Read a verdict for each question, or the fault that is to be named."""
    stops = {"max_tokens": "it was cut off before its end; be brief.", "refusal": "it was a refusal."}
    if fault := stops.get(reply.stop_reason):
        return [fault] * len(asked)
    if mode == "dimension":
        pairs = [(question.dimension, _heard_as(question)) for question in asked]
        return read_list(reply.text, answer=answer, asked=pairs)
    (question,) = asked
    try:
        dimension, criterion = question.dimension, _heard_as(question)
        return [read_reply(reply.text, answer=answer, dimension=dimension, criterion=criterion)]
    except UnreadableError as error:
        return [str(error)]


def _heard_as(question: Question) -> Criterion:
    """Say by which rules a verdict is read: to the canary any yes is one, with or without a quote."""
    asked = question.criterion
    return replace(asked, evidence="absence") if question.dimension == CANARY else asked


def _meant(found: Verdict | str) -> Verdict | str:
    return sprung(found) if isinstance(found, Verdict) and found.dimension == CANARY else found


def _open(question: Question, fault: str) -> Verdict:
    reason = f"the judge's reply could not be used, twice: {fault}"
    return Verdict(dimension=question.dimension, criterion=question.criterion.id, met=None, reason=reason)


def _named(faults: Sequence[str], *, whole: bool) -> str:
    """Name what was wrong, by the numbers under which the questions are asked once more."""
    if len(set(faults)) < 2 and whole:
        return "".join(faults[:1])
    return " ".join(f"criterion {number}: {fault}" for number, fault in enumerate(faults, start=1))
