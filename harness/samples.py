"""Find the answers of an eval that there are: recorded ones, then those that its runs stored."""

import hashlib
from collections.abc import Iterator
from itertools import chain

from harness.models.recorded import Recorded, question
from harness.planning.work import jobs, request_of
from harness.records.calibrations import Sample
from harness.records.inputs import Case
from harness.records.outcomes import Answer
from harness.records.runs import Manifest
from harness.store.store import Store


def samples(manifest: Manifest, recorded: Recorded | None, store: Store) -> Iterator[Sample]:
    """Yield each answer to a case of this eval once, whoever's prompt made it."""
    cases = {_question(manifest, case): case for case in manifest.cases}
    seen = set()
    for sample in chain(_recorded(cases, recorded), _stored(manifest, cases, store)):
        place = (sample.case.id, sample.answer.text)
        if place not in seen:
            seen.add(place)
            yield sample


def _question(manifest: Manifest, case: Case) -> str:
    """Know a question as recordings do."""
    return hashlib.sha256(question(request_of(manifest, case, "1").messages).encode()).hexdigest()


def _recorded(cases: dict[str, Case], recorded: Recorded | None) -> Iterator[Sample]:
    for each in recorded.by_key.values() if recorded else ():
        if each.question_hash in cases:
            yield Sample(
                name=each.id,
                revision=each.revision,
                case=cases[each.question_hash],
                attempt=each.attempt,
                answer=Answer(text=each.text, model="recorded", cost=0.0, request_id=each.id),
            )


def _stored(manifest: Manifest, cases: dict[str, Case], store: Store) -> Iterator[Sample]:
    for listed in store.list():
        if listed.eval != manifest.eval_name:
            continue
        run = store.load(listed.id)
        for job in jobs(run.manifest, store):
            case = cases.get(_question(run.manifest, job.case))
            if job.answer is not None and case is not None:
                yield Sample(
                    name=f"{listed.label}/{case.id}/{job.trial.attempt}",
                    revision=listed.label,
                    case=case,
                    attempt=job.trial.attempt,
                    answer=job.answer,
                )
