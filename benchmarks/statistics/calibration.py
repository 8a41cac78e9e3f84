"""Do the intervals of a calibration cover the truth as often as they say?

    python benchmarks/statistics/calibration.py [--experiments 1000] [--json]

A grader of known sensitivity and specificity grades answers to 12 cases, four answers a case, 18 criteria
each, as many as `datasets/labels/` holds of the general ones; the labels are the truth. The harness's own
functions measure it, and the share of experiments whose 95 % interval holds the true value is printed. In the
later rows the grader errs by case: what it finds differs from case to case around the same mean (a beta
distribution; `alike` is the correlation of two verdicts on one case). There, intervals that take verdicts as
independent are too narrow, as the last column but one shows.

`+-` is what chance alone moves a coverage of 95 % by in that many experiments (two standard errors).
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from harness.records.calibrations import Compared, Measure
from harness.records.estimates import Estimate
from harness.statistics.calibration import POOLED, by_criterion, pooled
from harness.statistics.estimates import pass_rate

CASES, ANSWERS, CRITERIA = 12, 4, 18
MET = 0.6
SEED = 20260101
NOMINAL = 0.95


@dataclass(frozen=True)
class World:
    """How a grader errs: its true rates, and how alike two verdicts on one case are."""

    sensitivity: float
    specificity: float
    likeness: float


@dataclass(frozen=True)
class Row:
    """Shares of experiments in which the interval held the truth; `criterion` is over all criteria."""

    world: World
    criterion: float
    pooled: float
    pooled_as_independent: float
    alpha: float


WORLDS = tuple(
    World(sensitivity, specificity, likeness)
    for likeness in (0.0, 0.05, 0.2)
    for sensitivity, specificity in ((0.95, 0.7), (0.85, 0.85), (0.98, 0.9))
)


def experiment(world: World, rng: np.random.Generator) -> list[Compared]:
    """Draw the verdicts of one calibration."""
    rates = np.stack([_by_case(rate, world, rng) for rate in (world.sensitivity, 1 - world.specificity)])
    labels = rng.random((CASES, ANSWERS, CRITERIA)) < MET
    said = rng.random(labels.shape) < np.where(labels, rates[0][:, None, None], rates[1][:, None, None])
    return [
        Compared(
            answer=f"{case}/{answer}",
            revision=str(answer),
            case=f"case{case:02}",
            dimension="all",
            criterion=f"criterion{criterion:02}",
            label=bool(labels[case, answer, criterion]),
            met=bool(said[case, answer, criterion]),
        )
        for case, answer, criterion in np.ndindex(labels.shape)
    ]


def _by_case(rate: float, world: World, rng: np.random.Generator) -> np.ndarray:
    if world.likeness == 0:
        return np.full(CASES, rate)
    weight = 1 / world.likeness - 1
    return rng.beta(rate * weight, (1 - rate) * weight, CASES)


def study(world: World, experiments: int, seed: int = SEED) -> Row:
    """Count how often each kind of interval holds the truth."""
    rng = np.random.default_rng(seed)
    held: dict[str, list[bool]] = {"criterion": [], "pooled": [], "pooled_as_independent": [], "alpha": []}
    for _ in range(experiments):
        items = experiment(world, rng)
        for measure in by_criterion(items):
            held["criterion"] += _held(measure, world)
        (whole,) = (measure for measure in pooled(items, frozenset()) if measure.scope == POOLED)
        held["pooled"] += _held(whole, world)
        held["pooled_as_independent"] += _held(whole, world, _as_independent)
        low, high = whole.alpha_low, whole.alpha_high
        held["alpha"].append(low is not None and high is not None and low <= true_alpha(world) <= high)
    return Row(world, **{name: sum(each) / len(each) for name, each in held.items()})


def true_alpha(world: World) -> float:
    """Krippendorff's alpha of this grader and the truth over infinitely many verdicts."""
    said = MET * world.sensitivity + (1 - MET) * (1 - world.specificity)
    disagreed = MET * (1 - world.sensitivity) + (1 - MET) * (1 - world.specificity)
    yes = (MET + said) / 2
    return 1 - disagreed / (2 * yes * (1 - yes))


def _held(
    measure: Measure, world: World, interval: Callable[[Estimate], Estimate] = lambda found: found
) -> Iterator[bool]:
    for found, truth in ((measure.sensitivity, world.sensitivity), (measure.specificity, world.specificity)):
        bounds = interval(found) if found.n else found
        if bounds.low is not None and bounds.high is not None:
            yield bounds.low <= 100 * truth <= bounds.high


def _as_independent(found: Estimate) -> Estimate:
    return pass_rate(round((found.mean or 0) * found.n / 100), found.n)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    rows = []
    for world in WORLDS:
        rows.append(study(world, asked.experiments))
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return 0
    print("| alike | sensitivity | specificity | a criterion | pooled | pooled, plain Wilson | alpha |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        world = row.world
        shares = (row.criterion, row.pooled, row.pooled_as_independent, row.alpha)
        cells = (f"{world.likeness:g}", f"{world.sensitivity:.2f}", f"{world.specificity:.2f}")
        print(f"| {' | '.join((*cells, *(f'{100 * share:.1f} %' for share in shares)))} |")
    chance = 200 * math.sqrt(NOMINAL * (1 - NOMINAL) / (2 * asked.experiments))
    print(f"\n{asked.experiments:,} experiments, seed {SEED}; pooled +-{chance:.1f} by chance.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
