"""Counts what is stored of a run, what is to be made of it, and in how many calls."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from harness.grading.scoring import criteria_of
from harness.grading.seats import Seat, seats
from harness.planning.calls import calls
from harness.planning.regrading import escalates
from harness.planning.work import Job, Mark
from harness.records.inputs import Case
from harness.records.runs import Manifest

Place = tuple[str, str]
"""A grader's kind, and the model that it asks; an empty name where it asks none."""


@dataclass(slots=True)
class Toll:
    """What one model is asked by one grader: verdicts stored and to make, and the calls to make them.

    `prefixes` counts the answers that calls share, which have so many `characters` with their questions;
    `alone` the calls that share theirs with no other.
    """

    stored: int = 0
    to_make: int = 0
    calls: int = 0
    alone: int = 0
    prefixes: int = 0
    characters: int = 0


@dataclass(slots=True)
class Tally:
    """What a run holds. `sent` counts requests that are in a batch already, and in no other count.

    `regrades` is what whoever regrades flips may be asked at most: every verdict of the cases of which
    something is still to be made.
    """

    trials: int = 0
    answers: int = 0
    unanswered: int = 0
    question_characters: int = 0
    sent: int = 0
    regrades: Toll = field(default_factory=Toll)
    tolls: dict[Place, Toll] = field(default_factory=dict)

    def of(self, kind: str, model: str = "") -> Toll:
        """Give the counts of one model of one grader."""
        return self.tolls.setdefault((kind, model), Toll())


def tally(manifest: Manifest, work: Iterable[Job], sent: AbstractSet[str], expected: int) -> Tally:
    """Count; an answer that is not there yet is thought to have `expected` characters."""
    counts, unfinished = Tally(), dict[str, Case]()
    for job in work:
        counts.trials += 1
        if job.answer is not None:
            counts.answers += 1
            _answered(counts, job, sent, len(job.case.question) + len(job.answer.text))
        else:
            if job.trial.key in sent:
                counts.sent += 1
            else:
                counts.unanswered += 1
                counts.question_characters += len(job.case.question)
            _foreseen(counts, manifest, job, len(job.case.question) + expected)
        if not job.done:
            unfinished[job.case.id] = job.case
    if escalates(manifest):
        counts.regrades = _most(manifest, list(unfinished.values()), expected)
    return counts


def _most(manifest: Manifest, unfinished: Sequence[Case], expected: int) -> Toll:
    attempts = manifest.eval.attempts
    verdicts = attempts * sum(1 for case in unfinished for _ in _judged(case, manifest))
    verdicts += attempts * len(unfinished) * any(info.canary for info in manifest.graders)
    return Toll(
        to_make=verdicts,
        calls=verdicts,
        prefixes=attempts * len(unfinished),
        characters=attempts * sum(len(case.question) + expected for case in unfinished),
    )


def _answered(counts: Tally, job: Job, sent: AbstractSet[str], characters: int) -> None:
    open_ = list[Mark]()
    for mark in job.marks:
        if mark.verdict is None:
            open_.append(mark)
        elif mark.key:
            counts.of(mark.grader, mark.asks).stored += 1
    for mark in open_:
        if mark.seat is None:
            counts.of(mark.grader).to_make += 1
    touched = set[Place]()
    for call in calls(open_):
        if call.key in sent:
            counts.sent += 1
            continue
        place = (call.marks[0].grader, call.seat.model.name)
        toll = counts.of(*place)
        toll.to_make += len(call.marks)
        toll.calls += 1
        toll.alone += call.alone
        if place not in touched:
            toll.prefixes += 1
            toll.characters += characters
        touched.add(place)


def _foreseen(counts: Tally, manifest: Manifest, job: Job, characters: int) -> None:
    """Count what grading an answer will take that nobody has seen."""
    dimensions = list(_judged(job.case, manifest))
    for info, spec in zip(manifest.graders, manifest.eval.graders, strict=True):
        of_spec = seats(spec)
        if not of_spec:
            counts.of(spec.kind).to_make += len(dimensions)
        made = Counter[str]()
        for seat in of_spec:
            toll = counts.of(spec.kind, seat.model.name)
            toll.to_make += len(dimensions)
            made[seat.model.name] += _calls(seat, dimensions)
            if info.canary and dimensions and seat.vote == 1:
                toll.to_make += 1
                made[seat.model.name] += seat.mode == "criterion"
        for name, calls_made in made.items():
            toll = counts.of(spec.kind, name)
            toll.calls += calls_made
            toll.alone += calls_made == 1
            toll.prefixes += 1
            toll.characters += characters


def _calls(seat: Seat, dimensions: list[str]) -> int:
    return len(set(dimensions)) if seat.mode == "dimension" else len(dimensions)


def _judged(case: Case, manifest: Manifest) -> Iterator[str]:
    """Yield the dimension of every criterion of a case that a grader decides."""
    return (dimension for dimension, each in criteria_of(case, manifest.rubrics) if not each.checks)
