"""Carry runs out: plan them, make what is missing, keep every result as it arrives.

This is the wiring between the edges, for whoever stands at a door: it reads no clock, environment or
random number itself, but is handed them.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from harness.errors import InputError
from harness.grading.graders import ChecksGrader, CustomGrader, LabelsGrader, SignalsGrader
from harness.judge import Judge
from harness.metering import Metered, Purse
from harness.models.access import key_for
from harness.models.leaders import Leaders
from harness.models.messages import Pace, connect
from harness.models.pricing import shipped_prices
from harness.pacing.traffic import Traffic
from harness.planning.keys import run_id
from harness.planning.ledger import Ledger, bound
from harness.planning.model import API_VERSION, Model
from harness.planning.plan import Habit, Plan, plan
from harness.planning.regrading import regrading, whole
from harness.planning.work import Job, jobs
from harness.project import Material
from harness.records.inputs import GraderSpec, ModelSpec
from harness.records.outcomes import Answer, Failed, Request, Verdict
from harness.records.preferences import Preference
from harness.records.runs import Manifest, Run
from harness.reporting.words import many
from harness.results import Failure
from harness.runner import (
    AGENT,
    Answered,
    Bench,
    Done,
    Event,
    Grader,
    Left,
    Marked,
    Paid,
    Unmarked,
    Waiting,
    run,
)
from harness.store.claims import Worker
from harness.store.journal import Journal
from harness.store.store import Store

Watch = Callable[[Event], None]
"""Hears of everything that a run makes, once it is on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An eval's material, the store, and what only a door may read.

    `secret` is what nonces are derived from. With `anew`, verdicts that stayed
    ungraded are asked again; otherwise they are results like any other. `ceiling` is what all calls together
    may cost in US dollars, `None` for any amount. `max_rate` bounds the calls started a second on each
    account; `traffic` is where what goes on can be watched.
    """

    material: Material
    store: Store
    environ: Mapping[str, str]
    now: Callable[[], dt.datetime]
    secret: bytes
    anew: bool = False
    ceiling: float | None = None
    max_rate: float | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def plan(
        self, manifest: Manifest, only: frozenset[str] | None = None, *, sent: frozenset[str] | None = None
    ) -> Plan:
        """Say what running this would take, or with `only` the cases of these ids.

        It goes by batches if `sent` says what is in one already. Raises InputError when recorded answers
        are asked for that the file does not hold.
        """
        return self.plan_of(manifest, self._recorded(manifest, whole(manifest, self.shelf, only)), sent=sent)

    def plan_of(self, manifest: Manifest, work: Iterable[Job], *, sent: frozenset[str] | None = None) -> Plan:
        """Say what these jobs would take; they may be other answers than the manifest's own."""
        on = self.now().date()
        return plan(manifest, work, shipped_prices(), habits(self.store), on, sent=sent)

    def unlock(self, plans: Sequence[Plan]) -> None:
        """Make sure of a key for every model that is to be asked, before anything is begun.

        Raises AccessError where one is missing, InputError where one may not go.
        """
        asked = self.material.eval
        parts = ((asked.model,), *(grader.models for grader in asked.graders))
        for each in plans:
            for part, specs in zip(each.parts, parts, strict=True):
                for spec in specs if part.calls else ():
                    if spec.provider == "anthropic":
                        key_for(spec, self.environ)

    def purse(self) -> Purse:
        """Give a purse with all that may be spent; whoever performs in several steps pays them from one."""
        return Purse(Ledger(ceiling=self.ceiling))

    def stored(self, manifest: Manifest) -> Run | None:
        """Return the run of this manifest, if it was ever begun."""
        name = run_id(manifest)
        known = any(row.id == name for row in self.store.list())
        return self.store.load(name) if known else None

    async def perform(
        self,
        plans: Sequence[tuple[Manifest, Plan]],
        purse: Purse,
        watch: Watch,
        only: frozenset[str] | None = None,
    ) -> tuple[Run, ...]:
        """Make everything that is missing of these runs, one run after the other.

        With `only`, just the cases of these ids; a run is finished only when that is all of them. Each
        result is stored before anything is done with it, then handed to `watch`. No call starts that could
        pass the ceiling; a run of which calls are left so is not finished. Raises AccessError when the API
        refuses us; what was kept until then stays.
        """
        async with AsyncExitStack() as stack:
            journal = await stack.enter_async_context(Journal(self.store, Worker(), anew=self.anew))
            accounts = _Accounts(self, stack)
            runs = []
            for manifest, planned in plans:
                begun = Run(id=run_id(manifest), manifest=manifest, created_at=self.at())
                self.store.begin(begun, estimates(manifest, planned))
                keeper = _Keeper(self, begun, journal, watch)
                bench = self._bench(manifest, accounts, _Till(self, begun.id, journal, purse, watch))
                if any(part.to_make for part in planned.parts):
                    await run(jobs(manifest, self.shelf, only), bench, keeper.keep)
                await run(regrading(manifest, self.shelf, only), bench, keeper.keep_regraded)
                whole = only is None or all(case.id in only for case in manifest.cases)
                if whole and not keeper.left:
                    self.store.finish(begun.id, at=self.at())
                runs.append(self.store.load(begun.id))
            return tuple(runs)

    async def grade(
        self, manifest: Manifest, work: Sequence[Job], watch: Watch, purse: Purse | None = None
    ) -> None:
        """Make the verdicts that are missing of answers that are there; no run is recorded.

        Each is stored as those of a run are, and paid from `purse`, or from one of its own. A call that fails
        leaves its verdicts open, and `watch` hears of it.
        """
        async with AsyncExitStack() as stack:
            journal = await stack.enter_async_context(Journal(self.store, Worker(), anew=self.anew))
            till = _Till(self, "", journal, purse or self.purse(), watch)
            bench = self._bench(manifest, _Accounts(self, stack), till)
            keeper = _Keeper(self, Run(id="", manifest=manifest, created_at=""), journal, watch)
            await run(iter(work), bench, keeper.keep)

    @asynccontextmanager
    async def metered(
        self, run: str, part: str, spec: ModelSpec, purse: Purse, watch: Watch
    ) -> AsyncIterator[tuple[Model, Journal]]:
        """Open a model that is asked for something beside a run's answers and verdicts, and the journal.

        What it costs is paid from `purse` and written down under that run and part.
        """
        async with AsyncExitStack() as stack:
            journal = await stack.enter_async_context(Journal(self.store, Worker(), anew=self.anew))
            till = _Till(self, run, journal, purse, watch)
            yield till.metered(_Accounts(self, stack).of(spec), part, spec), journal

    @property
    def shelf(self) -> "_Shelf":
        """What counts as stored."""
        return _Anew(self.store) if self.anew else self.store

    def _recorded(self, manifest: Manifest, work: Iterable[Job]) -> Iterator[Job]:
        """Pass the work on; InputError at its end if there are answers that were not recorded."""
        misses: list[Request] = []
        for job in work:
            if self.material.recorded:
                misses += self.material.recorded.missing([job.request])
            yield job
        if self.material.recorded and misses:
            more = f" (and {many(len(misses) - 1, 'more trial')})" if len(misses) > 1 else ""
            msg = f"{manifest.revision.label}: {self.material.recorded.why(misses[0])}{more}"
            raise InputError(msg, hint="record the answers, or use provider anthropic in the eval")

    def _bench(self, manifest: Manifest, accounts: "_Accounts", till: "_Till") -> Bench:
        def metered(part: str, spec: ModelSpec) -> Model:
            return till.metered(accounts.of(spec), part, spec)

        asked = manifest.eval
        judging = [spec.kind for spec in asked.graders if spec.judges]
        return Bench(
            manifest=manifest,
            model=self.material.recorded or metered(AGENT, asked.model),
            graders={spec.kind: self.grader(spec, partial(metered, spec.kind)) for spec in asked.graders},
            shelf=self.shelf,
            desk=till.journal,
            paid=frozenset([*judging, *([] if self.material.recorded else [AGENT])]),
        )

    def grader(self, spec: GraderSpec, model: Callable[[ModelSpec], Model]) -> Grader:
        """Make a grader; `model` connects a judge's models."""
        if spec.judges:
            models = {each: model(each) for each in spec.models}
            return Judge(models=models, api_version=API_VERSION, secret=self.secret)
        return free_grader(spec, self.material)

    def at(self) -> str:
        """Say what time it is, as the store writes it."""
        return self.now().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Keeper:
    """Writes the events of one run into the journal, and hands each on once it is on disk.

    A run without an id is recorded nowhere; its answers and verdicts are kept all the same. `left` tells
    whether the budget ended before the work did.
    """

    def __init__(self, session: Session, begun: Run, journal: Journal, watch: Watch) -> None:
        asked = begun.manifest.eval
        self._session, self._run, self._journal, self._watch = session, begun.id, journal, watch
        self._agent = asked.model.name if asked.model.provider == "anthropic" else ""
        self.left = False

    def keep(self, event: Event) -> None:
        """Take one event in."""
        changes, at = self._journal.changes, self._session.at()
        match event:
            case Answered(trial, answer):
                changes.answer(trial.key, answer, asked_model=self._agent, at=at)
            case Marked(_, grader, verdicts, model):
                changes.verdicts(grader, verdicts, asked_model=model, at=at)
            case Failed() | Unmarked() if self._run:
                changes.failure(self._run, failure_of(event), at=at)
            case Left():
                self.left = True
            case Done() | Waiting() | Paid() | Failed() | Unmarked():
                pass
        self._journal.then(partial(self._watch, event))

    def keep_regraded(self, event: Event) -> None:
        """Take in an event of a trial that was through before."""
        if not isinstance(event, Done):
            self.keep(event)


@dataclass(frozen=True, slots=True)
class _Till:
    """Puts a meter on every model of one run; all pay from one purse. `run` is its id, empty for none."""

    session: Session
    run: str
    journal: Journal
    purse: Purse
    watch: Watch

    def metered(self, account: "_Account", part: str, spec: ModelSpec) -> Model:
        """Weigh each call of this part before it starts, and write down what it cost.

        One that waits for the leader of its prefix is not weighed yet: it must hold no money from others.
        """
        price = shipped_prices().price(spec.name, self.session.now().date())

        def most(request: Request) -> float | None:
            return None if price is None else bound(request, price)

        def paid(cost: float | None) -> None:
            if self.run:
                self.journal.changes.paid(self.run, part, cost)
            self.journal.then(partial(self.watch, Paid(part, cost)))

        return account.leaders.of(Metered(account.model, self.purse, most, paid))


@dataclass(frozen=True, slots=True)
class _Anew:
    """A store whose ungraded verdicts and preferences are treated as missing."""

    store: Store

    def answers(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        return self.store.answers(keys)

    def verdicts(self, keys: Sequence[str]) -> Mapping[str, Verdict]:
        found = self.store.verdicts(keys)
        return {key: verdict for key, verdict in found.items() if verdict.met is not None}

    def preferences(self, keys: Sequence[str]) -> Mapping[str, Preference]:
        found = self.store.preferences(keys)
        return {key: preference for key, preference in found.items() if preference.winner is not None}


_Shelf = Store | _Anew


@dataclass(frozen=True, slots=True)
class _Account:
    """A connection with one limiter, and who goes ahead on it."""

    model: Model
    leaders: Leaders


class _Accounts:
    """Connections to the API, one per base URL and secret, shared by agent and judge with one limiter."""

    def __init__(self, session: Session, stack: AsyncExitStack) -> None:
        self._session = session
        self._stack = stack
        self._open: dict[tuple[str, str], _Account] = {}

    def of(self, spec: ModelSpec) -> _Account:
        place = (spec.base_url.rstrip("/"), self._session.environ.get(spec.key_variable, ""))
        if place not in self._open:
            model = _OnDemand(spec, self._session, self._stack)
            self._open[place] = _Account(model, Leaders(shipped_prices()))
        return self._open[place]


class _OnDemand:
    """Connects at the first question, so that a run which finds all in the store needs no key."""

    def __init__(self, spec: ModelSpec, session: Session, stack: AsyncExitStack) -> None:
        self._spec = spec
        self._session = session
        self._stack = stack
        self._lock = asyncio.Lock()
        self._model: Model | None = None

    async def answer(self, request: Request) -> Answer:
        async with self._lock:
            if self._model is None:
                self._model = await self._stack.enter_async_context(self._connected())
        return await self._model.answer(request)

    def _connected(self) -> AbstractAsyncContextManager[Model]:
        return connect(
            base_url=self._spec.base_url,
            key=key_for(self._spec, self._session.environ),
            key_variable=self._spec.key_variable,
            pace=Pace(
                concurrency=self._session.material.eval.concurrency,
                max_rate=self._session.max_rate,
                traffic=self._session.traffic,
            ),
            prices=shipped_prices(),
        )


def free_grader(spec: GraderSpec, material: Material) -> Grader:
    """Make a grader that asks no model."""
    match spec.kind:
        case "labels":
            return LabelsGrader(labels=material.labels[spec.labels])
        case "checks":
            return ChecksGrader()
        case "custom":
            return CustomGrader(material.functions[spec.function], spec.function)
        case _:
            return SignalsGrader()


def habits(store: Store) -> Mapping[tuple[str, str], Habit]:
    """Read off a store what a call of each role to each model usually takes."""
    return {
        place: Habit(output_tokens=tokens, seconds=seconds, measured=count)
        for place, (tokens, seconds, count) in store.habits().items()
    }


def estimates(manifest: Manifest, planned: Plan) -> Mapping[str, float | None]:
    """Say what each part that asks a model is to cost."""
    parts = (AGENT, *(spec.kind for spec in manifest.eval.graders))
    return {part: of_plan.cost for part, of_plan in zip(parts, planned.parts, strict=True) if of_plan.model}


def failure_of(event: Failed | Unmarked) -> Failure:
    """Say why a trial has no answer, or none of a grader's verdicts, as the store keeps it."""
    return Failure(
        case=event.trial.case,
        attempt=event.trial.attempt,
        stage="answer" if isinstance(event, Failed) else event.grader,
        kind=event.kind,
        message=event.message,
        hint=event.hint,
    )
