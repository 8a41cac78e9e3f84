"""Which verdicts a dearer judge gives anew: where attempts of one arm were judged differently."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.grading.seats import regrader_of
from harness.grading.voting import polled
from harness.planning.work import Job, Mark, Shelf, asked_of, jobs, looked_up, seated
from harness.records.inputs import GraderSpec
from harness.records.runs import Manifest

Flipped = frozenset[tuple[str, str, str, str]]
"""Grader, case, dimension and criterion of each verdict that differs between attempts."""


def whole(manifest: Manifest, shelf: Shelf, only: frozenset[str] | None = None) -> Iterator[Job]:
    """Yield every trial with all that belongs to it as far as is known now, regrades included.

    A verdict that flips goes on to flip, whatever else is made; so what is known of a half-made run is part
    of what is known of the whole. Reads the run twice, and holds no more of it than a chunk.
    """
    if not escalates(manifest):
        yield from jobs(manifest, shelf, only)
        return
    flipped = flips(manifest, jobs(manifest, shelf, only))
    more = (
        replace(job, marks=(*job.marks, *_regrades(manifest, job, flipped)))
        for job in jobs(manifest, shelf, only)
    )
    yield from looked_up(manifest, shelf, more)


def regrading(manifest: Manifest, shelf: Shelf, only: frozenset[str] | None = None) -> Iterator[Job]:
    """Yield the trials of which something is to be regraded, and no other work on them."""
    for job in whole(manifest, shelf, only) if escalates(manifest) else ():
        marks = tuple(mark for mark in job.marks if mark.seat is not None and mark.seat.regrades)
        if not all(mark.verdict for mark in marks):
            yield replace(job, marks=marks)


def escalates(manifest: Manifest) -> bool:
    """Say whether flips are regraded; where every verdict is, it is a seat like any other."""
    return any(_by_flips(spec) for spec in manifest.eval.graders)


def flips(manifest: Manifest, work: Iterable[Job]) -> Flipped:
    """Find what was judged met in one attempt and not met in another, by the majority of votes."""
    kinds = [spec.kind for spec in manifest.eval.graders if _by_flips(spec)]
    seen: dict[tuple[str, str, str, str], set[bool]] = {}
    for job in work:
        for kind in kinds:
            for verdict in polled(mark for mark in job.marks if mark.grader == kind and mark.key):
                place = (kind, job.case.id, verdict.dimension, verdict.criterion)
                if verdict.met is not None:
                    seen.setdefault(place, set()).add(verdict.met)
    return frozenset(place for place, said in seen.items() if len(said) > 1)


def _regrades(manifest: Manifest, job: Job, flipped: Flipped) -> Iterator[Mark]:
    if job.answer is None:
        return
    asked = asked_of(manifest, job.case, job.answer)
    judged = {(mark.grader, mark.dimension, mark.criterion.id) for mark in job.marks if mark.seat is not None}
    for info, spec in zip(manifest.graders, manifest.eval.graders, strict=True):
        places = ((info.kind, each.dimension, each.criterion.id) for each in asked)
        again = [
            each
            for each, (kind, *place) in zip(asked, places, strict=True)
            if (kind, job.case.id, *place) in flipped and (kind, *place) in judged
        ]
        yield from seated(info, regrader_of(spec), again, job.answer.text) if again else ()


def _by_flips(spec: GraderSpec) -> bool:
    return spec.escalate is not None and spec.escalate.when == "flips"
