"""Which criteria of which cases the two revisions met differently often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.grading.scoring import criteria_of, positive_points
from harness.records.comparisons import Flip
from harness.records.inputs import Case, Criterion, Rubric
from harness.records.outcomes import Failed, Outcome

Address = tuple[str, str, str]
"""Case, dimension and criterion."""


def flips(
    base: Sequence[Outcome], candidate: Sequence[Outcome], *, cases: Sequence[Case], rubrics: Sequence[Rubric]
) -> tuple[Flip, ...]:
    """List every criterion of a case whose share of met verdicts differs, largest effect on the score first.

    Only verdicts of complete dimensions count, as in the scores. The gains of a case add up to the change
    of its dimension's score as far as no clipping to 0..100 took place.
    """
    before, after = met_shares(base), met_shares(candidate)
    found = []
    for case in cases:
        worth = positive_points(case, rubrics)
        for dimension, criterion in criteria_of(case, rubrics):
            address = (case.id, dimension, criterion.id)
            if address in before and address in after and before[address] != after[address]:
                arms = before[address], after[address]
                found.append(_flip(address, criterion, arms, 100 * criterion.points / worth[dimension]))
    return tuple(sorted(found, key=lambda flip: (-abs(flip.gain), flip.case, flip.dimension, flip.criterion)))


def met_shares(outcomes: Sequence[Outcome]) -> Mapping[Address, float]:
    """Give for each criterion of each case the share of its graded attempts that met it, 0..1."""
    tallies: dict[Address, _Tally] = {}
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            continue
        for verdict in outcome.verdicts:
            if verdict.met is not None and verdict.dimension in outcome.scores:
                address = (outcome.trial.case, verdict.dimension, verdict.criterion)
                tally = tallies.setdefault(address, _Tally())
                tally.met += verdict.met
                tally.asked += 1
    return {address: tally.met / tally.asked for address, tally in tallies.items()}


def _flip(address: Address, criterion: Criterion, arms: tuple[float, float], worth: float) -> Flip:
    case, dimension, name = address
    before, after = arms
    return Flip(
        case=case,
        dimension=dimension,
        criterion=name,
        text=criterion.text,
        points=criterion.points,
        base=before,
        candidate=after,
        gain=(after - before) * worth,
    )


@dataclass(slots=True)
class _Tally:
    met: int = 0
    asked: int = 0
