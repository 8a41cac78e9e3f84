"""Where the uncertainty of a mean comes from (cases, attempts, gradings) and what more of each brings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from harness.statistics import student
from harness.statistics.clusters import robust_error, units
from harness.statistics.estimates import mean, variance

Scores = Sequence[Sequence[float]]
"""Case by case the scores of its attempts, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Variances in squared points: from case to case, answer to answer and grading to grading.

    `attempt` is `None` where no case has two attempts, `judge` where no answer was graded twice; what cannot
    be told apart is part of the variance above it. `observed` is the variance between the means of cases, all
    parts together. `cases` and `attempts` (a harmonic mean) are those at hand; `units` counts clusters, or
    cases.
    """

    case: float
    attempt: float | None
    judge: float | None
    observed: float
    gradings: float
    cases: int
    attempts: float
    units: int

    def half_width(self, *, more_cases: int = 0, more_attempts: float = 0) -> float:
        """Give the half-width of the 95 % t interval over cases, with that many more of each.

        What is at hand gives that of the data. The parts, of which none goes below 0, say in what proportion
        more of each would shrink it.
        """
        cases = self.cases + more_cases
        count = round(self.units * cases / self.cases)
        within = (self.attempt or 0.0) + (self.judge or 0.0) / self.gradings
        now, then = (self.case + within / (self.attempts + more) for more in (0, more_attempts))
        each = self.observed * then / now if now else self.observed
        return student.quantile(0.975, count - 1) * math.sqrt(each / cases)


def of_scores(gradings: Sequence[Scores], clusters: Sequence[str] = ()) -> Components | None:
    """Split the variance of one revision's scores; `None` for fewer than two cases or clusters.

    `gradings` holds case by case, attempt by attempt, the scores that each grading gave: mostly one.
    Variances from nested mean squares (Searle, Casella and McCulloch 1992, Variance Components, chapter 3),
    with numbers of attempts that differ through the mean of 1/E; one that comes out below 0 is 0.
    """
    answers = [[mean(graded) for graded in attempts] for attempts in gradings]
    regraded = pooled(list(chain.from_iterable(gradings)))
    share = mean([1 / len(graded) for attempts in gradings for graded in attempts])
    within = pooled(answers)
    if within is not None and regraded is not None:
        within = max(0.0, within - share * regraded)
    return _split(
        [mean(attempts) for attempts in answers],
        noise=[(within, regraded, mean([1 / len(attempts) for attempts in answers]))],
        gradings=1 / share,
        clusters=clusters,
    )


def of_differences(base: Scores, candidate: Scores, clusters: Sequence[str] = ()) -> Components | None:
    """Split the variance of paired differences: how the effect varies over cases, and both arms' attempts.

    `attempt` is then the variance of one answer of the candidate minus one of the base.
    """
    values = [mean(b) - mean(a) for a, b in zip(base, candidate, strict=True)]
    noise = [(pooled(arm), None, mean([1 / len(attempts) for attempts in arm])) for arm in (base, candidate)]
    return _split(values, noise=noise, gradings=1.0, clusters=clusters)


def pooled(groups: Sequence[Sequence[float]]) -> float | None:
    """Give the variance inside groups, over all that hold two values or more; `None` without any.

    >>> pooled([[1.0, 3.0], [5.0], [2.0, 2.0]])
    1.0
    """
    telling = [group for group in groups if len(group) > 1]
    if not telling:
        return None
    freedom = sum(len(group) - 1 for group in telling)
    return math.fsum(variance(group) * (len(group) - 1) for group in telling) / freedom


def _split(
    values: Sequence[float],
    *,
    noise: Sequence[tuple[float | None, float | None, float]],
    gradings: float,
    clusters: Sequence[str],
) -> Components | None:
    """Take what attempts (and gradings) explain off the variance between case means.

    `noise` holds for each arm the variance of attempts, that of gradings, and the mean of 1/E.
    """
    cases, grouped = len(values), units(clusters or [""] * len(values))
    if len(grouped.members) < 2:
        return None
    error = robust_error(values, grouped) or 0.0
    between = cases * error**2
    known = all(attempt is not None for attempt, _, _ in noise)
    attempt = math.fsum(attempt or 0.0 for attempt, _, _ in noise) if known else None
    regraded = [judge for _, judge, _ in noise if judge is not None]
    explained = math.fsum(((a or 0.0) + (j or 0.0) / gradings) * share for a, j, share in noise)
    return Components(
        case=max(0.0, between - explained) if known else between,
        attempt=attempt,
        judge=math.fsum(regraded) if regraded and known else None,
        observed=between,
        gradings=gradings,
        cases=cases,
        attempts=1 / mean([share for _, _, share in noise]),
        units=len(grouped.members),
    )
