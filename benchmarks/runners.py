"""Is anything asked twice when several runners share one PostgreSQL, killed and started again at random?

    python benchmarks/runners.py [--rounds 10] [--runners 3] [--cases 100] [--kills 6] [--seed 1] [--json]

Starts a PostgreSQL of its own, and the tests' server on 127.0.0.1 that counts each request by what it asks.
Every runner is a process of its own with the same eval (each case one answer and two verdicts by a judge, 6
calls in flight). At random moments one of them, chosen at random, is killed with SIGKILL and started again. A
request that comes again is looked up in the store at that moment: was its result there (the claim: never)?
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from postgres import cluster
from sharing import CONCURRENCY, Shared, shared


def table(found: Sequence[Shared], runners: int) -> str:
    """Sum the rounds up, one claim a line."""
    rows = [
        ("rounds", len(found)),
        ("runners at once", runners),
        ("kills", sum(each.kills for each in found)),
        ("different requests", sum(each.distinct for each in found)),
        ("requests asked", sum(each.asked for each in found)),
        (f"… again (at most {2 * CONCURRENCY} a kill)", sum(each.again for each in found)),
        ("… again although the result was kept", sum(each.kept for each in found)),
        ("cases without an answer in the end", sum(each.lost for each in found)),
        ("runners that ended with exit code 0", sum(each.codes.count(0) for each in found)),
    ]
    return "\n".join(("| | |", "|---|---:|", *(f"| {name} | {value:,} |" for name, value in rows)))


def main() -> None:
    """Run as many rounds as wanted and print the table."""
    options = argparse.ArgumentParser(description="Is anything asked twice by runners that share a store?")
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--runners", type=int, default=3, help="at once")
    options.add_argument("--cases", type=int, default=100, help="in each round")
    options.add_argument("--kills", type=int, default=6, help="in each round")
    options.add_argument("--seed", type=int, default=1, help="of the random moments")
    options.add_argument("--json", action="store_true", help="print every round as JSON")
    chosen = options.parse_args()
    toss = random.Random(chosen.seed)  # noqa: S311 - moments, not secrets
    found = []
    with cluster() as server, tempfile.TemporaryDirectory() as folder:
        for number in range(1, chosen.rounds + 1):
            root, sizes = Path(folder) / str(number), {"cases": chosen.cases, "kills": chosen.kills}
            found.append(shared(root, server.fresh(), toss, runners=chosen.runners, **sizes))
            print(f"round {number} of {chosen.rounds}: {found[-1]}", file=sys.stderr)
    print(
        json.dumps([asdict(each) for each in found], indent=2)
        if chosen.json
        else table(found, chosen.runners)
    )


if __name__ == "__main__":
    main()
