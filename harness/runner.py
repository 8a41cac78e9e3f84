"""Run what is left to make: answers first, each kept before it is graded, then its verdicts.

The runner awaits only what it is handed. Everything it makes goes through one `keep`; the caller stores,
counts and shows. A call that fails for good is an event; a refused key ends the run; a bug is not caught.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from harness.errors import CallError, HarnessError, UnaffordableError
from harness.planning.model import Model
from harness.planning.work import HandOver, Job, Mark, Shelf, Taken, filled, looked_up, marks_of
from harness.records.inputs import Case
from harness.records.outcomes import Answer, Failed, Trial, Verdict
from harness.records.runs import Manifest


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent answered a trial."""

    trial: Trial
    answer: Answer


@dataclass(frozen=True, slots=True)
class Marked:
    """A grader gave verdicts on a trial's answer, each with the key it is stored under.

    `model` is the one that was asked for them; empty for a grader that asks nobody.
    """

    trial: Trial
    grader: str
    verdicts: tuple[tuple[str, Verdict], ...]
    model: str = ""


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A grader's call failed for good; its open verdicts are asked again by the next run."""

    trial: Trial
    grader: str
    kind: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A trial is through: nothing is left that this run could make of it. `stored`: nothing was."""

    trial: Trial
    stored: bool


@dataclass(frozen=True, slots=True)
class Left:
    """Calls of a trial were not made because they could have passed the budget; the next command makes them.

    `part` is `agent` or the grader's kind.
    """

    trial: Trial
    part: str
    calls: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that is left is being made by another run on the same store: so many calls; 0 ends the wait."""

    calls: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A call was answered and cost so many US dollars, whatever becomes of its reply; `None` is unknown."""

    part: str
    cost: float | None


OfTrial = Answered | Marked | Unmarked | Failed | Left | Done
Event = OfTrial | Waiting | Paid
Keep = Callable[[Event], None]
"""Takes an event in; it is on disk when the desk's next `committed` ends."""

AGENT = "agent"
# Trials for each call in flight. While one is being stored, another's call has its slot; and agents' calls
# can go ahead of judges', so that in the end, too, there are calls for every slot.
_IN_HAND = 2


class Grader(Protocol):
    """Turns an answer into verdicts and hands over each as soon as it is there.

    What is handed over together was asked of one model.
    """

    @property
    def kind(self) -> str:
        """The grader's name in the eval."""

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Give a verdict for each mark; raises CallError when its model cannot be reached."""


class Desk(Protocol):
    """Where work is claimed before it is paid for, and where what was kept reaches the disk."""

    async def take(self, keys: Sequence[str]) -> Taken:
        """Claim keys, so that no other run makes them; a kept result gives its claim up."""

    def drop(self, keys: Sequence[str]) -> None:
        """Give up claims on what will not be made."""

    async def committed(self) -> None:
        """Wait until everything kept so far is on disk."""

    async def pause(self) -> None:
        """Wait a moment before looking again at what others are making."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run works with: who answers, who grades, what is stored already, and where work is claimed.

    `paid` names the parts that cost something, `agent` or a grader's kind: only these are claimed.
    """

    manifest: Manifest
    model: Model
    graders: Mapping[str, Grader]
    shelf: Shelf
    desk: Desk
    paid: frozenset[str]


async def run(work: Iterator[Job], bench: Bench, keep: Keep) -> None:
    """Make what is missing, with twice as many trials in hand as the eval allows calls in flight.

    `work` is consumed as workers get free, so that memory does not grow with the run. What another run is
    making is put aside and looked at again in the end, until it is stored or free to take. Ends with
    the first HarnessError, such as a refused key or a full disk; the calls in flight are cancelled then.
    """
    held = await _through(work, bench, keep)
    waited = False
    while held:
        again = looked_up(bench.manifest, bench.shelf, [each.job for each in held])
        held = await _through(again, bench, keep)
        if elsewhere := sum(each.elsewhere for each in held):
            waited = True
            keep(Waiting(elsewhere))
            await bench.desk.pause()
    if waited:
        keep(Waiting(0))
    await bench.desk.committed()


@dataclass(frozen=True, slots=True)
class _Held:
    """A trial that waits for what another run, or another trial of this one, is making."""

    job: Job
    elsewhere: int


async def _through(work: Iterator[Job], bench: Bench, keep: Keep) -> list[_Held]:
    """Go through the work once; return the trials that could not be finished yet."""
    held: list[_Held] = []

    async def worker() -> None:
        for job in work:
            found = await _trial(job, bench, keep)
            if found is not None:
                held.append(found)
            await asyncio.sleep(0)  # stored trials await nothing else: let Ctrl-C in

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_IN_HAND * bench.manifest.eval.concurrency):
                group.create_task(worker())
    except* HarnessError as ended:
        raise first_of(ended) from None
    return held


def first_of(ended: BaseExceptionGroup[HarnessError]) -> BaseException:
    """Take the error out of its groups: several workers may have met the same one."""
    error: BaseException = ended
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _trial(job: Job, bench: Bench, keep: Keep) -> _Held | None:
    """Make what is missing of a trial; its answer is on disk before it is graded."""
    elsewhere, through, known = 0, True, job
    if known.answer is None:
        free, elsewhere = await _claimed(AGENT, [job.trial.key], bench)
        if not free:
            return _Held(job, elsewhere)
        known = await _answered(job, bench, keep)
    if known.answer is not None:
        for grader in bench.graders.values():
            known, others, graded = await _graded(known, grader, bench, keep)
            elsewhere += others
            through = through and graded
        if through and not known.done:
            return _Held(known, elsewhere)
    keep(Done(job.trial, stored=job.done))
    return None


async def _claimed(part: str, keys: Sequence[str], bench: Bench) -> tuple[frozenset[str], int]:
    """Say which keys are ours to make, and how many others are making; what is free needs no claim."""
    if part not in bench.paid:
        return frozenset(keys), 0
    taken = await bench.desk.take(keys)
    return taken.ours, taken.elsewhere


async def _answered(job: Job, bench: Bench, keep: Keep) -> Job:
    """Ask the agent, and give the job with its answer and what must be marked in it, if there is one."""
    key = job.trial.key
    try:
        answer = await bench.model.answer(job.request)
    except UnaffordableError:
        keep(Left(job.trial, AGENT, 1))
    except CallError as error:
        keep(Failed(trial=job.trial, kind=error.kind, message=error.message, hint=error.hint))
    else:
        keep(Answered(job.trial, answer))
        await bench.desk.committed()
        marks = tuple(marks_of(bench.manifest, job.case, answer))
        # The same text may have been graded before; of what is paid for, the claim will tell.
        free = [m.key for m in marks if m.verdict is None and m.grader not in bench.paid]
        marks = filled(marks, bench.shelf.verdicts(free)) if free else marks
        return replace(job, answer=answer, marks=marks)
    bench.desk.drop([key])
    return job


async def _graded(job: Job, grader: Grader, bench: Bench, keep: Keep) -> tuple[Job, int, bool]:
    """Let one grader mark what is open.

    Gives the job with its verdicts, how many other runs are making, and whether all that was ours was made.
    """
    kind, answer = grader.kind, job.answer
    open_ = {mark.key: mark for mark in job.marks if mark.grader == kind and mark.verdict is None}
    if not open_ or answer is None:
        return job, 0, True
    ours, elsewhere = await _claimed(kind, list(open_), bench)
    given: dict[str, Verdict] = {}

    def hand_over(verdicts: Sequence[tuple[Mark, Verdict]]) -> None:
        new = tuple((mark.key, verdict) for mark, verdict in verdicts)
        given.update(new)
        keep(Marked(job.trial, kind, new, model=next((mark.asks for mark, _ in verdicts), "")))

    try:
        if mine := [mark for key, mark in open_.items() if key in ours]:
            await grader.grade(job.case, answer, mine, hand_over)
    except UnaffordableError:
        left = {mark.call for key, mark in open_.items() if key in ours and key not in given}
        keep(Left(job.trial, kind, len(left)))
    except CallError as error:
        keep(Unmarked(job.trial, kind, error.kind, error.message, error.hint))
    missing = ours - set(given)
    if missing and kind in bench.paid:
        bench.desk.drop(sorted(missing))
    await bench.desk.committed()
    return replace(job, marks=filled(job.marks, given)), elsewhere, not missing
