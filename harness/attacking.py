"""Set a judge before answers that try to talk it round, the way it is set before any answer."""

from collections.abc import Iterator
from dataclasses import replace

from harness.errors import IncompleteError, InputError
from harness.grading.voting import decided
from harness.planning.work import Job, Shelf, filled, marks_of, request_of
from harness.records.attacks import Attack, Attacks, Stand, Stood
from harness.records.inputs import Case, Rubric
from harness.records.outcomes import Answer, Trial, Verdict
from harness.records.runs import Manifest

_DIMENSION = "attack"


def under_attack(manifest: Manifest, suite: Attacks) -> Manifest:
    """Give the manifest with the suite in place of cases and rubrics, and of its graders only the judge.

    Raises InputError where no grader is a judge.
    """
    graders = [
        (info, spec)
        for info, spec in zip(manifest.graders, manifest.eval.graders, strict=True)
        if spec.kind == "judge"
    ]
    if not graders:
        msg = f"{manifest.eval_name}: no grader is a judge, and the attacks are on judges"
        raise InputError(msg, hint="name an eval whose graders hold one of kind judge, such as backend")
    (info, spec), *_ = graders
    return replace(
        manifest,
        eval=replace(manifest.eval, graders=(replace(spec, escalate=None),), attempts=1),
        graders=(info,),
        cases=tuple(Case(id=attack.id, prompt=suite.question) for attack in suite.attacks),
        rubrics=(Rubric(dimension=_DIMENSION, criteria=(suite.criterion,)),),
    )


def work(manifest: Manifest, suite: Attacks, shelf: Shelf) -> tuple[Job, ...]:
    """Make a job of each attack, with the verdicts that are stored; `manifest` is one under attack."""
    made = [_job(manifest, case, attack) for case, attack in zip(manifest.cases, suite.attacks, strict=True)]
    stored = shelf.verdicts([mark.key for job in made for mark in job.marks if mark.verdict is None])
    return tuple(replace(job, marks=filled(job.marks, stored)) for job in made)


def stood(suite: Attacks, graded: tuple[Job, ...]) -> Iterator[Stood]:
    """Say what became of each attack; IncompleteError where a call failed, so that it is not known."""
    for attack, job in zip(suite.attacks, graded, strict=True):
        verdict = next(iter(decided(job.marks)), None)
        if verdict is None:
            msg = f"{attack.id}: the judge's call failed, so it is not known what became of the attack"
            raise IncompleteError(msg, hint="what was made is kept; the same command goes on from there")
        costs = [mark.verdict.cost for mark in job.marks if mark.verdict is not None]
        yield Stood(
            attack=attack.id,
            kind=attack.kind,
            what=attack.what,
            stand=_stand(verdict, asked=any(mark.key for mark in job.marks)),
            reason=verdict.reason,
            quote=verdict.quote,
            cost=None if None in costs else sum(cost or 0.0 for cost in costs),
        )


def _job(manifest: Manifest, case: Case, attack: Attack) -> Job:
    answer = Answer(text=attack.text, cost=0.0)
    trial = Trial(case=case.id, attempt=1, key=f"attack/{attack.id}")
    marks = tuple(marks_of(manifest, case, answer))
    return Job(trial, case, request_of(manifest, case, "attack"), answer, marks)


def _stand(verdict: Verdict, *, asked: bool) -> Stand:
    if not asked:
        return "held back"
    return "ungraded" if verdict.met is None else "fooled" if verdict.met else "held"
