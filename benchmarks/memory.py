"""How much memory does a run take that streams many trials?

    python benchmarks/memory.py [--trials 20000] [--json]

A run is carried out as the command line does it, up to its report, in a process of its own, against the
tests' server on 127.0.0.1 in another: one answer a trial, signals, 50 calls in flight, no latency. Its peak
is held against that of the same project with a single trial, which imports the same. So the
difference is what the trials themselves take. The report, which holds every answer, comes afterwards and
is not in it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from front_door import REPOSITORY, Door

_RUN = """
import asyncio, datetime as dt, json, os, resource, secrets, sys
from pathlib import Path
from harness import revisions
from harness.project import load
from harness.session import Session
from harness.store.opening import open_store

material = load(Path("evals/small.yaml"))
found = revisions.find("", agent=Path(material.eval.agent), root=material.root)
manifest = material.manifest(found)
with open_store(Path("store.db")) as store:
    session = Session(
        material=material, store=store, environ=os.environ, now=lambda: dt.datetime.now(dt.UTC),
        secret=secrets.token_bytes(32),
    )
    planned = session.plan(manifest)
    asyncio.run(session.perform([(manifest, planned)], session.purse(), lambda event: None))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"trials": planned.trials, "answers": store.sizes()["answers"], "peak_kib": peak}))
"""


def measure(folder: Path, url: str, key: str, trials: int) -> dict[str, int]:
    """Run so many trials, as attempts at a hundred cases, and give the peak of the process in KiB."""
    door = Door(folder, key=key)
    cases, attempts = (100, trials // 100) if trials >= 100 else (trials, 1)
    door.cases(*(f"case-{number}" for number in range(cases)))
    door.eval(url, graders=[{"kind": "signals"}], attempts=attempts, concurrency=50)
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": key},
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, int] = json.loads(done.stdout)
    if measured["answers"] != trials:
        msg = f"{measured['answers']} answers instead of {trials}"
        raise RuntimeError(msg)
    return measured


def main() -> None:
    """Measure one trial and many, and print both."""
    options = argparse.ArgumentParser(description="How much memory does a run take that streams many trials?")
    options.add_argument("--trials", type=int, default=20_000, help="a multiple of 100")
    options.add_argument("--json", action="store_true", help="print JSON")
    chosen = options.parse_args()
    loopback = REPOSITORY / "tests" / "loopback.py"
    server = subprocess.Popen(
        [sys.executable, str(loopback), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url, _, key = server.stdout.readline().split() if server.stdout else ("", "", "")
        with tempfile.TemporaryDirectory() as folder:
            found = [measure(Path(folder) / str(trials), url, key, trials) for trials in (1, chosen.trials)]
    finally:
        server.terminate()
        server.wait()
    if chosen.json:
        print(json.dumps(found, indent=2))
        return
    one, many = (each["peak_kib"] / 1024 for each in found)
    print("| trials | peak of the run, MiB |\n|---:|---:|")
    print(f"| 1 | {one:.0f} |\n| {chosen.trials:,} | {many:.0f} |")
    print(f"\n{many - one:.0f} MiB more for {chosen.trials - 1:,} more trials.")


if __name__ == "__main__":
    main()
