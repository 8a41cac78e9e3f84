"""What does a verdict over very many cases take: seconds, and memory?

    python benchmarks/verdict.py [--cases 100 1000 10000] [--criteria 20] [--attempts 3] [--json]

For each size a base and a candidate are drawn (seeded; each criterion is met with a chance of its own per
case) and put through what a comparison computes: per criterion and overall the paired difference with its p
and interval from 9,999 subsets, step-down max-T over all criteria from as many flips, the suite target with
its gate, the split of the variance, pass@k and pass^k. Each size runs in a process of its own, so that its
peak memory is its own; what Python with numpy and scipy takes before is taken off. The draws stand in for
stored verdicts, and reading those from a store is measured in growth.py.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from random import Random

from harness.records.comparisons import GateResult
from harness.statistics.components import Components, of_differences
from harness.statistics.gate import gates
from harness.statistics.paired import Paired, paired_together
from harness.statistics.repeats import curves
from harness.statistics.subsets import DRAWS
from harness.statistics.suite import suite
from harness.statistics.together import step_down

SEED = 20260101

Arm = Sequence[Sequence[Sequence[float]]]
"""Criterion by criterion, case by case, the attempts: 100 where met, else 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size: seconds by part, and the memory that came on top of the interpreter's, in MiB."""

    cases: int
    criteria: int
    attempts: int
    draws: int
    seconds: dict[str, float]
    peak_mib: float


def main() -> None:
    """Measure each size in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description="Seconds and memory of one verdict.")
    parser.add_argument("--cases", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--criteria", type=int, default=20)
    parser.add_argument("--attempts", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print data")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        print(json.dumps(asdict(measured(wanted.cases[0], wanted.criteria, wanted.attempts))))
        return
    found = [_apart(cases, wanted.criteria, wanted.attempts) for cases in wanted.cases]
    print(json.dumps([asdict(each) for each in found], indent=2) if wanted.json else table(found))


def measured(cases: int, criteria: int, attempts: int) -> Measured:
    """Compute one verdict and take the time of each part."""
    # Made data, no secret: the standard generator is good enough.
    streams = (Random(f"{SEED}/{arm}") for arm in ("a", "b"))  # noqa: S311 # as said
    base, candidate = (drawn(cases, criteria, attempts, stream) for stream in streams)
    before = _peak()
    seconds: dict[str, float] = {}

    def timed(part: str, compute: Callable[[], object]) -> None:
        began = time.perf_counter()
        compute()
        seconds[part] = time.perf_counter() - began

    columns = [
        [sum(b) / attempts - sum(a) / attempts for a, b in zip(one, other, strict=True)]
        for one, other in zip(base, candidate, strict=True)
    ]
    overall = [sum(moved) / criteria for moved in zip(*columns, strict=True)]
    timed("p and intervals", lambda: _differences([overall, *columns]))
    timed("max-T", lambda: step_down(columns, seed=SEED))
    timed("gate", lambda: _gate(base, candidate))
    timed("components", lambda: _components(base, candidate))
    timed("pass^k", lambda: _reliable(candidate))
    return Measured(
        cases=cases,
        criteria=criteria,
        attempts=attempts,
        draws=DRAWS,
        seconds=seconds,
        peak_mib=_peak() - before,
    )


def drawn(cases: int, criteria: int, attempts: int, random: Random) -> Arm:
    """Draw one arm; each case has a chance of its own to meet each criterion."""

    def case() -> list[float]:
        chance = random.betavariate(2, 1)
        return [100.0 * (random.random() < chance) for _ in range(attempts)]

    return [[case() for _ in range(cases)] for _ in range(criteria)]


def table(found: Sequence[Measured]) -> str:
    """Put the sizes into a Markdown table."""
    parts = list(found[0].seconds)
    rows = [
        ["cases", "criteria", "attempts", *(f"{part}, s" for part in parts), "in all, s", "memory, MiB"],
        ["---:"] * (len(parts) + 5),
    ]
    for each in found:
        taken = [each.seconds[part] for part in parts]
        counted = [f"{number:,}" for number in (each.cases, each.criteria, each.attempts)]
        rows.append([*counted, *(f"{t:.2f}" for t in (*taken, sum(taken))), f"{each.peak_mib:.0f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _apart(cases: int, criteria: int, attempts: int) -> Measured:
    numbers = ("--cases", str(cases), "--criteria", str(criteria), "--attempts", str(attempts))
    done = subprocess.run(
        [sys.executable, __file__, "--one", *numbers], capture_output=True, text=True, check=True
    )
    return Measured(**json.loads(done.stdout))


def _differences(columns: Sequence[Sequence[float]]) -> list[Paired]:
    return paired_together(columns, seed=SEED)


def _gate(base: Arm, candidate: Arm) -> tuple[GateResult, ...]:
    suites = {f"c{n}": suite(a, b) for n, (a, b) in enumerate(zip(base, candidate, strict=True))}
    return gates(suites, margin=5)


def _components(base: Arm, candidate: Arm) -> list[Components | None]:
    return [of_differences(a, b) for a, b in zip(base, candidate, strict=True)]


def _reliable(arm: Arm) -> tuple[tuple[float, ...], tuple[float, ...]]:
    tallies = [(sum(met > 0 for met in attempts), len(attempts)) for cases in arm for attempts in cases]
    return curves(tallies)


def _peak() -> float:
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1024


if __name__ == "__main__":
    main()
