"""The wiring of a run: what its parts may hold of each other, and that others can carry one out with it."""

import asyncio
import datetime as dt
import runpy
from pathlib import Path

from front_door import AGENT, REPOSITORY, Door
from harness import revisions
from harness.project import load
from harness.session import Session
from harness.store.opening import open_store
from loopback import Body, Loopback


def test_a_call_that_waits_for_the_leader_of_its_prefix_holds_no_money(door: Door) -> None:
    in_flight: list[int] = []

    def reply(_: Body) -> str:
        in_flight.append(purse.ledger.in_flight)
        return "Use a queue."

    with Loopback(reply=reply) as server:
        door.write("agents/helper.md", AGENT + "Say what every design costs to run. " * 100)
        door.cases(*(f"case-{number}" for number in range(8)))
        path = door.eval(server.url, graders=[{"kind": "signals"}], concurrency=8)
        material = load(path)
        found = revisions.find("", agent=Path(material.eval.agent), root=material.root)
        manifest = material.manifest(found)
        with open_store(door.root / "store.db") as store:
            session = Session(
                material=material,
                store=store,
                environ={"ANTHROPIC_API_KEY": server.key},
                now=lambda: dt.datetime.now(dt.UTC),
                secret=b"secret",
                ceiling=5.0,
            )
            purse = session.purse()
            planned = session.plan(manifest)
            asyncio.run(session.perform([(manifest, planned)], purse, lambda _: None))
    assert len(in_flight) == 8
    assert in_flight[0] == 1
    assert (purse.ledger.in_flight, purse.ledger.held) == (0, 0.0)


def test_the_memory_benchmark_carries_a_run_out(tmp_path: Path, server: Loopback) -> None:
    measure = runpy.run_path(str(REPOSITORY / "benchmarks" / "memory.py"))["measure"]
    assert measure(tmp_path / "one", server.url, server.key, 1)["answers"] == 1
