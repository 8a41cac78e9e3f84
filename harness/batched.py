"""Carry runs out by Message Batches: `batching` wired to the store, the API and a session's material."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from harness.batching.allowance import Allowance
from harness.batching.desk import Account, Desk, News, Office, Verdicts
from harness.batching.running import Arm, run_by_batches
from harness.errors import CallError
from harness.models.access import key_for
from harness.models.batches import open_office
from harness.models.batchwire import encode
from harness.models.pricing import shipped_prices
from harness.planning.batches import Item
from harness.planning.keys import run_id
from harness.planning.ledger import Ledger
from harness.planning.plan import Plan
from harness.records.inputs import ModelSpec
from harness.records.outcomes import Answer, Failed, Request, Usage
from harness.records.runs import Manifest, Run
from harness.runner import AGENT, Answered, Event, Left, Marked, Paid, Unmarked
from harness.session import Session, Watch, estimates, failure_of
from harness.store.batches import Batches
from harness.store.changes import Changes


async def perform(
    session: Session, plans: Sequence[tuple[Manifest, Plan]], watch: Watch, tell: Callable[[News], None]
) -> tuple[Run, ...]:
    """Make everything that is missing of these runs by batches, all in the same ones.

    Each result is stored before anything is done with it, then handed to `watch`; `tell` hears what becomes
    of the batches. What is likely to pass the ceiling is not sent, and its run is not finished. Raises
    AccessError when the API refuses us and IncompleteError when it cannot be reached; batches that were sent
    are taken up by the next call, on whatever day.
    """
    async with AsyncExitStack() as stack:
        begun = [_begin(session, manifest, planned) for manifest, planned in plans]
        left = set[str]()
        desk = Desk(
            register=Batches(session.store),
            office=_Offices(session, stack).office,
            encode=encode,
            answers=session.store.answers,
            keep=partial(_keep_item, session, watch),
            cost=partial(_cost, session),
            paid=partial(_paid, session, watch),
            clock=session.now,
            name=lambda: uuid.uuid4().hex,
            tell=tell,
            allowance=Allowance(Ledger(ceiling=session.ceiling), _likely(plans)),
        )
        await run_by_batches([_arm(session, each, watch, left) for each in begun], desk)
        for each in begun:
            if each.id not in left:
                session.store.finish(each.id, at=session.at())
        return tuple(session.store.load(each.id) for each in begun)


def _likely(plans: Sequence[tuple[Manifest, Plan]]) -> Callable[[Item], float | None]:
    """Say what a request is likely to cost: its share of what the plan says of all its kind."""
    each: dict[tuple[str, str], float | None] = {}
    for manifest, planned in plans:
        names = (AGENT, *(spec.kind for spec in manifest.eval.graders))
        for name, part in zip(names, planned.parts, strict=True):
            if part.calls:
                each[run_id(manifest), name] = None if part.cost is None else part.cost / part.calls
    return lambda item: each.get((item.run, item.grader or AGENT))


@dataclass(frozen=True, slots=True)
class _Offices:
    """Connections for batches, one per base URL and key, each opened when it is first needed."""

    session: Session
    stack: AsyncExitStack
    open: dict[Account, Office] = field(default_factory=dict)

    async def office(self, account: Account) -> Office:
        if account not in self.open:
            base_url, key_variable = account
            # Batches belong to an account and not to a model, but where a key may go is asked of a model.
            spec = ModelSpec(name="any", base_url=base_url, key_variable=key_variable)
            key = key_for(spec, self.session.environ)
            opening = open_office(base_url=base_url, key=key, key_variable=key_variable)
            self.open[account] = await self.stack.enter_async_context(opening)
        return self.open[account]


class _Nobody:
    """Stands where a model is asked one call at a time, which no part of a batched run does."""

    async def answer(self, request: Request) -> Answer:
        kind, words = "not-batched", f"{request.model} is asked by batches only"
        raise CallError(kind, words)


def _begin(session: Session, manifest: Manifest, planned: Plan) -> Run:
    begun = Run(id=run_id(manifest), manifest=manifest, created_at=session.at())
    session.store.begin(begun, estimates(manifest, planned))
    return begun


def _arm(session: Session, begun: Run, watch: Watch, left: set[str]) -> Arm:
    return Arm(
        run=begun.id,
        manifest=begun.manifest,
        model=session.material.recorded or _Nobody(),
        graders={
            spec.kind: session.grader(spec, lambda _: _Nobody()) for spec in begun.manifest.eval.graders
        },
        shelf=session.shelf,
        keep=partial(_keep, session, begun, watch, left),
    )


def _keep(session: Session, begun: Run, watch: Watch, left: set[str], event: Event) -> None:
    """Keep what needed no batch, and what no batch brought; put down whose budget ended before the work."""
    at = session.at()
    match event:
        case Answered(trial, answer):
            session.store.keep_answer(trial.key, answer, asked_model="", at=at)
        case Marked(_, grader, verdicts, model):
            session.store.keep_verdicts(grader, verdicts, asked_model=model, at=at)
        case Failed() | Unmarked():
            session.store.fail(begun.id, failure_of(event), at=at)
        case Left():
            left.add(begun.id)
        case _:
            pass
    watch(event)


def _keep_item(session: Session, watch: Watch, item: Item, result: Answer | Verdicts) -> None:
    """Keep what a batch brought, also for another eval: an item says itself who was asked."""
    at = session.at()
    if isinstance(result, Answer):
        session.store.keep_answer(item.key, result, asked_model=item.model, at=at)
        watch(Answered(item.trial, result))
    else:
        session.store.keep_verdicts(item.grader, result, asked_model=item.model, at=at)
        watch(Marked(item.trial, item.grader, result, item.model))


def _cost(session: Session, model: str, usage: Usage) -> float | None:
    return shipped_prices().cost(model, usage, session.now().date(), batch=True)


def _paid(session: Session, watch: Watch, item: Item, cost: float | None) -> None:
    """Write down what a reply cost, whatever becomes of it."""
    part, changes = item.grader or AGENT, Changes()
    changes.paid(item.run, part, cost)
    session.store.keep(changes)
    watch(Paid(part, cost))
