"""Content keys: every answer and verdict is stored under the hash of what was asked.

Equal keys mean that nothing which could change the result differs; see "Keys" in docs/architecture.md
for what is left out on purpose.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

from harness.grading.seats import Seat
from harness.records.inputs import Case, Criterion, GraderSpec, ModelSpec, Rubric
from harness.records.outcomes import Request
from harness.records.runs import GraderInfo, Manifest

_REQUEST = tuple(field.name for field in fields(Request))


@dataclass(frozen=True, slots=True)
class Asked:
    """What one verdict is about: a criterion of a dimension, and the hashes of question and answer.

    `briefing_hash` is that of what only a judge sees of the case.
    """

    dimension: str
    criterion: Criterion
    question_hash: str
    answer_hash: str
    briefing_hash: str = ""


def digest(value: object) -> str:
    """SHA-256 in hex of a value as canonical JSON: sorted keys, no white space, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_key(request: Request) -> str:
    """Name an answer by all that was asked for it."""
    # Not `asdict`, which copies deeply, twenty times slower: this runs for every trial of every command.
    asked = {name: getattr(request, name) for name in _REQUEST}
    asked["messages"] = [{"role": message.role, "parts": message.parts} for message in request.messages]
    return digest(asked)


def verdict_key(info: GraderInfo, seat: Seat | None, asked: Asked, together_with: Sequence[str] = ()) -> str:
    """Name a verdict by its grader, what the grader saw of the criterion, the question and the answer.

    Each grader sees another part of a criterion, so rewording one asks the judge anew but not
    the signals, and a new signal costs no call. Points are in no key: they weigh verdicts, not make them.
    `seat` is the judge's, `None` for a grader that asks no model. `together_with` says what all the same
    call asks about, where it asks about a whole dimension.
    """
    parts = {
        "grader": [info.kind, info.version],
        "model": None if seat is None else _model(seat.model),
        "criterion": _seen(info.kind, asked),
        "question": asked.question_hash,
        "answer": asked.answer_hash,
        "vote": 1 if seat is None else _vote(seat),
    }
    if together_with:
        parts["together"] = together_with
    return digest(parts)


def _vote(seat: Seat) -> int | str:
    return f"{seat.draw}/{seat.vote}" if seat.draw else seat.vote


def together(info: GraderInfo, asked: Iterable[Asked]) -> tuple[str, ...]:
    """Say what is asked about in one call, whatever its order."""
    return tuple(sorted(digest(_seen(info.kind, each)) for each in asked))


def grader_hash(info: GraderInfo, spec: GraderSpec, rubrics: Sequence[Rubric]) -> str:
    """Name a grader by all that its verdicts on the rubrics' criteria could follow from.

    A calibration holds for this grader and no other: without its canary or screening it is another one.
    Criteria of single cases are not in it, so a new case leaves a calibration standing.
    """
    seen = [
        _seen(info.kind, Asked(rubric.dimension, criterion, "", ""))
        for rubric in rubrics
        for criterion in rubric.criteria
    ]
    unguarded = [name for name in ("canary", "screening") if not getattr(spec, name)]
    return digest([info.kind, info.version, judging(spec), seen, *unguarded])


def run_id(manifest: Manifest) -> str:
    """Name a run by what it asks and under which label, so that asking the same again is the same run.

    What asks nothing of a model tells no runs apart: where the prompt's file lies, the budget, the gate, the
    name of the key's variable, which cases come from one source.
    """
    asked, revision = manifest.eval, manifest.revision
    parts = [
        [manifest.eval_name, revision.label, revision.agent.prompt_hash, asked.attempts],
        [*_model(asked.model), manifest.model_version],
        [_asked_of(case) for case in manifest.cases],
        [asdict(rubric) for rubric in manifest.rubrics],
        [
            [_graded_by(info), judging(spec)]
            for info, spec in zip(manifest.graders, asked.graders, strict=True)
        ],
    ]
    if manifest.draw:  # runs of the draw of every day keep the id they always had
        parts.append([manifest.draw])
    return digest(parts)[:12]


def question_hash(case: Case) -> str:
    """SHA-256 of what the user asked."""
    return hashlib.sha256(case.question.encode()).hexdigest()


def _asked_of(case: Case) -> dict[str, object]:
    return {name: value for name, value in asdict(case).items() if name != "cluster"}


def _graded_by(info: GraderInfo) -> dict[str, object]:
    """Name a grader as before where nothing guards it, so that earlier runs keep their names."""
    guards = {"canary": info.canary, "screening": info.screening}
    plain = {"kind": info.kind, "version": info.version, "model": info.model}
    return plain | {name: value for name, value in guards.items() if value}


def briefing_hash(case: Case) -> str:
    """SHA-256 of a case's guidance and reference."""
    return digest([case.guidance, case.reference])


def judging(spec: GraderSpec) -> object:
    """Name who judges; how, by criterion or dimension, is in the grader's version."""
    plain = None if spec.model is None else _model(spec.model)
    if not (spec.panel or spec.escalate or spec.votes > 1):
        return plain
    escalated = [spec.escalate.when, _model(spec.escalate.model)] if spec.escalate else None
    return {"models": [_model(model) for model in spec.judges], "votes": spec.votes, "escalate": escalated}


def _model(model: ModelSpec) -> list[object]:
    return [model.provider, model.base_url, model.name, model.max_tokens, model.effort]


def _seen(kind: str, asked: Asked) -> object:
    criterion = asked.criterion
    if kind == "judge":
        return [criterion.text, criterion.evidence, asked.briefing_hash]
    if kind == "custom":
        return [asked.dimension, asdict(criterion), asked.briefing_hash]
    if kind == "signals":
        return [[asdict(signal) for signal in criterion.signals], criterion.evidence]
    return [asked.dimension, criterion.id]
