"""Does a corrected score hold the truth where the grader's own does not?

    python benchmarks/statistics/correction.py [--replicates 1000] [--seed 1]

Draws 40 cases of 12 verdicts, of which 70 % are truly met (cases differ: what lies behind two verdicts of
one case correlates by .35, or not at all), lets a judge err at known rates, and labels some verdicts:
scattered over all cases, or whole cases. Each of three intervals is the harness's own: by the judge alone,
by the labels alone, and corrected (PPI++).
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from harness.records.estimates import Estimate
from harness.statistics.correction import Marked, level

CASES, VERDICTS, LEVEL = 40, 12, 0.70
RATES = ((0.95, 0.70), (0.97, 0.90), (0.80, 0.90))
LIKE = (0.0, 0.35)
LAYOUTS = (("96 scattered", 96), ("192 in whole cases", 192))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row per judge, likeness of a case's verdicts and layout of the labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--replicates", type=int, default=1000, help="data sets per row (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(arguments)
    print(f"{wanted.replicates:,} replicates a row; coverage of the true 70 points, mean width in points\n")
    print(
        "| sensitivity, specificity | verdicts of a case | labels | judge alone | labels alone | corrected |"
    )
    print("|---|---|---|--:|--:|--:|")
    for place, (errors, like, (layout, labels)) in enumerate(product(RATES, LIKE, LAYOUTS)):
        rng = np.random.default_rng([wanted.seed, place])
        found = [tried(errors, like, labels, rng) for _ in range(wanted.replicates)]
        shown = " | ".join(_told([each[rule] for each in found]) for rule in range(3))
        alike = f"correlate by {like:g}" if like else "independent"
        print(f"| {errors[0]:.2f}, {errors[1]:.2f} | {alike} | {layout} | {shown} |", flush=True)
    return 0


def tried(
    errors: tuple[float, float], like: float, labels: int, rng: np.random.Generator
) -> tuple[Estimate, ...]:
    """Estimate one data set by the judge alone, by the labels alone, and corrected."""
    marks = list(_marks(errors, like, labels, rng))
    known = [mark for mark in marks if mark.label is not None]
    share = len(marks) / len(known)
    judged = [replace(mark, label=mark.met) for mark in marks]
    labelled = [replace(mark, worth=mark.worth * share) for mark in known]
    found = [level(each) for each in (judged, labelled, marks)]
    return tuple(each.estimate() for each in found if each is not None)


def _marks(
    errors: tuple[float, float], like: float, labels: int, rng: np.random.Generator
) -> Iterator[Marked]:
    hidden = np.sqrt(like) * rng.standard_normal((CASES, 1))
    truth = rng.random((CASES, VERDICTS)) < ndtr((ndtri(LEVEL) + hidden) / np.sqrt(1 - like))
    sensitivity, specificity = errors
    met = np.where(truth, rng.random(truth.shape) < sensitivity, rng.random(truth.shape) > specificity)
    known = _known(labels, rng)
    for case, verdict in np.ndindex(truth.shape):
        yield Marked(
            case=f"{case}",
            worth=100 / truth.size,
            met=bool(met[case, verdict]),
            label=bool(truth[case, verdict]) if known[case, verdict] else None,
        )


def _known(labels: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose verdicts anywhere, or whole cases."""
    known = np.zeros((CASES, VERDICTS), dtype=bool)
    if labels == LAYOUTS[0][1]:
        known.flat[rng.choice(known.size, labels, replace=False)] = True
    else:
        known[rng.choice(CASES, labels // VERDICTS, replace=False)] = True
    return known


def _told(found: Sequence[Estimate]) -> str:
    bounds = [(each.low, each.high) for each in found if each.low is not None and each.high is not None]
    held = np.mean([low <= 100 * LEVEL <= high for low, high in bounds])
    width = np.mean([high - low for low, high in bounds])
    return f"{held:.2f} ({width:.0f})"


if __name__ == "__main__":
    sys.exit(main())
