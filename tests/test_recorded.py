"""Recorded answers are found by what was asked, and what is not recorded is an error that says what to do."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CallError, InputError
from harness.models.recorded import Recorded, question, read_recorded
from harness.records.inputs import Case
from harness.records.outcomes import Message, Request

PROMPT, ASKED = "You are an engineer.", "Design a login."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def row(**changes: Any) -> str:
    usual = {
        "id": "given/login",
        "revision": "given",
        "case": "login",
        "prompt_hash": sha256(PROMPT),
        "question_hash": sha256(ASKED),
        "attempt": 1,
        "text": "Use passkeys.",
    }
    return json.dumps({name: value for name, value in {**usual, **changes}.items() if value is not ...})


def request(*, system: str = PROMPT, asked: str = ASKED, sample: str = "1") -> Request:
    return Request(
        provider="recorded",
        base_url="",
        api_version="",
        model="",
        max_tokens=1,
        system=system,
        messages=(Message(role="user", parts=(asked,)),),
        sample=sample,
    )


def recorded(*rows: str) -> Recorded:
    return read_recorded("\n".join(rows), source="answers.jsonl")


@pytest.mark.anyio
async def test_an_answer_is_found_by_prompt_question_and_attempt() -> None:
    answers = recorded(row(), row(id="2", attempt=2, text="Use passwords."))
    first, second = await answers.answer(request()), await answers.answer(request(sample="2"))
    assert (first.text, second.text) == ("Use passkeys.", "Use passwords.")
    assert (first.stop_reason, first.cost, first.retries) == ("end_turn", 0.0, 0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request(system="Be brief."), f"the prompt {sha256('Be brief.')[:12]}…; it holds concise, given"),
        (request(asked="Design a queue."), 'of given to the question "Design a queue."; it holds login'),
        (request(sample="3"), "no attempt 3 of given at login; it holds 1, 2"),
    ],
)
@pytest.mark.anyio
async def test_a_miss_says_which_part_is_unknown_and_what_to_do(asked: Request, words: str) -> None:
    answers = recorded(row(), row(attempt=2), row(revision="concise", prompt_hash=sha256("x")))
    with pytest.raises(CallError) as caught:
        await answers.answer(asked)
    assert caught.value.kind == "recorded-miss"
    assert caught.value.message.startswith("answers.jsonl holds no ")
    assert words in caught.value.message
    assert "undo the edit" in caught.value.hint
    assert answers.missing([request(), asked, asked]) == (asked, asked)
    assert answers.why(asked) == caught.value.message


def test_nothing_is_missing_when_all_is_recorded() -> None:
    assert recorded(row()).missing([request()]) == ()


def test_a_case_with_one_prompt_is_asked_by_the_text_its_hash_is_of() -> None:
    case = Case(id="login", prompt=ASKED, context="A bank.")
    sent = (Message(role="user", parts=(case.question,)),)
    assert question(sent) == case.question


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    asked=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_what_is_written_is_read(text: str, asked: str) -> None:
    answers = recorded(row(text=text, question_hash=sha256(asked)))
    assert [each.text for each in answers.by_key.values()] == [text]
    assert answers.missing([request(asked=asked)]) == ()


def test_other_recordings_are_another_version() -> None:
    assert recorded(row()).version == recorded(row()).version
    assert recorded(row()).version != recorded(row(text="Use magic links.")).version


def test_all_faults_of_a_file_are_said_at_once_with_their_lines() -> None:
    lines = [
        row(),
        "",
        "{",
        "[]",
        row(text=...),
        row(txt="x"),
        row(attempt=0),
        row(attempt=True),
        row(prompt_hash="abc"),
        row(id="again"),
        row(attempt=2, text="\ud800"),
    ]
    with pytest.raises(InputError) as caught:
        recorded(*lines)
    faults = {fault.line: str(fault) for fault in caught.value.faults}
    expected = {
        3: "not readable as JSON",
        4: "got a list",
        5: "text: Field required",
        6: "txt: Unexpected field (did you mean 'text'?)",
        7: "attempt: must be 1 or more, got 0",
        8: "attempt: must be a whole number, got true",
        9: "prompt_hash: must be a SHA-256 in hex, got 'abc'",
        10: "this recording stands in line 1 already",
        11: "not readable as JSON",
    }
    assert faults.keys() == expected.keys()
    assert [line for line, words in expected.items() if words not in faults[line]] == []
    assert str(caught.value).startswith("answers.jsonl: 9 to mend")


def test_a_file_without_answers_is_a_fault() -> None:
    with pytest.raises(InputError, match="at least one recorded answer"):
        recorded("")
