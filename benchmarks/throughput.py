"""How fast is a whole run, next to the least that the same calls cost?

    make bench      or: python benchmarks/throughput.py [--cases 500 2000] [--rounds 3] [--json FILE]

The work is cases of one agent call and one judge call each, 50 in flight, against a server on 127.0.0.1 that
is far faster (`server.py`). Every client is a process of its own, measured from its start to its exit: for
ours that is planning, answers, verdicts, the store and the whole report; for the bare loops (`bare.py`) it is
the calls alone. Clients take turns within a round and ratios are taken within a round, so that a busy machine
moves all of them together; the middle round is shown.

Then 500 cases whose every answer takes 300 ms: how near to the ideal a run comes, and how many calls it keeps
in flight.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from measuring import Took, harness, machine, markdown, median, middle, run, server
from work import CONCURRENCY, project

BARE = Path(__file__).parent / "bare.py"
OURS = "harness run"
LOOP = "bare loop, SDK on aiohttp"
CLIENTS = {
    "raw aiohttp (the floor)": "raw",
    LOOP: "sdk-aiohttp",
    "bare loop, SDK on httpx2": "sdk-httpx2",
    OURS: "",
}
LATENCY = 0.3
LATENT_CASES = 500

Round = dict[str, Took]


def one_round(cases: int, url: str) -> Round:
    """Measure every client once, one after the other."""
    found = {}
    for name, client in CLIENTS.items():
        print(f"  {name}, {cases:,} cases …", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
            root = Path(folder)
            if client:
                command = (sys.executable, BARE, client, url, "--cases", str(cases))
                found[name] = run(command, cwd=root, environ={}, url=url)
            else:
                project(root, url, cases)
                found[name] = harness(root, "run", "speed", "--yes", url=url)
    return found


def at_once(cases: int, rounds: Sequence[Round]) -> list[tuple[str, ...]]:
    """Lay out what zero latency showed: the time is all the clients' own."""
    head = ("client", "wall s", "CPU s", "CPU ms/case", "cases/s", "peak MiB", "charts MiB")
    rows: list[tuple[str, ...]]
    rows = [(f"{cases:,} cases, no latency: {head[0]}", *head[1:], "wall / bare loop", "CPU / bare loop")]
    for name in CLIENTS:
        took = middle([each[name] for each in rounds])
        charts = f"{took.largest:.0f}" if name == OURS else "–"
        rows.append(
            (
                name,
                f"{took.wall:.2f}",
                f"{took.cpu:.2f}",
                f"{1000 * took.cpu / cases:.2f}",
                f"{cases / took.wall:,.0f}",
                f"{took.memory:.0f}",
                charts,
                f"{median([each[name].wall / each[LOOP].wall for each in rounds]):.2f}",
                f"{median([each[name].cpu / each[LOOP].cpu for each in rounds]):.2f}",
            )
        )
    return rows


def with_latency(rounds: Sequence[Round]) -> list[tuple[str, ...]]:
    """Lay out what 300 ms a call showed: how much of the waiting is done side by side."""
    ideal = 2 * LATENT_CASES * LATENCY / CONCURRENCY
    rows: list[tuple[str, ...]] = [
        (
            f"{LATENT_CASES} cases, {1000 * LATENCY:.0f} ms a call: client",
            "first request to last answer, s",
            f"/ ideal {ideal:.1f} s",
            f"mean in flight of {CONCURRENCY}",
            "wall s",
            "wall / bare loop",
        )
    ]
    for name in CLIENTS:
        took = middle([each[name] for each in rounds])
        lasted = median([each[name].seen["seconds"] for each in rounds])
        rows.append(
            (
                name,
                f"{lasted:.2f}",
                f"{lasted / ideal:.2f}",
                f"{median([each[name].seen['mean_in_flight'] for each in rounds]):.1f}",
                f"{took.wall:.2f}",
                f"{median([each[name].wall / each[LOOP].wall for each in rounds]):.2f}",
            )
        )
    return rows


def measured(cases: int, rounds: int, *, latency: float = 0.0) -> list[Round]:
    """Measure that many rounds against a server of this latency."""
    with server("--latency", str(latency)) as (url,):
        return [one_round(cases, url) for _ in range(rounds)]


def main() -> None:
    """Measure and print the tables as Markdown."""
    options = argparse.ArgumentParser(description="How fast is a whole run, next to the calls alone?")
    options.add_argument("--cases", type=int, nargs="+", default=(50, 500, 2000), metavar="N")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, metavar="FILE", help="write every round there too")
    chosen = options.parse_args()
    print(f"{machine()}; the middle of {chosen.rounds} rounds\n")
    found = {}
    for cases in chosen.cases:
        found[f"{cases} cases"] = rounds = measured(cases, chosen.rounds)
        print(markdown(at_once(cases, rounds)), end="\n\n", flush=True)
    found["latency"] = rounds = measured(LATENT_CASES, chosen.rounds, latency=LATENCY)
    print(markdown(with_latency(rounds)))
    if chosen.json:
        data = {
            name: [{client: asdict(took) for client, took in each.items()} for each in rounds]
            for name, rounds in found.items()
        }
        chosen.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
