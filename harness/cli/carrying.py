"""From an eval and revisions to a published report: what `run`, `compare` and `demo` have in common."""

import datetime as dt
import math
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.cli.options import Wishes, store_path
from harness.cli.screen import Meter, err, show_plan
from harness.drawing import drawing
from harness.errors import BudgetError, InputError
from harness.grading.labels import Labels
from harness.models.pricing import shipped_prices
from harness.planning.plan import Plan
from harness.planning.work import jobs
from harness.project import Material
from harness.publishing import publish
from harness.records.results import Manifest, Report, Revision, Run
from harness.reporting import words
from harness.results import agreements, arm, provenance, report
from harness.session import Session
from harness.store.opening import open_store
from harness.store.store import Store

REPORTS = "reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What came of it: the plans, and the report with its page unless only the plan was wanted."""

    plans: tuple[Plan, ...] = ()
    report: Report | None = None
    page: Path | None = None


def carry_out(material: Material, revisions: Sequence[Revision], wishes: Wishes, *, typed: str) -> Carried:
    """Plan, ask, make, compare and publish; with `plan_only` the plan is all.

    `typed` is the command that makes the report again. Raises BudgetError when the estimate is above the
    budget and nobody said `--yes`.
    """
    console = err()
    manifests = [material.manifest(revision) for revision in revisions]
    with drawing() as charts, _session(material, wishes) as at_work:
        plans = tuple(at_work.plan(manifest) for manifest in manifests)
        show_plan(console, plans)
        if wishes.plan_only:
            return Carried(plans=plans)
        _afford(plans, material, wishes)
        at_work.unlock(plans)
        if any(part.to_make for plan in plans for part in plan.parts):
            charts.begin()  # it gets ready while the models are waited for
        meter = Meter(console, sum(plan.trials for plan in plans))
        runs = _perform(at_work, manifests, meter)
        console.print(f"{meter.summary()}.", style="dim")
        made = assemble(at_work.store, runs, material.labels, typed)
        page = publish(made, material.root / REPORTS, charts)
    return Carried(plans=plans, report=made, page=page)


def assemble(store: Store, runs: Sequence[Run], labels: Mapping[str, Labels], command: str) -> Report:
    """Put the report of stored runs together: the first is the base of the others."""
    prices = shipped_prices()
    arms = [arm(run, jobs(run.manifest, store), store.failures(run.id), prices) for run in runs]
    return report(
        arms,
        command=command,
        agreements=agreements(arms, labels),
        notes=runs[0].manifest.eval.notes,
        provenance=provenance(arms, f"table of {prices.version}"),
    )


@contextmanager
def _session(material: Material, wishes: Wishes) -> Iterator[Session]:
    """Open the store and read what only a door reads: the environment, the clock, a secret."""
    with open_store(store_path(wishes.store, material.root)) as store:
        yield Session(
            material=material,
            store=store,
            environ=os.environ,
            now=lambda: dt.datetime.now(dt.UTC),
            secret=secrets.token_bytes(32),
            anew=wishes.anew,
        )


def _perform(at_work: Session, manifests: Sequence[Manifest], meter: Meter) -> tuple[Run, ...]:
    with meter.running():
        try:
            return at_work.perform(manifests, meter.watch)
        except BaseException:
            # Whatever ended the run, say what was kept: it decides what to do next.
            if meter.made:
                err().print(f"{meter.summary()}; all of it is kept. The same command goes on from there.")
            raise


def _afford(plans: Sequence[Plan], material: Material, wishes: Wishes) -> None:
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
        raise BudgetError(msg, hint="--yes goes on all the same, --budget 20 or the eval's budget allow more")
