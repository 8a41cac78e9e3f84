"""Signals see what a person would point at, quote it verbatim, and cannot be made slow."""

import contextlib
import itertools
import re
import sys
import time
from types import FrameType
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.grading.phrases import Reading
from harness.grading.placeholders import pattern
from harness.grading.signals import grade, match
from harness.grading.units import read
from harness.records.inputs import Criterion, Place, Scope, Signal
from harness.records.outcomes import Verdict
from harness.records.phrases import PLACEHOLDERS, parse

QUESTION = (
    "Postgres 14 on RDS, 42M rows, six devs and a `max_pool` of 20. The sale is on Friday. Can Redis help?"
)

MARKDOWN = """\
Keep Postgres. Kafka, e.g. on MSK, is overkill here.

## Rollout plan

| Option | Cost |
|---|---|
| Redis | $50/month |
| **Kafka** | 3 weeks of work |

Watch these:

- `queue_depth` above 500
- p95-latency per
  end point

```sql
CREATE UNIQUE INDEX CONCURRENTLY by_merchant
  ON orders (merchant_id, created_at);

DROP INDEX old;
```

> Quoted advice. It has two sentences.
"""


def verdict(answer: str, *phrases: str, question: str = QUESTION, **rest: Any) -> Verdict:
    criterion = Criterion(id="c", text="t", signals=(Signal(all=phrases, **rest),))
    return grade(criterion, question=question, answer=answer, dimension="d")


# ------------------------------------------------------------------ the phrase language

PHRASES = [
    ("idempotency key", "Send an Idempotency-Key header.", "Idempotency-Key"),
    ("idempotency key", "Store the `idempotency_key` too.", "idempotency_key"),
    ("idempotency key", "An **idempotency**\nkey helps.", "idempotency**\nkey"),
    ("idempotency key", "We need idempotency. Key facts follow.", None),
    ("idempotency key", "idempotency (key)", None),
    ("idempotency, key", "idempotency (key)", "idempotency (key"),
    ("lock", "The clock blocks.", None),
    ("another user's order", "reads another user\u2019s order", "another user\u2019s order"),
    ("idempoten*", "It is idempotent.", "idempotent"),
    ("queue | broker", "A broker would do.", "broker"),
    (
        "store ... acknowledge",
        "Store the raw event, then acknowledge.",
        "Store the raw event, then acknowledge",
    ),
    ("store ... acknowledge", "Store a b c d e f g acknowledge.", None),
    ("store ... acknowledge", "Store it. Then acknowledge.", None),
    ("p95", "The P95 rises.", "P95"),
    ("250 ms", "It took 250ms.", "250ms"),
    ("1200 stores", "There are 1,200 stores.", "1,200 stores"),
    ("node.js", "Use Node.js here.", "Node.js"),
    ("merchant_id ... created_at", "`(merchant_id, created_at DESC)`", "merchant_id, created_at"),
    ("{number} workers", "Run 30 workers.", "30 workers"),
    ("{number}", "Run three workers.", "three"),
    ("{number}", "Run one worker.", None),
    ("{quantity}", "Alert above 20 GB.", "20 GB"),
    ("{quantity}", "Chapter 20.", None),
    ("{quantity}", "at 900/s", "900/s"),
    ("{money}", "about \u20ac1,842 off", "\u20ac1,842"),
    ("{percent}", "5 % of traffic", "5 %"),
    ("{duration}", "within three weeks", "three weeks"),
    ("{threshold}", "when lag > 60 s", "60"),
    ("{threshold}", "once it exceeds roughly 300M", "exceeds roughly 300M"),
    ("{asked}", "With 42M rows", "42"),
    ("{asked}", "Six developers suffice", "Six"),
    ("{asked}", "six months", None),
    ("{asked}", "RDS can do it", "RDS"),
    ("{asked}", "`max_pool` matters", "max_pool"),
    ("{asked}", "The Can", None),
    ("{endpoint}", "`POST /v1/charges` does", "POST /v1/charges"),
    ("{endpoint}", "post it", None),
    ("{identifier}", "set acks_late", "acks_late"),
    ("{identifier}", "the rowCount", "rowCount"),
    ("{identifier}", "the row count", None),
    ("{inline}", "the `rows` of", "rows"),
    ("{setting}", "`lock_timeout = '2s'` first", "lock_timeout = '2s"),
    ("{signature}", "`event(store_id, event_id)` is", "event(store_id, event_id"),
    ("{label}", "- **Redis with TTL**: quick", "Redis with TTL"),
    ("{label}", "A **loud** word", None),
    ("{technology}", "Go is fine", "Go"),
    ("{technology}", "Go with it, the rest can go", None),
    ("{status}", "answer 409", "409"),
    ("{technology}", "use RabbitMQ", "RabbitMQ"),
    ("{addition}", "use RabbitMQ", "RabbitMQ"),
    ("{addition}", "use Redis", None),
    ("{code}", "```\nx = 1\n```", "x"),
    ("{code}", "`x = 1`", None),
    (
        "{spliced}",
        '```\nq = "SELECT * FROM t WHERE n = \'" + name\n```',
        "SELECT * FROM t WHERE n = '\" + name",
    ),
    ("{spliced}", "```\nq = 'SELECT * FROM t WHERE n = %s', (name,)\n```", None),
]


@pytest.mark.parametrize(("phrase", "answer", "said"), PHRASES)
def test_a_phrase_matches_words_not_letters_and_punctuation_counts(
    phrase: str, answer: str, said: str | None
) -> None:
    found = match(Signal(all=(phrase,), negated="allow"), Reading.of(read(answer), QUESTION))
    assert (found[1] if found else None) == ((said,) if said else None)


def test_every_placeholder_has_an_example_of_a_match() -> None:
    shown = {name for phrase, _, said in PHRASES if said for name in re.findall(r"\{(\w+)\}", phrase)}
    assert shown == PLACEHOLDERS


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        ("a|b", "write a space on each side"),
        ("a | ", "empty alternative"),
        ("a |  | b", "empty alternative"),
        (" | ".join(["a"] * 201), "200 alternatives, got 201"),
        ("{moeny}", "no placeholder {moeny}, known are addition, asked"),
        ("a {", "a brace must belong to a placeholder"),
        ("... a", "must stand between two words"),
        ("a ...", "must stand between two words"),
        ("a ... ... b", "must stand between two words"),
        ("*ing", "may only end a word"),
        ("st*p", "may only end a word"),
        ("select * from", "may only end a word"),
        ("a*", "two letters"),
        ("!?", "without a word"),
    ],
)
def test_a_malformed_phrase_is_refused_where_it_is_written(phrase: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        Signal(all=(phrase,))
    with pytest.raises(ValueError, match=re.escape(complaint)):
        Signal(all=("fine",), unless=(phrase,))


# ------------------------------------------------------------------ units


def test_markdown_is_split_into_the_units_that_a_reader_sees() -> None:
    text = read(MARKDOWN)
    seen = [(unit.kind, MARKDOWN[unit.start : unit.end]) for unit in text.sentences]
    assert seen == [
        ("prose", "Keep Postgres."),
        ("prose", "Kafka, e.g. on MSK, is overkill here."),
        ("heading", "Rollout plan"),
        ("row", "| Option | Cost |"),
        ("row", "| Redis | $50/month |"),
        ("row", "| **Kafka** | 3 weeks of work |"),
        ("prose", "Watch these:"),
        ("item", "`queue_depth` above 500"),
        ("item", "p95-latency per\n  end point"),
        ("code", "CREATE UNIQUE INDEX CONCURRENTLY by_merchant\n  ON orders (merchant_id, created_at);"),
        ("code", "DROP INDEX old;"),
        ("prose", "Quoted advice."),
        ("prose", "It has two sentences."),
    ]


@pytest.mark.parametrize(
    ("within", "where", "phrases", "met"),
    [
        ("sentence", "anywhere", ("keep", "kafka"), False),
        ("block", "anywhere", ("keep", "advice"), False),
        ("block", "anywhere", ("keep", "msk"), True),
        ("block", "anywhere", ("watch", "end point"), True),
        ("block", "table", ("option", "3 weeks"), True),
        ("sentence", "table", ("redis", "3 weeks"), False),
        ("sentence", "table", ("kafka", "3 weeks"), True),
        ("sentence", "prose", ("redis",), False),
        ("sentence", "code", ("index concurrently", "created_at"), True),
        ("sentence", "code", ("concurrently", "drop"), False),
        ("block", "code", ("concurrently", "drop"), True),
        ("sentence", "code", ("watch",), False),
        ("section", "anywhere", ("rollout", "redis"), True),
        ("section", "anywhere", ("rollout", "keep"), False),
        ("answer", "anywhere", ("keep", "drop"), True),
        ("answer", "prose", ("keep", "drop"), False),
    ],
)
def test_phrases_must_meet_within_the_unit_and_in_the_place_asked_for(
    within: Scope, where: Place, phrases: tuple[str, ...], met: bool
) -> None:
    assert verdict(MARKDOWN, *phrases, within=within, where=where, negated="allow").met is met


@pytest.mark.parametrize(
    ("answer", "met"),
    [
        ("## Feature flag", False),
        ("**Feature flag**", False),
        ("### Rollout: put it behind a feature flag", True),
        ("Feature flag", True),
        ("- Feature flag", True),
    ],
)
def test_a_heading_that_only_names_a_topic_is_no_evidence(answer: str, met: bool) -> None:
    assert verdict(answer, "feature flag").met is met
    assert verdict(answer, "feature flag", within="section").met is met


def test_a_long_bullet_is_read_sentence_by_sentence() -> None:
    long = "- Use a lock. " + "Then wait for it a while. " * 12 + "Add a queue."
    assert verdict(long, "lock", "queue").met is False
    assert verdict("- Use a lock. Add a queue.", "lock", "queue").met is True


def test_one_word_never_answers_for_two_phrases() -> None:
    assert verdict("A role is made.", "role | user", "role").met is False
    assert verdict("A role for the user.", "role | user", "role").met is True


def test_a_phrase_under_unless_cancels_its_own_unit_only() -> None:
    answer = "The transaction rolls back. We can roll back the release."
    assert verdict(answer, "roll* back", unless=("transaction",)).quote == "We can roll back the release."
    assert verdict(answer, "roll* back", unless=("transaction",), within="answer").met is False


# ------------------------------------------------------------------ negation


@pytest.mark.parametrize(
    ("answer", "refuse", "require"),
    [
        ("Add Kafka.", True, False),
        ("Do not add Kafka.", False, True),
        ("Don\u2019t add Kafka.", False, True),
        ("There is no need for Kafka.", False, True),
        ("Skip Kafka.", False, True),
        ("Use SQS instead of Kafka.", False, True),
        ("Use SQS rather than Kafka.", False, True),
        ("Without Kafka it works.", False, True),
        ("Kafka is overkill for two people.", False, True),
        ("Kafka is not needed.", False, True),
        ("Not only Kafka but also Redis.", True, False),
        ("No later than May, add Kafka.", True, False),
        ("This is not slow, so add Kafka.", True, False),
        ("It does not scale; add Kafka.", True, False),
        ("Don't wait. Add Kafka.", True, False),
        ("Don't wait, but add Kafka.", True, False),
        ("Kafka works, the rest is not needed.", True, False),
    ],
)
def test_a_negation_reaches_to_the_end_of_its_clause(answer: str, refuse: bool, require: bool) -> None:
    assert verdict(answer, "kafka").met is refuse
    assert verdict(answer, "kafka", negated="require").met is require
    assert verdict(answer, "kafka", negated="allow").met is True


def test_a_negation_that_a_phrase_asks_for_does_not_cancel_the_others() -> None:
    assert verdict("Use SQS instead of Kafka.", "instead of", "kafka").met is True


def test_one_mention_that_stands_is_enough() -> None:
    assert verdict("Don't add Kafka today. Add Kafka in May.", "kafka").quote == "Add Kafka in May."


# ------------------------------------------------------------------ verdicts


def test_a_criterion_without_signals_is_left_ungraded() -> None:
    bare = grade(Criterion(id="c", text="t"), question="", answer="x", dimension="d")
    assert (bare.met, bare.reason) == (None, "no signals declared")


def test_any_signal_is_enough_and_the_reason_says_what_was_found() -> None:
    signals = (Signal(all=("canary",)), Signal(all=("roll* back", "{percent}")))
    criterion = Criterion(id="c", text="t", signals=signals)
    seen = grade(criterion, question="", answer="Start. At 5% errors, roll back.", dimension="d")
    assert (seen.met, seen.quote) == (True, "At 5% errors, roll back.")
    assert seen.reason == "found \u201croll back\u201d, \u201c5%\u201d"


def test_a_match_across_sentences_is_quoted_from_first_to_last() -> None:
    assert (
        verdict("One lock. Two. A queue. End.", "lock", "queue", within="block").quote
        == "One lock. Two. A queue."
    )


def test_a_prepared_answer_gives_the_same_verdict() -> None:
    criterion = Criterion(id="c", text="t", signals=(Signal(all=("redis", "{money}")),))
    prepared, plain = (
        grade(criterion, question=QUESTION, answer=answer, dimension="d")
        for answer in (read(MARKDOWN), MARKDOWN)
    )
    assert prepared == plain
    assert plain.met


SOUP = st.lists(
    st.one_of(
        st.sampled_from(
            ["#", "|-", "*", "```", "~~~", ">", "\n", "\n\n", "**", "`", "1.", ".", "!", "(", ")"]
        ),
        st.sampled_from(
            ["use", "not", "lock", "queue", "5", "%", "$3", "ms", "e.g.", "Kafka", "POST /x", "a_b", "42M"]
        ),
        st.text(max_size=8),
    ),
    max_size=60,
).map(" ".join)
LETTER = re.compile(r"[^\W\d_]")
WORDS = (
    "use ... lock",
    "queue",
    "{number}",
    "lo*",
    "{asked}",
    "{quantity}",
    "{endpoint}",
    "{inline}",
    "{code}",
)


@settings(max_examples=200)
@given(
    answer=SOUP,
    question=SOUP,
    phrases=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    within=st.sampled_from(["sentence", "block", "section", "answer"]),
    negated=st.sampled_from(["refuse", "allow", "require"]),
)
def test_grading_never_fails_never_varies_and_quotes_verbatim(
    answer: str,
    question: str,
    phrases: list[str],
    within: Scope,
    negated: Literal["refuse", "allow", "require"],
) -> None:
    first, second = (
        verdict(answer, *phrases, question=question, within=within, negated=negated) for _ in range(2)
    )
    assert first == second
    assert first.quote in answer
    assert bool(first.quote) is first.met


@given(SOUP)
def test_units_are_in_order_apart_and_lose_no_word(answer: str) -> None:
    text = read(answer)
    for one, other in itertools.pairwise(text.sentences):
        assert one.end <= other.start
        assert one.block <= other.block
    assert list(text.starts) == sorted(text.starts)
    said = "".join(answer[start:end] for start, end in zip(text.starts, text.ends, strict=True))
    assert len(LETTER.findall(said)) >= len(LETTER.findall(re.sub(r"(?:`{3}|~{3})[^\n]*", "", answer)))


@given(st.text(max_size=30))
def test_a_phrase_is_read_or_refused_but_never_crashes(phrase: str) -> None:
    with contextlib.suppress(ValueError):
        assert all(parse(phrase))


# ------------------------------------------------------------------ cost

NASTY = [
    "lock ",
    "a_",
    "| a ",
    "- ",
    "```\n",
    "lock lock. ",
    "1,",
    "5 ms ",
    "`",
    "(",
    "**a ",
    "GET /",
    "> ",
    "\n",
    "a. B",
]


@pytest.mark.parametrize("piece", NASTY)
def test_work_grows_in_proportion_to_the_answer(piece: str) -> None:
    phrases = ("lock ... lock ... lock ... lock", "lo* | {number} | {quantity} | {asked} | {code}")
    small, large = (
        _calls(lambda text=piece * count: verdict(text, *phrases, within="answer")) for count in (400, 1600)
    )
    assert large <= 5 * small


@pytest.mark.parametrize("name", sorted(PLACEHOLDERS - {"asked", "code"}))
def test_expressions_of_placeholders_take_linear_time(name: str) -> None:
    expression = pattern(name)
    for piece in [
        *NASTY,
        "1",
        "a",
        "over ",
        "SELECT ",
        'SELECT "',
        "$",
        "`a_=",
        "`a(",
        "a_a",
        "aB",
        "two ",
        "5 a ",
    ]:
        small, large = (
            min(_seconds(lambda text=piece * count: expression.findall(text)) for _ in range(2))
            for count in (2_000, 32_000)
        )
        assert large < 80 * max(small, 0.0005), piece  # 16 if linear, 256 if quadratic


def test_a_megabyte_of_words_is_read_whole() -> None:
    answer = "Keep the old queue, it works. " * 35_000 + "Add a canary."
    assert len(answer) > 1_000_000
    assert verdict(answer, "canary").quote == "Add a canary."


def _calls(act: Any) -> int:
    """Count the calls of functions, built-in ones too: a measure of work that no busy machine disturbs."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counting)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def _seconds(act: Any) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start
