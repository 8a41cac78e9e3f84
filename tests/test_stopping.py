"""Stopping: whenever a signal comes, the command ends with 130, and never with a traceback."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from front_door import Door
from loopback import Loopback


def start(door: Door, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *flags, "-m", "harness", "run", "small"],
        cwd=door.root,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def stopped(process: subprocess.Popen[str], err: str = "") -> None:
    _, rest = process.communicate(timeout=60)
    err += rest
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert "stopped" in err


@pytest.fixture
def slow(door: Door) -> Iterator[Loopback]:
    with Loopback(latency=30) as server:
        door.eval(server.url)
        yield server


@pytest.mark.parametrize(
    ("module", "number"),
    [
        ("click", signal.SIGINT),
        ("sqlalchemy.engine", signal.SIGTERM),
        ("pydantic", signal.SIGINT),
        ("anthropic", signal.SIGINT),
        ("anthropic", signal.SIGTERM),
    ],
)
def test_a_signal_during_any_import_ends_cleanly(
    door: Door, slow: Loopback, module: str, number: signal.Signals
) -> None:
    process = start(door, "-X", "importtime")
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if line.rpartition("|")[2].strip().startswith(module):
            break
    process.send_signal(number)
    stopped(process, seen)
    assert slow.count() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_calls_cancels_them(door: Door, slow: Loopback, number: signal.Signals) -> None:
    process = start(door)
    while slow.count() < 2 and process.poll() is None:
        time.sleep(0.01)
    began = time.monotonic()
    process.send_signal(number)
    stopped(process)
    assert time.monotonic() - began < slow.latency


def test_a_second_signal_ends_what_the_first_cannot(door: Door, slow: Loopback) -> None:
    process = start(door)
    while slow.count() < 2 and process.poll() is None:
        time.sleep(0.01)
    with closing(sqlite3.connect(door.root / ".harness" / "store.db", isolation_level=None)) as connection:
        connection.execute("begin immediate")  # giving up the claims must wait for this
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGINT)
        stopped(process)
    slow.latency = 0.0
    assert door.run("run", "small").code == 0


def test_a_loop_in_another_thread_than_the_main_one_works_without_signals() -> None:
    script = (
        "import asyncio, threading; from harness.cli.stopping import until_stopped; "
        "thread = threading.Thread(target=lambda: print(until_stopped(asyncio.sleep(0, 'done')))); "
        "thread.start(); thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("done\n", "")
