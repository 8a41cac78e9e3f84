"""What a design of so many cases and attempts would find, from the scatter that this eval has shown itself.

Three things scatter: cases differ in how they take a change, attempts at one case differ, and a grader's
dimensions move together. The first is taken apart from the second where runs have two attempts or more.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from harness.records.record import Record
from harness.statistics.clusters import robust_error, units
from harness.statistics.estimates import detectable, mean, variance

Attempt = tuple[float, ...]
"""One graded attempt: its score in points on each dimension, in the order of `names`."""

Floats = NDArray[np.float64]

_LEVEL = 0.05
_REPLICATES = 2_000
_CHUNK = 4_000_000
"""Scores drawn at once: 32 MB, however large the design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Record):
    """One run to measure by: its prompt, each case's graded attempts, and the clusters cases come from."""

    prompt: str
    cases: Mapping[str, tuple[Attempt, ...]]
    clusters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter(Record):
    """How scores scatter, as variances in points squared, per name (`overall` or a dimension).

    `attempts` is between attempts at one case, `None` where no case has two. `cases` is how differently the
    cases take a change of prompt, beyond attempts; `None` without two prompts. With one attempt everywhere
    the two cannot be told apart, and `cases` holds both. `residuals` holds, case by case, how far each
    attempt lay off its case's mean, scaled to the variance of one attempt. `pairs` counts pairs of runs with
    different prompts, `freedom` the degrees of freedom behind `attempts`. `crowd` is the mean number of cases
    from one source; where it is above 1, `cases` holds what they share as well (CR1).
    """

    names: tuple[str, ...]
    attempts: Mapping[str, float] | None
    cases: Mapping[str, float] | None
    residuals: tuple[tuple[Attempt, ...], ...]
    runs: int
    pairs: int
    freedom: int
    crowd: float = 1.0

    def spread(self, name: str, attempts: int) -> float | None:
        """Give the standard deviation of a case's difference between two arms of so many attempts."""
        if self.cases is None:
            return None
        noise = 2 * self.attempts[name] / attempts if self.attempts else 0.0
        return math.sqrt(self.cases[name] + noise)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule(Record):
    """What a gate asks: the margin of each gated dimension, floors, and how many looks share the error.

    `floors` maps a name to its floor and to the score that it is taken to keep, all in points.
    """

    margins: Mapping[str, float] = field(default_factory=dict)
    floors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    looks: int = 1

    @property
    def titles(self) -> tuple[str, ...]:
        """Name every gate: the margins, then the floors."""
        return (*self.margins, *(f"{name} ≥ {floor:g}" for name, (floor, _) in self.floors.items()))


GateChance = Mapping[Literal["PASS", "FAIL", "INCONCLUSIVE"], float]
"""The probability of each result of a gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design(Record):
    """So many cases and attempts, and what comes of them.

    `detectable` is the true difference, in points, that is found four times in five on cases like these.
    `gate` is each result's probability when nothing changed, all gates together; `gates` has them one by
    one. `None` where the runs cannot tell.
    """

    cases: int
    attempts: int
    detectable: Mapping[str, float | None]
    gate: GateChance | None
    gates: Mapping[str, GateChance]

    @property
    def trials(self) -> int:
        """Trials of both revisions together."""
        return 2 * self.cases * self.attempts


def scatter(runs: Sequence[Seen], names: Sequence[str]) -> Scatter:
    """Measure how scores scatter, over all runs and all pairs of runs with different prompts.

    Variances are pooled by their degrees of freedom; a part that comes out below 0 is 0.
    """
    attempts, freedom = _within(runs, len(names))
    pairs = [(one, other) for one, other in combinations(runs, 2) if one.prompt != other.prompt]
    between = _between(pairs, attempts, len(names))
    grouped = [units([run.clusters.get(case, "") for case in run.cases]) for run in runs]
    sources = sum(len(each.members) for each in grouped)
    return Scatter(
        names=tuple(names),
        attempts=None if attempts is None else dict(zip(names, attempts, strict=True)),
        cases=None if between is None else dict(zip(names, between, strict=True)),
        residuals=_residuals(runs),
        runs=len(runs),
        pairs=len(pairs),
        freedom=freedom,
        crowd=sum(len(run.cases) for run in runs) / sources if sources else 1.0,
    )


def design(found: Scatter, cases: int, attempts: int, *, rule: GateRule, seed: int) -> Design:
    """Say what so many cases and attempts would find; with clusters, in clusters as large as those seen."""
    chances = _gate_chances(found, cases, attempts, rule, seed) if rule.titles else None
    together, gates = chances or (None, {})
    return Design(
        cases=cases,
        attempts=attempts,
        detectable={
            name: _detectable(found.spread(name, attempts), cases, found.crowd) for name in found.names
        },
        gate=together,
        gates=gates,
    )


def simulated(
    found: Scatter, cases: int, attempts: int, *, replicates: int, seed: int
) -> NDArray[np.float64]:
    """Draw comparisons in which nothing changed: (replicate, arm, case, attempt, name), points off the mean.

    Each drawn case takes over one measured case's residuals, so that calm and wild cases, and dimensions that
    move together, stay as they are.
    """
    stream = np.random.PCG64(seed)
    counts = np.array([len(of_case) for of_case in found.residuals])
    table = np.zeros((len(counts), int(counts.max()), len(found.names)))
    for place, of_case in enumerate(found.residuals):
        table[place, : len(of_case)] = of_case
    source = _chosen(stream, (replicates, 1, cases, 1), np.array(len(counts)))
    which = _chosen(stream, (replicates, 2, cases, attempts), counts[source])
    picked: Floats = table[source, which]
    return picked


def _chosen(stream: np.random.PCG64, shape: tuple[int, ...], below: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw whole numbers from 0 up to `below`; the raw stream stays the same between numpy releases."""
    raw = stream.random_raw(math.prod(shape)).reshape(shape)
    share = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    found: NDArray[np.int64] = (share * below).astype(np.int64)
    return found


Bounds = tuple[Floats, Floats, Floats]
"""Difference, standard error and degrees of freedom per replicate and name."""


def suite_bounds(drawn: Floats) -> Bounds:
    """Estimate each replicate's difference between its arms as `suite` would.

    Where no attempt differs from another the error is 0 and the degrees are NaN.
    """
    return drawn[:, 1].mean(axis=(1, 2)) - drawn[:, 0].mean(axis=(1, 2)), *_errors(drawn)


def above_bounds(drawn: Floats, room: Floats) -> Bounds:
    """Estimate how far the candidate lies above floors that are `room` below the mean, as `above` would."""
    return room + drawn[:, 1].mean(axis=(1, 2)), *_errors(drawn[:, 1:])


def _errors(drawn: Floats) -> tuple[Floats, Floats]:
    """Give the standard error and the degrees of freedom over all the arms drawn."""
    cases, attempts = drawn.shape[2:4]
    parts = drawn.var(axis=3, ddof=1) / attempts / cases**2
    parts[parts < 1e-20] = 0.0
    square = parts.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = square**2 * (attempts - 1) / (parts**2).sum(axis=(1, 2))
    return np.sqrt(square), freedom


def _within(runs: Sequence[Seen], width: int) -> tuple[list[float] | None, int]:
    """Pool the variance between the attempts at one case, over cases and runs."""
    measured = [of_case for run in runs for of_case in run.cases.values() if len(of_case) > 1]
    freedom = sum(len(of_case) - 1 for of_case in measured)
    if not freedom:
        return None, 0
    return [
        math.fsum(variance([one[place] for one in of_case]) * (len(of_case) - 1) for of_case in measured)
        / freedom
        for place in range(width)
    ], freedom


def _between(
    pairs: Sequence[tuple[Seen, Seen]], attempts: Sequence[float] | None, width: int
) -> list[float] | None:
    """Pool the variance of the cases' differences, less what attempts explain."""
    found = [0.0] * width
    freedom = 0
    for one, other in pairs:
        shared = sorted(one.cases.keys() & other.cases.keys())
        if len(shared) < 2:
            continue
        grouped = units([one.clusters.get(case, "") for case in shared])
        degrees = len(grouped.members) - 1
        freedom += degrees
        explained = mean([1 / len(one.cases[case]) + 1 / len(other.cases[case]) for case in shared])
        for place in range(width):
            moved = [_mean(other.cases[case], place) - _mean(one.cases[case], place) for case in shared]
            noise = attempts[place] * explained if attempts else 0.0
            scattered = len(shared) * (robust_error(moved, grouped) or 0.0) ** 2
            found[place] += (scattered - noise) * degrees
    return [max(0.0, total / freedom) for total in found] if freedom else None


def _residuals(runs: Sequence[Seen]) -> tuple[tuple[Attempt, ...], ...]:
    """Gather each case's distances from its own mean, over all runs that answered it twice or more."""
    found: dict[str, list[Attempt]] = {}
    for run in runs:
        for case, of_case in run.cases.items():
            count = len(of_case)
            if count > 1:
                scale = math.sqrt(count / (count - 1))
                centre = [_mean(of_case, place) for place in range(len(of_case[0]))]
                found.setdefault(case, []).extend(
                    tuple(scale * (value - middle) for value, middle in zip(one, centre, strict=True))
                    for one in of_case
                )
    return tuple(tuple(found[case]) for case in sorted(found))


def _mean(of_case: Sequence[Attempt], place: int) -> float:
    return mean([one[place] for one in of_case])


def _detectable(spread: float | None, cases: int, crowd: float) -> float | None:
    sources = round(cases / crowd)
    return None if spread is None else detectable(spread * math.sqrt(sources / cases), sources)


# ------------------------------------------------------------------ the gate when nothing changed


def _gate_chances(
    found: Scatter, cases: int, attempts: int, rule: GateRule, seed: int
) -> tuple[GateChance, Mapping[str, GateChance]] | None:
    """Decide the gates of every drawn comparison, all replicates at once."""
    if attempts < 2 or not found.residuals:
        return None
    rows = max(1, _CHUNK // (2 * cases * attempts * len(found.names)))
    passed, failed = [], []
    for start in range(0, _REPLICATES, rows):
        count = min(rows, _REPLICATES - start)
        drawn = simulated(found, cases, attempts, replicates=count, seed=seed + start)
        one, other = decided(drawn, found.names, rule)
        passed.append(one)
        failed.append(other)
    passes, fails = np.concatenate(passed), np.concatenate(failed)
    together = _chance(passes.all(axis=1), fails.any(axis=1))
    return together, {
        title: _chance(passes[:, place], fails[:, place]) for place, title in enumerate(rule.titles)
    }


def decided(
    drawn: Floats, names: Sequence[str], rule: GateRule
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which drawn comparisons PASS and which FAIL, per title of the rule, as `gate.gates` would."""
    gated, floored = ([names.index(name) for name in asked] for asked in (rule.margins, rule.floors))
    room = np.array([score - floor for floor, score in rule.floors.values()])
    both = zip(suite_bounds(drawn[..., gated]), above_bounds(drawn[..., floored], room), strict=True)
    difference, error, freedom = (np.concatenate(pair, axis=1) for pair in both)
    margins = np.array([*rule.margins.values(), *(0.0 for _ in rule.floors)])
    level = _LEVEL / rule.looks
    known = error > 0
    df = np.where(known, freedom, 1.0)
    passes = known & (difference - stdtrit(df, 1 - level) * error > -margins)
    p = np.where(known, stdtr(df, difference / np.where(known, error, 1.0)), np.nan)
    return passes, ~passes & (_holm(p) <= level)


def _holm(p: Floats) -> Floats:
    """Adjust along each row as `gate.holm` does; NaN takes no part and stays."""
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1)
    left = (~np.isnan(p)).sum(axis=1, keepdims=True) - np.arange(p.shape[1])
    stepped = np.maximum.accumulate(np.minimum(1.0, ranked * left), axis=1)
    adjusted = np.full_like(p, np.nan)
    np.put_along_axis(adjusted, order, stepped, axis=1)
    return adjusted


def _chance(passes: np.bool_ | NDArray[np.bool_], fails: np.bool_ | NDArray[np.bool_]) -> GateChance:
    passed, failed = float(passes.mean()), float(fails.mean())
    return {"PASS": passed, "FAIL": failed, "INCONCLUSIVE": max(0.0, 1.0 - passed - failed)}
