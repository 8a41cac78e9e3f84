"""Claims: one maker for each key; the dead are found without comparing clocks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harness.planning.work import Taken
from harness.records.outcomes import Answer, Verdict
from harness.store.address import Place
from harness.store.claims import BEAT, PATIENCE, Worker
from harness.store.opening import open_store
from harness.store.store import Store

AT = "2026-11-23T00:00:00.000Z"
NOBODY = 2**22 + 1  # above the largest process id that Linux gives


@dataclass
class Clock:
    """A steady clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with open_store(place) as opened:
        yield opened


def claim(store: Store, worker: Worker, *keys: str, anew: bool = False) -> Taken:
    with store.writing() as connection:
        (taken,) = worker.claim(connection, [keys], anew=anew)
        return taken


def beat(store: Store, worker: Worker) -> None:
    with store.writing() as connection:
        worker.beat(connection)


def elsewhere(clock: Clock | None = None, pid: int = NOBODY) -> Worker:
    """A worker on another machine, whose process ids say nothing here."""
    return Worker(clock=clock or Clock(), place="elsewhere", pid=pid)


def test_a_key_has_one_maker(store: Store) -> None:
    first, second = elsewhere(), elsewhere()
    assert claim(store, first, "a", "b") == Taken(frozenset("ab"), 0)
    assert claim(store, second, "b", "c") == Taken(frozenset("c"), 1)
    assert claim(store, first, "a", "c") == Taken(frozenset(), 1)


def test_of_two_who_ask_at_once_the_first_gets_it(store: Store) -> None:
    with store.writing() as connection:
        assert elsewhere().claim(connection, [["a", "b"], ["b", "c"]]) == [
            Taken(frozenset("ab"), 0),
            Taken(frozenset("c"), 0),
        ]


def test_what_is_stored_is_nobody_s_to_make_but_ungraded_verdicts_may_be_made_anew(store: Store) -> None:
    store.keep_answer("a", Answer(text=""), asked_model="m", at=AT)
    open_ = Verdict(dimension="d", criterion="c", met=None)
    store.keep_verdicts("judge", [("v", open_)], asked_model="m", at=AT)
    assert claim(store, elsewhere(), "a", "v") == Taken(frozenset(), 0)
    assert claim(store, elsewhere(), "a", "v", anew=True) == Taken(frozenset("v"), 0)


def test_what_is_given_up_is_free(store: Store) -> None:
    first, second = elsewhere(), elsewhere()
    claim(store, first, "a", "b", "c")
    with store.writing() as connection:
        first.release(connection, ["a", "unknown"])
    assert claim(store, second, "a", "b") == Taken(frozenset("a"), 1)
    with store.writing() as connection:
        first.leave(connection)
    assert claim(store, second, "b", "c") == Taken(frozenset("bc"), 0)


def test_whoever_is_silent_for_long_enough_is_dead_by_the_steady_clock_of_whoever_waits(store: Store) -> None:
    clock = Clock()
    claim(store, elsewhere(), "a")
    waiting = elsewhere(clock)
    assert claim(store, waiting, "a").elsewhere == 1
    clock.now += PATIENCE - 1
    assert claim(store, waiting, "a").elsewhere == 1
    clock.now += 1
    assert claim(store, waiting, "a").ours == {"a"}


def test_whoever_still_says_something_is_alive_however_slowly(store: Store) -> None:
    clock, slow = Clock(), elsewhere()
    claim(store, slow, "a")
    waiting = elsewhere(clock)
    for _ in range(5):
        assert claim(store, waiting, "a").elsewhere == 1
        clock.now += PATIENCE - 1
        beat(store, slow)


def test_a_process_that_is_gone_from_this_place_is_dead_at_once(store: Store) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    claim(store, Worker(pid=gone.pid), "a")
    claim(store, Worker(pid=os.getppid()), "b")
    assert claim(store, Worker(), "a", "b") == Taken(frozenset("a"), 1)


def test_who_was_taken_for_dead_and_was_not_goes_on_with_what_is_left_to_it(store: Store) -> None:
    clock, asleep = Clock(), elsewhere(Clock())
    claim(store, asleep, "a", "b")
    waiting = elsewhere(clock)
    claim(store, waiting, "a")
    clock.now += PATIENCE
    assert claim(store, waiting, "a").ours == {"a"}
    beat(store, asleep)
    assert claim(store, asleep, "a", "b", "c") == Taken(frozenset("bc"), 1)


def test_a_heartbeat_is_due_only_from_who_has_claimed_something(store: Store) -> None:
    clock = Clock()
    worker = elsewhere(clock)
    clock.now += 10 * BEAT
    assert not worker.due
    claim(store, worker, "a")
    assert not worker.due
    clock.now += BEAT
    assert worker.due
