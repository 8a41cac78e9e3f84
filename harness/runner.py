"""Run what is left to make: answers first, each kept before it is graded, then its verdicts.

The runner awaits only what it is handed. Everything it makes goes through one `keep`; the caller stores,
counts and shows. A call that fails for good is an event; a refused key ends the run; a bug is not caught.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.errors import CallError, HarnessError
from harness.planning.model import Model
from harness.planning.work import HandOver, Job, Mark, Shelf, filled, marks_of
from harness.records.inputs import Case
from harness.records.outcomes import Answer, Failed, Trial, Verdict
from harness.records.results import Manifest


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent answered a trial."""

    trial: Trial
    answer: Answer


@dataclass(frozen=True, slots=True)
class Marked:
    """A grader gave verdicts on a trial's answer, each with the key it is stored under."""

    trial: Trial
    grader: str
    verdicts: tuple[tuple[str, Verdict], ...]


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


Event = Answered | Marked | Unmarked | Failed | Done
Keep = Callable[[Event], None]


class Grader(Protocol):
    """Turns an answer into verdicts and hands over each as soon as it is there."""

    @property
    def kind(self) -> str:
        """The grader's name in the eval."""

    async def grade(self, case: Case, answer: Answer, marks: Sequence[Mark], hand_over: HandOver) -> None:
        """Give a verdict for each mark; raises CallError when its model cannot be reached."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run works with: who answers, who grades, and what is stored already."""

    manifest: Manifest
    model: Model
    graders: Mapping[str, Grader]
    shelf: Shelf


async def run(work: Iterator[Job], bench: Bench, keep: Keep) -> None:
    """Make what is missing, with as many trials in hand as the eval allows calls in flight.

    `work` is consumed as workers get free, so that memory does not grow with the run. Ends with the
    first HarnessError, such as a refused key or a full disk; the calls in flight are cancelled then.
    """

    async def worker() -> None:
        for job in work:
            await _trial(job, bench, keep)
            await asyncio.sleep(0)  # stored trials await nothing else: let Ctrl-C in

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(bench.manifest.eval.concurrency):
                group.create_task(worker())
    except* HarnessError as ended:
        raise _first(ended) from None


def _first(ended: BaseExceptionGroup[HarnessError]) -> BaseException:
    """Take the error out of its groups: several workers may have met the same one."""
    error: BaseException = ended
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _trial(job: Job, bench: Bench, keep: Keep) -> None:
    if not job.done:
        answer, marks = job.answer, job.marks
        if answer is None:
            answer = await _answer(job, bench.model, keep)
        if answer is not None and not marks:
            marks = tuple(marks_of(bench.manifest, job.case, answer))
            marks = filled(marks, bench.shelf.verdicts([mark.key for mark in marks]))
        if answer is not None:
            await _grade(job, answer, marks, bench, keep)
    keep(Done(job.trial, stored=job.done))


async def _answer(job: Job, model: Model, keep: Keep) -> Answer | None:
    try:
        answer = await model.answer(job.request)
    except CallError as error:
        keep(Failed(trial=job.trial, kind=error.kind, message=error.message, hint=error.hint))
        return None
    keep(Answered(job.trial, answer))
    return answer


async def _grade(job: Job, answer: Answer, marks: Sequence[Mark], bench: Bench, keep: Keep) -> None:
    for kind, grader in bench.graders.items():
        missing = [mark for mark in marks if mark.grader == kind and mark.verdict is None]
        if not missing:
            continue

        def hand_over(given: Sequence[tuple[Mark, Verdict]], kind: str = kind) -> None:
            keep(Marked(job.trial, kind, tuple((mark.key, verdict) for mark, verdict in given)))

        try:
            await grader.grade(job.case, answer, missing, hand_over)
        except CallError as error:
            keep(Unmarked(job.trial, kind, error.kind, error.message, error.hint))
