"""A report as data: long-format CSV for spreadsheets and pandas, JSON for programs.

Scores are points, 0 to 100, in both. What is undefined is an empty cell or `null`, never 0.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping

from harness.records.outcomes import Answer, Failed, Graded, Outcome, Score, Ungraded
from harness.records.results import OVERALL, Arm, Report, Run
from harness.reporting.selection import arms
from harness.reporting.untrusted import cell, json_text

FORMAT = 1
"""Grows when a reader of results.json would have to change."""

_COLUMNS = (
    "arm",
    "role",
    "grader",
    "case",
    "attempt",
    "dimension",
    "outcome",
    "score",
    "raw_score",
    "met_points",
    "positive_points",
    "words",
    "stop_reason",
    "cost",
    "seconds",
    "reason",
)


def csv(report: Report) -> str:
    """Give one row per arm, grader, case, attempt and dimension, `overall` among the dimensions.

    Every planned trial has its rows; a failed or ungraded one has no score and a reason. Scores that another
    tool made have a row per case, without attempt or outcome. Text that a spreadsheet would compute starts
    with an apostrophe.
    """
    import pandas as pd  # noqa: PLC0415 # half a second that only this format needs

    frame = pd.DataFrame(list(_rows(report)), columns=list(_COLUMNS)).astype(
        {"words": "Int64", "attempt": "Int64"}
    )
    return frame.to_csv(index=False, lineterminator="\n")


def as_json(report: Report) -> str:
    """Give the whole report as canonical JSON: equal reports give equal bytes.

    Answers stand once, under their keys; trials refer to them. Cases and rubrics stand once too, not once
    more in every arm's manifest.
    """
    data = {
        "format": FORMAT,
        "name": report.name,
        "eval_name": report.eval_name,
        "eval": _plain(report.base.run.manifest.eval) if report.base.run else None,
        "created_at": report.created_at,
        "command": report.command,
        "graders": _plain(report.graders),
        "dimensions": _plain(report.dimensions),
        "cases": _plain(report.cases),
        "rubrics": _plain(report.rubrics),
        "arms": [_arm(arm, role) for arm, role in _roles(report)],
        "comparisons": _plain(report.comparisons),
        "rankings": _plain(report.rankings),
        "reliabilities": _plain(report.reliabilities),
        "gates": _plain(report.gates),
        "spreads": _plain(report.spreads),
        "agreements": _plain(report.agreements),
        "trusts": _plain(report.trusts),
        "corrections": _plain(report.corrections),
        "notes": _plain(report.notes),
        "provenance": _plain(report.provenance),
        "stopping": _plain(report.stopping),
        "answers": _answers(report),
    }
    return json_text(json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)) + "\n"


def _roles(report: Report) -> Iterator[tuple[Arm, str]]:
    for arm in arms(report):
        yield arm, "base" if arm is report.base else "candidate"


# ------------------------------------------------------------------ CSV


def _rows(report: Report) -> Iterator[dict[str, object]]:
    for arm, role in _roles(report):
        for grader in report.graders:
            for outcome in arm.outcomes.get(grader.kind, ()):
                trial = {
                    "arm": cell(arm.label),
                    "role": role,
                    "grader": cell(grader.kind),
                    "case": cell(outcome.trial.case),
                    "attempt": outcome.trial.attempt,
                    "outcome": _kind(outcome),
                    **_about_answer(outcome),
                }
                for dimension in (*report.dimensions, OVERALL):
                    yield trial | {"dimension": cell(dimension)} | _about_score(outcome, dimension)
    if report.base.run is None:
        yield from _case_rows(report)


def _case_rows(report: Report) -> Iterator[dict[str, object]]:
    """Give each case's mean where there is no trial to tell of: scores that another tool made."""
    for comparison in report.comparisons:
        sides = ((comparison.base, "base"), (comparison.candidate, "candidate"))
        for scores in comparison.cases:
            for (label, role), means in zip(sides, (scores.base, scores.candidate), strict=True):
                for dimension in (*report.dimensions, OVERALL):
                    yield {
                        "arm": cell(label),
                        "role": role,
                        "grader": cell(comparison.grader),
                        "case": cell(scores.case),
                        "dimension": cell(dimension),
                        "score": means[dimension],
                    }


def _about_answer(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Failed):
        return {"reason": cell(f"{outcome.kind}: {outcome.message}")}
    answer = outcome.answer
    return {
        "words": answer.words,
        "stop_reason": cell(answer.stop_reason),
        "cost": answer.cost,
        "seconds": answer.seconds,
        "reason": cell(outcome.reason) if isinstance(outcome, Ungraded) else "",
    }


def _about_score(outcome: Outcome, dimension: str) -> dict[str, object]:
    if isinstance(outcome, Failed):
        return {}
    if dimension == OVERALL:
        return {"score": 100 * outcome.overall} if isinstance(outcome, Graded) else {}
    score = outcome.scores.get(dimension)
    if score is None:
        return {}
    return {
        "score": 100 * score.value,
        "raw_score": 100 * score.raw,
        "met_points": score.met_points,
        "positive_points": score.positive_points,
    }


# ------------------------------------------------------------------ JSON


def _arm(arm: Arm, role: str) -> dict[str, object]:
    return {
        "label": arm.label,
        "role": role,
        "run": None if arm.run is None else _run(arm.run),
        "counts": _plain(arm.counts),
        "scores": {
            grader: {dimension: _plain(estimate) for dimension, estimate in scores}
            for grader, scores in arm.scores.items()
        },
        "words": arm.words,
        "usage": _plain(arm.usage),
        "costs": _plain(arm.costs),
        "spending": _plain(arm.spending),
        "seconds": arm.seconds,
        "trials": {grader: [_trial(outcome) for outcome in found] for grader, found in arm.outcomes.items()},
    }


def _run(run: Run) -> dict[str, object]:
    manifest = run.manifest
    return {
        "id": run.id,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "revision": _plain(manifest.revision),
        "graders": _plain(manifest.graders),
        "model_version": manifest.model_version,
        "files": _plain(manifest.files),
        "harness_version": manifest.harness_version,
    }


def _trial(outcome: Outcome) -> dict[str, object]:
    trial: dict[str, object] = {"outcome": _kind(outcome), **_fields(outcome.trial)}
    if isinstance(outcome, Failed):
        return trial | {"kind": outcome.kind, "message": outcome.message, "hint": outcome.hint}
    trial |= {
        "verdicts": _plain(outcome.verdicts),
        "scores": {dimension: _score(score) for dimension, score in outcome.scores.items()},
    }
    if isinstance(outcome, Ungraded):
        return trial | {"reason": outcome.reason}
    return trial | {"overall": 100 * outcome.overall}


def _score(score: Score) -> dict[str, object]:
    return _fields(score) | {"value": 100 * score.value, "raw": 100 * score.raw}


def _answers(report: Report) -> dict[str, object]:
    found: dict[str, Answer] = {
        outcome.trial.key: outcome.answer
        for arm in arms(report)
        for outcomes in arm.outcomes.values()
        for outcome in outcomes
        if not isinstance(outcome, Failed)
    }
    return {key: _fields(answer) | {"words": answer.words} for key, answer in found.items()}


def _kind(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


def _fields(record: object) -> dict[str, object]:
    plain = _plain(record)
    assert isinstance(plain, dict)  # noqa: S101 # a record has fields
    return plain


def _plain(value: object) -> object:
    """Turn records, mappings and tuples into what `json` writes; `dataclasses.asdict` copies too deeply."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
