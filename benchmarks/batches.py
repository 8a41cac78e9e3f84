"""How a run by Message Batches grows: time and peak memory of the process, against a server on this machine.

    .venv/bin/python benchmarks/batches.py --trials 2000 8000

Each trial is one answer and one verdict by a judge. The server keeps everything in memory in this process;
what is measured is the `harness` process alone, from start to exit, with its store and its report.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from front_door import Door  # noqa: E402 - the tests' own folder
from loopback import KEY, Loopback  # noqa: E402

_TIMED = """
import resource, sys
from harness.cli.main import main
code = main(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
_ONE = {"dimension": "security", "criteria": [{"id": "threat", "text": "Names a threat.", "points": 1}]}


def measure(trials: int) -> tuple[float, float, list[int]]:
    """Run that many trials by batches: seconds, MB at the peak, and the sizes of the batches."""
    with tempfile.TemporaryDirectory() as folder, Loopback() as server:
        door = Door(Path(folder) / "project")
        door.write("evals/rubrics/security.yaml", _ONE)
        door.cases(*(f"case{number}" for number in range(trials)))
        door.eval(server.url)
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _TIMED, "run", "small", "--batch", "--yes"],
            cwd=door.root,
            env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": KEY},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        peak = re.search(r"^peak (\d+)$", done.stderr, re.MULTILINE)
        if done.returncode or not peak:
            sys.exit(done.stderr)
        return seconds, int(peak[1]) / 1024, [len(batch.requests) for batch in server.batches.created]


def main() -> None:
    """Print one row for each number of trials."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--trials", type=int, nargs="+", default=[500, 2_000, 8_000])
    print("| trials | batches | requests | seconds | peak memory, MB |\n|---|---|---|---|---|")
    for trials in options.parse_args().trials:
        seconds, peak, batches = measure(trials)
        print(f"| {trials:,} | {len(batches)} | {sum(batches):,} | {seconds:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
