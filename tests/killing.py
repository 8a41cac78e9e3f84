"""Kill a run at a random moment, take it up again, and see what was lost and what was paid twice.

The server numbers nothing and forgets nothing: each request is known by what it asks, and the moment its
reply was handed to the socket is noted. What had been committed is read from the store that the kill left.
"""

import hashlib
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from front_door import Door
from loopback import Body, Loopback, answer_in, blocks, digest, plausible

CASES, CONCURRENCY = 40, 8
REQUESTS = CASES * 3  # an answer and two verdicts each
_NOT_THE_SAME = frozenset({"created_at", "finished_at", "seconds", "request_id", "retries"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What one kill did.

    `requests` had been seen when it came, `committed` results were on disk. After taking up, `twice` lists
    the milliseconds between reply and kill of each request that had been replied to and was sent again, and
    `twice_committed` counts those among them that had been committed: the claim is that there are none.
    """

    requests: int
    committed: int
    in_flight: int
    twice: tuple[float, ...]
    twice_committed: int
    code: int
    equal: bool


@dataclass(slots=True)
class Model:
    """Answers and judges by what is asked alone, and remembers when it replied to what."""

    asked: Counter[str] = field(default_factory=Counter)
    replied: dict[str, float] = field(default_factory=dict)

    def reply(self, body: Body) -> str:
        name = f"{digest(body):016x}"
        self._note(name)
        return f"{name}\n\n{plausible(body)}"

    def judge(self, body: Body) -> Any:
        answer = answer_in(body)
        criterion = re.findall(r"<criterion [^>]*>\n(.*?)\n<", [text for _, text, _ in blocks(body)][-1])
        name = hashlib.sha256(f"{answer}\0{criterion}".encode()).hexdigest()[:16]
        self._note(name)
        met = int(name, 16) % 2 == 0
        return {"quote": answer.splitlines()[0] if met else "", "reason": name, "met": met}

    def _note(self, name: str) -> None:
        self.asked[name] += 1
        self.replied.setdefault(name, time.time())


def undisturbed(root: Path) -> object:
    """Run once to the end, and give what the report says."""
    with _server(Model()) as server:
        door = _project(root, server)
        done = door.run("run", "small")
        assert done.code == 0, done.err
        return said(door)


def killed(root: Path, whole: object, toss: random.Random) -> Killed:
    """Kill a fresh run at a random moment, run it again to its end, and compare."""
    model = Model()
    with _server(model) as server:
        door = _project(root, server)
        process = _start(door)
        wanted = toss.randrange(1, REQUESTS)
        while server.count() < wanted and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(toss.uniform(0, 2 * server.latency))
        moment, requests = time.time(), server.count()
        process.kill()
        process.communicate()
        committed = set(_committed(door.root / ".harness" / "store.db"))
        before = {name: at for name, at in model.replied.items() if at <= moment}
        done = door.run("run", "small")
        again = [name for name, count in model.asked.items() if count > 1]
        return Killed(
            requests=requests,
            committed=len(committed),
            in_flight=requests - len(before),
            twice=tuple(1000 * (moment - before[name]) for name in again if name in before),
            twice_committed=len(committed.intersection(again)),
            code=done.code,
            equal=said(door) == whole,
        )


def said(door: Door) -> object:
    """Read all that a report says but for times."""
    (path,) = door.root.glob("reports/*/results.json")
    return _timeless(json.loads(path.read_text()))


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in _NOT_THE_SAME}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _server(model: Model) -> Loopback:
    # No prompt cache: what a call costs would depend on which came first. A port of its own is part of
    # the eval, so it is kept the same over all runs that are compared.
    return Loopback(reply=model.reply, judge=model.judge, latency=0.005, cache_minimum=10**9, port=_PORT)


_PORT = 18_000 + os.getpid() % 10_000


def _project(root: Path, server: Loopback) -> Door:
    door = Door(root)
    door.cases(*(f"case-{number}" for number in range(CASES)))
    door.eval(server.url, concurrency=CONCURRENCY)
    return door


def _start(door: Door) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "small"],
        cwd=door.root,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _committed(store: Path) -> Iterator[str]:
    """Name every request whose result is on disk."""
    if not store.exists():
        return
    with closing(sqlite3.connect(store)) as connection:
        for (text,) in connection.execute("select text from answers"):
            yield text.splitlines()[0]
        for (reason,) in connection.execute("select reason from verdicts"):
            yield reason
