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
from harness.grading.graders import LabelsGrader, SignalsGrader
from harness.judge import Judge
from harness.models.access import key_for
from harness.models.leaders import Leaders
from harness.models.messages import connect
from harness.models.pricing import shipped_prices
from harness.planning.keys import run_id
from harness.planning.model import API_VERSION, Model
from harness.planning.plan import Habit, Plan, plan
from harness.planning.work import Shelf, jobs
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

    def plan(self, manifest: Manifest) -> Plan:
        """Say what running this would take.

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
        return plan(manifest, work, shipped_prices(), habits, self.now().date())

    def unlock(self, plans: Sequence[Plan]) -> None:
        """Make sure of a key for every model that is to be asked, before anything is begun.

        Raises AccessError where one is missing, InputError where one may not go.
        """
        specs = (self.material.eval.model, *(grader.model for grader in self.material.eval.graders))
        for each in plans:
            for part, spec in zip(each.parts, specs, strict=True):
                if part.to_make and spec is not None and spec.provider == "anthropic":
                    key_for(spec, self.environ)

    def perform(self, manifests: Sequence[Manifest], watch: Callable[[Event], None]) -> tuple[Run, ...]:
        """Make everything that is missing of these runs, one run after the other.

        Each result is stored before anything is done with it, then handed to `watch`. Raises AccessError
        when the API refuses us; what was kept until then stays.
        """
        return asyncio.run(self._perform(manifests, watch))

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
                begun = Run(id=run_id(manifest), manifest=manifest, created_at=self._at())
                self.store.begin(begun)
                graders = [self._grader(spec, accounts) for spec in manifest.eval.graders]
                bench = Bench(
                    manifest=manifest,
                    model=self.material.recorded or accounts.model(manifest.eval.model),
                    graders={grader.kind: grader for grader in graders},
                    shelf=self._shelf,
                )
                await run(jobs(manifest, self._shelf), bench, self._keep(begun, watch))
                self.store.finish(begun.id, at=self._at())
                runs.append(self.store.load(begun.id))
            return tuple(runs)

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
        self._models: dict[tuple[str, str], Leaders] = {}

    def model(self, spec: ModelSpec) -> Model:
        account = (spec.base_url, spec.key_variable)
        if account not in self._models:
            self._models[account] = Leaders(_OnDemand(spec, self._session, self._stack), shipped_prices())
        return self._models[account]


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
