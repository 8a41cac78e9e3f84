"""What the judge reads: everything it needs, once, in place; what the agent reads: nothing of that."""

import json
from dataclasses import replace

import pytest

from front_door import Door
from harness.grading.seats import Seat
from harness.models.wire import wire
from harness.planning.work import marks_of
from harness.prompts import Exam, judge_request
from harness.records.inputs import Case
from harness.records.outcomes import Answer
from loopback import Loopback
from making import JUDGE, criterion, manifest

CASE = Case(id="queues", prompt="Which queue?", guidance="They have no Kafka.", reference="Use PostgreSQL.")


def read(case: Case) -> str:
    request = judge_request(Seat(model=JUDGE), "v", Exam(case, "The answer.", "n0nce"), [criterion("input")])
    return "".join(part for message in request.messages for part in message.parts)


def test_the_judge_sees_guidance_and_reference_between_markers_before_the_answer() -> None:
    text = read(CASE)
    places = [
        text.index(piece)
        for piece in (
            "Which queue?\n</question n0nce>",
            "<notes n0nce>\nThey have no Kafka.\n</notes n0nce>",
            "<known-to-be-good n0nce>\nUse PostgreSQL.\n</known-to-be-good n0nce>",
            "<answer n0nce>\nThe answer.\n</answer n0nce>",
        )
    ]
    assert places == sorted(places)


def test_what_is_asked_alone_reads_the_same_and_is_not_put_into_the_cache() -> None:
    exam, seat = Exam(CASE, "The answer.", "n0nce"), Seat(model=JUDGE)
    alone = judge_request(seat, "v", exam, [criterion("input")], alone=True)
    (text,) = alone.messages[0].parts
    assert text == read(CASE)
    assert "cache_control" not in json.dumps(wire(alone)["messages"])
    assert "cache_control" in json.dumps(
        wire(judge_request(seat, "v", exam, [criterion("input")]))["messages"]
    )


def test_a_case_without_them_shows_no_empty_markers() -> None:
    text = read(Case(id="queues", prompt="Which queue?"))
    assert "notes" not in text
    assert "known-to-be-good" not in text


@pytest.mark.parametrize(
    "other", [replace(CASE, guidance="They have Kafka."), replace(CASE, reference="Use SQS.")]
)
def test_other_guidance_is_another_verdict_for_a_judge_alone(other: Case) -> None:
    asked, answer = manifest(graders=("judge", "signals")), Answer(text="The answer.")
    before, after = (
        {mark.grader: mark.key for mark in marks_of(asked, each, answer)} for each in (CASE, other)
    )
    assert {grader for grader, key in before.items() if after[grader] != key} == {"judge"}


def test_the_agent_never_sees_what_is_for_the_judge(door: Door, server: Loopback) -> None:
    case = {
        "id": "queues",
        "prompt": "Which queue?",
        "guidance": "They have no Kafka.",
        "reference": "Use PG.",
    }
    door.write("datasets/cases.yaml", [case])
    door.eval(server.url)
    assert door.run("run", "small").code == 0
    sent = [(seen.judge, json.dumps(seen.body)) for seen in server.requests if seen.body]
    assert {judge: ("no Kafka" in text, "Use PG." in text) for judge, text in sent} == {
        False: (False, False),
        True: (True, True),
    }
