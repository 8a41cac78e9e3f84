"""Verdicts in the asking: reply by reply, whoever carries them."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.inquiry import Heard, Inquiry
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


# ------------------------------------------------------------------ several at once

THREE = [Asked(criterion(name)) for name in ("input", "disk", "trust")]
YES = {"quote": "Validate every input.", "reason": "so", "met": True}
NO = {"quote": "", "reason": "so", "met": False}
MADE_UP = {"quote": "Encrypt every disk.", "reason": "so", "met": True}


def listed(*items: tuple[int, dict[str, object]]) -> str:
    return json.dumps({"verdicts": [{"criterion": number, **item} for number, item in items]})


def hear_all(inquiry: Inquiry, text: str, asked: list[Asked] = THREE, **more: object) -> Heard[Asked]:
    reply = Answer(text=text, **{"cost": 0.1, "usage": Usage(output_tokens=10), **more})  # type: ignore[arg-type]
    return inquiry.hear(reply, answer=TEXT, asked=asked, mode="dimension")


def test_a_list_gives_a_verdict_for_each_and_shares_its_cost_exactly() -> None:
    heard = hear_all(Inquiry(), listed((2, NO), (1, YES), (3, NO)))
    found = {question.criterion.id: verdict for question, verdict in heard.verdicts}
    assert {name: verdict.met for name, verdict in found.items()} == {
        "input": True,
        "disk": False,
        "trust": False,
    }
    assert (heard.left, sum(verdict.cost or 0 for verdict in found.values())) == ((), 0.1)
    assert sorted(verdict.output_tokens for verdict in found.values()) == [3, 3, 4]


@pytest.mark.parametrize(
    ("items", "left", "fault"),
    [
        ([(1, YES), (2, MADE_UP), (3, NO)], ["disk"], "criterion 1: its quote does not occur in the answer."),
        ([(1, YES), (3, NO)], ["disk"], "criterion 1: it was not decided."),
        ([(1, YES), (2, NO), (2, NO), (3, NO)], ["disk"], "criterion 1: it was decided more than once."),
        (
            [(1, MADE_UP), (2, NO)],
            ["input", "trust"],
            "criterion 1: its quote does not occur in the answer. criterion 2: it was not decided.",
        ),
        (
            [(1, YES), (2, NO), (4, NO)],
            ["input", "disk", "trust"],
            "each of its verdicts must name its criterion by a number from 1 to 3.",
        ),
        ([], ["input", "disk", "trust"], "it was not decided."),
    ],
)
def test_only_what_cannot_be_used_is_left_under_its_new_number(
    items: list[tuple[int, dict[str, object]]], left: list[str], fault: str
) -> None:
    heard = hear_all(Inquiry(), listed(*items))
    assert [question.criterion.id for question in heard.left] == left
    assert (heard.inquiry.tries, heard.inquiry.fault) == (1, fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Yes to all!", "it was not a JSON object."),
        ("[]", "it must be a JSON object of verdicts, a list, and nothing else."),
        ('{"verdicts": 3}', "it must be a JSON object of verdicts, a list, and nothing else."),
        ('{"verdicts": [], "note": ""}', "it must be a JSON object of verdicts, a list, and nothing else."),
        ('{"verdicts": ["met"]}', "each of its verdicts must name its criterion by a number from 1 to 3."),
        (listed((True, NO)), "each of its verdicts must name its criterion by a number from 1 to 3."),
        ("[" * 100_000, "it was not a JSON object."),
    ],
)
def test_what_is_no_list_of_verdicts_is_one_fault_for_all(text: str, fault: str) -> None:
    heard = hear_all(Inquiry(), text)
    assert (len(heard.left), heard.inquiry.fault) == (3, fault)


def test_a_second_reply_pays_for_what_was_left_and_closes_it() -> None:
    first = hear_all(Inquiry(), listed((1, YES), (3, NO)))
    second = hear_all(first.inquiry, listed((1, MADE_UP)), asked=list(first.left))
    ((_, verdict),) = second.verdicts
    assert (verdict.met, second.left) == (None, ())
    assert verdict.reason.endswith("twice: its quote does not occur in the answer.")
    everything = [*first.verdicts, *second.verdicts]
    assert sum(each.output_tokens for _, each in everything) == 20
    assert sum(each.cost or 0 for _, each in everything) == pytest.approx(0.2, abs=1e-15)


@given(st.text() | st.builds(json.dumps, st.recursive(st.none() | st.booleans() | st.text(), st.lists)))
def test_no_reply_breaks_the_reading_and_every_question_is_answered_or_left(text: str) -> None:
    heard = hear_all(Inquiry(), text)
    assert len(heard.verdicts) + len(heard.left) == 3
    assert all(verdict.met is not True for _, verdict in heard.verdicts)
