"""Does a case cost more in a large run than in a small one?

    make bench                       or: python benchmarks/growth.py [--sizes 125 250 500 1000] [--json]

For each size a project is made in a temporary folder and used the way a person does, each command as a
process of its own, against a server on 127.0.0.1 in another:

    run      `harness run` from nothing: an answer per case, a judge's verdict per criterion, signals, report
    again    the same command, which finds everything stored and must ask for nothing
    report   `harness report` after the folder reports/ was deleted: from the store to the page and charts

What a few cases take (Python, imports, the fixed part of the charts) is measured first and taken off, from
the seconds and from the cases alike. The exponent is the slope of the rest over the number of cases, both as
logarithms: 1 is a cost per case that stays, 2 one that doubles when the run does. Nothing is compared with
a limit in seconds, so a slow or busy machine changes the numbers but not what they say.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from measuring import Took, aligned, harness, server
from work import write

SIZES = (125, 250, 500, 1000)
CONCURRENCY = 32
FEW = 10
"""So few cases that hardly anything but the fixed cost is left, and enough that no part is left out."""
ROUNDS = 2
"""How often everything is measured; the least time counts, as others only ever add to it."""
GROWS = 1.15
"""Exponents of CPU time above are called growth: what is linear scatters by less than that around 1."""

_AGENT = """\
---
name: helper
description: Helps with backends.
---

You are a backend engineer. Recommend one design, name its risks and what it costs, and be brief.
"""
_CRITERIA = {
    "threat": ("Names a threat or an abuse.", "threat* | attack* | abuse* | guessing"),
    "trade-off": ("Names what the choice costs.", "trade-off* | cost* | price"),
}

# ------------------------------------------------------------------ what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A project of so many cases: what each command took, and how large the store and the page are."""

    cases: int
    commands: Mapping[str, Took]
    store_bytes: int
    page_bytes: int


def measure(cases: int) -> Size:
    """Make a project of this many cases, measure the commands in it, and delete it."""
    with tempfile.TemporaryDirectory(prefix="growth-") as folder, server() as (url,):
        root = Path(folder)
        _project(root, cases, url)
        commands = {name: harness(root, "run", "growth", "--yes", url=url) for name in ("run", "again")}
        shutil.rmtree(root / "reports")
        commands["report"] = harness(root, "report", "working", url=url)
        return Size(
            cases=cases,
            commands=commands,
            store_bytes=sum(path.stat().st_size for path in root.glob(".harness/store.db*")),
            page_bytes=next(root.glob("reports/*/index.html")).stat().st_size,
        )


def least(rounds: Sequence[Size]) -> Size:
    """Join measurements of one size: the least time of each command, and all else at its largest."""
    commands = {
        name: replace(
            max((each.commands[name] for each in rounds), key=lambda took: took.memory),
            wall=min(each.commands[name].wall for each in rounds),
            cpu=min(each.commands[name].cpu for each in rounds),
        )
        for name in rounds[0].commands
    }
    return replace(max(rounds, key=lambda each: each.store_bytes), commands=commands)


# ------------------------------------------------------------------ the project


def _project(root: Path, cases: int, url: str) -> None:
    """Write a project of so many cases. JSON is YAML too, so that nothing but the harness reads YAML here."""
    judge = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": url}
    rubric = {
        "dimension": "quality",
        "criteria": [
            {"id": name, "text": text, "points": 2, "signals": [{"all": [pattern]}]}
            for name, (text, pattern) in _CRITERIA.items()
        ],
    }
    settings = {
        "agent": "agents/helper.md",
        "datasets": ["datasets/cases.yaml"],
        "examples": False,
        "rubrics": ["evals/rubrics/quality.yaml"],
        "model": {"name": "claude-sonnet-5-5", "max_tokens": 500, "base_url": url},
        "graders": [{"kind": "judge", "model": judge, "canary": False}, {"kind": "signals"}],
        "attempts": 1,
        "concurrency": CONCURRENCY,
    }
    listed = "".join(
        f"- id: case-{number:04d}\n  prompt: How do I build service number {number} of a shop?\n"
        for number in range(cases)
    )
    files = {
        "pyproject.toml": "",
        "agents/helper.md": _AGENT,
        "datasets/cases.yaml": listed,
        "evals/rubrics/quality.yaml": json.dumps(rubric),
        "evals/growth.yaml": json.dumps(settings),
    }
    write(root, files)


# ------------------------------------------------------------------ what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How one command's cost grows: the exponents of wall and CPU seconds over the number of cases.

    `None` where hardly any size took longer than the few cases: the machine was too busy to tell.
    """

    command: str
    wall: float | None
    cpu: float | None


def growth(command: str, few: Size, sizes: Sequence[Size]) -> Growth:
    """Fit the exponents over all sizes, what the few cases take taken off."""
    more = [size.cases - few.cases for size in sizes]
    begin = few.commands[command]
    wall = [size.commands[command].wall - begin.wall for size in sizes]
    cpu = [size.commands[command].cpu - begin.cpu for size in sizes]
    return Growth(command=command, wall=_exponent(more, wall), cpu=_exponent(more, cpu))


def _exponent(more: Sequence[int], seconds: Sequence[float]) -> float | None:
    """Fit a line through the logarithms by weighted least squares.

    The weights are the squared seconds: the same disturbance moves a small time's logarithm more.
    """
    points = [
        (math.log(n), math.log(each), each**2) for n, each in zip(more, seconds, strict=True) if each > 0
    ]
    if len(points) < 2:
        return None
    x, y = (fmean([point[axis] for point in points], [point[2] for point in points]) for axis in (0, 1))
    covariance = sum(weight * (a - x) * (b - y) for a, b, weight in points)
    return covariance / sum(weight * (a - x) ** 2 for a, _, weight in points)


def sentence(found: Sequence[Growth]) -> str:
    """Say in a line whether the cost per case grows: by CPU time, which a busy machine disturbs less."""
    growing = [each.command for each in found if each.cpu is not None and each.cpu > GROWS]
    unclear = [each.command for each in found if each.cpu is None]
    said = f"grows in {' and '.join(growing)}" if growing else "does not grow"
    if unclear:
        said += f" (not clear for {' and '.join(unclear)}: the machine was too busy)"
    exponents = ", ".join(f"{each.command} {_shown(each.wall)} (CPU {_shown(each.cpu)})" for each in found)
    return f"The cost per case {said}. Exponents, where 1 is linear: {exponents}."


def _shown(number: float | None) -> str:
    return "–" if number is None else f"{number:.2f}"


def tables(few: Size, sizes: Sequence[Size]) -> str:
    """Lay the measurements out: one table per command, and one of what is left on disk."""
    by_command = (_of_command(command, few, sizes) for command in few.commands)
    return "\n\n".join((*by_command, _of_disk((few, *sizes))))


def _of_command(command: str, few: Size, sizes: Sequence[Size]) -> str:
    heads = ("cases", "wall s", "ms/case", "ratio", "CPU s", "ms/case", "ratio", "peak MiB", "requests")
    rows = [(command, *heads)]
    begin, first = few.commands[command], sizes[0]
    for size in (few, *sizes):
        cost = size.commands[command]
        smallest, more = first.commands[command], (first.cases - few.cases, size.cases - few.cases)
        wall = _per_case((smallest.wall - begin.wall, cost.wall - begin.wall), more)
        cpu = _per_case((smallest.cpu - begin.cpu, cost.cpu - begin.cpu), more)
        used = (f"{cost.wall:.2f}", *wall, f"{cost.cpu:.2f}", *cpu, f"{cost.memory:.0f}")
        rows.append(("", f"{size.cases:,}", *used, f"{cost.seen['requests']:,.0f}"))
    return aligned(rows)


def _per_case(seconds: tuple[float, float], more: tuple[int, int]) -> tuple[str, str]:
    """Milliseconds per case, and their ratio to the smallest size's, which comes first."""
    if not more[1]:
        return "–", "–"
    first, each = (1000 * taken / cases for taken, cases in zip(seconds, more, strict=True))
    return f"{each:.2f}", f"{each / first:.2f}" if first > 0 else "–"


def _of_disk(sizes: Sequence[Size]) -> str:
    rows = [("disk", "cases", "store KiB", "B/case", "page KiB", "B/case")]
    for size in sizes:
        store, page = size.store_bytes, size.page_bytes
        kept = (f"{store / 1024:,.0f}", f"{store / size.cases:,.0f}")
        rows.append(("", f"{size.cases:,}", *kept, f"{page / 1024:,.0f}", f"{page / size.cases:,.0f}"))
    return aligned(rows)


def main() -> None:
    """Measure every size, the smallest first, and print tables or JSON."""
    options = argparse.ArgumentParser(description="Does a case cost more in a large run than in a small one?")
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="numbers of cases")
    options.add_argument("--json", action="store_true", help="print JSON")
    chosen = options.parse_args()
    wanted = sorted(set(chosen.sizes))
    if len(wanted) < 2 or wanted[0] <= FEW:
        options.error(f"--sizes: give two or more different numbers above {FEW}")
    rounds: dict[int, list[Size]] = {cases: [] for cases in (FEW, *wanted)}
    for number in range(1, ROUNDS + 1):
        for cases in (FEW, *wanted, FEW):  # the few twice, as all others are measured against them
            print(f"round {number} of {ROUNDS}: {cases:,} cases …", file=sys.stderr)
            rounds[cases].append(measure(cases))
    measured = [least(found) for found in rounds.values()]
    few, *sizes = measured
    fitted = [growth(command, few, sizes) for command in few.commands]
    if chosen.json:
        data = {"sizes": [asdict(size) for size in measured], "growth": [asdict(each) for each in fitted]}
        print(json.dumps(data, indent=2))
    else:
        print(f"{1 + len(_CRITERIA)} requests per case, {CONCURRENCY} in flight, no latency\n")
        print(tables(few, sizes), sentence(fitted), sep="\n\n")


if __name__ == "__main__":
    main()
