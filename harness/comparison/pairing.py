"""Which scores stand against which: by case id, never by position."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.grading.scoring import positive_points
from harness.records.estimates import OVERALL
from harness.records.inputs import Case, Rubric
from harness.records.outcomes import Failed, Graded, Outcome, Ungraded

Attempts = tuple[float, ...]
"""The scores of one case's graded attempts, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The cases that both arms graded in one dimension, sorted by id, with each arm's attempts.

    Sorting makes every number the same whatever order the cases came in.
    """

    dimension: str
    cases: tuple[str, ...]
    base: tuple[Attempts, ...]
    candidate: tuple[Attempts, ...]

    @property
    def base_means(self) -> list[float]:
        """One score per case: the mean of its graded attempts."""
        return [mean_of(attempts) for attempts in self.base]

    @property
    def candidate_means(self) -> list[float]:
        """One score per case: the mean of its graded attempts."""
        return [mean_of(attempts) for attempts in self.candidate]

    @property
    def differences(self) -> list[float]:
        """Candidate minus base, case by case."""
        return [b - a for a, b in zip(self.base_means, self.candidate_means, strict=True)]


def pairs(base: Sequence[Outcome], candidate: Sequence[Outcome], *, dimension: str) -> Pairs:
    """Pair the cases that have a graded attempt in both arms; `dimension` may be `overall`."""
    before, after = graded_attempts(base, dimension), graded_attempts(candidate, dimension)
    return matched(before, after, dimension=dimension)


def matched(before: Mapping[str, Attempts], after: Mapping[str, Attempts], *, dimension: str) -> Pairs:
    """Pair the cases that have an attempt on both sides, whoever graded them."""
    shared = sorted(before.keys() & after.keys())
    return Pairs(
        dimension=dimension,
        cases=tuple(shared),
        base=tuple(before[case] for case in shared),
        candidate=tuple(after[case] for case in shared),
    )


def graded_attempts(outcomes: Iterable[Outcome], dimension: str) -> dict[str, Attempts]:
    """Give each case's scores in points, attempt by attempt; a case without a graded attempt is not in it.

    A trial with some verdict missing still counts in the dimensions that are complete, never overall.
    """
    found: dict[str, list[float]] = {}
    for outcome in sorted(outcomes, key=lambda outcome: outcome.trial.attempt):
        if (score := score_of(outcome, dimension)) is not None:
            found.setdefault(outcome.trial.case, []).append(100 * score)
    return {case: tuple(scores) for case, scores in found.items()}


def score_of(outcome: Outcome, dimension: str) -> float | None:
    """Give one trial's score in 0..1, where it has one."""
    match outcome:
        case Failed():
            return None
        case Graded() if dimension == OVERALL:
            return outcome.overall
        case Graded() | Ungraded():
            score = outcome.scores.get(dimension)
            return None if score is None else score.value


def mean_of(attempts: Attempts) -> float:
    """Average the attempts of one case, which then counts once however many there are."""
    return math.fsum(attempts) / len(attempts)


def missing_points(
    arms: Sequence[tuple[Sequence[Outcome], int]], *, cases: Sequence[Case], rubrics: Sequence[Rubric]
) -> float:
    """Give the share of the positive points, over all planned trials of all arms, that nobody graded.

    Each arm is its outcomes and its planned attempts per case.
    """
    worth = {case.id: positive_points(case, rubrics) for case in cases}
    whole = math.fsum(points for by_dimension in worth.values() for points in by_dimension.values())
    planned = whole * sum(attempts for _, attempts in arms)
    graded = math.fsum(
        worth[case][rubric.dimension] * min(len(scored), attempts)
        for outcomes, attempts in arms
        for rubric in rubrics
        for case, scored in graded_attempts(outcomes, rubric.dimension).items()
        if case in worth
    )
    return max(0.0, 1 - graded / planned) if planned else 0.0
