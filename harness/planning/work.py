"""The work of a run: which trials it holds, what is stored of each, and what is left to make."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from harness.grading import checks
from harness.grading.canary import canary
from harness.grading.checks import Against
from harness.grading.labels import text_hash
from harness.grading.scoring import criteria_of
from harness.grading.screening import MEETS_NOTHING, screened
from harness.grading.seats import Seat, seats
from harness.planning.keys import (
    Asked,
    answer_key,
    briefing_hash,
    digest,
    question_hash,
    together,
    verdict_key,
)
from harness.records.inputs import CANARY, Case, Criterion
from harness.records.outcomes import Answer, Message, Request, Trial, Verdict
from harness.records.runs import GraderInfo, Manifest

_CHUNK = 200  # trials looked up together: few enough to stream, enough to make queries cheap


class Shelf(Protocol):
    """Where answers and verdicts are looked up by content key; unknown keys are left out."""

    def answers(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Return the stored answers among these keys."""

    def verdicts(self, keys: Sequence[str]) -> Mapping[str, Verdict]:
        """Return the stored verdicts among these keys."""


class _Empty:
    def answers(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        del keys
        return {}

    def verdicts(self, keys: Sequence[str]) -> Mapping[str, Verdict]:
        del keys
        return {}


NOTHING_STORED: Shelf = _Empty()
"""For asking what a run would take from nothing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion that one grader marks in one answer: its key, and the verdict where it is stored.

    A judge marks it once from each seat. Marks with the same `call` are asked about together; one that is
    `alone` is the only call to its model about the answer.
    """

    grader: str
    dimension: str
    criterion: Criterion
    key: str
    verdict: Verdict | None = None
    seat: Seat | None = None
    call: str = ""
    alone: bool = False

    @property
    def asks(self) -> str:
        """The model that is asked for it; empty where none is."""
        return "" if self.seat is None else self.seat.model.name


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking for keys: those that are ours to make now, and how many others are making.

    A key that is in neither has been stored meanwhile.
    """

    ours: frozenset[str]
    elsewhere: int


HandOver = Callable[[Sequence[tuple[Mark, Verdict]]], None]
"""How a grader gives verdicts away, as soon as it has them."""


@dataclass(frozen=True, slots=True)
class Job:
    """One trial: its case, what is asked of the model, and what is stored of it already.

    `marks` is empty while there is no answer, because a verdict's key holds the answer's text.
    """

    trial: Trial
    case: Case
    request: Request
    answer: Answer | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nothing is left to make."""
        return self.answer is not None and all(mark.verdict is not None for mark in self.marks)


def jobs(manifest: Manifest, shelf: Shelf, only: frozenset[str] | None = None) -> Iterator[Job]:
    """Yield every trial with what is stored of it: all cases once, then the second attempts, and so on.

    So a run that is cut short has seen as many cases as possible. With `only`, just the cases of these ids.
    Streams: memory is bounded by a chunk.
    """
    trials = (job for job in _trials(manifest) if only is None or job.case.id in only)
    return looked_up(manifest, shelf, trials)


def looked_up(manifest: Manifest, shelf: Shelf, work: Iterable[Job]) -> Iterator[Job]:
    """Yield these trials with what is stored of each beside what was known of it already."""
    trials = iter(work)
    while chunk := list(islice(trials, _CHUNK)):
        stored = shelf.answers([job.trial.key for job in chunk if job.answer is None])
        answered = [_answered(manifest, job, stored.get(job.trial.key)) for job in chunk]
        open_ = [mark.key for job in answered for mark in job.marks if mark.verdict is None]
        verdicts = shelf.verdicts(open_)
        for job in answered:
            yield replace(job, marks=filled(job.marks, verdicts))


def marks_of(manifest: Manifest, case: Case, answer: Answer) -> Iterator[Mark]:
    """Yield every verdict that this answer needs, grader by grader, none of them looked up yet.

    Checks are free and need nobody, so theirs are given at once, to every grader, and never stored. So is
    what an answer meets that says nothing (`grading.screening`): no criterion, and no model is asked.
    """
    asked = asked_of(manifest, case, answer)
    against = Against(case=case, prompt=manifest.revision.agent.prompt)
    checked = [
        checks.grade(each.criterion, answer, against, dimension=each.dimension)
        if each.criterion.checks
        else None
        for each in asked
    ]
    prompt = manifest.revision.agent.prompt
    said = screened(answer.text, prompt) if any(info.screening for info in manifest.graders) else ""
    for info, spec in zip(manifest.graders, manifest.eval.graders, strict=True):
        silent = said if info.screening else ""
        open_ = []
        for each, verdict in zip(asked, checked, strict=True):
            known = verdict or (_silent(each, silent) if silent else None)
            if known is None:
                open_.append(each)
            else:
                yield Mark(info.kind, each.dimension, each.criterion, "", known)
        given = [mark for seat in seats(spec) or (None,) for mark in seated(info, seat, open_, answer.text)]
        yield from _alone(given) if seats(spec) else given


def _alone(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Yield one grader's marks on an answer, told which model is asked about it once.

    By all that belongs to the answer, not by what is left: what is asked must not depend on what is stored.
    """
    asked = Counter(mark.asks for mark in {mark.call: mark for mark in marks}.values())
    return (replace(mark, alone=True) if asked[mark.asks] == 1 else mark for mark in marks)


def _silent(asked: Asked, why: str) -> Verdict:
    reason = why + MEETS_NOTHING
    return Verdict(dimension=asked.dimension, criterion=asked.criterion.id, met=False, reason=reason)


def asked_of(manifest: Manifest, case: Case, answer: Answer) -> Sequence[Asked]:
    """Give what every grader is asked of this answer, in the order of the rubrics."""
    hashes = (question_hash(case), text_hash(answer.text), briefing_hash(case))
    return [Asked(*pair, *hashes) for pair in criteria_of(case, manifest.rubrics)]


def seated(info: GraderInfo, seat: Seat | None, asked: Sequence[Asked], answer: str) -> Iterator[Mark]:
    """Yield the marks that one seat gives on these criteria of one answer, none of them looked up yet.

    The last is the judge's canary: asked alone where each criterion is, else beside those of one dimension,
    and once where there are several votes. A draw of its own asks for verdicts alone.
    """
    marks = list(_seated(info, seat, asked))
    yield from marks
    if info.canary and seat is not None and seat.vote == 1 and not seat.draw and marks:
        like = replace(asked[0], dimension=CANARY, criterion=canary(answer))
        key = verdict_key(info, seat, like)
        call = min(mark.call for mark in marks) if seat.mode == "dimension" else key
        yield Mark(info.kind, CANARY, like.criterion, key, seat=seat, call=call)


def _seated(info: GraderInfo, seat: Seat | None, asked: Sequence[Asked]) -> Iterator[Mark]:
    if seat is None or seat.mode == "criterion":
        for each in asked:
            key = verdict_key(info, seat, each)
            yield Mark(info.kind, each.dimension, each.criterion, key, seat=seat, call=key)
        return
    for dimension in dict.fromkeys(each.dimension for each in asked):
        of_call = [each for each in asked if each.dimension == dimension]
        all_of = together(info, of_call)
        keys = [verdict_key(info, seat, each, all_of) for each in of_call]
        call = digest(sorted(keys))
        for each, key in zip(of_call, keys, strict=True):
            yield Mark(info.kind, dimension, each.criterion, key, seat=seat, call=call)


def filled(marks: Sequence[Mark], stored: Mapping[str, Verdict]) -> tuple[Mark, ...]:
    """Put stored verdicts into the marks that have none.

    A key does not hold the names of dimension and criterion, so that equal questions share a verdict;
    the mark knows what they are called here.
    """
    return tuple(
        mark
        if mark.verdict is not None or mark.key not in stored
        else replace(mark, verdict=_named(stored[mark.key], mark))
        for mark in marks
    )


def request_of(manifest: Manifest, case: Case, sample: str) -> Request:
    """Build what the agent's model is asked for one case."""
    model = manifest.eval.model
    return Request(
        provider=model.provider,
        base_url=model.base_url if model.provider == "anthropic" else "",
        api_version=manifest.model_version,
        model=model.name or "recorded",
        max_tokens=model.max_tokens,
        effort=model.effort,
        system=manifest.revision.agent.prompt,
        messages=_messages(case),
        sample=sample,
    )


def _trials(manifest: Manifest) -> Iterator[Job]:
    for attempt in range(1, manifest.eval.attempts + 1):
        for case in manifest.cases:
            request = request_of(manifest, case, _sample(manifest, attempt))
            trial = Trial(case=case.id, attempt=attempt, key=answer_key(request))
            yield Job(trial, case, request)


def _sample(manifest: Manifest, attempt: int) -> str:
    """Name one draw of an answer; recordings hold one draw, whatever asks for it."""
    if not manifest.draw or manifest.eval.model.provider == "recorded":
        return str(attempt)
    return f"{manifest.draw}/{attempt}"


def _answered(manifest: Manifest, job: Job, stored: Answer | None) -> Job:
    answer = job.answer or stored
    if answer is None or job.marks:
        return job
    return replace(job, answer=answer, marks=tuple(marks_of(manifest, job.case, answer)))


def _messages(case: Case) -> tuple[Message, ...]:
    if not case.turns:
        return (Message(role="user", parts=(case.question,)),)
    first, *rest = [Message(role=turn.role, parts=(turn.text,)) for turn in case.turns]
    if case.context:
        first = Message(role=first.role, parts=(f"Context: {case.context}\n\n{first.parts[0]}",))
    return (first, *rest)


def _named(verdict: Verdict, mark: Mark) -> Verdict:
    if (verdict.dimension, verdict.criterion) == (mark.dimension, mark.criterion.id):
        return verdict
    return replace(verdict, dimension=mark.dimension, criterion=mark.criterion.id)
