"""What a night asks: draws that share nothing, sentinels that are this night's own."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.planning.keys import run_id
from harness.planning.nights import Pair, frozen, newest_of_each_draw, pair, regraded, sentinel_jobs
from harness.planning.work import NOTHING_STORED, jobs
from harness.records.inputs import Gate, ModelSpec
from harness.records.nights import Sentinel
from making import Shelf, criterion, manifest, run, verdict


def asked(**changes: Any) -> Pair:
    live = manifest(graders=("judge",), attempts=2, gate=Gate(), **changes)
    return pair(live, live, night="n1")


def keys(of: Pair) -> list[str]:
    return [job.trial.key for each in of.both for job in jobs(each, NOTHING_STORED)]


def sentinel(number: int, *, met: bool = True, dimension: str = "security") -> Sentinel:
    return Sentinel(
        id=f"s{number}",
        question="How?",
        answer=f"Answer {number}.",
        dimension=dimension,
        criterion=criterion(f"c{number % 4}"),
        met=met,
    )


def test_equal_prompts_share_no_answer_between_arms_nights_and_confirmations() -> None:
    tonight = asked()
    other = pair(tonight.live, tonight.control, night="n2")
    found = [*keys(tonight), *keys(other), *keys(tonight.again())]
    assert len(set(found)) == len(found) == 3 * 2 * 4
    ids = [run_id(each) for of in (tonight, other, tonight.again()) for each in of.both]
    assert len(set(ids)) == 6


def test_twice_the_attempts_hold_those_there_are() -> None:
    tonight = asked()
    assert set(keys(tonight)) < set(keys(tonight.doubled()))
    assert tonight.live.eval.gate is not None
    assert tonight.live.eval.gate.looks == 2


def test_a_night_of_recorded_answers_has_nothing_to_draw() -> None:
    recorded = ModelSpec(provider="recorded", answers="a.jsonl")
    tonight = asked(model=recorded)
    assert not tonight.can_double
    assert len(set(keys(tonight))) == 4


def test_a_trend_takes_one_run_of_each_draw_and_none_that_confirmed() -> None:
    tonight, plain = asked(), run(manifest())
    made = [run(each) for of in (tonight, tonight.doubled(), tonight.again()) for each in of.both]
    kept = newest_of_each_draw([plain, *made])
    assert kept == (plain, *made[2:4])


def test_sentinels_are_asked_anew_each_night_and_once_a_night() -> None:
    tonight, shelf = asked(), Shelf()
    known = [sentinel(1), sentinel(2, met=False)]

    def marks(night: str) -> list[str]:
        found = sentinel_jobs(known, tonight.live, shelf, night=night)
        return [mark.key for job in found for mark in job.marks]

    assert marks("n1") == marks("n1")
    assert not set(marks("n1")) & set(marks("n2"))
    shelf.of_verdicts[marks("n1")[0]] = verdict("c1", met=False)
    done = sentinel_jobs(known, tonight.live, shelf, night="n1")
    assert [job.done for job in done] == [True, False]
    found = regraded(known, done)
    assert (found.met, found.up, found.down, found.ungraded) == (0, 0, 1, 1)
    assert found.score == 0.0


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b", "c"])), max_size=40),
    st.integers(1, 10).map(lambda half: 2 * half),
)
def test_frozen_sentinels_are_half_met_and_the_same_each_time(
    kinds: list[tuple[bool, str]], count: int
) -> None:
    known = [sentinel(n, met=met, dimension=of) for n, (met, of) in enumerate(kinds)]
    chosen = frozen(known, count)
    assert chosen == frozen(list(reversed(known)), count)
    for met in (True, False):
        there = sum(each.met is met for each in known)
        assert sum(each.met is met for each in chosen) == min(count // 2, there)


def test_frozen_sentinels_spread_over_dimensions() -> None:
    known = [sentinel(n, met=n % 2 == 0, dimension="abc"[n % 3]) for n in range(60)]
    spread = Counter((each.dimension, each.met) for each in frozen(known, 12))
    assert set(spread.values()) == {2}


@pytest.mark.parametrize("changed", [{"question": " "}, {"criterion": "checks"}])
def test_a_sentinel_that_no_judge_could_be_asked_is_refused(changed: dict[str, str]) -> None:
    from harness.records.checks import Check  # noqa: PLC0415 - only here

    check = Check(contains="x")
    settings = {"criterion": criterion("c", checks=(check,))} if "criterion" in changed else changed
    with pytest.raises(ValueError, match=r"must say what was asked|may have no checks"):
        replace(sentinel(1), **settings)
