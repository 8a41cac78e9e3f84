"""What does looking early cost, and what does it save?

    python benchmarks/statistics/sequential.py [--replicates 2000] [--seed 1]

Draws comparisons of 40 and of 20 cases whose truth is known, and lets four rules decide each: the harness's
looks after half, three quarters and all cases, with and without the stop for futility; one test at the end;
and the naive rule that looks as often but holds every p against .05. The looks' p values are worked out for
all replicates at once; in every cell some of them are decided again by the harness's own functions, and any
difference ends the program.

Twelve yes-or-no criteria of unequal points; a case does something to all of them and to each, an answer to
all of them; the constants make true case scores scatter by 15.6 points, answers to one case by 12.4, and
two answers differ on 21.6 % of criteria. Two prompts find the same cases hard to the degree `LIKENESS`.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import beta

from harness.reporting.words import signed
from harness.statistics.estimates import TOLERANCE
from harness.statistics.paired import paired
from harness.statistics.sequential import FUTILE, levels, look, sizes
from harness.statistics.subsets import EXACT_UP_TO, _every_mask, _random_masks

WEIGHTS = np.array([5, 5, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1]) / 30
ON_CASE, ON_CRITERION, ON_ANSWER = 0.658, 1.531, 0.342
"""Standard deviations beside 1 for each single verdict."""
WHOLE = math.sqrt(1 + ON_CASE**2 + ON_CRITERION**2 + ON_ANSWER**2)
LEVEL = 0.70
CHANGES = (0, 5, 10, 20)
ATTEMPTS = (1, 3, 5)
LIKENESS = (0.3, 0.55, 0.8)
CHECKED = 5
BLOCK = 1000
SUBSETS_SEED = 20260101

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One rule over the replicates of a cell: which decided, after how many cases, on what difference."""

    decided: NDArray[np.bool_]
    cases: NDArray[np.int64]
    difference: Points


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row per size and rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--replicates", type=int, default=2000, help="comparisons per cell (default 2000)")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(arguments)
    print(f"{wanted.replicates:,} replicates a cell, {len(ATTEMPTS) * len(LIKENESS)} cells a number\n")
    changes = " | ".join(f"{change} points: decides, saves" for change in CHANGES[1:])
    print(f"| cases | rule | nothing changed: decides | worst cell, bound | saves | {changes} | bias at 10 |")
    print("|--:|---|--:|--:|--:|" + "--:|" * len(CHANGES))
    for planned in (40, 20):
        for row in rows(planned, wanted.replicates, wanted.seed):
            print(row, flush=True)
    print("\nbound: upper 95 % bound of the worst cell. bias at 10: mean change at the stop, less 10 points.")
    return 0


def rows(planned: int, replicates: int, seed: int) -> Iterator[str]:
    """Give one row per rule, each number over all numbers of attempts and likenesses."""
    by_change = {change: _cells(planned, change, replicates, seed) for change in CHANGES}
    for name, of_rule in by_change[0].items():
        rates = [float(found.decided.mean()) for found in of_rule]
        worst = round(max(rates) * replicates)
        bound = float(beta.ppf(0.95, worst + 1, replicates - worst)) if worst < replicates else 1.0
        others = [f"{_decides(cells[name])}, {_saves(cells[name], planned)}" for cells in by_change.values()][
            1:
        ]
        bias = float(np.mean([found.difference.mean() for found in by_change[10][name]])) - 10
        yield (
            f"| {planned} | {name} | {_decides(of_rule)} | {max(rates):.3f}, {bound:.3f} "
            f"| {_saves(of_rule, planned)} | {' | '.join(others)} | {signed(bias)} |"
        )


def _cells(planned: int, change: int, replicates: int, seed: int) -> Mapping[str, Sequence[Found]]:
    """Let every rule decide the same comparisons, cell by cell."""
    cells: dict[str, list[Found]] = {}
    for place, (attempts, likeness) in enumerate(product(ATTEMPTS, LIKENESS)):
        rng = np.random.default_rng([seed, planned, change, place])
        blocks = [min(BLOCK, replicates - start) for start in range(0, replicates, BLOCK)]
        drawn = np.concatenate(
            [differences(planned, attempts, likeness, change, block, rng) for block in blocks]
        )
        ps = np.stack([p_values(drawn[:, :size]) for size in sizes(planned)], axis=1)
        for name, found in (
            ("looks at 50, 75, 100 %", by_looks(drawn, ps, futility=True)),
            ("the same, no stop for futility", by_looks(drawn, ps, futility=False)),
            ("one test at the end", by_levels(drawn, ps, (0.0, 0.0, 0.05))),
            ("every look against .05", by_levels(drawn, ps, (0.05, 0.05, 0.05))),
        ):
            cells.setdefault(name, []).append(found)
    return cells


def _decides(of_rule: Sequence[Found]) -> str:
    return f"{np.mean([found.decided.mean() for found in of_rule]):.3f}"


def _saves(of_rule: Sequence[Found], planned: int) -> str:
    return f"{100 * (1 - np.mean([found.cases.mean() for found in of_rule]) / planned):.0f} %"


def differences(
    cases: int, attempts: int, likeness: float, change: float, replicates: int, rng: np.random.Generator
) -> Points:
    """Draw candidate minus base per replicate and case, in points, each the mean of its attempts."""
    shape = (replicates, cases, 1, 12)

    def hardness() -> Points:
        shared = ON_CASE * rng.standard_normal((*shape[:3], 1))
        return np.asarray(shared + ON_CRITERION * rng.standard_normal(shape))

    base, own = hardness(), hardness()
    candidate = likeness * base + math.sqrt(1 - likeness**2) * own
    before, after = (
        _scores(reached + WHOLE * ndtri(level), attempts, rng)
        for reached, level in ((base, LEVEL), (candidate, LEVEL + change / 100))
    )
    return np.asarray(after - before)


def p_values(drawn: Points) -> Points:
    """Give the two-sided p of each replicate, as `paired` would; the subsets are the same for all of them."""
    cases = drawn.shape[1]
    drawn_masks = _every_mask(cases) if cases <= EXACT_UP_TO else _random_masks(cases, SUBSETS_SEED)
    masks = np.concatenate(list(drawn_masks)).astype(np.float64)
    masks = masks[masks.any(axis=1)]
    slack = TOLERANCE * masks.sum(axis=1, keepdims=True)
    found = np.empty(len(drawn))
    for start in range(0, len(drawn), 500):
        sums = masks @ drawn[start : start + 500].T
        count = len(masks) + 1
        low = (1 + (sums <= slack).sum(axis=0)) / count
        high = (1 + (sums >= -slack).sum(axis=0)) / count
        found[start : start + 500] = np.minimum(1, 2 * np.minimum(low, high))
    few = (np.abs(drawn) > TOLERANCE).sum(axis=1) < 6
    for place in np.flatnonzero(few):
        found[place] = paired(drawn[place].tolist(), seed=SUBSETS_SEED).p
    return found


def by_looks(drawn: Points, ps: Points, *, futility: bool) -> Found:
    """Apply the harness's rule, and hold it against the harness's own function on a few replicates."""
    planned = drawn.shape[1]
    shares = np.array(sizes(planned)) / planned
    at = levels(tuple(shares.tolist()))
    with np.errstate(divide="ignore"):
        trend = -ndtri(ps[:, :-1] / 2) / np.sqrt(shares[:-1])
    power = ndtr((trend + ndtri(at[-1] / 2)) / np.sqrt(1 - shares[:-1]))
    hopeless = np.hstack([power < FUTILE, np.zeros((len(ps), 1), dtype=bool)]) & futility
    found = _stopped(drawn, ps <= np.array(at), hopeless)
    for place in range(CHECKED):
        _check(drawn[place], found, place, futility=futility)
    return found


def by_levels(drawn: Points, ps: Points, at: Sequence[float]) -> Found:
    """Decide at the first look whose p is at or below its level; go on otherwise."""
    return _stopped(drawn, ps <= np.array(at), np.zeros_like(ps, dtype=bool))


def _stopped(drawn: Points, crossed: NDArray[np.bool_], hopeless: NDArray[np.bool_]) -> Found:
    ends = crossed | hopeless
    ends[:, -1] = True
    first = ends.argmax(axis=1)
    rows_ = np.arange(len(drawn))
    cases = np.array(sizes(drawn.shape[1]))[first]
    sums = drawn.cumsum(axis=1)[rows_, cases - 1]
    return Found(decided=crossed[rows_, first], cases=cases, difference=sums / cases)


def _check(differences_: Points, found: Found, place: int, *, futility: bool) -> None:
    """End the program where the harness itself would have stopped elsewhere."""
    planned = len(differences_)
    for size in sizes(planned):
        tested = paired(differences_[:size].tolist(), seed=SUBSETS_SEED)
        seen = look(tested, asked=size, planned=planned, futility=futility)
        if seen.word != "go on":
            break
    decided = seen.word in ("better", "worse")
    if (seen.cases, decided) != (int(found.cases[place]), bool(found.decided[place])):
        sys.exit(f"the harness stops at {seen.cases} ({seen.word}), the simulation at {found.cases[place]}")


def _scores(reached: Points, attempts: int, rng: np.random.Generator) -> Points:
    shape = (*reached.shape[:2], attempts, 1)
    noise = ON_ANSWER * rng.standard_normal(shape) + rng.standard_normal((*shape[:3], 12))
    return np.asarray(100 * ((reached + noise > 0) @ WEIGHTS).mean(axis=2))


if __name__ == "__main__":
    sys.exit(main())
