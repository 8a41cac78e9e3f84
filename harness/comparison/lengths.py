"""Whether answers got longer or shorter, and by how much in each case."""

from collections.abc import Mapping, Sequence

from harness.comparison.pairing import score_of
from harness.records.outcomes import Failed, Outcome
from harness.records.results import Arm
from harness.statistics.estimates import mean

_MOVED = 1.1


def length_moved(base: Arm, candidate: Arm) -> bool:
    """Say whether answers are longer or shorter on average by a tenth or more."""
    if not base.words or not candidate.words:
        return False
    return max(base.words, candidate.words) / min(base.words, candidate.words) >= _MOVED


def longer(
    base: Sequence[Outcome], candidate: Sequence[Outcome], *, dimension: str, cases: Sequence[str]
) -> list[float]:
    """Give how many words longer the candidate's graded answers are, case by case in the order given."""
    before, after = _words(base, dimension), _words(candidate, dimension)
    return [after[case] - before[case] for case in cases]


def _words(outcomes: Sequence[Outcome], dimension: str) -> Mapping[str, float]:
    found: dict[str, list[float]] = {}
    for outcome in outcomes:
        if not isinstance(outcome, Failed) and score_of(outcome, dimension) is not None:
            found.setdefault(outcome.trial.case, []).append(float(outcome.answer.words))
    return {case: mean(counted) for case, counted in found.items()}
