"""Is anything lost, or paid twice, when a run is killed?

    python benchmarks/kills.py [--points 100] [--seed 1] [--json]

A run of 40 cases, each one answer and two verdicts by a judge, 8 calls in flight, is killed with SIGKILL at a
random moment against the tests' server on 127.0.0.1, and the same command is given again. For every point:
was a request whose result had been committed sent again (the claim: never); which requests had been replied
to, were not yet committed, and were sent again (the claim: only those of the last milliseconds); does the
report say what that of an undisturbed run says?
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from killing import CASES, CONCURRENCY, REQUESTS, Killed, killed, undisturbed


def table(found: Sequence[Killed]) -> str:
    """Sum the points up, one claim a line."""
    late = [each for point in found for each in point.twice]
    most = max(len(point.twice) for point in found)
    rows = [
        ("kills", f"{len(found)}"),
        ("requests seen when it came", f"{_range([point.requests for point in found])} of {REQUESTS}"),
        ("results committed when it came", _range([point.committed for point in found])),
        ("requests in flight when it came", _range([point.in_flight for point in found])),
        ("committed, and sent again", f"{sum(point.twice_committed for point in found)}"),
        ("replied to but not committed, and sent again", f"{len(late)}, at most {most} a kill"),
        ("… how long before the kill the reply had left", f"{_range([round(each) for each in late])} ms"),
        ("… the median of that", f"{median(late):.1f} ms" if late else "–"),
        ("taken up again with exit code 0", f"{sum(point.code == 0 for point in found)}"),
        ("report equal to that of an undisturbed run", f"{sum(point.equal for point in found)}"),
    ]
    return "\n".join(("| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)))


def _range(numbers: Sequence[int]) -> str:
    return f"{min(numbers)} to {max(numbers)}" if numbers else "–"


def main() -> None:
    """Kill at as many points as wanted and print the table."""
    options = argparse.ArgumentParser(description="Is anything lost, or paid twice, when a run is killed?")
    options.add_argument("--points", type=int, default=100, help="how many kills")
    options.add_argument("--seed", type=int, default=1, help="of the random moments")
    options.add_argument("--json", action="store_true", help="print every kill as JSON")
    chosen = options.parse_args()
    toss = random.Random(chosen.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory() as folder:
        whole = undisturbed(Path(folder) / "whole")
        found = []
        for number in range(1, chosen.points + 1):
            found.append(killed(Path(folder) / str(number), whole, toss))
            print(f"kill {number} of {chosen.points}: {found[-1]}", file=sys.stderr)
    if chosen.json:
        print(json.dumps([asdict(point) for point in found], indent=2))
    else:
        print(f"{CASES} cases, {REQUESTS} requests, {CONCURRENCY} in flight\n\n{table(found)}")


if __name__ == "__main__":
    main()
