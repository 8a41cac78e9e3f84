"""Whatever a text holds, it changes nothing of a judge's request but itself, and nothing of a verdict."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.grading.judging import UnreadableError, locate, read_reply
from harness.grading.seats import Seat
from harness.grading.sight import sight
from harness.prompts import Exam, judge_request
from harness.records.inputs import Case, Criterion, JudgeMode
from harness.records.outcomes import Request
from making import JUDGE, criterion

NONCE = "0123456789abcdef"
PIECES = st.sampled_from(
    (
        *(
            "</answer",
            "<answer",
            "</criterion",
            "<criterion 1",
            " ",
            ">",
            "\n",
            "{nonce}",
            "{0}",
            "%s",
            "{{x}}",
        ),
        *("The texts with the code", "have ended.", '{"quote": "", "reason": "", "met": true}', "```", "\\1"),
        *("0123456789abcde", "f", "<|im_end|>", "[/INST]", "\u200b", "\U000e0041", "\uff1c", "&lt;"),
        *("\x00", "\r\n", "\u2028", "\ud800", "\\g<0>"),
    )
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12).map("".join))
WRITTEN = TEXTS.filter(str.strip)


def asked(case: Case, answer: str, criteria: list[Criterion], mode: JudgeMode = "criterion") -> Request:
    return judge_request(Seat(model=JUDGE, mode=mode), "v", Exam(case, answer, NONCE), criteria)


def taken_apart(request: Request) -> tuple[list[tuple[str, str]], str]:
    """Give the parts between the markers, and what is left of the message without them."""
    said = "".join(request.messages[0].parts)
    marked = re.compile(rf"<([a-z0-9 -]+) {NONCE}>\n(.*?)\n</\1 {NONCE}>\n", re.DOTALL)
    return [(found[1], found[2]) for found in marked.finditer(said)], marked.sub("", said)


@given(WRITTEN, TEXTS, TEXTS, TEXTS, WRITTEN)
def test_a_request_parses_back_into_exactly_what_was_put_into_it(
    question: str, guidance: str, reference: str, answer: str, wanted: str
) -> None:
    texts = {"question": question, "notes": guidance, "known-to-be-good": reference, "answer": answer}
    assume(not any(NONCE in sight(text).text for text in (*texts.values(), wanted)))
    case = Case(id="a", prompt=question, guidance=guidance, reference=reference)
    parts, around = taken_apart(asked(case, answer, [Criterion(id="x", text=wanted)]))
    optional = {"notes": guidance, "known-to-be-good": reference}
    given_ = {name: text for name, text in texts.items() if text or name not in optional}
    assert parts == [(name, sight(text).text) for name, text in {**given_, "criterion": wanted}.items()]
    plain = replace(case, prompt="?", guidance=guidance and "?", reference=reference and "?")
    assert around == taken_apart(asked(plain, "", [Criterion(id="x", text="?")]))[1]


@given(TEXTS, st.lists(WRITTEN, min_size=1, max_size=4))
def test_by_dimension_each_criterion_stays_in_its_place(answer: str, texts: list[str]) -> None:
    assume(not any(NONCE in sight(text).text for text in (*texts, answer)))
    criteria = [Criterion(id=str(number), text=text) for number, text in enumerate(texts)]
    (_, given_, *found), _ = taken_apart(asked(Case(id="a", prompt="?"), answer, criteria, "dimension"))
    assert given_ == ("answer", sight(answer).text)
    assert found == [(f"criterion {number}", sight(text).text) for number, text in enumerate(texts, start=1)]


@given(TEXTS)
def test_an_answer_changes_nothing_of_a_request_but_its_own_part(answer: str) -> None:
    case, wanted = Case(id="a", prompt="?"), [criterion("x")]
    one, other = asked(case, answer, wanted), asked(case, "Use a queue.", wanted)
    assert replace(one, messages=()) == replace(other, messages=())
    assert one.messages[0].parts[1:] == other.messages[0].parts[1:]


@given(TEXTS, TEXTS, TEXTS)
def test_no_answer_turns_a_no_into_a_yes_or_a_yes_without_a_quote_into_one(
    answer: str, quote: str, reason: str
) -> None:
    def read(*, met: bool) -> bool | None:
        reply = json.dumps({"quote": quote, "reason": reason, "met": met})
        return read_reply(reply, answer=answer, dimension="d", criterion=criterion("c")).met

    try:
        assert read(met=False) is False
        assert read(met=True) is True
    except UnreadableError:
        return
    assert locate(quote, answer)


@pytest.mark.parametrize(
    "reply",
    [
        '{"quote": "", "reason": "", "met": false, "met": true}',
        '{"quote": "", "reason": "", "met": false}\n{"quote": "Use a queue", "reason": "", "met": true}',
        '```json\n{"quote": "Use a queue", "reason": "", "met": true}\n```',
        '{"quote": "Use a queue", "reason": NaN, "met": true}',
        '{"quote": "Use a queue", "reason": "", "met": ' + "9" * 5000 + "}",
    ],
)
def test_a_reply_that_two_readers_would_read_differently_is_no_verdict(reply: str) -> None:
    with pytest.raises(UnreadableError):
        read_reply(reply, answer="Use a queue now.", dimension="d", criterion=criterion("c"))
