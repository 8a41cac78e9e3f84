"""What a simulation is made of: cells, counts of what happened in them, and a table for people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.special import betaincinv

Cell = Mapping[str, float]
"""What is true in one corner of the simulation, such as the number of cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How often each thing happened in one cell, out of `replicates` experiments."""

    cell: Cell
    replicates: int
    counts: Mapping[str, int]

    def rate(self, name: str) -> float:
        """Give the share of experiments in which it happened."""
        return self.counts[name] / self.replicates

    def upper(self, name: str) -> float:
        """Give its one-sided 95 % upper bound (Clopper and Pearson 1934, Biometrika 26, 404-413)."""
        happened = self.counts[name]
        if happened == self.replicates:
            return 1.0
        return float(betaincinv(happened + 1, self.replicates - happened, 0.95))

    def within(self, **wanted: float) -> bool:
        """Say whether the cell has these values."""
        return all(self.cell[name] == value for name, value in wanted.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One question asked in many cells.

    `measure` runs one cell: (cell, replicates, seed) to counts. `table` renders all results as Markdown,
    which goes into docs/statistics.md between the markers of this name. `faults` says what does not hold.
    """

    name: str
    cells: tuple[Cell, ...]
    measure: Callable[[Cell, int, int], Mapping[str, int]]
    table: Callable[[Sequence[Result]], str]
    faults: Callable[[Sequence[Result]], Iterable[str]]


def chosen(results: Iterable[Result], **wanted: float) -> list[Result]:
    """Give the results of the cells that have these values; raises LookupError without any."""
    found = [result for result in results if result.within(**wanted)]
    if not found:
        msg = f"no cell has {wanted}"
        raise LookupError(msg)
    return found


def mean(results: Sequence[Result], name: str) -> float:
    """Average the rate over cells, each cell counting the same."""
    return sum(result.rate(name) for result in results) / len(results)


def worst(results: Sequence[Result], name: str) -> Result:
    """Give the cell where it happened most often."""
    return max(results, key=lambda result: result.rate(name))


def percent(rate: float) -> str:
    """Write a rate as people read it."""
    return f"{100 * rate:.1f} %"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table, the first column left and numbers right."""
    ruler = ["---", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ruler, *rows))
