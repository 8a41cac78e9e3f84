"""What the answers of each arm took: retries, and how time is spread over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from harness.records.outcomes import Failed
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort(Record):
    """One arm's answers: calls made again, and the seconds that nine answers in ten were faster than.

    `slow` is `None` with fewer than ten timed answers, where it would be hardly more than the slowest.
    """

    retries: int
    slow: float | None


def efforts(report: Report) -> Mapping[str, Effort]:
    """Give each arm's effort by its label."""
    decider = selection.decider(report)
    return {arm.label: _effort(arm, decider) for arm in selection.arms(report)}


def _effort(arm: Arm, grader: str) -> Effort:
    outcomes = arm.outcomes.get(grader, ())
    answers = [outcome.answer for outcome in outcomes if not isinstance(outcome, Failed)]
    return Effort(
        retries=sum(answer.retries for answer in answers),
        slow=_ninth_decile([answer.seconds for answer in answers if answer.seconds]),
    )


def _ninth_decile(seconds: Sequence[float]) -> float | None:
    return quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) >= 10 else None
