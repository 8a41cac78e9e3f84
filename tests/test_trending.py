"""Runs over time: cut where scores are not comparable, alarms dated, through the front door from a store."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from front_door import Door
from harness.comparison.trending import Scored, periods, told
from harness.planning.work import jobs, marks_of
from harness.store.opening import open_store
from making import answer, case, criterion, manifest, rubric, run, verdict
from recordings import BOTH, NEITHER, ONE, names, record

GROUND = {"cases": "c1", "rubrics": "r1", "grader": "g1", "model": "m1"}
STEADY = (80, 70, 80, 90, 80, 70, 80, 90, 80, 80, 70, 90, 80)


def night(day: int, score: float, label: str = "working", **changed: str) -> Scored:
    at = f"2026-{3 + day // 28:02}-{1 + day % 28:02}T02:00:00.000Z"
    return Scored(
        at=at, run=f"run-{day}", label=label, scores={"overall": score}, ground={**GROUND, **changed}
    )


def test_a_changed_rubric_begins_a_new_period_that_says_so() -> None:
    runs = [*(night(day, 80) for day in range(5)), *(night(day, 20, rubrics="r2") for day in range(5, 9))]
    first, second = periods(list(reversed(runs)))
    assert (first.broke, second.broke) == ((), ("rubrics",))
    assert [len(period.lines["overall"].steps) for period in (first, second)] == [5, 4]
    assert second.lines["overall"].alarms == ()


def test_the_same_drop_without_a_changed_ground_is_an_alarm() -> None:
    runs = [night(day, score) for day, score in enumerate((*STEADY, 20, 20, 20))]
    (period,) = periods(runs)
    (alarm,) = period.lines["overall"].alarms
    assert alarm.changed == runs[len(STEADY)].at
    assert told("overall", alarm).startswith("overall fell around 2026-03-14 (alarm on 2026-03-1")


def test_a_control_that_falls_as_well_raises_no_alarm_on_the_difference() -> None:
    falling = [*STEADY, *(score - 40 for score in STEADY)]
    live = [night(day, score) for day, score in enumerate(falling)]
    pinned = [replace(each, label="pinned", scores={"overall": each.scores["overall"] - 5}) for each in live]
    (period,) = periods([*live, *pinned], control="pinned")
    assert {step.night.value for step in period.lines["overall"].steps} == {5}
    assert period.lines["overall"].alarms == ()
    (alone,) = periods(live)
    assert [alarm.side for alarm in alone.lines["overall"].alarms][:1] == ["down"]


# ------------------------------------------------------------------ through the front door


def store(path: Path, scores: Sequence[float], *, worth: float = 1.0, day: int = 0) -> None:
    """Store one finished run per score, a day apart: ten cases, of which that many percent pass."""
    with open_store(path) as opened:
        for count, score in enumerate(scores, start=day):
            cases = [case(f"case-{number}") for number in range(10)]
            asked = manifest(cases, [rubric("security", criterion("x", worth))], prompt=f"Prompt {count}.")
            at = night(count, score).at
            begun = replace(run(asked), created_at=at)
            opened.begin(begun)
            for number, job in enumerate(jobs(asked, opened)):
                given = answer(f"Answer {number} of night {count}, worth {worth}.")
                opened.keep_answer(job.trial.key, given, asked_model="", at=at)
                met = [
                    (mark.key, verdict("x", met=number < score / 10))
                    for mark in marks_of(asked, job.case, given)
                ]
                opened.keep_verdicts("signals", met, asked_model="", at=at)
            opened.finish(begun.id, at=at)


@pytest.fixture
def nights(door: Door) -> Door:
    door.eval("http://127.0.0.1:9")
    door.environ["HARNESS_STORE"] = str(door.root / "s.db")
    store(door.root / "s.db", (*STEADY, 20, 20, 20))
    return door


def test_a_drop_is_named_with_its_date(nights: Door) -> None:
    done = nights.run("trend", "small")
    assert done.code == 0, done.err
    assert "overall, 16 runs: " in done.out
    assert "! overall fell around 2026-03-14 (alarm on 2026-03-15): 80.0 before" in done.out
    assert "! security fell around 2026-03-14" in done.out
    assert "← change began" in done.out
    assert "! alarm, down" in done.out


def test_an_acknowledged_change_begins_anew(nights: Door) -> None:
    done = nights.run("trend", "small", "--since", "2026-03-14")
    assert "overall, 3 runs" in done.out
    assert "No alarm. With so few runs" in done.out


def test_only_rises_may_be_watched(nights: Door) -> None:
    assert "No alarm." in nights.run("trend", "small", "--side", "up").out


def test_a_changed_rubric_is_shown_as_a_break(nights: Door) -> None:
    store(nights.root / "s.db", (20, 30), worth=2.0, day=20)
    done = nights.run("trend", "small")
    assert "rubrics changed: a new period begins" in done.out
    assert "│" in done.out
    data = nights.run("trend", "small", "--json").data
    assert [period["broke"] for period in data["periods"]] == [[], ["rubrics"]]
    assert len(data["periods"][0]["lines"]["overall"]["steps"]) == 16


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--dimension", "style"), 2, "there are: overall and security"),
        (("--label", "nobody"), 5, "no finished run to show"),
        (("--control", "pinned"), 5, "with a control of the same day"),
    ],
)
def test_what_cannot_be_shown_is_said(nights: Door, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = nights.run("trend", "small", *arguments)
    assert done.code == code
    assert said in done.err


def test_a_run_with_too_much_missing_is_left_out_and_named(nights: Door) -> None:
    with open_store(nights.root / "s.db") as opened:
        empty = replace(run(manifest(prompt="Never answered.")), created_at=night(30, 0).at)
        opened.begin(empty)
        opened.finish(empty.id, at=night(30, 0).at)
    done = nights.run("trend", "small")
    assert f"{empty.id} (working) left out" in done.err
    assert "overall, 16 runs" in done.out


def test_a_comparison_that_stopped_early_is_left_out_and_named(door: Door) -> None:
    record(door, names(24), lambda *_: NEITHER, lambda case, _: ONE if case % 3 else BOTH)
    door.run("compare", "small", "--base", "agents/old.md", "--sequential")
    done = door.run("trend", "small")
    assert done.code == 5
    assert "(old) left out: stopped early at case 12 of 24" in done.err


def test_several_revisions_in_one_line_are_said_to_be_so(door: Door) -> None:
    record(door, names(6), lambda *_: NEITHER, lambda *_: BOTH)
    door.run("compare", "small", "--base", "agents/old.md")
    several = "This is one line over runs of old and working; --label watches one of them."
    assert several in door.run("trend", "small").out
    assert several not in door.run("trend", "small", "--label", "old").out
