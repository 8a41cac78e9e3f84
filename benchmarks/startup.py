"""How long until something is on the screen when there is nothing to ask a model?

    make bench      or: python benchmarks/startup.py [--rounds 5]

`--help`, `--version`, `check` on this repository, and a run of 1,000 trials that finds all of them in the
store, each a process from start to exit, next to `python -c pass` in the same round. The last column names
the heavy libraries that were imported.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measuring import Took, harness, machine, markdown, median, middle, run, server
from work import project

REPOSITORY = Path(__file__).parent.parent
HEAVY = ("anthropic", "pandas", "matplotlib", "scipy", "numpy", "sqlalchemy", "pydantic")
BARE = "python -c pass"
STORED = "harness run, 1,000 trials, all stored"
COMMANDS = {
    "harness --help": ("--help",),
    "harness --version": ("--version",),
    "harness check (this repository)": ("check",),
}


def one_round(stored: Path) -> dict[str, Took]:
    """Measure every command once."""
    found = {BARE: run((sys.executable, "-c", "pass"), cwd=stored, environ={})}
    found |= {name: harness(REPOSITORY, *arguments) for name, arguments in COMMANDS.items()}
    return {**found, STORED: harness(stored, "run", "speed")}


def imported(root: Path, *arguments: str) -> str:
    """Name the heavy libraries that a command imports."""
    command = (sys.executable, "-X", "importtime", "-m", "harness", *arguments)
    run(command, cwd=root, environ={"HARNESS_STORE": ""}, said=(said := root / ".imported"))
    modules = set(re.findall(r"\|\s+(\w+)$", said.read_text(), re.MULTILINE))
    said.unlink()
    return ", ".join(name for name in HEAVY if name in modules) or "none"


def rows(rounds: Sequence[dict[str, Took]], heavy: dict[str, str]) -> list[tuple[str, ...]]:
    """Lay the rounds out as a table."""
    found: list[tuple[str, ...]]
    found = [("command", "wall s", "more than bare Python, s", "CPU s", "peak MiB", "heavy imports")]
    for name in rounds[0]:
        took = middle([each[name] for each in rounds])
        more = median([each[name].wall - each[BARE].wall for each in rounds])
        numbers = (f"{took.wall:.2f}", f"{more:.2f}", f"{took.cpu:.2f}", f"{took.memory:.0f}")
        found.append((f"`{name}`", *numbers, heavy.get(name, "–")))
    return found


def main() -> None:
    """Fill a store, then measure; print the table as Markdown."""
    options = argparse.ArgumentParser(description="How long until something is on the screen?")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--trials", type=int, default=1000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="startup-") as folder, server() as (url,):
        stored = Path(folder)
        project(stored, url, chosen.trials)
        print(f"  filling a store with {chosen.trials:,} trials …", file=sys.stderr)
        harness(stored, "run", "speed", "--yes", url=url)
        heavy = {name: imported(REPOSITORY, *arguments) for name, arguments in COMMANDS.items()}
        heavy[STORED] = imported(stored, "run", "speed")
        print(f"{machine()}; the middle of {chosen.rounds} rounds\n")
        print(markdown(rows([one_round(stored) for _ in range(chosen.rounds)], heavy)))


if __name__ == "__main__":
    main()
