"""Put a run's answers and verdicts together: outcomes per grader, an arm, agreement, a report."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median
from types import MappingProxyType

from harness.comparison import guards, regrades
from harness.comparison.comparing import compare_all
from harness.comparison.findings import LEVEL
from harness.comparison.gating import gates_of_one
from harness.comparison.kin import kin
from harness.comparison.looking import under
from harness.comparison.ranking import ranking
from harness.comparison.reliability import reliability
from harness.comparison.spreads import spreads_of_one
from harness.comparison.summary import counts, scores
from harness.comparison.trust import applied, caveats, permitted, trust
from harness.comparison.votes import by_vote
from harness.grading.labels import Labels
from harness.grading.preferring import PREFERRING_VERSION
from harness.grading.scoring import outcome
from harness.grading.seats import how_asked
from harness.grading.voting import decided
from harness.planning.caching import caching
from harness.planning.keys import digest
from harness.planning.prices import PriceTable
from harness.planning.work import Job
from harness.records.calibrations import Calibration
from harness.records.comparisons import Comparison, GateResult, Ranking
from harness.records.estimates import Estimate
from harness.records.inputs import MAX_MISSING, Case
from harness.records.outcomes import NOT_RUN, Failed, Outcome, Usage
from harness.records.record import Record
from harness.records.reliability import Reliability
from harness.records.results import Arm, Report
from harness.records.runs import Manifest, Revision, Run, Stopping
from harness.records.trust import Agreement
from harness.reporting.words import dollars, many
from harness.statistics.agreement import agreement
from harness.statistics.estimates import clustered_rate

_LONGEST_NAME = 120  # well below what file systems take, with room for the files inside


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
    timed = [answer.seconds for answer in answers if answer.seconds]  # not what came by a batch or a file
    kinds = [info.kind for info in manifest.graders]
    outcomes = {kind: tuple(_outcome(run, job, kind, reasons) for job in found) for kind in kinds}
    planned = len(found)
    dimensions = [rubric.dimension for rubric in manifest.rubrics]
    clusters = _clusters(manifest)
    return Arm(
        run=run,
        label=manifest.revision.label,
        counts={kind: counts(of_kind, planned) for kind, of_kind in outcomes.items()},
        outcomes=outcomes,
        scores={kind: scores(of_kind, dimensions, clusters) for kind, of_kind in outcomes.items()},
        words=sum(answer.words for answer in answers) / len(answers) if answers else None,
        usage=sum((answer.usage for answer in answers), Usage()),
        costs={
            "agent": _sum(answer.cost for answer in answers),
            **{kind: _sum(_verdict_costs(found, kind)) for kind in kinds},
        },
        seconds=median(timed) if timed else None,
        caching=caching(run, found, prices),
    )


def agreements(arms: Sequence[Arm], labels: Mapping[str, Labels]) -> tuple[Agreement, ...]:
    """Measure each grader that names labels against them, over all answers of these arms.

    Two scopes: all criteria, and the general ones that apply to every case. Where a grader's signals
    were written while looking at the labels, the figures are in sample and flatter it.
    """
    manifest = arms[0].made.manifest
    general = {(r.dimension, c.id) for r in manifest.rubrics for c in r.criteria}
    found = []
    for spec in manifest.eval.graders:
        if spec.labels not in labels or spec.kind == "labels":
            continue
        of_file = labels[spec.labels]
        rows = list(_pairs(arms, spec.kind, of_file))
        if not rows:
            continue  # nobody labelled these answers
        for scope, compared in (
            ("all criteria", rows),
            ("general criteria", [row for row in rows if row.place in general]),
        ):
            pairs = [(row.met, row.label) for row in compared]
            one = agreement(
                pairs, grader=spec.kind, scope=scope, in_sample=spec.in_sample, labels=spec.labels
            )
            found.append(replace(one, intervals=_intervals(compared)))
    return tuple(found)


def report(
    arms: Sequence[Arm],
    *,
    command: str,
    agreements: tuple[Agreement, ...] = (),
    calibrations: Mapping[str, Calibration] = MappingProxyType({}),
    notes: tuple[str, ...] = (),
    provenance: tuple[tuple[str, str], ...] = (),
) -> Report:
    """Compare every later arm with the first under every grader; one arm alone is reported without.

    `calibrations` holds those there are, by grader; a grader without one decides no gate unless the eval
    allows it.
    """
    base, *candidates = arms
    manifest = base.made.manifest
    asked, decider = manifest.eval, manifest.graders[0].kind
    dimensions = tuple(rubric.dimension for rubric in manifest.rubrics)
    decided, clusters = base.outcomes[decider], _clusters(manifest)
    kinds = [info.kind for info in manifest.graders]
    trusts = {kind: trust(kind, calibrations.get(kind), eval_name=manifest.eval_name) for kind in kinds}
    gates = () if candidates else gates_of_one(decided, asked.gate)
    quoted = (
        ()
        if candidates
        else chain.from_iterable(
            caveats(gates if kind == decider else (), trusts[kind], asked.gate) for kind in kinds
        )
    )
    name = manifest.eval_name + "--" + base.label
    if candidates:
        name += ".." + "+".join(arm.label for arm in candidates)
    return Report(
        name=slug(name),
        eval_name=manifest.eval_name,
        created_at=max(arm.made.finished_at or arm.made.created_at for arm in arms),
        command=command,
        graders=manifest.graders,
        dimensions=dimensions,
        cases=shared_cases([arm.made for arm in arms]),
        rubrics=manifest.rubrics,
        base=base,
        candidates=tuple(candidates),
        comparisons=tuple(
            applied(found, trusts[found.grader], asked.gate) for found in _comparisons(base, candidates)
        ),
        agreements=agreements,
        trusts=tuple(trusts.values()),
        notes=(*notes, *_incomplete(arms), *_stopped(arms), *_said(arms), *quoted),
        provenance=provenance,
        rankings=_rankings(arms),
        reliabilities=_reliabilities(arms),
        gates=permitted(gates, trusts[decider], asked.gate),
        spreads=()
        if candidates
        else spreads_of_one(decided, dimensions, clusters, by_vote(decided, manifest)),
        stopping=_looks_of(base, candidates[0]) if len(candidates) == 1 else None,
    )


def shared_cases(runs: Sequence[Run]) -> tuple[Case, ...]:
    """Give the cases that all of these runs were to run, in the order of the first."""
    ids = [{case.id for case in run.cases} for run in runs]
    return tuple(case for case in runs[0].manifest.cases if all(case.id in known for known in ids))


def complete(arms: Sequence[Arm]) -> bool:
    """Say whether the deciding grader graded enough of every arm for any verdict to stand."""
    run = arms[0].run
    allowed = MAX_MISSING if run is None else run.manifest.eval.max_missing
    found = (next(iter(each.counts.values())) for each in arms)  # the first grader decides
    return all(counted.graded > 0 and counted.missing_share <= allowed for counted in found)


def provenance(arms: Sequence[Arm], prices: str) -> tuple[tuple[str, str], ...]:
    """List what one must know to make this report again; `prices` names the price table."""
    manifest = arms[0].made.manifest
    rows = [
        (
            "eval",
            f"{manifest.eval_name}: {_share(arms)} cases, {manifest.eval.attempts} attempts each",
        ),
        ("model", _asked(manifest)),
        *((f"grader {info.kind}", f"{info.model} {info.version}".strip()) for info in manifest.graders),
        *_prompts(manifest),
        *_pairwise(manifest),
    ]
    for each in arms:
        revision = each.made.manifest.revision
        rows += [
            (f"revision {each.label}", _source(revision)),
            (f"prompt of {each.label}", f"SHA-256 {revision.agent.prompt_hash}"),
            (f"file of {each.label}", f"SHA-256 {revision.agent.file_hash}"),
            (f"run of {each.label}", each.made.id),
            *_spent(each),
        ]
    files = ((name, f"SHA-256 {found}") for name, found in sorted(manifest.files.items()))
    end = (("seed", str(manifest.eval.seed)), ("prices", prices), ("harness", manifest.harness_version))
    return (*rows, *files, *end)


def exit_code(report: Report) -> int:
    """Decide how a command that made this report ends: 0 holds, 1 regression, 4 inconclusive, 5 incomplete.

    The first grader decides. Nothing that did not run is green: an arm without a single graded trial, or
    with more trials missing than the eval allows, is incomplete, whatever its gate says.
    """
    if not complete((report.base, *report.candidates)):
        return 5
    results = {gate.result for gate in decided_gates(report)}
    return 1 if "FAIL" in results else 4 if "INCONCLUSIVE" in results else 0


def decided_gates(report: Report) -> tuple[GateResult, ...]:
    """Give every gate of a report, by the grader that decides."""
    decider = report.graders[0].kind
    decided = (found.gates for found in report.comparisons if found.grader == decider)
    return (*report.gates, *chain.from_iterable(decided))


def slug(name: str) -> str:
    """Make a name that is safe as a folder's on every system.

    >>> slug("backend--HEAD~1..agents/x.md")
    'backend--HEAD-1..agents-x.md'
    """
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._+-") else "-" for c in name)
    short = safe if len(safe) <= _LONGEST_NAME else f"{safe[: _LONGEST_NAME - 9]}-{digest(name)[:8]}"
    return short.lstrip(".") or "report"


def _comparisons(base: Arm, candidates: Sequence[Arm]) -> tuple[Comparison, ...]:
    """Compare all candidates under each grader, then put each candidate's graders side by side.

    Cases are those that all arms were to run; a sequential comparison decides by its last look's level.
    """
    manifest = base.made.manifest
    stopping = _looks_of(base, candidates[0]) if len(candidates) == 1 else None
    level = stopping.looks[-1].level if stopping else LEVEL
    by_grader = [
        compare_all(
            base,
            candidates,
            grader=info.kind,
            eval=manifest.eval,
            cases=shared_cases([each.made for each in (base, *candidates)]),
            rubrics=manifest.rubrics,
            level=level,
        )
        for info in manifest.graders
    ]
    found = (each for of_candidate in zip(*by_grader, strict=True) for each in of_candidate)
    return tuple(under(each, stopping) if stopping else each for each in found)


def _rankings(arms: Sequence[Arm]) -> tuple[Ranking, ...]:
    manifest = arms[0].made.manifest
    clusters, seed = _clusters(manifest), manifest.eval.seed
    found = (ranking(arms, grader=info.kind, clusters=clusters, seed=seed) for info in manifest.graders)
    return tuple(each for each in found if each is not None)


def _reliabilities(arms: Sequence[Arm]) -> tuple[Reliability, ...]:
    manifest = arms[0].made.manifest
    found = (
        reliability(each, grader=info.kind, cases=manifest.cases, rubrics=manifest.rubrics)
        for each in arms
        for info in manifest.graders
    )
    return tuple(each for each in found if each is not None)


def _clusters(manifest: Manifest) -> Mapping[str, str]:
    return {case.id: case.cluster for case in manifest.cases if case.cluster}


def _incomplete(arms: Sequence[Arm]) -> Iterable[str]:
    """Say where a grader that does not decide left answers ungraded; the decider's gaps are caveats."""
    _, *others = (info.kind for info in arms[0].made.manifest.graders)
    for each in arms:
        for kind in others:
            counted = each.counts[kind]
            if counted.graded < counted.answered:
                share = f"{counted.graded} of {counted.answered} answers of {each.label}"
                yield f"{kind} graded {share}; it does not decide."


def _said(arms: Sequence[Arm]) -> Iterable[str]:
    """Say what became of verdicts on the way: given anew, held back, not relied on; and who is kin."""
    return chain(_regraded(arms), _guarded(arms), _of_one(arms))


def _regraded(arms: Sequence[Arm]) -> Iterable[str]:
    """Say of every arm what a dearer judge gave anew."""
    return (words for each in arms for kind in each.outcomes for words in regrades.told(each, kind))


def _guarded(arms: Sequence[Arm]) -> Iterable[str]:
    """Say of every arm which answers were held back, and which verdicts a canary took away."""
    return (words for each in arms for kind in each.outcomes for words in guards.told(each, kind))


def _of_one(arms: Sequence[Arm]) -> Iterable[str]:
    """Say of a run alone which judges are the agent's kin; of a comparison its caveats do."""
    asked = arms[0].made.manifest.eval
    return filter(None, (kin(asked, spec.kind) for spec in asked.graders)) if len(arms) == 1 else ()


def _looks_of(base: Arm, candidate: Arm) -> Stopping | None:
    """Give the looks of a sequential comparison of these very runs."""
    stopping = candidate.made.stopping
    return stopping if stopping and stopping.base == base.made.id else None


def _stopped(arms: Sequence[Arm]) -> Iterable[str]:
    """Say which runs lack cases because they were once stopped early against another run than here."""
    for each in arms:
        stopping = each.made.stopping
        if stopping and stopping.early and not each.made.finished_at:
            partners = {stopping.base, stopping.candidate}
            if not partners <= {other.made.id for other in arms}:
                yield f"{each.label} {stopping.words} in another comparison: only the cases run there count."


def _asked(manifest: Manifest) -> str:
    model = manifest.eval.model
    if model.provider == "recorded":
        return f"recorded answers, {model.answers}, SHA-256 {manifest.model_version}"
    settings = f"max_tokens {model.max_tokens}, effort {model.effort or 'the default'}"
    return f"{model.name}, {settings}, {model.base_url}, API version {manifest.model_version}"


def _prompts(manifest: Manifest) -> Iterable[tuple[str, str]]:
    """Name the version of a judge's prompt, and how it was asked."""
    for info, spec in zip(manifest.graders, manifest.eval.graders, strict=True):
        if spec.judges:
            version, _, _ = info.version.partition("-")
            guard = ", a canary for each answer" if info.canary else ", without canaries"
            yield "judge prompt", f"version {version}, {', '.join(how_asked(spec))}{guard}"


def _pairwise(manifest: Manifest) -> Iterable[tuple[str, str]]:
    pairwise = manifest.eval.pairwise
    if pairwise is not None:
        yield "pairwise judge", f"{pairwise.model.name} {PREFERRING_VERSION}, asked: {pairwise.criterion}"


def _share(arms: Sequence[Arm]) -> str:
    planned, ran = len(arms[0].made.manifest.cases), len(shared_cases([each.made for each in arms]))
    return f"{planned}" if ran == planned else f"{ran} of {planned}"


def _spent(each: Arm) -> Iterable[tuple[str, str]]:
    """Say for each part that asks a model what it was to cost, and did."""
    for row in each.spending:
        before = "no estimate" if row.estimate is None else f"estimated {dollars(row.estimate)}"
        unknown = f", {many(row.unpriced, 'call')} without a known price not counted" if row.unpriced else ""
        paid = f"paid {dollars(row.cost)} for {many(row.calls, 'call')}{unknown}"
        yield f"cost of {each.label}, {row.part}", f"{before}, {paid}"


def _source(revision: Revision) -> str:
    commit = f" at commit {revision.commit[:12]}" if revision.commit else ", not in a git repository"
    return f"{revision.path}{commit}{', with uncommitted changes' if revision.dirty else ''}"


def _outcome(run: Run, job: Job, kind: str, reasons: Mapping[tuple[str, int, str], Failure]) -> Outcome:
    place = (job.trial.case, job.trial.attempt)
    if job.answer is None:
        why = reasons.get((*place, "answer"))
        if why is None:
            return Failed(trial=job.trial, kind=NOT_RUN, message=_not_run(run, job.case))
        return Failed(trial=job.trial, kind=why.kind, message=why.message, hint=why.hint)
    given = decided(mark for mark in job.marks if mark.grader == kind)
    why = reasons.get((*place, kind))
    missing = f"the grader's call failed: {why.message}" if why else "not graded yet"
    return outcome(job.trial, job.answer, given, job.case, run.manifest.rubrics, missing=missing)


def _not_run(run: Run, case: Case) -> str:
    if run.stopping is not None and case not in run.cases:
        return f"this case was left out: the comparison {run.stopping.words}"
    return "this trial has not been run yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    case: str
    place: tuple[str, str]
    met: bool | None
    label: bool


def _pairs(arms: Sequence[Arm], kind: str, labels: Labels) -> Iterable[_Compared]:
    """Yield the grader's verdict and the label for every verdict that is labelled."""
    for each in arms:
        for done in each.outcomes[kind]:
            if isinstance(done, Failed):
                continue
            for verdict in done.verdicts:
                place = (verdict.dimension, verdict.criterion)
                label = labels.find(done.answer.text, *place)
                if label is not None:
                    yield _Compared(case=done.trial.case, place=place, met=verdict.met, label=label.met)


def _intervals(rows: Sequence[_Compared]) -> Mapping[str, Estimate]:
    """Give how sure the shares are, verdicts of one case taken to err together."""
    graded = [row for row in rows if row.met is not None]
    parts = {
        "raw": graded,
        "sensitivity": [row for row in graded if row.label],
        "specificity": [row for row in graded if not row.label],
    }
    return {name: _rate(part) for name, part in parts.items() if part}


def _rate(rows: Sequence[_Compared]) -> Estimate:
    right, items = Counter[str](), Counter[str]()
    for row in rows:
        items[row.case] += 1
        right[row.case] += row.met == row.label
    return clustered_rate([(right[case], count) for case, count in items.items()])


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
