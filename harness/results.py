"""Put a run's answers and verdicts together: outcomes per grader, an arm, agreement, a report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from harness.comparison.comparing import compare
from harness.comparison.summary import counts, scores
from harness.grading.labels import Labels
from harness.grading.scoring import outcome
from harness.planning.caching import caching
from harness.planning.keys import digest
from harness.planning.prices import PriceTable
from harness.planning.work import Job
from harness.records.outcomes import Failed, Outcome, Usage
from harness.records.record import Record
from harness.records.results import Agreement, Arm, Manifest, Report, Revision, Run
from harness.statistics.agreement import agreement

_LONGEST_NAME = 120  # well below what file systems take, with room for the files inside

NOT_RUN = "not-run"
"""The kind of failure of a trial that no run has tried yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Record):
    """Why a trial has no answer (`stage` is `answer`) or lacks verdicts (`stage` is the grader's kind)."""

    case: str
    attempt: int
    stage: str
    kind: str
    message: str
    hint: str = ""


def arm(run: Run, work: Iterable[Job], failures: Sequence[Failure], prices: PriceTable | None = None) -> Arm:
    """Turn what is stored of a run into one outcome per trial and grader, and sum it up.

    Without `prices` it is not known what the prompt cache saved.
    """
    manifest = run.manifest
    found = list(work)
    answers = [job.answer for job in found if job.answer is not None]
    reasons = {(each.case, each.attempt, each.stage): each for each in failures}
    kinds = [info.kind for info in manifest.graders]
    outcomes = {kind: tuple(_outcome(run, job, kind, reasons) for job in found) for kind in kinds}
    planned = len(manifest.cases) * manifest.eval.attempts
    dimensions = [rubric.dimension for rubric in manifest.rubrics]
    return Arm(
        run=run,
        label=manifest.revision.label,
        counts={kind: counts(of_kind, planned) for kind, of_kind in outcomes.items()},
        outcomes=outcomes,
        scores={kind: scores(of_kind, dimensions) for kind, of_kind in outcomes.items()},
        words=sum(answer.words for answer in answers) / len(answers) if answers else None,
        usage=sum((answer.usage for answer in answers), Usage()),
        costs={
            "agent": _sum(answer.cost for answer in answers),
            **{kind: _sum(_verdict_costs(found, kind)) for kind in kinds},
        },
        seconds=median(answer.seconds for answer in answers) if answers else None,
        caching=caching(run, found, prices),
    )


def agreements(arms: Sequence[Arm], labels: Mapping[str, Labels]) -> tuple[Agreement, ...]:
    """Measure each grader that names labels against them, over all answers of these arms.

    Two scopes: all criteria, and the general ones that apply to every case. Where a grader's signals
    were written while looking at the labels, the figures are in sample and flatter it.
    """
    manifest = arms[0].run.manifest
    general = {(r.dimension, c.id) for r in manifest.rubrics for c in r.criteria}
    found = []
    for spec in manifest.eval.graders:
        if spec.labels not in labels or spec.kind == "labels":
            continue
        of_file = labels[spec.labels]
        rows = list(_pairs(arms, spec.kind, of_file))
        for scope, pairs in (
            ("all criteria", [pair for _, pair in rows]),
            ("general criteria", [pair for place, pair in rows if place in general]),
        ):
            found.append(
                agreement(pairs, grader=spec.kind, scope=scope, in_sample=spec.in_sample, labels=spec.labels)
            )
    return tuple(found)


def report(
    arms: Sequence[Arm],
    *,
    command: str,
    agreements: tuple[Agreement, ...] = (),
    notes: tuple[str, ...] = (),
    provenance: tuple[tuple[str, str], ...] = (),
) -> Report:
    """Compare every later arm with the first under every grader; one arm alone is reported without."""
    base, *candidates = arms
    manifest = base.run.manifest
    name = manifest.eval_name + "--" + base.label
    if candidates:
        name += ".." + "+".join(arm.label for arm in candidates)
    return Report(
        name=slug(name),
        eval_name=manifest.eval_name,
        created_at=max(arm.run.finished_at or arm.run.created_at for arm in arms),
        command=command,
        graders=manifest.graders,
        dimensions=tuple(rubric.dimension for rubric in manifest.rubrics),
        cases=manifest.cases,
        rubrics=manifest.rubrics,
        base=base,
        candidates=tuple(candidates),
        comparisons=tuple(
            compare(
                base,
                candidate,
                grader=info.kind,
                eval=manifest.eval,
                cases=manifest.cases,
                rubrics=manifest.rubrics,
            )
            for candidate in candidates
            for info in manifest.graders
        ),
        agreements=agreements,
        notes=(*notes, *_incomplete(arms)),
        provenance=provenance,
    )


def provenance(arms: Sequence[Arm], prices: str) -> tuple[tuple[str, str], ...]:
    """List what one must know to make this report again; `prices` names the price table."""
    manifest = arms[0].run.manifest
    rows = [
        (
            "eval",
            f"{manifest.eval_name}: {len(manifest.cases)} cases, {manifest.eval.attempts} attempts each",
        ),
        ("model", _asked(manifest)),
        *((f"grader {info.kind}", f"{info.model} {info.version}".strip()) for info in manifest.graders),
    ]
    for each in arms:
        revision = each.run.manifest.revision
        rows += [
            (f"revision {each.label}", _source(revision)),
            (f"prompt of {each.label}", f"SHA-256 {revision.agent.prompt_hash}"),
            (f"file of {each.label}", f"SHA-256 {revision.agent.file_hash}"),
            (f"run of {each.label}", each.run.id),
        ]
    files = ((name, f"SHA-256 {found}") for name, found in sorted(manifest.files.items()))
    end = (("seed", str(manifest.eval.seed)), ("prices", prices), ("harness", manifest.harness_version))
    return (*rows, *files, *end)


def exit_code(report: Report) -> int:
    """Decide how a command that made this report ends: 0 holds, 1 regression, 4 inconclusive, 5 incomplete.

    The first grader decides. Nothing that did not run is green: an arm without a single graded trial, or
    with more trials missing than the eval allows, is incomplete, whatever its gate says.
    """
    decider = report.graders[0].kind
    allowed = report.base.run.manifest.eval.max_missing
    for each in (report.base, *report.candidates):
        counted = each.counts[decider]
        if counted.graded == 0 or counted.missing_share > allowed:
            return 5
    results = {gate.result for found in report.comparisons if found.grader == decider for gate in found.gates}
    return 1 if "FAIL" in results else 4 if "INCONCLUSIVE" in results else 0


def slug(name: str) -> str:
    """Make a name that is safe as a folder's on every system.

    >>> slug("backend--HEAD~1..agents/x.md")
    'backend--HEAD-1..agents-x.md'
    """
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._+-") else "-" for c in name)
    short = safe if len(safe) <= _LONGEST_NAME else f"{safe[: _LONGEST_NAME - 9]}-{digest(name)[:8]}"
    return short.lstrip(".") or "report"


def _incomplete(arms: Sequence[Arm]) -> Iterable[str]:
    """Say where a grader that does not decide left answers ungraded; the decider's gaps are caveats."""
    _, *others = (info.kind for info in arms[0].run.manifest.graders)
    for each in arms:
        for kind in others:
            counted = each.counts[kind]
            if counted.graded < counted.answered:
                share = f"{counted.graded} of {counted.answered} answers of {each.label}"
                yield f"{kind} graded {share}; it does not decide."


def _asked(manifest: Manifest) -> str:
    model = manifest.eval.model
    if model.provider == "recorded":
        return f"recorded answers, {model.answers}, SHA-256 {manifest.model_version}"
    settings = f"max_tokens {model.max_tokens}, effort {model.effort or 'the default'}"
    return f"{model.name}, {settings}, {model.base_url}, API version {manifest.model_version}"


def _source(revision: Revision) -> str:
    commit = f" at commit {revision.commit[:12]}" if revision.commit else ", not in a git repository"
    return f"{revision.path}{commit}{', with uncommitted changes' if revision.dirty else ''}"


def _outcome(run: Run, job: Job, kind: str, reasons: Mapping[tuple[str, int, str], Failure]) -> Outcome:
    place = (job.trial.case, job.trial.attempt)
    if job.answer is None:
        why = reasons.get((*place, "answer"))
        if why is None:
            return Failed(trial=job.trial, kind=NOT_RUN, message="this trial has not been run yet")
        return Failed(trial=job.trial, kind=why.kind, message=why.message, hint=why.hint)
    given = [mark.verdict for mark in job.marks if mark.grader == kind and mark.verdict is not None]
    why = reasons.get((*place, kind))
    missing = f"the grader's call failed: {why.message}" if why else "not graded yet"
    return outcome(job.trial, job.answer, given, job.case, run.manifest.rubrics, missing=missing)


def _pairs(
    arms: Sequence[Arm], kind: str, labels: Labels
) -> Iterable[tuple[tuple[str, str], tuple[bool | None, bool]]]:
    """Yield (dimension, criterion) and (grader's verdict, label) for every verdict that is labelled."""
    for each in arms:
        for done in each.outcomes[kind]:
            if isinstance(done, Failed):
                continue
            for verdict in done.verdicts:
                place = (verdict.dimension, verdict.criterion)
                label = labels.find(done.answer.text, *place)
                if label is not None:
                    yield place, (verdict.met, label.met)


def _verdict_costs(work: Iterable[Job], kind: str) -> Iterable[float | None]:
    for job in work:
        for mark in job.marks:
            if mark.grader == kind and mark.verdict is not None:
                yield mark.verdict.cost


def _sum(costs: Iterable[float | None]) -> float | None:
    """Add costs up; one that is unknown makes the sum unknown."""
    total = 0.0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
