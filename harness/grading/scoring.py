"""From verdicts to scores: points of met criteria over positive points, per dimension and overall."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.records.inputs import Case, Criterion, Rubric
from harness.records.outcomes import Answer, Graded, Score, Trial, Ungraded, Verdict


def criteria_of(case: Case, rubrics: Sequence[Rubric]) -> Iterator[tuple[str, Criterion]]:
    """Yield (dimension, criterion): each rubric's general criteria, then the case's own of that dimension."""
    for rubric in rubrics:
        for criterion in (*rubric.criteria, *case.criteria.get(rubric.dimension, ())):
            yield rubric.dimension, criterion


def outcome(
    trial: Trial,
    answer: Answer,
    verdicts: Iterable[Verdict],
    case: Case,
    rubrics: Sequence[Rubric],
    *,
    missing: str = "not graded yet",
) -> Graded | Ungraded:
    """Score one answer, or say why it cannot be scored.

    A dimension is ungraded when any of its criteria is, and overall when any dimension is. A verdict
    that is missing counts as ungraded, with `missing` as its reason. Overall is the unweighted mean of the
    dimensions.
    """
    found = {(verdict.dimension, verdict.criterion): verdict for verdict in verdicts}
    ordered: list[Verdict] = []
    pooled: dict[str, list[tuple[Criterion, bool | None]]] = {}
    for dimension, criterion in criteria_of(case, rubrics):
        verdict = found.get((dimension, criterion.id)) or _open(dimension, criterion, missing)
        ordered.append(verdict)
        pooled.setdefault(dimension, []).append((criterion, verdict.met))
    scores = {name: score for name, pairs in pooled.items() if (score := _score(pairs)) is not None}
    if len(scores) == len(pooled):
        overall = sum(score.value for score in scores.values()) / len(scores)
        return Graded(trial=trial, answer=answer, verdicts=tuple(ordered), scores=scores, overall=overall)
    reasons = [f"{v.dimension}/{v.criterion}: {v.reason}" for v in ordered if v.met is None]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return Ungraded(
        trial=trial, answer=answer, verdicts=tuple(ordered), scores=scores, reason=reasons[0] + more
    )


def positive_points(case: Case, rubrics: Sequence[Rubric]) -> Mapping[str, float]:
    """Sum the positive points of each dimension for this case: the denominators of its scores."""
    totals: dict[str, float] = {}
    for dimension, criterion in criteria_of(case, rubrics):
        totals[dimension] = totals.get(dimension, 0.0) + max(criterion.points, 0.0)
    return totals


def _score(pairs: Iterable[tuple[Criterion, bool | None]]) -> Score | None:
    met = positive = 0.0
    for criterion, verdict in pairs:
        if verdict is None:
            return None
        positive += max(criterion.points, 0.0)
        met += criterion.points if verdict else 0.0
    raw = met / positive
    return Score(value=min(1.0, max(0.0, raw)), raw=raw, met_points=met, positive_points=positive)


def _open(dimension: str, criterion: Criterion, reason: str) -> Verdict:
    return Verdict(dimension=dimension, criterion=criterion.id, met=None, reason=reason)
