"""Several runners on one PostgreSQL, killed and started again at random: what was asked how often?

Each runner has a project folder of its own, as on a machine of its own; the store and the server they ask
are the same. A request that comes again is looked up in the store at that moment: if its result was there,
money was wasted.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from front_door import Door
from harness.store.address import Address
from killing import Model
from loopback import Loopback

CONCURRENCY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What came of it.

    `asked` requests reached the server, `distinct` of them different. `again` were asked more than once;
    of these, `kept` had their result in the store when they were: the claim is that there are none. `codes`
    are the exit codes of the runners that were let be, `lost` the cases without an answer in the end.
    """

    kills: int
    asked: int
    distinct: int
    again: int
    kept: int
    codes: tuple[int, ...]
    lost: int


@dataclass(slots=True)
class _Watched(Model):
    """Knows of each repeated request whether the store held its result already."""

    kept: Callable[[str], bool] = lambda _name: False
    wasted: list[str] = field(default_factory=list)

    def _note(self, name: str) -> None:
        if name in self.asked and self.kept(name):
            self.wasted.append(name)
        Model._note(self, name)


def shared(
    root: Path, store: Address, toss: random.Random, *, runners: int = 2, cases: int = 30, kills: int = 2
) -> Shared:
    """Run one eval by several runners at once, kill some on the way, and start them again."""
    with psycopg.connect(store.url, autocommit=True) as looking:

        def kept(name: str) -> bool:
            query = (
                "select exists (select from answers where text like %s)"
                " or exists (select from verdicts where reason = %s)"
            )
            found = looking.execute(query, (f"{name}%", name)).fetchone()
            return bool(found and found[0])

        model = _Watched(kept=kept)
        with Loopback(reply=model.reply, judge=model.judge, latency=0.01, cache_minimum=10**9) as server:
            doors = [_project(root / str(number), server, cases) for number in range(runners)]
            processes = [_start(door, store) for door in doors]
            for _ in range(kills):
                _wait(server, server.count() + toss.randrange(5, 3 * cases // (kills + 1)), processes)
                time.sleep(toss.uniform(0, 0.02))
                victim = toss.randrange(runners)
                processes[victim].kill()
                processes[victim].communicate()
                processes[victim] = _start(doors[victim], store)
            said = [process.communicate()[1] for process in processes]
        codes = tuple(process.returncode for process in processes)
        assert set(codes) == {0}, said
        (answers,) = looking.execute("select count(*) from answers").fetchone() or (0,)
    return Shared(
        kills=kills,
        asked=sum(model.asked.values()),
        distinct=len(model.asked),
        again=sum(count - 1 for count in model.asked.values()),
        kept=len(model.wasted),
        codes=codes,
        lost=cases - answers,
    )


def _wait(server: Loopback, wanted: int, processes: list[subprocess.Popen[str]]) -> None:
    while server.count() < wanted and all(process.poll() is None for process in processes):
        time.sleep(0.001)


def _project(root: Path, server: Loopback, cases: int) -> Door:
    door = Door(root)
    door.cases(*(f"case-{number}" for number in range(cases)))
    door.eval(server.url, concurrency=CONCURRENCY)
    return door


def _start(door: Door, store: Address) -> subprocess.Popen[str]:
    environ: dict[str, Any] = {"ANTHROPIC_API_KEY": door.key, "HARNESS_STORE": store.url}
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "small"],
        cwd=door.root,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
