"""What a dearer judge gave anew, counted and said."""

from collections.abc import Iterator

from harness.records.inputs import GraderSpec
from harness.records.outcomes import Failed, Verdict
from harness.records.results import Arm


def told(arm: Arm, grader: str) -> list[str]:
    """Say how many verdicts of an arm were regraded, and how many of them changed."""
    spec = _spec(arm, grader)
    if spec is None or spec.escalate is None:
        return []
    verdicts = [v for v in _verdicts(arm, grader) if v.met is not None or v.regraded_by or v.votes]
    again = [verdict for verdict in verdicts if verdict.regraded_by]
    changed = sum(verdict.met is not _polled(verdict) for verdict in again)
    why = "that flipped between attempts" if spec.escalate.when == "flips" else "as all were to be"
    name = spec.escalate.model.name
    if not again:
        return [f"{arm.label}: no verdict flipped between attempts, none was regraded by {name}."]
    return [
        f"{arm.label}: {len(again)} of {len(verdicts)} verdicts regraded by {name}, {why}; {changed} changed."
    ]


def caveats(arm: Arm, grader: str) -> list[str]:
    """Say what regrading flips, each arm's for itself, may do to a difference."""
    spec = _spec(arm, grader)
    if spec is None or spec.escalate is None or spec.escalate.when != "flips":
        return []
    name = spec.escalate.model.name
    words = (
        f"Verdicts that flip between attempts are regraded by {name}, in each arm by the same rule and "
        "for itself: one that flips more is judged more by that model, and where the two judges differ that "
        "looks like a difference. `when: both` lets it judge everything."
    )
    return [words]


def _spec(arm: Arm, grader: str) -> GraderSpec | None:
    specs = () if arm.run is None else arm.run.manifest.eval.graders
    return next((spec for spec in specs if spec.kind == grader), None)


def _verdicts(arm: Arm, grader: str) -> Iterator[Verdict]:
    for outcome in arm.outcomes[grader]:
        yield from () if isinstance(outcome, Failed) else outcome.verdicts


def _polled(verdict: Verdict) -> bool | None:
    """Say what the votes had said."""
    said = [vote.met for vote in verdict.votes]
    return next((met for met in (True, False) if 2 * said.count(met) > len(said)), None)
