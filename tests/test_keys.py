"""A key changes exactly when what was asked changes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.seats import Seat
from harness.planning.keys import Asked, answer_key, digest, grader_hash, run_id, together, verdict_key
from harness.planning.work import request_of
from harness.records.inputs import ModelSpec, Signal
from harness.records.outcomes import Message, Request
from harness.records.runs import GraderInfo
from making import INFOS, JUDGE, MODEL, agent, case, criterion, manifest, rubric, spec

REQUEST = request_of(manifest(), case("queues"), "1")
JUDGE_SPEC = spec("judge")
SEAT = Seat(model=JUDGE)
STORED = {
    "verdict": "49c11a7ebeaf05cb30cc1d422e796cd04b12bffa8bb3ebfbe98fbad8e66e3dd4",
    "grader": "70ddf29a69e0baaa8f7f34fc6592ee1dbc4ff6b460b94148da188d4548db894e",
}
ASKED = Asked("security", criterion("threat"), "question", "answer")


@pytest.mark.parametrize(
    "change",
    [
        {"model": "claude-opus-5-5"},
        {"max_tokens": 999},
        {"effort": "low"},
        {"system": "You are a designer."},
        {"messages": (Message(role="user", parts=("Something else",)),)},
        {"sample": "2"},
        {"base_url": "http://127.0.0.1:1"},
        {"api_version": "2023-06-01"},
        {"provider": "recorded"},
        {"schema": {"type": "object"}},
    ],
)
def test_whatever_can_change_an_answer_changes_its_key(change: dict[str, Any]) -> None:
    assert answer_key(replace(REQUEST, **change)) != answer_key(REQUEST)


def test_how_and_when_it_is_asked_changes_nothing() -> None:
    other = manifest(concurrency=1, budget=99.0, attempts=7, seed=3, max_missing=0.5)
    key_elsewhere = ModelSpec(**{**_fields(MODEL), "key_variable": "OTHER_API_KEY"})
    assert answer_key(request_of(other, case("queues"), "1")) == answer_key(REQUEST)
    assert answer_key(request_of(manifest(model=key_elsewhere), case("queues"), "1")) == answer_key(REQUEST)


def test_what_people_call_a_case_is_not_asked() -> None:
    renamed = case("other", prompt="How do I build queues?", title="A title", tags=("x",))
    assert answer_key(request_of(manifest(), renamed, "1")) == answer_key(REQUEST)


@pytest.mark.parametrize(
    ("kind", "change", "asked_again"),
    [
        ("judge", {"text": "Names an attacker."}, True),
        ("judge", {"evidence": "absence"}, True),
        ("judge", {"points": 9.0}, False),
        ("judge", {"signals": (Signal(all=("attacker",)),)}, False),
        ("judge", {"id": "renamed"}, False),
        ("signals", {"signals": (Signal(all=("attacker",)),)}, True),
        ("signals", {"text": "Names an attacker."}, False),
        ("signals", {"points": 9.0}, False),
        ("labels", {"id": "renamed"}, True),
        ("labels", {"text": "Names an attacker."}, False),
    ],
)
def test_a_verdict_is_asked_again_when_its_grader_would_see_another_question(
    kind: str, change: dict[str, Any], *, asked_again: bool
) -> None:
    changed = Asked(ASKED.dimension, replace(ASKED.criterion, **change), "question", "answer")
    seat = SEAT if kind == "judge" else None
    same = verdict_key(INFOS[kind], seat, ASKED) == verdict_key(INFOS[kind], seat, changed)
    assert same is not asked_again


@pytest.mark.parametrize(
    "other",
    [
        (GraderInfo(kind="judge", version="j2"), SEAT, ASKED),
        (INFOS["judge"], Seat(model=replace(JUDGE, name="claude-opus-5-5")), ASKED),
        (INFOS["judge"], Seat(model=replace(JUDGE, max_tokens=1)), ASKED),
        (INFOS["judge"], Seat(model=JUDGE, vote=2), ASKED),
        (INFOS["judge"], SEAT, Asked("security", ASKED.criterion, "another question", "answer")),
        (INFOS["judge"], SEAT, Asked("security", ASKED.criterion, "question", "another answer")),
        (INFOS["judge"], SEAT, ASKED, together(INFOS["judge"], [ASKED])),
    ],
)
def test_another_judge_vote_question_or_answer_is_another_verdict(other: tuple[Any, ...]) -> None:
    assert verdict_key(*other) != verdict_key(INFOS["judge"], SEAT, ASKED)


def test_what_is_stored_from_before_votes_and_modes_is_found() -> None:
    """These were written down when a judge had one vote and was asked one criterion a call."""
    asked = replace(ASKED, briefing_hash="briefing")
    assert verdict_key(INFOS["judge"], SEAT, asked) == STORED["verdict"]
    assert grader_hash(INFOS["judge"], JUDGE_SPEC, [rubric("security")]) == STORED["grader"]


def test_asking_the_same_again_is_the_same_run() -> None:
    one = manifest()
    moved = replace(one, revision=replace(one.revision, path="x.md", commit="abc", dirty=True))
    assert run_id(moved) == run_id(manifest(concurrency=2, budget=1.0)) == run_id(one)


@pytest.mark.parametrize(
    "other",
    [
        manifest(prompt="You are a designer."),
        manifest([case("queues")]),
        manifest(rubrics=[rubric("security", criterion("other"))]),
        manifest(attempts=2),
        manifest(graders=("judge",)),
        replace(manifest(), model_version="other"),
        replace(manifest(), eval_name="other"),
        replace(manifest(), revision=replace(manifest().revision, label="HEAD")),
    ],
)
def test_asking_something_else_is_another_run(other: Any) -> None:
    assert run_id(other) != run_id(manifest())


def test_which_cases_come_from_one_source_tells_no_runs_apart() -> None:
    alone, clustered = (manifest([case("queues", cluster=name), case("caches")]) for name in ("", "incident"))
    assert run_id(alone) == run_id(clustered)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_a_digest_does_not_depend_on_order(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


def test_a_digest_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest(float("nan"))


def test_the_agent_s_prompt_is_what_is_sent() -> None:
    assert request_of(manifest(), case("queues"), "1").system == agent().prompt


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def test_requests_differ_by_case() -> None:
    keys = {answer_key(request_of(manifest(), case(str(i)), "1")) for i in range(100)}
    assert len(keys) == 100
    assert isinstance(REQUEST, Request)


RUBRIC = rubric("security", criterion("threat"))
MEASURED = grader_hash(INFOS["judge"], spec("judge"), (RUBRIC,))


@pytest.mark.parametrize(
    "other",
    [
        (replace(INFOS["judge"], version="j2"), spec("judge"), (RUBRIC,)),
        (INFOS["judge"], replace(spec("judge"), model=replace(JUDGE, effort="low")), (RUBRIC,)),
        (
            INFOS["judge"],
            spec("judge"),
            (rubric("security", replace(criterion("threat"), text="Reworded.")),),
        ),
        (INFOS["signals"], spec("signals"), (RUBRIC,)),
        (INFOS["judge"], replace(spec("judge"), canary=False), (RUBRIC,)),
        (INFOS["judge"], replace(spec("judge"), screening=False), (RUBRIC,)),
    ],
    ids=["version", "effort", "wording", "kind", "canary", "screening"],
)
def test_a_grader_that_could_judge_otherwise_is_another_grader(other: Any) -> None:
    assert grader_hash(*other) != MEASURED


def test_points_and_labels_leave_a_grader_what_it_is() -> None:
    weighed = (rubric("security", criterion("threat", points=4)),)
    labelled = replace(spec("judge"), labels="labels.jsonl", in_sample=True)
    assert grader_hash(INFOS["judge"], labelled, weighed) == MEASURED
