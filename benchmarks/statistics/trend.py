"""How often does the trend cry wolf, and how soon does it see a change?

    python benchmarks/statistics/trend.py [--series 1000] [--seed 1]

Draws nights of an eval that always runs the same cases: the score scatters by what answers to one case
scatter (12.4 points) over the square root of cases times attempts, and by a wobble of 0.8 points that live
run and pinned control share. After 20 quiet nights either nothing happens for 80 more, or the score drops:
of the live run alone, or of both, as when the judge changed. The alarms are those of the harness's own
functions.

Beside them stand two rules that many use: tonight against last night, and tonight against the mean less
three standard deviations of the 20 quiet nights.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.statistics.trend import DECISION, Night, cusum, minus

ANSWERS_SD = 12.4
WOBBLE_SD = 0.8
QUIET, WATCHED, SOON = 20, 80, 7
DESIGNS = ((20, 1), (20, 3), (40, 3))
DROPS = (2, 5, 10)

Points = NDArray[np.float64]
Rule = Callable[[Points, Points], Points]
"""From live and control (series, night) to the night of the first alarm after the quiet ones, or NaN."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row per design and rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--series", type=int, default=1000, help="series per cell (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(arguments)
    print(f"{wanted.series:,} series a cell\n")
    drops = " | ".join(f"{drop} points" for drop in DROPS)
    print(f"| cases × attempts | rule | false alarm in {WATCHED} nights | {drops} | 5 points of judge |")
    print("|---|---|--:|" + "--:|" * (len(DROPS) + 1))
    for cases, attempts in DESIGNS:
        for row in rows(cases, attempts, wanted.series, wanted.seed):
            print(row, flush=True)
    print(f"\nUnder a drop: found within {SOON} nights, and the median number of nights until it was.")
    return 0


def rows(cases: int, attempts: int, series: int, seed: int) -> Iterator[str]:
    """Give one row per rule; every rule sees the same nights."""
    noise = ANSWERS_SD / math.sqrt(cases * attempts)
    draws = {
        (drop, of_judge): _draw(noise, drop, of_judge, series, seed)
        for drop, of_judge in ((0, False), *((drop, False) for drop in DROPS), (5, True))
    }
    for name, rule in RULES.items():
        quiet = rule(*draws[0, False])
        found = [_found(rule(*draws[drop, False])) for drop in DROPS]
        judge = _found(rule(*draws[5, True]))
        false = float((~np.isnan(quiet)).mean())
        yield f"| {cases} × {attempts} | {name} | {100 * false:.0f} % | {' | '.join(found)} | {judge} |"


def _draw(noise: float, drop: float, of_judge: bool, series: int, seed: int) -> tuple[Points, Points]:  # noqa: FBT001 - a cell
    rng = np.random.default_rng([seed, int(100 * noise), int(drop), of_judge])
    shape = (series, QUIET + WATCHED)
    shared = 75 + WOBBLE_SD * rng.standard_normal(shape)
    live, control = (shared + noise * rng.standard_normal(shape) for _ in range(2))
    live[:, QUIET:] -= drop
    if of_judge:
        control[:, QUIET:] -= drop
    return live, control


def _found(first: Points) -> str:
    soon = float((first < SOON).mean())
    seen = first[~np.isnan(first)]
    return f"{100 * soon:.0f} %, {np.median(seen) + 1:.0f}" if len(seen) else "0 %, –"


# ------------------------------------------------------------------ rules


def _live(live: Points, control: Points) -> Points:
    del control
    return np.array([_first([step.down for step in cusum(_nights(row))]) for row in live])


def _less_control(live: Points, control: Points) -> Points:
    return np.array(
        [
            _first([step.down for step in cusum(minus(_nights(row), _nights(pinned)))])
            for row, pinned in zip(live, control, strict=True)
        ]
    )


def _last_night(live: Points, control: Points) -> Points:
    """Tonight below last night by more than 1.645 standard deviations of such a difference."""
    del control
    steps = np.diff(live, axis=1)
    return _first_of(
        steps[:, QUIET - 1 :] < -1.645 * steps[:, : QUIET - 1].std(axis=1, ddof=1, keepdims=True)
    )


def _three_sigma(live: Points, control: Points) -> Points:
    del control
    quiet = live[:, :QUIET]
    limit = quiet.mean(axis=1, keepdims=True) - 3 * quiet.std(axis=1, ddof=1, keepdims=True)
    return _first_of(live[:, QUIET:] < limit)


RULES: dict[str, Rule] = {
    "self-starting CUSUM": _live,
    "the same, live − control": _less_control,
    "tonight against last night": _last_night,
    "mean − 3 sd of the quiet nights": _three_sigma,
}


def _nights(values: Points) -> list[Night]:
    return [Night(at=f"{night:010}", value=value) for night, value in enumerate(values.tolist())]


def _first(sums: Sequence[float]) -> float:
    """Give the first watched night on which the sum is above the bound, whenever it rose there."""
    for night, height in enumerate(sums[QUIET:]):
        if height > DECISION:
            return float(night)
    return math.nan


def _first_of(alarms: NDArray[np.bool_]) -> Points:
    return np.where(alarms.any(axis=1), alarms.argmax(axis=1).astype(np.float64), np.nan)


if __name__ == "__main__":
    sys.exit(main())
