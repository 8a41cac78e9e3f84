"""One eval's night at the terminal: its plan, its progress, its report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import batched, revisions
from harness.cli.carrying import REPORTS, afford, assemble, paced, session_for
from harness.cli.options import Wishes, command_line
from harness.cli.posting import Postroom
from harness.cli.screen import Meter, err, plain, show_plan
from harness.cli.stopping import until_stopped
from harness.drawing import drawing
from harness.errors import InputError
from harness.metering import Purse
from harness.nightly.concluding import conclude
from harness.nightly.making import Planned, Tonight, make
from harness.planning.nights import Pair, pair
from harness.planning.plan import Plan
from harness.planning.work import Job
from harness.project import Material
from harness.publishing import publish
from harness.records.nights import NightResult
from harness.records.results import Report
from harness.records.runs import Manifest, Run
from harness.reporting.words import dollars, many
from harness.runner import Event, Paid
from harness.session import Session, Watch
from harness.store.batches import Batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """What became of one eval's night: `report` and `page` are `None` where nothing could be reported.

    `root` is the folder of its project. `spent` is in US dollars.
    """

    result: NightResult
    root: Path
    report: Report | None = None
    page: Path | None = None
    spent: float = 0.0


def evening(material: Material, night: str, wishes: Wishes) -> Evening | None:
    """Spend the night of one eval; `None` if only its plan was wanted.

    Raises InputError when the eval does not say what it is held against, BudgetError when the estimate is
    above the budget and nobody said `--yes`, AccessError when a model refuses us.
    """
    material = paced(material, wishes)
    both = _pair(material, night)
    with drawing() as charts, session_for(material, wishes) as at_work:
        hands = _Hands(at_work, at_work.purse(), wishes)
        tonight = hands.tonight(night, both)
        planned = tonight.plans(both)
        plans = (*(plan for _, plan in planned), *_of_sentinels(tonight))
        show_plan(err(), plans[:2])
        _tell_sentinels(plans[2:])
        if wishes.plan_only:
            return None
        afford(plans, material, wishes)
        at_work.unlock(plans)
        result, report = conclude(tonight, make(tonight, planned))
        page = publish(report, material.root / REPORTS, charts)
        return Evening(
            result=result, root=material.root, report=report, page=page, spent=hands.purse.ledger.spent
        )


def _pair(material: Material, night: str) -> Pair:
    """Find tonight's two prompts: the working file, and the one that the eval pins."""
    wanted = material.eval.nightly
    if wanted is None:
        msg = f"{material.name}: this eval does not say what a night is held against"
        raise InputError(
            msg, hint="add `nightly:` with `control:`, a revision of the prompt that stays pinned"
        )
    agent = Path(material.eval.agent)
    live = revisions.find("", agent=agent, root=material.root)
    control = revisions.named(wanted.control, agent=agent, root=material.root)
    return pair(material.manifest(live), material.manifest(control), night=night)


def _of_sentinels(tonight: Tonight) -> Sequence[Plan]:
    work = tonight.sentinels()
    return [tonight.session.plan_of(tonight.pair.live, work)] if work else []


def _tell_sentinels(plans: Sequence[Plan]) -> None:
    for plan in plans:
        cost = f", about {dollars(plan.cost)}" if plan.calls else ""
        err().print(f"{many(plan.trials, 'sentinel')}: {plan.calls} paid verdicts to make{cost}")


@dataclass(frozen=True, slots=True)
class _Hands:
    """Makes runs and verdicts with the night's purse, and shows how it goes."""

    session: Session
    purse: Purse
    wishes: Wishes

    def tonight(self, night: str, both: Pair) -> Tonight:
        return Tonight(
            night=night,
            pair=both,
            session=self.session,
            purse=self.purse,
            make=self.make,
            grade=self.grade,
            report=self.report,
            sent=Batches(self.session.store).under_way() if self.wishes.batch else None,
        )

    def make(self, what: str, planned: Planned) -> tuple[Run, ...]:
        if what:
            err().print(plain(f"{what} ({many(sum(plan.calls for _, plan in planned), 'call')})"))
            self.session.unlock([plan for _, plan in planned])
        meter = self._meter(sum(plan.trials for _, plan in planned))
        with meter.running():
            if self.wishes.batch:
                runs = self._by_batches(planned, meter.watch)
            else:
                runs = until_stopped(self.session.perform(planned, self.purse, meter.watch))
        meter.conclude()
        return runs

    def grade(self, manifest: Manifest, work: Sequence[Job]) -> int:
        meter = self._meter(len(work))
        with meter.running():
            until_stopped(self.session.grade(manifest, work, meter.watch, self.purse))
        meter.conclude()
        return meter.left

    def report(self, runs: Sequence[Run]) -> Report:
        typed = command_line("report", *(run.id for run in runs), store=self.wishes.store)
        return assemble(self.session.store, runs, self.session.material.labels, typed)

    def _by_batches(self, planned: Planned, watch: Watch) -> tuple[Run, ...]:
        """Batches keep a ledger of their own, so what they cost is counted here as well."""

        def counting(event: Event) -> None:
            if isinstance(event, Paid):
                self.purse.ledger.spent += event.cost or 0.0
            watch(event)

        within = replace(self.session, ceiling=self.purse.ledger.left)
        return until_stopped(batched.perform(within, planned, counting, Postroom(err()).tell))

    def _meter(self, trials: int) -> Meter:
        return Meter(err(), trials, self.session.traffic)
