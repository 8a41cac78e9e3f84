"""Run by batches: send what is missing, keep what comes back, until nothing is missing that may be had.

What is missing is read from the store each time, so nothing needs to be remembered: answers come first, the
verdicts on them follow as soon as they are there, and a run that was killed starts where the store stands.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TypedDict

from harness.batching.desk import Account, Desk, Sent
from harness.batching.sending import send, take_up
from harness.batching.settling import Over, first_ended, settle
from harness.errors import CallError
from harness.judge import Judge
from harness.planning.batches import Item, Posting, Returned, Wanted, split
from harness.planning.calls import Call, calls
from harness.planning.model import Model
from harness.planning.regrading import whole
from harness.planning.work import Job, Mark, Shelf
from harness.prompts import Exam
from harness.records.inputs import Criterion, ModelSpec
from harness.records.outcomes import Failed, Request, Verdict
from harness.records.runs import Manifest
from harness.runner import AGENT, Answered, Done, Grader, Keep, Left, Marked, Unmarked

_CHUNK = 500  # keys looked up together


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One run: what it asks, who grades, what is stored, and where its events go.

    `run` is the run's id. `model` answers where the eval's model is not one that takes batches. Graders that
    are no `Judge` are free, and mark at once.
    """

    run: str
    manifest: Manifest
    model: Model
    graders: Mapping[str, Grader]
    shelf: Shelf
    keep: Keep

    @property
    def batched(self) -> bool:
        """Whether its answers come by batches."""
        return self.manifest.eval.model.provider == "anthropic"

    def jobs(self) -> Iterator[Job]:
        """Yield every trial with what is stored of it now."""
        return whole(self.manifest, self.shelf)


async def run_by_batches(arms: Sequence[Arm], desk: Desk) -> None:
    """Make what is missing of these runs, all in the same batches; free graders mark at once.

    Returns when every trial is through, has failed for good, or is left because the desk's allowance has no
    room for it. Raises AccessError and IncompleteError;
    batches that were sent stay written down then, and the same call goes on with them.
    """
    desk.register.tidy(at=desk.at())
    state = _State(arms, desk)
    for arm in arms:
        await state.answer(arm)
    while True:
        for arm in arms:
            await _mark(arm)
        await state.send_missing()
        if not state.flying:
            break
        await state.receive()
    state.finish()


async def _mark(arm: Arm) -> None:
    """Let the graders that ask no model mark what is there."""
    free = {kind: grader for kind, grader in arm.graders.items() if not isinstance(grader, Judge)}
    for job in arm.jobs() if free else ():
        for kind, grader in free.items():
            missing = [mark for mark in job.marks if mark.grader == kind and mark.verdict is None]
            if job.answer is not None and missing:
                given = list[tuple[str, Verdict]]()
                await grader.grade(job.case, job.answer, missing, partial(_taken, given))
                arm.keep(Marked(job.trial, kind, tuple(given)))


def _taken(given: list[tuple[str, Verdict]], verdicts: Sequence[tuple[Mark, Verdict]]) -> None:
    given += [(mark.key, verdict) for mark, verdict in verdicts]


@dataclass(frozen=True, slots=True)
class _Want:
    """A request that is missing; `ask` builds it from its item, which may know of a faulty reply."""

    account: Account
    item: Item
    ask: Callable[[Item], Request]


@dataclass(slots=True)
class _State:
    """What a run knows beyond the store: the keys it is through with, trials announced, batches told of."""

    arms: Sequence[Arm]
    desk: Desk
    over: Over = field(default_factory=dict)
    announced: set[tuple[int, str, int]] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    flying: dict[str, None] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    begun: bool = False

    async def answer(self, arm: Arm) -> None:
        """Take the answers that come without a batch."""
        for job in () if arm.batched else arm.jobs():
            if job.answer is None:
                try:
                    arm.keep(Answered(job.trial, await arm.model.answer(job.request)))
                except CallError as error:
                    why = Returned(kind=error.kind, message=error.message, again=False, hint=error.hint)
                    self.over[job.trial.key] = why

    async def send_missing(self) -> None:
        """Send what is missing, in no batch and affordable; note which batches hold what is missing."""
        self.flying, self.left = {}, set()
        in_play: set[str] = set()
        self._announce()
        for account in dict.fromkeys(account for arm in self.arms for account in _accounts(arm)):
            for parcel in split(
                self._pieces(account, in_play), lambda piece: len(piece[1]), self.desk.limits
            ):
                names = await send(parcel, account, self.desk)
                self.told |= names
                self.flying |= dict.fromkeys(names)
        self.desk.allowance.keep(in_play)
        self.begun = True

    async def receive(self) -> None:
        """Wait until a batch has ended and keep what it brought."""
        register, postings = self.desk.register, list[Posting]()
        for name in self.flying:
            posting = await take_up(register.posting(name), self.desk)
            if posting is not None:
                postings.append(posting)
                if name not in self.told:
                    self.told.add(name)
                    self.desk.tell(Sent(posting, again=True))
        if len(postings) == len(self.flying):  # what never arrived is sent anew before we wait
            for posting, standing in await first_ended(postings, self.desk):
                await settle(posting, standing, self.desk, self.over)

    def finish(self) -> None:
        """Say of every trial that is not through why it is not."""
        for index, arm in enumerate(self.arms):
            for job in arm.jobs():
                if not job.done:  # what is to be regraded may be known only after all else was there
                    self._failures(job, arm.keep)
                if (index, job.trial.case, job.trial.attempt) not in self.announced:
                    arm.keep(Done(job.trial, stored=False))

    def _failures(self, job: Job, keep: Keep) -> None:
        why = self.over.get(job.trial.key)
        if job.answer is None and why is not None:
            keep(Failed(trial=job.trial, kind=why.kind, message=why.message, hint=why.hint))
        open_ = [(mark.grader, self.over.get(mark.call)) for mark in job.marks if mark.verdict is None]
        for grader, reason in {grader: found for grader, found in open_ if found is not None}.items():
            keep(Unmarked(job.trial, grader, reason.kind, reason.message))
        left = Counter(
            of_call[0]
            for of_call in {(mark.grader, mark.call) for mark in job.marks}
            if of_call[1] in self.left
        )
        left += Counter({AGENT: job.trial.key in self.left})
        for part, count in left.items():
            keep(Left(job.trial, part, count))

    def _announce(self) -> None:
        """Say which trials are through."""
        for index, arm in enumerate(self.arms):
            for job in arm.jobs():
                place = (index, job.trial.case, job.trial.attempt)
                if job.done and place not in self.announced:
                    self.announced.add(place)
                    arm.keep(Done(job.trial, stored=not self.begun))

    def _pieces(self, account: Account, in_play: set[str]) -> Iterator[tuple[Item, bytes]]:
        """Yield every request for this account that is missing, in no batch and affordable, as it is sent.

        The keys of those, and of what is in a batch already, are put `in_play`.
        """
        wants = self._wants(account)
        while chunk := list(islice(wants, _CHUNK)):
            found = self.desk.register.find([want.item.key for want in chunk])
            for want in chunk:
                item, before = want.item, found.get(want.item.key)
                if isinstance(before, str):
                    self.flying[before] = None
                    in_play.add(item.key)
                    continue
                if before is not None:
                    item = replace(item, returns=before.returns, inquiry=before.inquiry)
                piece = self.desk.encode(item.custom_id, want.ask(item))
                if len(piece) > self.desk.limits.each:
                    self.over[item.key] = _too_large(len(piece), self.desk.limits.each)
                elif self.desk.allowance.allows(item):
                    in_play.add(item.key)
                    yield item, piece
                else:
                    self.left.add(item.key)

    def _wants(self, account: Account) -> Iterator[_Want]:
        seen: set[str] = set()
        for arm in self.arms:
            for job in arm.jobs():
                for want in _wants_of(arm, job):
                    key = want.item.key
                    if want.account == account and key not in seen and key not in self.over:
                        seen.add(key)
                        yield want


def _wants_of(arm: Arm, job: Job) -> Iterator[_Want]:
    if job.answer is None:
        if arm.batched:
            spec = arm.manifest.eval.model
            item = Item(key=job.trial.key, model=spec.name, trial=job.trial, run=arm.run)
            yield _Want(_account(spec), item, partial(_same, job.request))
        return
    for grader in arm.graders.values():
        if isinstance(grader, Judge):
            exam = grader.exam(job.case, job.answer)
            open_ = (mark for mark in job.marks if mark.grader == grader.kind and mark.verdict is None)
            for call in calls(open_):
                item = Item(
                    key=call.key,
                    model=call.seat.model.name,
                    trial=job.trial,
                    run=arm.run,
                    grader=grader.kind,
                    **_asked_for(call),
                )
                yield _Want(_account(call.seat.model), item, partial(_question, grader, exam, call))


class _AskedFor(TypedDict, total=False):
    dimension: str
    criterion: Criterion
    together: tuple[Wanted, ...]


def _asked_for(call: Call) -> _AskedFor:
    """Say what a call asks for; signals are for another grader and can be long."""
    wanted = tuple(
        Wanted(key=mark.key, dimension=mark.dimension, criterion=replace(mark.criterion, signals=()))
        for mark in call.marks
    )
    if call.seat.mode == "dimension":
        return {"together": wanted}
    (one,) = wanted
    return {"dimension": one.dimension, "criterion": one.criterion}


def _question(grader: Judge, exam: Exam, call: Call, item: Item) -> Request:
    return grader.question(exam, call, [wanted.criterion for wanted in item.wanted], item.inquiry.fault)


def _same(request: Request, _item: Item) -> Request:
    return request


def _accounts(arm: Arm) -> Iterator[Account]:
    if arm.batched:
        yield _account(arm.manifest.eval.model)
    for grader in arm.graders.values():
        if isinstance(grader, Judge):
            yield from map(_account, grader.models)


def _account(spec: ModelSpec) -> Account:
    return (spec.base_url, spec.key_variable)


def _too_large(size: int, limit: int) -> Returned:
    words = f"the request has {size:,} bytes; a batch takes {limit:,} at most"
    return Returned(kind="too-large", message=words, again=False)
