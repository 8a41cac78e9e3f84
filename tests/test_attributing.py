"""Judge, model or prompt: what moved a nightly score, by the series that moved with it."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.comparison.attributing import attribute, evidence
from harness.comparison.waking import OF_ONE_NIGHT, WAKING, broke, comparable, falls
from harness.records.nights import Acceptance, NightArm, NightResult, Regraded
from harness.statistics.trend import Night, cusum

STEADY = (70.0, 72.0, 71.0, 69.0, 70.0, 73.0, 71.0, 70.0, 69.0, 72.0)
GROUND = {"cases": "c", "rubrics": "r", "grader": "g", "model": "m"}


def night(
    day: int, live: float, control: float | None = 70.0, met: int | None = 10, **changed: object
) -> NightResult:
    at = f"2026-11-{day + 1:02}T02:00:00.000Z"

    def arm(score: float, prompt: str) -> NightArm:
        scores = {"overall": score, "security": score}
        return NightArm(
            run=f"{prompt}{day}", at=at, prompt_hash=prompt, commit="", scores=scores, models=("m-1",)
        )

    settings: dict[str, object] = {
        "eval": "small",
        "night": at[:10],
        "at": at,
        "code": 0,
        "words": "",
        "live": arm(live, "one"),
        "control": None if control is None else arm(control, "pinned"),
        "sentinels": None if met is None else Regraded(items=20, met=met, up=0, down=0, ungraded=0),
        "ground": GROUND,
    }
    settings.update(changed)
    return NightResult(**settings)  # type: ignore[arg-type] # by name, checked by the record


def quiet(*, watched: bool = True) -> list[NightResult]:
    return [
        night(day, score, 140 - score, 10 + day % 2 if watched else None) for day, score in enumerate(STEADY)
    ]


@pytest.mark.parametrize(
    ("live", "control", "met", "cause", "words"),
    [
        (55.0, 70.0, 10, "prompt", "its pinned control did not, nor did the sentinels"),
        (55.0, 55.0, 10, "model", "the sentinels did not"),
        (55.0, 55.0, 4, "judge", "The judge changed"),
        (55.0, 70.0, 4, "judge", "The judge changed"),
        (55.0, 85.0, 10, "prompt", "its pinned control did not"),
        (55.0, 55.0, 16, "model", "the sentinels did not"),
        (55.0, 55.0, None, "model", "there are no sentinels that would tell the judge apart"),
        (69.0, 71.0, 10, "unclear", "It cannot be told yet"),
    ],
)
def test_the_cause_is_what_moved_with_the_score_and_the_way_it_did(
    live: float, control: float, met: int | None, cause: str, words: str
) -> None:
    new = [night(day, live, control, met) for day in (10, 11, 12)]
    nights = [*quiet(watched=met is not None), *new]
    found = attribute(nights, name="overall", since=new[0].at, gate_failed=False)
    assert (found.cause, words in found.words) == (cause, True), found.words
    assert {shift.nights_before for shift in found.evidence} == {10}
    assert "10 before" in evidence(found.evidence[0])


def test_a_failed_gate_without_nights_before_is_no_doing_of_model_or_judge() -> None:
    found = attribute([night(0, 50.0)], name="overall", since=night(0, 50.0).at, gate_failed=True)
    assert found.cause == "prompt"
    assert "asked of the same model" in found.words


def test_a_control_that_was_pinned_anew_is_another_series() -> None:
    other = NightArm(run="c", at="", prompt_hash="other", commit="", scores={"overall": 40.0})
    new = [replace(night(day, 55.0), control=other) for day in (10, 11)]
    moved = [*quiet(), *new]
    found = attribute(moved, name="overall", since=new[0].at, gate_failed=False)
    assert {shift.series for shift in found.evidence} == {"live", "sentinels"}


# ------------------------------------------------------------------ what wakes someone


def test_a_fall_that_stays_wakes_someone_and_a_rise_or_one_bad_night_does_not() -> None:
    def after(*scores: float) -> Sequence[NightResult]:
        return [*quiet(), *(night(10 + day, score) for day, score in enumerate(scores))]

    assert falls(after(55, 54, 56, 55, 54), ["overall"])
    assert not falls(after(90, 91, 90, 92, 91), ["overall"])
    assert not falls(after(20), ["overall"])
    assert not falls(after(20, 71, 70, 72), ["overall"])
    (found,) = falls(after(55, 54, 56, 55, 54), ["overall"])
    assert (found.name, found.night) == ("overall", "2026-11-11")
    assert "has fallen since night 2026-11-11" in found.words


def test_nights_that_asked_something_else_or_broke_are_not_compared() -> None:
    tonight = night(12, 70.0)
    nights = [
        night(0, 70.0, ground={**GROUND, "grader": "other"}),
        night(1, 70.0, code=5),
        replace(night(2, 70.0), live=None),
        night(3, 70.0),
        tonight,
        night(13, 70.0),
    ]
    assert [each.at for each in comparable(nights, tonight)] == [nights[3].at]
    assert broke(nights[:1], tonight) == ("grader",)
    assert broke(nights[:4], tonight) == ()


def test_an_acceptance_begins_the_trend_with_the_night_that_was_accepted() -> None:
    nights, tonight = quiet(), night(12, 70.0)
    acceptance = Acceptance(
        eval="small",
        run="one5",
        commit="",
        prompt_hash="one",
        since=nights[5].at,
        at=nights[6].at,
        by="Ada",
        why="so",
    )
    assert comparable(nights, tonight, [acceptance]) == tuple(nights[5:])


def test_eighty_quiet_nights_wake_somebody_in_one_series_of_ten_at_most() -> None:
    """By any of two scores, looked at every night; the full count is in benchmarks/nights.py."""
    toss = random.Random(1)  # noqa: S311 - a coin, no secret
    woken = 0
    for _ in range(200):
        lines = [
            [Night(at=f"{day:03}", value=toss.gauss(75, scatter)) for day in range(80)]
            for scatter in (2.1, 3.6)
        ]
        woken += any(step.down > WAKING for line in lines for step in cusum(line, most=OF_ONE_NIGHT))
    assert woken <= 20
