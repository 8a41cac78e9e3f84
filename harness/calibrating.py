"""Measure a grader: what it says of labelled answers beside what the labels say."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from harness.errors import IncompleteError
from harness.grading.labels import Label, Labels, text_hash
from harness.grading.voting import decided
from harness.planning.keys import grader_hash
from harness.planning.work import Job, Mark, Shelf, filled, marks_of, request_of
from harness.records.calibrations import Calibration, Compared, Sample
from harness.records.inputs import CANARY
from harness.records.outcomes import Trial
from harness.records.runs import Manifest
from harness.statistics.agreement import krippendorff_alpha
from harness.statistics.calibration import by_case, by_criterion, by_revision, held_out, pooled

Work = tuple[tuple[Sample, Job], ...]
"""Labelled answers, each with the verdicts that its labels ask for."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured against what: the manifest's one grader, and the labels."""

    manifest: Manifest
    labels: Labels


def found(samples: Iterable[Sample], labels: Labels) -> tuple[Sample, ...]:
    """Take the answers that are labelled, each text once; stops looking when all are there."""
    wanted = {label.answer_hash for label in labels.by_key.values()}
    taken: list[Sample] = []
    for sample in samples:
        if not wanted:
            break
        text = text_hash(sample.answer.text)
        if text in wanted:
            wanted.remove(text)
            taken.append(sample)
    return tuple(taken)


def work(bench: Bench, samples: Sequence[Sample], shelf: Shelf) -> Work:
    """Make a job of each labelled answer, with the verdicts that are stored; others are left to make.

    Only criteria that the eval asks and that are labelled are graded.
    """
    marks = [_labelled(bench, sample) for sample in samples]
    stored = shelf.verdicts([mark.key for of_sample in marks for mark in of_sample])
    return tuple(
        (sample, _job(bench.manifest, sample, filled(of_sample, stored)))
        for sample, of_sample in zip(samples, marks, strict=True)
        if of_sample
    )


def calibration(bench: Bench, graded: Work, *, in_sample: bool, at: str) -> Calibration:
    """Measure the grader on what it said; IncompleteError when it said nothing of any labelled answer."""
    items = tuple(_compared(bench.labels, graded))
    manifest, labels = bench.manifest, bench.labels
    if not any(item.met is not None for item in items):
        msg = f"{labels.source}: no labelled verdict could be compared"
        raise IncompleteError(msg, hint="name the file that holds the labelled answers with --answers")
    general = frozenset((r.dimension, c.id) for r in manifest.rubrics for c in r.criteria)
    texts = {text_hash(sample.answer.text) for sample, _ in graded}
    about = [label for label in labels.by_key.values() if label.answer_hash in texts]
    votes = (label.votes for label in about)
    costs = [mark.verdict.cost for _, job in graded for mark in job.marks if mark.verdict is not None]
    (info,), (spec,) = manifest.graders, manifest.eval.graders
    return Calibration(
        eval_name=manifest.eval_name,
        grader=info,
        grader_hash=grader_hash(info, spec, manifest.rubrics),
        in_sample=in_sample,
        labels=labels.source,
        labels_version=labels.version,
        labelled_by=labels.labelled_by,
        labels_alpha=krippendorff_alpha(votes),
        answers=len(graded),
        not_found=len(labels.by_key) - len(about),
        not_asked=len(about) - len(items),
        pooled=pooled(items, general),
        criteria=by_criterion(items),
        revisions=by_revision(items, seed=manifest.eval.seed, first=PurePath(manifest.eval.agent).stem),
        cases=by_case(items, general),
        wrong=tuple(item for item in items if item.met is not None and not item.right),
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
        created_at=at,
        held_out=held_out(items, general),
    )


def _labelled(bench: Bench, sample: Sample) -> list[Mark]:
    """Yield the marks of labelled criteria, of those that are asked about in the same call, and canaries."""
    marks = list(marks_of(bench.manifest, sample.case, sample.answer))
    labelled = [mark for mark in marks if _label(bench.labels, sample, mark) is not None]
    calls = {mark.call for mark in labelled if mark.call}
    if not labelled:
        return []
    return [mark for mark in marks if mark in labelled or mark.call in calls or mark.dimension == CANARY]


def _label(labels: Labels, sample: Sample, mark: Mark) -> Label | None:
    return labels.find(sample.answer.text, mark.dimension, mark.criterion.id)


def _job(manifest: Manifest, sample: Sample, marks: tuple[Mark, ...]) -> Job:
    trial = Trial(case=sample.case.id, attempt=sample.attempt, key=text_hash(sample.answer.text))
    return Job(trial, sample.case, request_of(manifest, sample.case, "calibration"), sample.answer, marks)


def _compared(labels: Labels, graded: Work) -> Iterator[Compared]:
    for sample, job in graded:
        found = {(verdict.dimension, verdict.criterion): verdict for verdict in decided(job.marks)}
        for place in dict.fromkeys((mark.dimension, mark.criterion.id) for mark in job.marks):
            label = labels.find(sample.answer.text, *place)
            if label is None:
                continue
            verdict = found.get(place)
            yield Compared(
                answer=sample.name,
                revision=sample.revision,
                case=sample.case.id,
                dimension=place[0],
                criterion=place[1],
                label=label.met,
                label_quote=label.quote,
                met=None if verdict is None else verdict.met,
                quote="" if verdict is None else verdict.quote,
                reason="the grader's call failed" if verdict is None else verdict.reason,
            )
