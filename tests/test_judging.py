"""A judge's reply is read strictly or not at all, and its quote must be in the answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.judging import UnreadableError, locate, read_reply
from harness.records.outcomes import Verdict
from making import criterion

ANSWER = "First,  use **client-generated ids**.\nThen say “done”. A table:\n\n| a | b |\n"


def read(*, evidence: str = "quote", **fields: object) -> Verdict:
    reply = json.dumps({"quote": "", "reason": "so", "met": False, **fields})
    asked = criterion("ids", evidence=evidence)
    return read_reply(reply, answer=ANSWER, dimension="security", criterion=asked)


@pytest.mark.parametrize(
    ("quote", "verbatim"),
    [
        ("use **client-generated ids**", "use **client-generated ids"),
        ("First, use client-generated ids. Then say", "First,  use **client-generated ids**.\nThen say"),
        ('Then say "done".', "Then say “done”."),
        ("use client-generated ids", "use **client-generated ids"),
    ],
)
def test_a_quote_counts_whatever_its_white_space_marks_and_quotation_marks(quote: str, verbatim: str) -> None:
    found = read(quote=quote, met=True)
    assert (found.met, found.quote) == (True, verbatim)
    assert found.quote in ANSWER


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "yes",
        "null",
        "[]",
        "{}",
        '{"met": true}',
        '{"quote": "use", "reason": "", "met": "true"}',
        '{"quote": "use", "reason": "", "met": 1}',
        '{"quote": null, "reason": "", "met": false}',
        '{"quote": "use", "reason": "", "met": true, "score": 9}',
        '{"quote": "use", "reason": "", "met": true} and more',
        '{"quote": "", "reason": "\\ud800", "met": false}',
        "[" * 100_000,
    ],
)
def test_whatever_is_not_exactly_the_object_is_unreadable(reply: str) -> None:
    with pytest.raises(UnreadableError):
        read_reply(reply, answer=ANSWER, dimension="security", criterion=criterion("ids"))


@pytest.mark.parametrize("quote", ["", "  ", "**", "use server ids", "done. done."])
def test_met_without_a_real_quote_is_unreadable(quote: str) -> None:
    with pytest.raises(UnreadableError, match="quote"):
        read(quote=quote, met=True)


def test_absence_needs_no_quote_and_not_met_keeps_none() -> None:
    assert read(met=True, evidence="absence").met is True
    assert read(met=False, quote="use server ids").quote == ""


@given(st.text(), st.text())
def test_what_is_located_is_text_of_the_answer(quote: str, answer: str) -> None:
    assert locate(quote, answer) in answer


@given(
    st.lists(st.sampled_from(["use", "**ids**", "“keys”", "a"]), min_size=1),
    st.text(alphabet="ab *\n", max_size=20),
    st.sampled_from([" ", "\n", "  "]),
)
def test_all_whole_words_of_an_answer_can_be_found(part: list[str], around: str, gap: str) -> None:
    assert locate(" ".join(part), around + gap + gap.join(part) + gap + around)


@pytest.mark.parametrize("quote", [".", "e", "the", "irst", "client-gen", "use", "First,  use", "a"])
def test_a_scrap_of_an_answer_proves_nothing(quote: str) -> None:
    with pytest.raises(UnreadableError, match="quote"):
        read(quote=quote, met=True)


@pytest.mark.parametrize(
    ("quote", "met"),
    [
        ("使用客户端生成的标识符来避免", True),
        ("使用", False),
        ("идемпотентный ключ запроса", True),
        ("клю", False),
    ],
)
def test_quotes_in_other_scripts_count_by_their_own_measure(quote: str, *, met: bool) -> None:
    answer = "建议使用客户端生成的标识符来避免重复。 Нужен идемпотентный ключ запроса здесь."
    reply = json.dumps({"quote": quote, "reason": "", "met": True})
    if met:
        assert read_reply(reply, answer=answer, dimension="d", criterion=criterion("c")).quote == quote
    else:
        with pytest.raises(UnreadableError, match="quote"):
            read_reply(reply, answer=answer, dimension="d", criterion=criterion("c"))


@pytest.mark.parametrize(
    ("quote", "answer"), [("Yes.", "Yes.\nMore."), ("Use SSE.", "Why? Use SSE. Then go on.")]
)
def test_a_whole_short_sentence_or_line_is_quote_enough(quote: str, answer: str) -> None:
    reply = json.dumps({"quote": quote, "reason": "", "met": True})
    assert read_reply(reply, answer=answer, dimension="d", criterion=criterion("c")).met is True


@given(st.text())
def test_no_reply_is_ever_read_into_something_else(reply: str) -> None:
    try:
        found = read_reply(reply, answer=ANSWER, dimension="security", criterion=criterion("ids"))
    except UnreadableError:
        return
    assert set(json.loads(reply)) == {"quote", "reason", "met"}
    assert found.met is json.loads(reply)["met"]


LONG = "Store each key with a TTL of 24 hours, and never delete one that is still in flight."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("Store every key with a TTL of 24 hours, and never delete one that is still in flight.", True),
        ("store each key with a TTL of 24 hours and never delete one still in flight", True),
        ("Store each key with a TTL of 48 hours, and never delete one that is still in flight.", False),
        ("Store each key with a TTL of 24 hours, and always delete one that is still in flight.", False),
        ("Store each key with no TTL of 24 hours, and never delete one that is still in flight.", False),
        ("Keep all keys for a day, and leave those alone that are in use at that time.", False),
        ("with a TTL of 42 hours", False),
    ],
)
def test_a_slip_of_the_pen_is_forgiven_but_no_other_number_or_negation(quote: str, *, found: bool) -> None:
    answer = f"First this. {LONG} Then that."
    located = locate(quote, answer)
    assert bool(located) is found
    assert located in answer
    assert not found or located.strip(".").casefold() in LONG.casefold()


@given(st.text(), st.text())
def test_what_is_nearly_located_is_text_of_the_answer(quote: str, before: str) -> None:
    answer = before + LONG.replace("each", "every")
    assert locate(quote + LONG, answer) in answer


ENDLESS = "a b c d e " + "f" * 60
CHINESE = "我们不应当使用数据库来保存所有用户的会话信息因为这样不够安全可靠而且不容易扩展以及其他的许多理由"
CLAIM = CHINESE[:39]


@pytest.mark.parametrize(
    ("quote", "answer", "found"),
    [
        ("a b c d e fffffffff", ENDLESS, ""),
        (
            "我们不应该使用数据库来保存所有用户的会话信息因为这样不够安全可靠而且不容易扩展",
            CHINESE,
            CHINESE[:39],
        ),
        ("我们应当使用数据库来保存所有用户的会话信息因为这样不够安全可靠而且不容易扩展", CHINESE, ""),
        ("我们根本没有讨论过这件事情因为没有人认为它是一个值得考虑的问题所以就这样吧", CHINESE, ""),
        (
            "Wir speichern die Schlüssel nicht länger als einen Tag und löschen sie dann sofort",
            "Wir speichern die Schlüssel länger als einen Tag und löschen sie dann sofort.",
            "",
        ),
    ],
)
def test_a_slip_of_the_pen_is_read_by_the_same_rules_in_any_script(
    quote: str, answer: str, found: str
) -> None:
    assert locate(quote, answer) == found


def test_a_quote_far_longer_than_a_sentence_or_two_must_be_verbatim() -> None:
    long = " ".join(f"{LONG} {number}" for number in range(12))
    assert locate(long, f"Before. {long} After.") == long
    assert locate(long.replace("Store each", "Store every", 1), f"Before. {long} After.") == ""


@given(st.text("不我们应用数据 ab.fF—*", max_size=60), st.text("不我们应用数据 ab.fF—*", max_size=90))
def test_no_quote_of_any_answer_ends_a_run(quote: str, answer: str) -> None:
    assert locate(f"a b c d e f {quote}", answer + quote[1:] + answer) in answer + quote[1:] + answer
