"""What one run's outcomes come to: how many there are, and the mean score per dimension."""

from collections.abc import Mapping, Sequence

from harness.comparison.pairing import graded_attempts, mean_of
from harness.records.estimates import OVERALL, Estimate
from harness.records.outcomes import NOT_RUN, Failed, Graded, Outcome, Ungraded
from harness.records.results import Counts
from harness.statistics.clusters import level
from harness.statistics.estimates import NOTHING

_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


def counts(outcomes: Sequence[Outcome], planned: int) -> Counts:
    """Count trials by what became of them; a refused or cut answer is still an answer and is graded.

    What has not been run yet is planned, and nothing else.
    """
    answers = [outcome.answer for outcome in outcomes if isinstance(outcome, Graded | Ungraded)]
    return Counts(
        planned=planned,
        answered=len(answers),
        graded=sum(isinstance(outcome, Graded) for outcome in outcomes),
        ungraded=sum(isinstance(outcome, Ungraded) for outcome in outcomes),
        failed=sum(isinstance(outcome, Failed) and outcome.kind != NOT_RUN for outcome in outcomes),
        refused=sum(answer.stop_reason == "refusal" for answer in answers),
        cut=sum(answer.stop_reason in _CUT for answer in answers),
    )


def scores(
    outcomes: Sequence[Outcome], dimensions: Sequence[str], clusters: Mapping[str, str] | None = None
) -> tuple[tuple[str, Estimate], ...]:
    """Estimate one run's mean score over cases: overall first, then the dimensions in the order given.

    `clusters` names the source of each case that has one. A name without a single graded case has an estimate
    of n = 0, whose mean carries no meaning.
    """
    return tuple((name, _score(outcomes, name, clusters or {})) for name in (OVERALL, *dimensions))


def _score(outcomes: Sequence[Outcome], name: str, clusters: Mapping[str, str]) -> Estimate:
    attempts = graded_attempts(outcomes, name)
    if not attempts:
        return NOTHING
    return level(
        [mean_of(scored) for scored in attempts.values()], [clusters.get(case, "") for case in attempts]
    )
