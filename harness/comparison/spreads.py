"""Where the uncertainty of each mean comes from, and whether cases or attempts would shrink it more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.comparison import asides
from harness.comparison.findings import Finding
from harness.comparison.pairing import graded_attempts, score_of
from harness.records.estimates import OVERALL, Spread
from harness.records.outcomes import Outcome
from harness.statistics.components import Components, of_differences, of_scores, pooled
from harness.statistics.estimates import FEWEST_CASES


def spreads_between(findings: Sequence[Finding], clusters: Mapping[str, str]) -> tuple[Spread, ...]:
    """Split the variance of each dimension's paired difference, where six cases changed or more.

    With clusters: six clusters. From fewer a spread says too little to plan by.
    """
    spreads = []
    for found in findings:
        if found.paired.units_changed >= FEWEST_CASES:
            pairs = found.pairs
            parts = of_differences(pairs.base, pairs.candidate, _sources(pairs.cases, clusters))
            if parts is not None:
                spreads.append(_spread(found.dimension, parts, differences=True))
    return tuple(spreads)


def spreads_of_one(
    outcomes: Sequence[Outcome],
    dimensions: Sequence[str],
    clusters: Mapping[str, str],
    votes: Sequence[Sequence[Outcome]] = (),
) -> tuple[Spread, ...]:
    """Split the variance of one run's mean scores, overall first.

    `votes` holds, trial by trial, what each of a judge's votes alone would have made of it.
    """
    spreads = []
    for name in (OVERALL, *dimensions):
        attempts = graded_attempts(outcomes, name)
        # One grading of an answer counts: what its votes came to, not each of them.
        gradings = [[[score] for score in attempts[case]] for case in sorted(attempts)]
        parts = of_scores(gradings, _sources(sorted(attempts), clusters)) if gradings else None
        if parts is not None:
            spread = _spread(name, parts, differences=False)
            spreads.append(replace(spread, judge=_between_votes(votes, name)))
    return tuple(spreads)


def _between_votes(votes: Sequence[Sequence[Outcome]], dimension: str) -> float | None:
    """Give the standard deviation of an answer's score from vote to vote, in points."""
    scores = [[score_of(each, dimension) for each in of_trial] for of_trial in votes]
    between = pooled([[100 * score for score in each if score is not None] for each in scores])
    return None if between is None else between**0.5


def _spread(name: str, parts: Components, *, differences: bool) -> Spread:
    """Weigh twice the answers against each other: as more cases, and as more attempts at each."""
    half_width = parts.half_width()
    cases = (parts.cases, parts.half_width(more_cases=parts.cases))
    more = max(1, round(parts.attempts))
    attempts = (more, parts.half_width(more_attempts=parts.attempts)) if parts.attempt is not None else None
    return Spread(
        dimension=name,
        of="difference" if differences else "score",
        n=parts.cases,
        attempts=parts.attempts,
        case=parts.case**0.5,
        attempt=None if parts.attempt is None else parts.attempt**0.5,
        judge=None,
        half_width=half_width,
        more_cases=cases if half_width else None,
        more_attempts=attempts if half_width else None,
        advice=asides.advice(half_width, cases, attempts),
    )


def _sources(cases: Sequence[str], clusters: Mapping[str, str]) -> list[str]:
    return [clusters.get(case, "") for case in cases]
