"""What kept a grader from being talked round: answers that were held back, and canaries that did not hold."""

from collections.abc import Iterator

from harness.grading.canary import NOT_RELIED_ON
from harness.grading.screening import MEETS_NOTHING
from harness.records.outcomes import Failed
from harness.records.results import Arm
from harness.reporting.words import many


def told(arm: Arm, kind: str) -> Iterator[str]:
    """Say of one arm under one grader how often either happened; nothing where neither did."""
    answered = [outcome for outcome in arm.outcomes[kind] if not isinstance(outcome, Failed)]
    reasons = [{verdict.reason for verdict in outcome.verdicts} for outcome in answered]
    silent = sum(any(reason.endswith(MEETS_NOTHING) for reason in of_one) for of_one in reasons)
    doubted = sum(any(reason.startswith(NOT_RELIED_ON) for reason in of_one) for of_one in reasons)
    of_all = f"of {many(len(answered), 'answer')}"
    if silent:
        yield f"{arm.label}: {silent} {of_all} say nothing and meet no criterion; {kind} was not asked."
    if doubted:
        yield (
            f"{arm.label}: the canary did not hold for {doubted} {of_all}; what {kind} said of them does not "
            "count."
        )
