"""Carry runs out: plan them, make what is missing, keep every result as it arrives.

This is the wiring between the edges, for whoever stands at a door: it reads no clock, environment or
random number itself, but is handed them.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from functools import partial

from harness.batching.desk import Account, Desk, News, Office
from harness.batching.running import run_by_batches
from harness.errors import InputError
from harness.grading.graders import LabelsGrader, SignalsGrader
from harness.judge import Judge
from harness.models.access import key_for
from harness.models.batches import open_office
from harness.models.batchwire import encode
from harness.models.messages import connect
from harness.models.pricing import shipped_prices
from harness.planning.batches import Item
from harness.planning.keys import run_id
from harness.planning.model import API_VERSION, Model
from harness.planning.plan import Habit, Plan, plan
from harness.planning.work import Shelf, jobs
from harness.project import Material
from harness.records.inputs import GraderSpec, ModelSpec
from harness.records.outcomes import Answer, Failed, Request, Usage, Verdict
from harness.records.results import Manifest, Run
from harness.reporting.words import many
from harness.results import Failure
from harness.runner import Answered, Bench, Done, Event, Grader, Keep, Marked, Unmarked, run
from harness.store.batches import Batches
from harness.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An eval's material, the store, and what only a door may read.

    `secret` is what nonces are derived from. With `anew`, verdicts that stayed
    ungraded are asked again; otherwise they are results like any other.
    """

    material: Material
    store: Store
    environ: Mapping[str, str]
    now: Callable[[], dt.datetime]
    secret: bytes
    anew: bool = False

    def plan(self, manifest: Manifest, *, by_batches: bool = False) -> Plan:
        """Say what running this would take, one call at a time or by Message Batches.

        Raises InputError when recorded answers are asked for that the file does not hold.
        """
        work = list(jobs(manifest, self._shelf))
        recorded = self.material.recorded
        misses = recorded.missing(job.request for job in work) if recorded else ()
        if recorded and misses:
            more = f" (and {many(len(misses) - 1, 'more trial')})" if len(misses) > 1 else ""
            msg = f"{manifest.revision.label}: {recorded.why(misses[0])}{more}"
            raise InputError(msg, hint="record the answers, or use provider anthropic in the eval")
        habits = {
            place: Habit(output_tokens=tokens, seconds=seconds, measured=count)
            for place, (tokens, seconds, count) in self.store.habits().items()
        }
        sent = self.in_batches() if by_batches else None
        return plan(manifest, work, shipped_prices(), habits, self.now().date(), sent=sent)

    def unlock(self, plans: Sequence[Plan]) -> None:
        """Make sure of a key for every model that is to be asked, before anything is begun.

        Raises AccessError where one is missing, InputError where one may not go.
        """
        specs = (self.material.eval.model, *(grader.model for grader in self.material.eval.graders))
        for each in plans:
            for part, spec in zip(each.parts, specs, strict=True):
                if part.to_make and spec is not None and spec.provider == "anthropic":
                    key_for(spec, self.environ)

    def perform(
        self,
        manifests: Sequence[Manifest],
        watch: Callable[[Event], None],
        *,
        by_batches: Callable[[News], None] | None = None,
    ) -> tuple[Run, ...]:
        """Make everything that is missing of these runs: one run after the other, or all by Message Batches.

        Each result is stored before anything is done with it, then handed to `watch`. `by_batches` hears what
        becomes of the batches. Raises AccessError when the API refuses us; what was kept until then stays.
        """
        way = (
            self._perform(manifests, watch)
            if by_batches is None
            else self._send(manifests, watch, by_batches)
        )
        return asyncio.run(way)

    def in_batches(self) -> frozenset[str]:
        """Return the keys of all requests that are in a batch now: paid for, and still to be fetched."""
        return Batches(self.store).under_way()

    @property
    def _shelf(self) -> Shelf:
        return _Anew(self.store) if self.anew else self.store

    async def _perform(
        self, manifests: Sequence[Manifest], watch: Callable[[Event], None]
    ) -> tuple[Run, ...]:
        async with AsyncExitStack() as stack:
            accounts = _Accounts(self, stack)
            runs = []
            for manifest in manifests:
                begun = self._begin(manifest)
                await run(
                    jobs(manifest, self._shelf), self._bench(manifest, accounts), self._keep(begun, watch)
                )
                runs.append(self._finish(begun))
            return tuple(runs)

    async def _send(
        self, manifests: Sequence[Manifest], watch: Callable[[Event], None], tell: Callable[[News], None]
    ) -> tuple[Run, ...]:
        async with AsyncExitStack() as stack:
            accounts = _Accounts(self, stack)
            begun = [self._begin(manifest) for manifest in manifests]
            arms = [(self._bench(each.manifest, accounts), self._keep(each, watch)) for each in begun]
            desk = Desk(
                register=Batches(self.store),
                office=_Offices(self, stack).office,
                encode=encode,
                answers=self.store.answers,
                keep=partial(self._keep_item, watch),
                cost=self._cost_in_a_batch,
                clock=self.now,
                name=lambda: uuid.uuid4().hex,
                tell=tell,
            )
            await run_by_batches(arms, desk)
            return tuple(self._finish(each) for each in begun)

    def _begin(self, manifest: Manifest) -> Run:
        begun = Run(id=run_id(manifest), manifest=manifest, created_at=self._at())
        self.store.begin(begun)
        return begun

    def _finish(self, begun: Run) -> Run:
        self.store.finish(begun.id, at=self._at())
        return self.store.load(begun.id)

    def _bench(self, manifest: Manifest, accounts: "_Accounts") -> Bench:
        graders = [self._grader(spec, accounts) for spec in manifest.eval.graders]
        return Bench(
            manifest=manifest,
            model=self.material.recorded or accounts.model(manifest.eval.model),
            graders={grader.kind: grader for grader in graders},
            shelf=self._shelf,
        )

    def _grader(self, spec: GraderSpec, accounts: "_Accounts") -> Grader:
        if spec.model is not None:
            judge = accounts.model(spec.model)
            return Judge(model=judge, spec=spec.model, api_version=API_VERSION, secret=self.secret)
        if spec.kind == "labels":
            return LabelsGrader(labels=self.material.labels[spec.labels])
        return SignalsGrader()

    def _keep(self, begun: Run, watch: Callable[[Event], None]) -> Keep:
        asked = begun.manifest.eval
        asked_model = asked.model.name if asked.model.provider == "anthropic" else ""
        judges: dict[str, str] = {spec.kind: spec.model.name if spec.model else "" for spec in asked.graders}

        def keep(event: Event) -> None:
            match event:
                case Answered(trial, answer):
                    self.store.keep_answer(trial.key, answer, asked_model=asked_model, at=self._at())
                case Marked(_, grader, verdicts):
                    self.store.keep_verdicts(grader, verdicts, asked_model=judges[grader], at=self._at())
                case Failed() | Unmarked():
                    self.store.fail(begun.id, _failure(event), at=self._at())
                case Done():
                    pass
            watch(event)

        return keep

    def _keep_item(self, watch: Callable[[Event], None], item: Item, result: Answer | Verdict) -> None:
        """Keep what a batch brought, also for another eval: an item says itself who was asked."""
        if isinstance(result, Answer):
            self.store.keep_answer(item.key, result, asked_model=item.model, at=self._at())
            watch(Answered(item.trial, result))
        else:
            given = ((item.key, result),)
            self.store.keep_verdicts(item.grader, given, asked_model=item.model, at=self._at())
            watch(Marked(item.trial, item.grader, given))

    def _cost_in_a_batch(self, model: str, usage: Usage) -> float | None:
        return shipped_prices().cost(model, usage, self.now().date(), batch=True)

    def _at(self) -> str:
        return self.now().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Anew:
    """A store whose ungraded verdicts are treated as missing."""

    store: Store

    def answers(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        return self.store.answers(keys)

    def verdicts(self, keys: Sequence[str]) -> Mapping[str, Verdict]:
        found = self.store.verdicts(keys)
        return {key: verdict for key, verdict in found.items() if verdict.met is not None}


class _Accounts:
    """Connections to the API, one per base URL and key, shared by agent and judge."""

    def __init__(self, session: Session, stack: AsyncExitStack) -> None:
        self._session = session
        self._stack = stack
        self._models: dict[tuple[str, str], _OnDemand] = {}

    def model(self, spec: ModelSpec) -> Model:
        account = (spec.base_url, spec.key_variable)
        return self._models.setdefault(account, _OnDemand(spec, self._session, self._stack))


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
            concurrency=self._session.material.eval.concurrency,
            prices=shipped_prices(),
        )


class _Offices:
    """Connections for batches, one per base URL and key, each opened when it is first needed."""

    def __init__(self, session: Session, stack: AsyncExitStack) -> None:
        self._session = session
        self._stack = stack
        self._open: dict[Account, Office] = {}

    async def office(self, account: Account) -> Office:
        if account not in self._open:
            base_url, key_variable = account
            # The name is needed by nobody here; the rules of `key_for` are.
            spec = ModelSpec(name="batch", base_url=base_url, key_variable=key_variable)
            key = key_for(spec, self._session.environ)
            opening = open_office(base_url=base_url, key=key, key_variable=key_variable)
            self._open[account] = await self._stack.enter_async_context(opening)
        return self._open[account]


def _failure(event: Failed | Unmarked) -> Failure:
    trial = event.trial
    if isinstance(event, Failed):
        return Failure(
            case=trial.case,
            attempt=trial.attempt,
            stage="answer",
            kind=event.kind,
            message=event.message,
            hint=event.hint,
        )
    return Failure(
        case=trial.case,
        attempt=trial.attempt,
        stage=event.grader,
        kind=event.kind,
        message=event.message,
    )
