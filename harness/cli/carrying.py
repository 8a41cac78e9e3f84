"""From an eval and revisions to a published report: what `run`, `compare` and `demo` have in common."""

import datetime as dt
import math
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import duelling, stopping
from harness.assembling import agreements, arm, provenance, report, shared_cases
from harness.cli.options import Wishes, store_path
from harness.cli.screen import Meter, err, plain, show_plan
from harness.cli.stopping import until_stopped
from harness.comparison.correcting import corrections, favours
from harness.comparison.looking import told
from harness.comparison.trust import trust
from harness.drawing import drawing
from harness.errors import BudgetError, InputError
from harness.grading.labels import Labels
from harness.models.pricing import shipped_prices
from harness.planning.keys import grader_hash
from harness.planning.plan import Plan
from harness.planning.regrading import whole
from harness.project import Material, permitted
from harness.publishing import get_ready, publish
from harness.records.calibrations import Calibration
from harness.records.results import Report
from harness.records.runs import Look, Manifest, Revision, Run
from harness.records.trust import Trust
from harness.reporting import words
from harness.session import Session
from harness.statistics.sequential import sizes
from harness.stopping import refuse_unfit
from harness.store.batches import Batches
from harness.store.opening import open_store
from harness.store.store import Store

if TYPE_CHECKING:
    from harness.cli.posting import Postroom

REPORTS = "reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What came of it: the plans, and the report with its page unless only the plan was wanted.

    `left` says in words what was left because the budget was reached; empty when nothing was.
    """

    plans: tuple[Plan, ...] = ()
    report: Report | None = None
    page: Path | None = None
    left: str = ""


def carry_out(
    material: Material,
    revisions: Sequence[Revision],
    wishes: Wishes,
    *,
    typed: str,
    sequential: bool = False,
) -> Carried:
    """Plan, ask, make, compare and publish; with `plan_only` the plan is all.

    With `sequential` only the cases of the looks that are needed are made. `typed` is the command that makes
    the report again. Raises BudgetError when the estimate is above the budget and nobody said `--yes`; a
    budget that is reached in mid-run ends in a report of what there is.
    """
    console = err()
    material = paced(material, wishes)
    manifests = [material.manifest(revision) for revision in revisions]
    if sequential:
        refuse_unfit(manifests, batch=wishes.batch)
    with drawing() as charts, session_for(material, wishes) as at_work:
        sent = Batches(at_work.store).under_way()
        plans = tuple(at_work.plan(manifest, sent=sent if wishes.batch else None) for manifest in manifests)
        duels = duelling.plans(at_work, manifests)
        show_plan(console, (*plans, *duels))
        if sequential:
            looks = words.listed([str(size) for size in sizes(len(material.cases))])
            console.print(f"That is the most it can take: it looks after {looks} cases and may stop there.")
        if sent or wishes.batch:
            _tell_of_batches(at_work, plans if wishes.batch else (), manifests, sent)
        _warn_of_gate(at_work.store, manifests)
        if wishes.plan_only:
            return Carried(plans=(*plans, *duels))
        afford((*plans, *duels), material, wishes)
        at_work.unlock(plans)
        duelling.unlock(at_work, duels)
        if any(part.to_make for plan in plans for part in plan.parts) and not wishes.batch:
            charts.begin()  # this and what pages take get ready while the models are waited for
            at_work.traffic.idle = get_ready
        meter = Meter(console, sum(plan.trials for plan in plans), at_work.traffic)
        how = _How(sequential=sequential, post=_postroom() if wishes.batch else None)
        runs = _perform(at_work, tuple(zip(manifests, plans, strict=True)), meter, how)
        meter.conclude()
        unasked = _duel(at_work, runs, duels, meter)
        left = _left(at_work, manifests, batch=wishes.batch) if meter.left or unasked else ""
        made = assemble(at_work.store, runs, material.labels, typed)
        page = publish(made, material.root / REPORTS, charts)
    return Carried(plans=(*plans, *duels), report=made, page=page, left=left)


def _tell_of_batches(
    at_work: Session, plans: Sequence[Plan], manifests: Sequence[Manifest], sent: frozenset[str]
) -> None:
    """Say what these plans will find in a batch; without plans, what this command would pay for twice."""
    from harness.cli.posting import show_sent, warn_of_sent  # noqa: PLC0415 - as in `_postroom`

    if plans:
        show_sent(err(), plans)
    else:
        warn_of_sent(err(), [at_work.plan(manifest, sent=sent) for manifest in manifests])


def _postroom() -> "Postroom":
    from harness.cli.posting import Postroom  # noqa: PLC0415 - few go by batches, and all would wait for it

    return Postroom(err())


def paced(material: Material, wishes: Wishes) -> Material:
    """Put the calls in flight that were asked for in place of the eval's own."""
    if wishes.concurrency is None:
        return material
    return replace(material, eval=replace(material.eval, concurrency=wishes.concurrency))


def assemble(store: Store, runs: Sequence[Run], labels: Mapping[str, Labels], command: str) -> Report:
    """Put the report of stored runs together: the first is the base of the others."""
    manifest, prices = runs[0].manifest, shipped_prices()
    only = frozenset(case.id for case in shared_cases(runs))
    arms = [
        replace(
            arm(run, whole(run.manifest, store, only), store.failures(run.id), prices),
            spending=store.spending(run.id),
        )
        for run in runs
    ]
    made = report(
        arms,
        command=command,
        agreements=agreements(arms, labels),
        calibrations=calibrations(store, manifest),
        notes=manifest.eval.notes,
        provenance=provenance(arms, f"table of {prices.version}"),
    )
    corrected = corrections(made, labels)
    leans = favours(corrected, grader=manifest.graders[0].kind, base=made.base.label)
    preferred = tuple(duelling.summed_up(store, runs))
    return replace(made, corrections=corrected, preferences=preferred, notes=(*made.notes, *leans))


def calibrations(store: Store, manifest: Manifest) -> Mapping[str, Calibration]:
    """Look up what is known of each grader's agreement with labels."""
    return {
        info.kind: found
        for info, spec in zip(manifest.graders, manifest.eval.graders, strict=True)
        if (found := store.calibration(grader_hash(info, spec, manifest.rubrics), spec.labels))
    }


def trusted_decider(store: Store, manifest: Manifest) -> Trust:
    """Say how far the grader that decides may decide a gate."""
    kind = manifest.graders[0].kind
    return trust(kind, calibrations(store, manifest).get(kind), eval_name=manifest.eval_name)


def _warn_of_gate(store: Store, manifests: Sequence[Manifest]) -> None:
    """Say before anything is paid that the gate will stay open, whatever comes out."""
    gate, trusted = manifests[0].eval.gate, trusted_decider(store, manifests[0])
    if len(manifests) > 1 and gate and not (gate.allow_uncalibrated or trusted.may_gate):
        err().print(plain(f"! The gate will be inconclusive. {trusted.words}"), style="yellow")


@contextmanager
def session_for(material: Material, wishes: Wishes) -> Iterator[Session]:
    """Open the store and read what only a door reads: the environment, the clock, a secret.

    Custom graders are imported here, if that is allowed; InputError if not.
    """
    material = permitted(material, allow_code=wishes.allow_code)
    with open_store(store_path(wishes.store, material.root), say=err().print) as store:
        yield Session(
            material=material,
            store=store,
            environ=os.environ,
            now=lambda: dt.datetime.now(dt.UTC),
            secret=secrets.token_bytes(32),
            anew=wishes.anew,
            ceiling=_ceiling(material, wishes),
            max_rate=wishes.max_rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """In looks, by batches, or, with neither, all at once."""

    sequential: bool
    post: "Postroom | None"


def _perform(
    at_work: Session, plans: Sequence[tuple[Manifest, Plan]], meter: Meter, how: "_How"
) -> tuple[Run, ...]:
    def say(look: Look) -> None:
        err().print(told(look, len(plans[0][0].cases)))

    with meter.running():
        try:
            if how.post:
                from harness import batched  # noqa: PLC0415 - as in `_postroom`

                return until_stopped(batched.perform(at_work, plans, meter.watch, how.post.tell))
            if how.sequential:
                return until_stopped(stopping.perform(at_work, plans, meter.watch, say))
            return until_stopped(at_work.perform(plans, at_work.purse(), meter.watch))
        except BaseException:
            # Whatever ended the run, say what was kept: it decides what to do next.
            if meter.made:
                err().print(f"{meter.summary()}; all of it is kept. The same command goes on from there.")
            if how.post and how.post.open:
                err().print(how.post.farewell())
            raise


def _duel(at_work: Session, runs: Sequence[Run], planned: Sequence[Plan], meter: Meter) -> int:
    """Compare answers in pairs where the eval asks for it; return the calls that the budget left."""
    if not planned:
        return 0
    settled = until_stopped(duelling.perform(at_work, runs, planned, meter.paid, meter.watch))
    if settled.made:
        made = words.many(settled.made, "pairwise preference")
        err().print(f"{made} made, {words.dollars(meter.cost)} spent in all.", style="dim")
    if settled.failed:
        failed = words.many(settled.failed, "pairwise call")
        err().print(plain(f"! {failed} failed; the same command asks again: {settled.why}"), style="yellow")
    return settled.left


def _left(at_work: Session, manifests: Sequence[Manifest], *, batch: bool) -> str:
    """Say what the next command would have to make, and for how much."""
    sent = Batches(at_work.store).under_way() if batch else None
    plans = [at_work.plan(manifest, sent=sent) for manifest in manifests]
    plans += duelling.plans(at_work, manifests)
    parts = Counter[str]()
    for part in (part for plan in plans for part in plan.parts if part.model):
        parts[part.name] += part.to_make
    made = words.listed([f"{number:,} {name}" for name, number in parts.items() if number])
    costs = [plan.cost for plan in plans]
    about = "" if None in costs else f", about {words.dollars(sum(cost or 0.0 for cost in costs))}"
    return f"{made} to make{about}"


def _ceiling(material: Material, wishes: Wishes) -> float | None:
    """Decide what the calls of this command may cost together.

    A budget given with the command holds always. The eval's holds unless somebody saw an estimate above it
    and said yes to that.
    """
    if wishes.budget is not None:
        return wishes.budget
    return None if wishes.yes else material.eval.budget


def afford(plans: Sequence[Plan], material: Material, wishes: Wishes) -> None:
    """Raise BudgetError when the estimate is above the budget and nobody said `--yes`."""
    budget = material.eval.budget if wishes.budget is None else wishes.budget
    if not (math.isfinite(budget) and budget >= 0):
        msg = f"--budget must be a number of dollars, 0 or more, got {budget}"
        raise InputError(msg)
    costs = [plan.cost for plan in plans]
    if wishes.yes or not any(plan.calls for plan in plans):
        return
    if None in costs:
        msg = "the cost cannot be estimated: no price is known for a model of this eval"
        raise BudgetError(msg, hint="--yes goes on all the same")
    estimate = sum(cost or 0.0 for cost in costs)
    if estimate > budget:
        msg = f"the estimate of {words.dollars(estimate)} is above the budget of {words.dollars(budget)}"
        hint = f"--budget {math.ceil(estimate)} allows more, --yes any amount"
        if wishes.budget is not None:
            hint = f"{hint}; --yes with this --budget begins, and stops there"
        raise BudgetError(msg, hint=hint)
