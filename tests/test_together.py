"""Two runs at once on one store: nothing is paid twice, nothing is lost, whoever dies."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from front_door import Door
from killing import Model
from loopback import Loopback

CASES = 12
WHOLE = (CASES, 2 * CASES)


def start(door: Door) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "small"],
        cwd=door.root,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not true() and process.poll() is None:
        time.sleep(0.01)


@pytest.fixture
def model() -> Model:
    return Model()


def asked(server: Loopback) -> tuple[int, int]:
    return server.count(judge=False), server.count(judge=True)


def test_two_runs_at_once_ask_each_question_once(door: Door, model: Model) -> None:
    with Loopback(reply=model.reply, judge=model.judge, latency=0.1) as server:
        door.cases(*(f"case-{number}" for number in range(CASES)))
        door.eval(server.url, concurrency=3)
        both = [start(door), start(door)]
        said = [process.communicate(timeout=60)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert asked(server) == WHOLE
        assert set(model.asked.values()) == {1}


def test_one_run_waits_for_what_the_other_is_making_and_says_so(door: Door) -> None:
    with Loopback(latency=6) as server:
        door.cases("queues")
        door.eval(server.url, graders=[{"kind": "signals"}])
        first = start(door)
        until(lambda: server.count() > 0, first)
        second = start(door)
        _, err = second.communicate(timeout=60)
        first.communicate(timeout=60)
        assert (first.returncode, second.returncode) == (0, 0), err
        assert "waiting for another run: 1 call\n" in err
        assert server.count() == 1


def test_what_a_killed_run_had_claimed_is_taken_over_at_once(door: Door) -> None:
    with Loopback(latency=20) as server:
        door.cases("queues", "caches")
        door.eval(server.url, graders=[{"kind": "signals"}])
        first = start(door)
        until(lambda: server.count() == 2, first)
        second = start(door)
        first.kill()
        first.communicate()
        server.latency = 0.0
        _, err = second.communicate(timeout=60)
        assert second.returncode == 0, err
        assert server.count() == 4  # what was in flight when the first was killed, once more


def test_a_run_that_is_stopped_leaves_no_claims(door: Door) -> None:
    with Loopback(latency=20) as server:
        door.eval(server.url, graders=[{"kind": "signals"}])
        first = start(door)
        until(lambda: server.count() == 2, first)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)
        assert first.returncode == 130
    with closing(sqlite3.connect(door.root / ".harness" / "store.db")) as connection:
        left = "select (select count(*) from claims) + (select count(*) from workers)"
        assert connection.execute(left).fetchone() == (0,)
