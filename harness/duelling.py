"""Carry out the pairwise comparison of runs that are answered: plan it, ask what is missing, sum it up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.assembling import shared_cases
from harness.comparison.preferring import preferences
from harness.metering import Purse
from harness.models.access import key_for
from harness.models.pricing import shipped_prices
from harness.planning.duels import PAIRWISE, Ask, Duel, Rates, duels, missing, plan_of_duels
from harness.planning.ledger import Ledger
from harness.planning.model import API_VERSION
from harness.planning.plan import Plan
from harness.planning.work import Job, jobs
from harness.records.preferences import Preference, Preferences
from harness.records.runs import Manifest, Run
from harness.session import Session, Watch, habits
from harness.store.store import Store
from harness.umpire import Settled, Table, Umpire, settle

_IN_HAND = 2  # as many as the runner has for each call in flight


def plans(at_work: Session, manifests: Sequence[Manifest]) -> tuple[Plan, ...]:
    """Say for each candidate what comparing its answers with the base's would take."""
    base, *candidates = manifests
    if base.eval.pairwise is None:
        return ()
    rates = Rates(shipped_prices(), habits(at_work.store), at_work.now().date())
    before = _answered(base, at_work.store)
    return tuple(
        plan_of_duels((base, each), (before, _answered(each, at_work.store)), at_work.shelf, rates)
        for each in candidates
    )


def unlock(at_work: Session, planned: Sequence[Plan]) -> None:
    """Make sure of a key for the judge before anything is begun; raises as `Session.unlock` does."""
    pairwise = at_work.material.eval.pairwise
    if pairwise is not None and any(plan.calls for plan in planned):
        key_for(pairwise.model, at_work.environ)


async def perform(
    at_work: Session, runs: Sequence[Run], planned: Sequence[Plan], spent: float, watch: Watch
) -> Settled:
    """Ask whatever is missing of the duels of these runs; the first is the base of the others.

    `planned` are their plans. `spent` is what this command has paid already, in US dollars: both come out of
    one budget.
    """
    purse = Purse(Ledger(ceiling=at_work.ceiling, spent=spent))
    base, *candidates = runs
    settled = Settled()
    for candidate, plan in zip(candidates, planned, strict=False):  # no plan where nothing is compared so
        if asks := missing(_duels(at_work.store, base, candidate), at_work.shelf):
            at_work.store.expect(candidate.id, PAIRWISE, plan.cost)
            settled += await _settle(at_work, candidate, asks, purse, watch)
    return settled


def summed_up(store: Store, runs: Sequence[Run]) -> Iterator[Preferences]:
    """Give the preferences of each candidate as they are stored, where the eval asks for them."""
    base, *candidates = runs
    for candidate in candidates:
        if candidate.manifest.eval.pairwise is not None:
            found = _duels(store, base, candidate)
            stored = store.preferences([ask.key for duel in found for ask in duel.asks])
            yield preferences((base.manifest, candidate.manifest), found, stored)


async def _settle(
    at_work: Session, candidate: Run, asks: Mapping[str, Ask], purse: Purse, watch: Watch
) -> Settled:
    asked = candidate.manifest.eval
    if asked.pairwise is None:
        return Settled()
    spec = asked.pairwise.model
    async with at_work.metered(candidate.id, PAIRWISE, spec, purse, watch) as (model, journal):

        def keep(key: str, preference: Preference) -> None:
            journal.changes.preference(key, preference, asked_model=spec.name, at=at_work.at())

        umpire = Umpire(model, asked.pairwise, API_VERSION, at_work.secret)
        hands = min(len(asks), _IN_HAND * at_work.material.eval.concurrency)
        return await settle(asks, Table(umpire, at_work.shelf, journal, keep, hands))


def _duels(store: Store, base: Run, candidate: Run) -> list[Duel]:
    """Pair the answers that are stored of the cases that both were to run."""
    pairwise = candidate.manifest.eval.pairwise
    only = frozenset(case.id for case in shared_cases([base, candidate]))
    before, after = (_answered(each.manifest, store, only) for each in (base, candidate))
    return [] if pairwise is None else list(duels(pairwise, before, after))


def _answered(manifest: Manifest, store: Store, only: frozenset[str] | None = None) -> list[Job]:
    """Give the trials with their answers; what is not answered counts as a trial all the same."""
    return [replace(job, marks=()) for job in jobs(manifest, store, only)]
