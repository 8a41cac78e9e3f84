"""One verdict in the asking: what the judge's replies so far have come to, whoever carries them.

Nothing here sends anything. A live call and a batch that comes back on another day take the same step.
"""

from dataclasses import asdict, dataclass, field, replace

from harness.grading.judging import UnreadableError, read_reply
from harness.records.inputs import Criterion
from harness.records.outcomes import Answer, Usage, Verdict
from harness.records.record import Record

_TRIES = 2  # the second names the fault of the first; then the verdict stays open


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry(Record):
    """How often a verdict was asked for in vain, what was wrong last time, and what that cost.

    `fault` belongs into the next request. `cost` is in US dollars, `None` once a reply's price is unknown.
    """

    tries: int = 0
    fault: str = ""
    cost: float | None = 0.0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0

    def hear(
        self, reply: Answer, *, answer: str, dimension: str, criterion: Criterion
    ) -> "Verdict | Inquiry":
        """Take in a reply: a verdict, or the inquiry to go on with.

        The second reply that cannot be used gives a verdict that stays open. What all replies cost is the
        verdict's cost.
        """
        spent = self._spending(reply)
        try:
            verdict = _read(reply, answer, dimension, criterion)
        except UnreadableError as error:
            spent = replace(spent, tries=self.tries + 1, fault=str(error))
            if spent.tries < _TRIES:
                return spent
            reason = f"the judge's reply could not be used, twice: {spent.fault}"
            verdict = Verdict(dimension=dimension, criterion=criterion.id, met=None, reason=reason)
        return replace(verdict, cost=spent.cost, seconds=spent.seconds, **asdict(spent.usage))

    def _spending(self, reply: Answer) -> "Inquiry":
        """Add what a reply took; one unknown price makes the sum unknown."""
        unknown = self.cost is None or reply.cost is None
        return replace(
            self,
            cost=None if unknown else (self.cost or 0.0) + (reply.cost or 0.0),
            usage=self.usage + reply.usage,
            seconds=self.seconds + reply.seconds,
        )


def _read(reply: Answer, answer: str, dimension: str, criterion: Criterion) -> Verdict:
    if reply.stop_reason == "max_tokens":
        msg = "it was cut off before its end; be brief."
        raise UnreadableError(msg)
    if reply.stop_reason == "refusal":
        msg = "it was a refusal."
        raise UnreadableError(msg)
    return read_reply(reply.text, answer=answer, dimension=dimension, criterion=criterion)
