"""What each vote of a judge alone would have made of the answers."""

from collections.abc import Iterable
from dataclasses import replace

from harness.grading.scoring import outcome
from harness.records.outcomes import Failed, Outcome, Verdict
from harness.records.runs import Manifest


def by_vote(outcomes: Iterable[Outcome], manifest: Manifest) -> list[list[Outcome]]:
    """Give, for each answer, one outcome a vote; none where there was only one vote to decide it."""
    cases, found = {case.id: case for case in manifest.cases}, list[list[Outcome]]()
    for done in outcomes:
        if isinstance(done, Failed):
            continue
        case = cases[done.trial.case]
        votes = min((len(verdict.votes) for verdict in done.verdicts if verdict.votes), default=0)
        alone = ([_alone(verdict, vote) for verdict in done.verdicts] for vote in range(votes))
        found.append([outcome(done.trial, done.answer, each, case, manifest.rubrics) for each in alone])
    return found


def _alone(verdict: Verdict, vote: int) -> Verdict:
    """Give a verdict as this vote had it; one that nobody voted on, such as that of a check, as it is."""
    return replace(verdict, met=verdict.votes[vote].met) if verdict.votes else verdict
