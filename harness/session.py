"""Carry runs out: plan them, make what is missing, keep every result as it arrives.

This is the wiring between the edges, for whoever stands at a door: it reads no clock, environment or
random number itself, but is handed them.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

from harness.errors import InputError
from harness.grading.graders import ChecksGrader, LabelsGrader, SignalsGrader
from harness.judge import Judge
from harness.models.access import key_for
from harness.models.messages import connect
from harness.models.pricing import shipped_prices
from harness.planning.keys import run_id
from harness.planning.model import API_VERSION, Model
from harness.planning.plan import Habit, Plan, plan
from harness.planning.work import Job, Shelf, jobs
from harness.project import Material
from harness.records.inputs import GraderSpec, ModelSpec
from harness.records.outcomes import Answer, Failed, Request, Verdict
from harness.records.results import Manifest, Run
from harness.reporting.words import many
from harness.results import Failure
from harness.runner import Answered, Bench, Done, Event, Grader, Keep, Marked, Unmarked, run
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

    def plan(self, manifest: Manifest, only: frozenset[str] | None = None) -> Plan:
        """Say what running this would take, or with `only` the cases of these ids.

        Raises InputError when recorded answers are asked for that the file does not hold.
        """
        work = list(jobs(manifest, self.shelf, only))
        recorded = self.material.recorded
        misses = recorded.missing(job.request for job in work) if recorded else ()
        if recorded and misses:
            more = f" (and {many(len(misses) - 1, 'more trial')})" if len(misses) > 1 else ""
            msg = f"{manifest.revision.label}: {recorded.why(misses[0])}{more}"
            raise InputError(msg, hint="record the answers, or use provider anthropic in the eval")
        return self.plan_of(manifest, work)

    def plan_of(self, manifest: Manifest, work: Sequence[Job]) -> Plan:
        """Say what these jobs would take; they may be other answers than the manifest's own."""
        return plan(manifest, work, shipped_prices(), habits(self.store), self.now().date())

    def unlock(self, plans: Sequence[Plan]) -> None:
        """Make sure of a key for every model that is to be asked, before anything is begun.

        Raises AccessError where one is missing, InputError where one may not go.
        """
        specs = (self.material.eval.model, *(grader.model for grader in self.material.eval.graders))
        for each in plans:
            for part, spec in zip(each.parts, specs, strict=True):
                if part.to_make and spec is not None and spec.provider == "anthropic":
                    key_for(spec, self.environ)

    def stored(self, manifest: Manifest) -> Run | None:
        """Return the run of this manifest, if it was ever begun."""
        name = run_id(manifest)
        known = any(row.id == name for row in self.store.list())
        return self.store.load(name) if known else None

    def perform(
        self,
        manifests: Sequence[Manifest],
        watch: Callable[[Event], None],
        only: frozenset[str] | None = None,
    ) -> tuple[Run, ...]:
        """Make everything that is missing of these runs, one run after the other.

        With `only`, just the cases of these ids; a run is finished only when that is all of them. Each result
        is stored before anything is done with it, then handed to `watch`. Raises AccessError when the API
        refuses us; what was kept until then stays.
        """
        return asyncio.run(self._perform(manifests, watch, only))

    def grade(self, manifest: Manifest, work: Sequence[Job], watch: Callable[[Event], None]) -> None:
        """Make the verdicts that are missing of answers that are there; no run is recorded.

        Each is stored as those of a run are. A call that fails leaves its verdicts open, and `watch` hears
        of it.
        """
        judges: dict[str, str] = {
            spec.kind: spec.model.name if spec.model else "" for spec in manifest.eval.graders
        }

        def keep(event: Event) -> None:
            if isinstance(event, Marked):
                kind, given = event.grader, event.verdicts
                self.store.keep_verdicts(kind, given, asked_model=judges[kind], at=self.at())
            watch(event)

        asyncio.run(self._grade(manifest, work, keep))

    @property
    def shelf(self) -> Shelf:
        """What counts as stored."""
        return _Anew(self.store) if self.anew else self.store

    async def _perform(
        self, manifests: Sequence[Manifest], watch: Callable[[Event], None], only: frozenset[str] | None
    ) -> tuple[Run, ...]:
        async with AsyncExitStack() as stack:
            accounts = _Accounts(self, stack)
            runs = []
            for manifest in manifests:
                begun = Run(id=run_id(manifest), manifest=manifest, created_at=self.at())
                self.store.begin(begun)
                graders = [self._grader(spec, accounts) for spec in manifest.eval.graders]
                bench = Bench(
                    manifest=manifest,
                    model=self.material.recorded or accounts.model(manifest.eval.model),
                    graders={grader.kind: grader for grader in graders},
                    shelf=self.shelf,
                )
                await run(jobs(manifest, self.shelf, only), bench, self._keep(begun, watch))
                if only is None or all(case.id in only for case in manifest.cases):
                    self.store.finish(begun.id, at=self.at())
                runs.append(self.store.load(begun.id))
            return tuple(runs)

    async def _grade(self, manifest: Manifest, work: Sequence[Job], keep: Keep) -> None:
        async with AsyncExitStack() as stack:
            accounts = _Accounts(self, stack)
            graders = [self._grader(spec, accounts) for spec in manifest.eval.graders]
            bench = Bench(
                manifest=manifest,
                model=accounts.model(manifest.eval.model),
                graders={grader.kind: grader for grader in graders},
                shelf=self.shelf,
            )
            await run(iter(work), bench, keep)

    def _grader(self, spec: GraderSpec, accounts: "_Accounts") -> Grader:
        if spec.model is not None:
            judge = accounts.model(spec.model)
            return Judge(model=judge, spec=spec.model, api_version=API_VERSION, secret=self.secret)
        if spec.kind == "labels":
            return LabelsGrader(labels=self.material.labels[spec.labels])
        if spec.kind == "checks":
            return ChecksGrader()
        return SignalsGrader()

    def _keep(self, begun: Run, watch: Callable[[Event], None]) -> Keep:
        asked = begun.manifest.eval
        asked_model = asked.model.name if asked.model.provider == "anthropic" else ""
        judges: dict[str, str] = {spec.kind: spec.model.name if spec.model else "" for spec in asked.graders}

        def keep(event: Event) -> None:
            match event:
                case Answered(trial, answer):
                    self.store.keep_answer(trial.key, answer, asked_model=asked_model, at=self.at())
                case Marked(_, grader, verdicts):
                    self.store.keep_verdicts(grader, verdicts, asked_model=judges[grader], at=self.at())
                case Failed() | Unmarked():
                    self.store.fail(begun.id, _failure(event), at=self.at())
                case Done():
                    pass
            watch(event)

        return keep

    def at(self) -> str:
        """Give the time as the store writes it."""
        return self.now().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def habits(store: Store) -> Mapping[tuple[str, str], Habit]:
    """Read off a store what a call of each role to each model usually takes."""
    return {
        place: Habit(output_tokens=tokens, seconds=seconds, measured=count)
        for place, (tokens, seconds, count) in store.habits().items()
    }


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
