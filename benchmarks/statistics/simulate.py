"""How often are the verdict and the gate wrong, and what do they find?

    make simulate                or: python benchmarks/statistics/simulate.py [STUDY …] [--replicates 10000]

Draws experiments whose truth is known (model.py), lets the harness's arithmetic decide each (batch.py, held
against the harness's own functions on the way), and prints how often it was right, beside what naive methods
say of the same data (deciding.py). `--write` puts the tables into docs/statistics.md between their markers.

Every block of a cell has a seed of its own, and its counts are kept in .harness/simulations.jsonl as soon as
they are there, so that a simulation that was stopped goes on, and more replicates add to those made. Counts
made by other code than today's are not used.
"""

import argparse
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import deciding
from study import Cell, Result, Study

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".harness" / "simulations.jsonl"
PAGE = ROOT / "docs" / "statistics.md"
STUDIES: tuple[Study, ...] = (deciding.VERDICT, deciding.SKEWED, deciding.GATE)
"""A study joins by a line here, and by a pair of markers in docs/statistics.md."""

BLOCK = 1_000
"""Experiments that share a seed; replicates come in whole blocks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is missing, print the tables, and return 1 where a promise does not hold."""
    names = [study.name for study in STUDIES]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "studies", nargs="*", metavar="STUDY", help=f"of {', '.join(names)}; all if none is named"
    )
    parser.add_argument("--replicates", type=int, default=10_000, help="experiments a cell, in thousands")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/statistics.md")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where counts are kept")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.studies) - set(names):
        parser.error(f"no study is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    blocks = max(1, -(-chosen.replicates // BLOCK))
    faults: list[str] = []
    for study in STUDIES:
        if study.name in (chosen.studies or names):
            results = simulate(study, blocks, chosen.kept)
            text = f"{study.table(results)}\n\n{replicates_line(results)}"
            print(f"\n{text}")
            faults += study.faults(results)
            if chosen.write:
                PAGE.write_text(marked(PAGE.read_text(encoding="utf-8"), study.name, text), encoding="utf-8")
    for fault in faults:
        print(f"does not hold: {fault}", file=sys.stderr)
    return 1 if faults else 0


def simulate(study: Study, blocks: int, kept: Path) -> list[Result]:
    """Make the blocks that are not kept yet, keep each, and add all up by cell."""
    code = _code()
    have: dict[tuple[str, int], Mapping[str, int]] = {
        (line["cell"], line["block"]): line["counts"] for line in _lines(kept, study.name, code)
    }
    results = []
    for number, cell in enumerate(study.cells, 1):
        name, began = json.dumps(cell, sort_keys=True), time.monotonic()
        for block in range(blocks):
            if (name, block) not in have:
                counts = study.measure(cell, BLOCK, seed_of(study.name, cell, block))
                have[name, block] = counts
                _keep(
                    kept, {"study": study.name, "code": code, "cell": name, "block": block, "counts": counts}
                )
        took = time.monotonic() - began
        print(f"{study.name} {number}/{len(study.cells)} {name}: {took:.1f} s", file=sys.stderr, flush=True)
        results.append(_summed(cell, [have[name, block] for block in range(blocks)]))
    return results


def seed_of(study: str, cell: Cell, block: int) -> int:
    """Give each block of each cell a seed of its own that does not depend on what else is simulated."""
    text = json.dumps([study, cell, block], sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def replicates_line(results: Sequence[Result]) -> str:
    """Say what the table rests on."""
    counts = sorted({result.replicates for result in results})
    return f"{len(results)} cells, {' or '.join(f'{count:,}' for count in counts)} experiments each."


def marked(page: str, name: str, text: str) -> str:
    """Put a text between the markers of that name; raises LookupError where there are none."""
    begin, end = f"<!-- simulation: {name} -->", f"<!-- end of simulation: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        msg = f"the page has no place for {name}: {begin} … {end}"
        raise LookupError(msg)
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page)


def _summed(cell: Cell, counts: Sequence[Mapping[str, int]]) -> Result:
    names = counts[0]
    added = {name: sum(each[name] for each in counts) for name in names}
    return Result(cell=cell, replicates=BLOCK * len(counts), counts=added)


def _lines(kept: Path, study: str, code: str) -> Iterator[dict[str, Any]]:
    for text in kept.read_text(encoding="utf-8").splitlines() if kept.is_file() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue  # the last line of a simulation that was killed while writing
        if (line["study"], line["code"]) == (study, code):
            yield line


def _keep(kept: Path, line: Mapping[str, object]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a", encoding="utf-8") as file:
        # The line break stands in front: what a killed simulation left of its last line then spoils no other.
        file.write("\n" + json.dumps(line))


def _code() -> str:
    """Hash the modules in use that decide what is counted, ours and the harness's."""
    folders = (Path(__file__).parent, ROOT / "harness" / "statistics")
    loaded = {Path(found) for module in sys.modules.values() if (found := getattr(module, "__file__", None))}
    sources = sorted(path for path in loaded - {Path(__file__)} if path.parent in folders)
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
