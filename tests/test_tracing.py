"""What `signals try` says of a signal agrees with what the grader does, and names what spoke against it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.signals import grade
from harness.grading.tracing import CriterionSeen, trace
from harness.records.inputs import Criterion, Signal


def seen(answer: str, *phrases: str, **rest: Any) -> CriterionSeen:
    criterion = Criterion(id="c", text="t", signals=(Signal(all=phrases, **rest),))
    return trace(criterion, question="Can Redis help?", answer=answer, dimension="d")


def test_a_match_names_the_words_and_the_sentence() -> None:
    (signal,) = seen("Hello. Roll it back by a feature flag.", "roll ... back", "flag*").signals
    assert signal.matched == ("Roll it back", "flag")
    assert signal.quote == "Roll it back by a feature flag."
    assert signal.why == ""
    (place,) = signal.phrases[0].occurrences
    assert place.sentence[place.start : place.end] == place.words == "Roll it back"


@pytest.mark.parametrize(
    ("answer", "phrases", "rest", "why"),
    [
        ("Use a queue.", ("queue", "broker"), {}, "1 of 2 phrases occur"),
        ("Use no queue.", ("queue",), {}, "a phrase counts nowhere: negated"),
        ("# Queue\n\nText.", ("queue",), {}, "a phrase counts nowhere: a heading"),
        ("```\nqueue = 1\n```", ("queue",), {"where": "prose"}, "in code, and this signal reads prose"),
        ("A queue. A broker.", ("queue", "broker"), {}, "never in one sentence"),
        ("A queue in a transaction.", ("queue",), {"unless": ("transaction",)}, "an `unless` phrase"),
        ("A queue.", ("queue",), {"negated": "require"}, "no phrase is negated"),
        ("A queue.", ("queue", "queue | broker"), {}, "one word would have to stand for two phrases"),
    ],
)
def test_what_kept_a_signal_from_matching_is_named(
    answer: str, phrases: tuple[str, ...], rest: dict[str, Any], why: str
) -> None:
    found = seen(answer, *phrases, **rest)
    assert found.verdict.met is False
    assert why in found.signals[0].why


def test_phrases_that_occur_stand_beside_those_that_do_not() -> None:
    (signal,) = seen("Use a queue.", "queue", "broker", unless=("use", "never")).signals
    assert [bool(phrase.occurrences) for phrase in signal.phrases] == [True, False]
    assert [phrase.phrase for phrase in signal.unless] == ["use"]
    assert signal.nearness == 0.5


WORDS = st.lists(st.sampled_from(["queue", "broker", "no", "use", ".", "\n\n# ", "\n- ", "`"]), max_size=12)


@given(
    WORDS, st.sampled_from(["sentence", "block", "section", "answer"]), st.sampled_from(["refuse", "allow"])
)
def test_the_explanation_says_met_exactly_where_the_grader_does(
    words: list[str], within: Any, negated: Any
) -> None:
    answer = " ".join(words)
    signal = Signal(all=("queue", "broker | use"), within=within, negated=negated, unless=("no use",))
    criterion = Criterion(id="c", text="t", signals=(signal,))
    found = trace(criterion, question="q", answer=answer, dimension="d")
    verdict = grade(criterion, question="q", answer=answer, dimension="d")
    assert found.verdict == verdict
    assert bool(found.signals[0].matched) is verdict.met
    assert bool(found.signals[0].why) is not verdict.met
