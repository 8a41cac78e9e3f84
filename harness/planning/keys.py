"""Content keys: every answer and verdict is stored under the hash of what was asked.

Equal keys mean that nothing which could change the result differs; see "Keys" in docs/architecture.md
for what is left out on purpose.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from harness.records.inputs import Case, Criterion, GraderSpec
from harness.records.outcomes import Request
from harness.records.results import GraderInfo, Manifest


@dataclass(frozen=True, slots=True)
class Asked:
    """What one verdict is about: a criterion of a dimension, and the hashes of question and answer."""

    dimension: str
    criterion: Criterion
    question_hash: str
    answer_hash: str


def digest(value: object) -> str:
    """SHA-256 in hex of a value as canonical JSON: sorted keys, no white space, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_key(request: Request) -> str:
    """Name an answer by all that was asked for it."""
    return digest(asdict(request))


def verdict_key(info: GraderInfo, spec: GraderSpec, asked: Asked, vote: int = 1) -> str:
    """Name a verdict by its grader, what the grader saw of the criterion, the question and the answer.

    Each grader sees another part of a criterion, so rewording one asks the judge anew but not
    the signals, and a new signal costs no call. Points are in no key: they weigh verdicts, not make them.
    """
    return digest(
        {
            "grader": [info.kind, info.version],
            "model": _judge(spec),
            "criterion": _seen(info.kind, asked),
            "question": asked.question_hash,
            "answer": asked.answer_hash,
            "vote": vote,
        }
    )


def run_id(manifest: Manifest) -> str:
    """Name a run by what it asks, so that asking the same again is the same run.

    Where a prompt came from, file hashes and the harness's version are recorded but do not tell runs apart.
    """
    asked = asdict(manifest.eval)
    for name in ("agent", "budget", "concurrency", "max_missing", "candidates", "gate", "seed", "notes"):
        asked.pop(name)
    parts = [
        manifest.eval_name,
        asked,
        manifest.model_version,
        manifest.revision.agent.prompt_hash,
        [asdict(case) for case in manifest.cases],
        [asdict(rubric) for rubric in manifest.rubrics],
        [asdict(grader) for grader in manifest.graders],
    ]
    return digest(parts)[:12]


def question_hash(case: Case) -> str:
    """SHA-256 of what the user asked."""
    return hashlib.sha256(case.question.encode()).hexdigest()


def _judge(spec: GraderSpec) -> object:
    if spec.model is None:
        return None
    model = spec.model
    return [model.provider, model.base_url, model.name, model.max_tokens, model.effort]


def _seen(kind: str, asked: Asked) -> object:
    criterion = asked.criterion
    if kind == "judge":
        return [criterion.text, criterion.evidence]
    if kind == "signals":
        return [[asdict(signal) for signal in criterion.signals], criterion.evidence]
    return [asked.dimension, criterion.id]
