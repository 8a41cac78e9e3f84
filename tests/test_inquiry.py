"""One verdict in the asking: reply by reply, whoever carries them."""

import json
from dataclasses import dataclass

import pytest

from harness.grading.inquiry import Inquiry
from harness.records.inputs import Criterion
from harness.records.outcomes import Answer, Usage, Verdict
from making import criterion

TEXT = "Validate every input. Trust nobody."
GOOD = json.dumps({"quote": "Validate every input.", "reason": "so", "met": True})
ELSEWHERE = json.dumps({"quote": "Encrypt every disk.", "reason": "so", "met": True})


@dataclass(frozen=True)
class Asked:
    criterion: Criterion
    dimension: str = "security"


def hear(inquiry: Inquiry, text: str, **more: object) -> Verdict | Inquiry:
    usage = Usage(output_tokens=10)
    reply = Answer(text=text, **{"cost": 0.5, "seconds": 2.0, "usage": usage, **more})  # type: ignore[arg-type]
    heard = inquiry.hear(reply, answer=TEXT, asked=[Asked(criterion("input"))], mode="criterion")
    assert len(heard.verdicts) + len(heard.left) == 1
    return heard.inquiry if heard.left else heard.verdicts[0][1]


def test_a_reply_that_can_be_used_is_the_verdict_with_what_it_took() -> None:
    assert hear(Inquiry(), GOOD) == Verdict(
        dimension="security",
        criterion="input",
        met=True,
        quote="Validate every input.",
        reason="so",
        cost=0.5,
        output_tokens=10,
        seconds=2.0,
    )


@pytest.mark.parametrize(
    ("text", "stop", "fault"),
    [
        (ELSEWHERE, "end_turn", "its quote does not occur in the answer."),
        ("Yes!", "end_turn", "it was not a JSON object."),
        (GOOD, "max_tokens", "it was cut off before its end; be brief."),
        (GOOD, "refusal", "it was a refusal."),
    ],
)
def test_a_reply_that_cannot_be_used_names_the_fault_for_the_next_request(
    text: str, stop: str, fault: str
) -> None:
    heard = hear(Inquiry(), text, stop_reason=stop)
    assert heard == Inquiry(tries=1, fault=fault, cost=0.5, usage=Usage(output_tokens=10), seconds=2.0)


def test_the_second_reply_adds_to_what_the_first_one_took() -> None:
    first = hear(Inquiry(), ELSEWHERE)
    assert isinstance(first, Inquiry)
    second = hear(first, GOOD)
    assert isinstance(second, Verdict)
    assert (second.met, second.cost, second.output_tokens, second.seconds) == (True, 1.0, 20, 4.0)


def test_two_replies_that_cannot_be_used_leave_the_verdict_open_and_paid() -> None:
    first = hear(Inquiry(), "Yes!")
    assert isinstance(first, Inquiry)
    second = hear(first, ELSEWHERE)
    assert isinstance(second, Verdict)
    assert (second.met, second.cost) == (None, 1.0)
    assert second.reason.endswith("twice: its quote does not occur in the answer.")


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    first = hear(Inquiry(), "Yes!", cost=None)
    assert isinstance(first, Inquiry)
    second = hear(first, GOOD)
    assert isinstance(second, Verdict)
    assert second.cost is None
