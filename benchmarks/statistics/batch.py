"""Our verdict and gate for many experiments at once, and the naive methods beside them.

The harness decides one comparison at a time. Ten thousand of them go through the same arithmetic on arrays
here, and `check_verdict` and `check_gate` hold a sample of them against the harness's own functions: a
difference ends the simulation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from harness.statistics.estimates import FEWEST_CASES, TOLERANCE
from harness.statistics.gate import gates
from harness.statistics.paired import paired, pseudo_case_interval
from harness.statistics.subsets import subsets
from harness.statistics.suite import Suite, suite
from model import WEIGHTS, Drawn, Points

LEVEL = 0.05
_ROWS = 250
"""Experiments whose subset means are held at once: 20 MB."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a method says of each experiment: does it claim a change (and which way), and its interval."""

    claims: Flags
    low: Points
    high: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What the gate says of each experiment; neither is INCONCLUSIVE."""

    passes: Flags
    fails: Flags


class Mismatch(Exception):  # noqa: N818 - not an error of the reader's making; it ends the simulation
    """A batch version said something else than the harness."""


# ------------------------------------------------------------------ cases like these


def verdict(drawn: Drawn, seed: int) -> Said:
    """Decide better or worse as `harness.statistics.paired` does: p at most .05, and the 95 % interval."""
    differences = drawn.candidate.mean(axis=2) - drawn.base.mean(axis=2)
    parts = [_decided(part, seed) for part in _slices(differences)]
    return Said(
        claims=np.concatenate([part.claims for part in parts]),
        low=np.concatenate([part.low for part in parts]),
        high=np.concatenate([part.high for part in parts]),
    )


def _slices(rows: Points) -> Iterator[Points]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]


def _decided(differences: Points, seed: int) -> Said:
    means = _subset_means(differences, seed)
    count = means.shape[1]
    at_or_below = 1 + (means <= TOLERANCE).sum(axis=1)
    at_or_above = 1 + (means >= -TOLERANCE).sum(axis=1)
    p = 2 * np.minimum(at_or_below, at_or_above) / (count + 1)
    rank = max(1, int(LEVEL / 2 * (count + 1) + TOLERANCE))
    ends = np.partition(means, (rank - 1, count - rank), axis=1)
    low, high = ends[:, rank - 1].copy(), ends[:, count - rank].copy()
    few = (np.abs(differences) > TOLERANCE).sum(axis=1) < FEWEST_CASES
    for row in np.flatnonzero(few):
        ends_of = pseudo_case_interval(differences[row].tolist())
        low[row], high[row] = min(ends_of[0], 0.0), max(ends_of[1], 0.0)
    # With fewer than six changed cases no p reaches .05, whatever the subsets of all of them say.
    return Said(claims=(p <= LEVEL) & ~few, low=low, high=high)


def _subset_means(differences: Points, seed: int) -> Points:
    parts = []
    for mask in subsets(differences.shape[1], seed):
        kept = mask[mask.any(axis=1)].astype(np.float64)
        parts.append(differences @ kept.T / kept.sum(axis=1))
    return np.asarray(np.round(np.concatenate(parts, axis=1), 9))


# ------------------------------------------------------------------ this suite


def gate(drawn: Drawn, margin: float) -> Gated:
    """Decide one gate as `harness.statistics.gate` does, on two attempts a case or more."""
    difference, error, df = _suite(drawn)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = difference - stdtrit(df, 0.95) * error
        p_worse = stdtr(df, difference / error)
    known = error > 0
    passes = known & (low > -margin)
    return Gated(passes=passes, fails=known & ~passes & (p_worse <= LEVEL))


def _suite(drawn: Drawn) -> tuple[Points, Points, Points]:
    """Give difference, standard error and degrees of freedom; error 0 where no attempt differs."""
    _, cases, attempts = drawn.base.shape
    sizes = np.concatenate([_variances(drawn.base), _variances(drawn.candidate)], axis=1)
    sizes = sizes / attempts / cases**2
    square = sizes.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = square**2 / ((sizes**2).sum(axis=1) / (attempts - 1))
    difference = (drawn.candidate.mean(axis=2) - drawn.base.mean(axis=2)).mean(axis=1)
    return difference, np.sqrt(square), df


def _variances(scores: Points) -> Points:
    found = scores.var(axis=2, ddof=1)
    return np.where(np.ptp(scores, axis=2) <= TOLERANCE, 0.0, found)


# ------------------------------------------------------------------ what others do


def t_over_trials(drawn: Drawn) -> Said:
    """Compare all trials of one arm with all of the other: no pairing, attempts counted as cases."""
    base, candidate = (arm.reshape(len(arm), -1) for arm in (drawn.base, drawn.candidate))
    n = base.shape[1]
    error = np.sqrt((base.var(axis=1, ddof=1) + candidate.var(axis=1, ddof=1)) / n)
    return _around(candidate.mean(axis=1) - base.mean(axis=1), error, float(stdtrit(2 * n - 2, 0.975)))


def z_over_verdicts(drawn: Drawn) -> Said:
    """Compare two pass rates over all verdicts, as if every verdict were an independent draw."""
    verdicts = drawn.base.shape[1] * drawn.base.shape[2] * len(WEIGHTS)
    spread = sum(met * (1 - met) for met in (drawn.met_base, drawn.met_candidate))
    error = 100 * np.sqrt(np.asarray(spread) / verdicts)
    return _around(100 * (drawn.met_candidate - drawn.met_base), error, float(ndtri(0.975)))


def t_over_pairs_of_trials(drawn: Drawn) -> Said:
    """Pair trial with trial, attempts counted as if they were cases."""
    differences = (drawn.candidate - drawn.base).reshape(len(drawn.base), -1)
    return _t(differences)


def t_over_cases(drawn: Drawn) -> Said:
    """Pair case with case: the textbook's paired t, for comparison; not naive."""
    return _t(drawn.candidate.mean(axis=2) - drawn.base.mean(axis=2))


def moved(drawn: Drawn) -> Points:
    """Give the mean difference, candidate minus base."""
    return np.asarray(drawn.candidate.mean(axis=(1, 2)) - drawn.base.mean(axis=(1, 2)))


def mean_went_up(drawn: Drawn) -> Flags:
    """Say *better* where the mean is higher, as a glance at two numbers does."""
    return np.asarray(moved(drawn) > TOLERANCE)


def _t(differences: Points) -> Said:
    n = differences.shape[1]
    error = differences.std(axis=1, ddof=1) / np.sqrt(n)
    return _around(differences.mean(axis=1), error, float(stdtrit(n - 1, 0.975)))


def _around(centre: Points, error: Points, times: float) -> Said:
    low, high = centre - times * error, centre + times * error
    return Said(claims=(low > 0) | (high < 0), low=low, high=high)


# ------------------------------------------------------------------ the harness's own word


def check_verdict(drawn: Drawn, said: Said, seed: int, row: int) -> None:
    """Hold one experiment against `paired`; raises Mismatch."""
    differences = [b - a for a, b in zip(_means(drawn.base[row]), _means(drawn.candidate[row]), strict=True)]
    found = paired(differences, seed=seed)
    low, high = found.estimate.low, found.estimate.high
    theirs = (bool(said.claims[row]), float(said.low[row]), float(said.high[row]))
    # Where all cases moved alike the harness gives no interval, and the batch one without width.
    ours = (found.p <= LEVEL, *(theirs[1:] if low is None or high is None else (low, high)))
    if not (ours[0] == theirs[0] and np.allclose(ours[1:], theirs[1:], rtol=0, atol=1e-8)):
        msg = f"the batch says {theirs}, harness.statistics.paired says {ours} of {differences}"
        raise Mismatch(msg)


def check_gate(drawn: Drawn, said: Gated, margin: float, row: int) -> None:
    """Hold one experiment against `suite` and `gates`; raises Mismatch."""
    found = suite(drawn.base[row].tolist(), drawn.candidate[row].tolist())
    (decided,) = gates({"overall": found}, margin=margin)
    words = {"PASS": (True, False), "FAIL": (False, True), "INCONCLUSIVE": (False, False)}
    theirs = (bool(said.passes[row]), bool(said.fails[row]))
    numbers = [float(each[row]) for each in _suite(drawn)]
    ours = [found.difference, found.se, found.df] if isinstance(found, Suite) else numbers
    if words[decided.result] != theirs or not np.allclose(ours, numbers, rtol=1e-9, atol=1e-9):
        msg = f"the batch says {theirs} {numbers}, harness.statistics.gate says {decided.result} {ours}"
        raise Mismatch(msg)


def _means(cases: Points) -> list[float]:
    return [float(np.mean(attempts)) for attempts in cases]
