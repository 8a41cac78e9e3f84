"""A report as data: long-format CSV for spreadsheets and pandas, JSON for programs.

Scores are points, 0 to 100, in both. What is undefined is an empty cell or `null`, never 0.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from csv import DictWriter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from harness.records.estimates import OVERALL
from harness.records.outcomes import Answer, Failed, Graded, Outcome, Score, Ungraded
from harness.records.results import Arm, Report
from harness.records.runs import Run
from harness.reporting.selection import arms
from harness.reporting.untrusted import cell, json_text

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
"""Grows when a reader of results.json would have to change."""
_LEVELS = 5  # of results.json that have lines of their own: report, arms, arm, trials, by grader

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
    lines: list[str] = []
    writer = DictWriter(SimpleNamespace(write=lines.append), _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(report))
    return "".join(lines)


def frame(report: Report) -> "pd.DataFrame":
    """Give the same rows as a data frame, for whoever goes on computing with them."""
    import pandas as pd  # noqa: PLC0415 - half a second and 40 MB that no report needs

    rows = pd.DataFrame(list(_rows(report)), columns=list(_COLUMNS))
    return rows.astype({"words": "Int64", "attempt": "Int64"})


def as_json(report: Report) -> str:
    """Give the whole report as canonical JSON: equal reports give equal bytes.

    Answers stand once, under their keys; trials refer to them. Cases and rubrics stand once too, not once
    more in every arm's manifest.
    """
    return json_text(_laid_out(_data(report), _LEVELS)) + "\n"


def fingerprint(report: Report) -> str:
    """Give the SHA-256 of all that `as_json` says."""
    return hashlib.sha256(_COMPACT.encode(_data(report)).encode()).hexdigest()


def _laid_out(value: object, levels: int, margin: str = "") -> str:
    """Write JSON with a line for each trial: an indent at every level takes ten times as long, and no C."""
    if not levels or not value or isinstance(value, str | int | float):
        return _COMPACT.encode(value)
    inner = margin + " "
    if isinstance(value, list | tuple):
        rows = [_laid_out(each, levels - 1, inner) for each in value]
        return f"[\n{inner}" + f",\n{inner}".join(rows) + f"\n{margin}]"
    fields = sorted(plain(value).items())
    rows = [f"{_COMPACT.encode(name)}: {_laid_out(each, levels - 1, inner)}" for name, each in fields]
    return f"{{\n{inner}" + f",\n{inner}".join(rows) + f"\n{margin}}}"


def plain(value: object) -> dict[str, object]:
    """Give a record's fields, or a mapping as a dictionary; `dataclasses.asdict` copies too deeply.

    `json` calls this for what it does not know, and so for records inside of records too.
    """
    if isinstance(value, Mapping):
        return dict(value)
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}  # type: ignore[attr-defined]


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
        "met_points": float(score.met_points),
        "positive_points": float(score.positive_points),
    }


# ------------------------------------------------------------------ JSON


def _data(report: Report) -> dict[str, object]:
    return {
        "format": FORMAT,
        "name": report.name,
        "eval_name": report.eval_name,
        "eval": report.base.run.manifest.eval if report.base.run else None,
        "created_at": report.created_at,
        "command": report.command,
        "graders": report.graders,
        "dimensions": report.dimensions,
        "cases": report.cases,
        "rubrics": report.rubrics,
        "arms": [_arm(arm, role) for arm, role in _roles(report)],
        "comparisons": report.comparisons,
        "rankings": report.rankings,
        "reliabilities": report.reliabilities,
        "gates": report.gates,
        "spreads": report.spreads,
        "agreements": report.agreements,
        "trusts": report.trusts,
        "corrections": report.corrections,
        "preferences": report.preferences,
        "notes": report.notes,
        "provenance": report.provenance,
        "stopping": report.stopping,
        "answers": _answers(report),
    }


def _arm(arm: Arm, role: str) -> dict[str, object]:
    return {
        "label": arm.label,
        "role": role,
        "run": None if arm.run is None else _run(arm.run),
        "counts": arm.counts,
        "scores": {grader: dict(scores) for grader, scores in arm.scores.items()},
        "words": arm.words,
        "usage": arm.usage,
        "costs": arm.costs,
        "spending": arm.spending,
        "seconds": arm.seconds,
        "caching": arm.caching,
        "trials": {grader: [_trial(outcome) for outcome in found] for grader, found in arm.outcomes.items()},
    }


def _run(run: Run) -> dict[str, object]:
    manifest = run.manifest
    return {
        "id": run.id,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "revision": manifest.revision,
        "graders": manifest.graders,
        "model_version": manifest.model_version,
        "files": manifest.files,
        "harness_version": manifest.harness_version,
    }


def _trial(outcome: Outcome) -> dict[str, object]:
    trial: dict[str, object] = {"outcome": _kind(outcome), **plain(outcome.trial)}
    if isinstance(outcome, Failed):
        return trial | {"kind": outcome.kind, "message": outcome.message, "hint": outcome.hint}
    trial |= {
        "verdicts": outcome.verdicts,
        "scores": {dimension: _score(score) for dimension, score in outcome.scores.items()},
    }
    if isinstance(outcome, Ungraded):
        return trial | {"reason": outcome.reason}
    return trial | {"overall": 100 * outcome.overall}


def _score(score: Score) -> dict[str, object]:
    return plain(score) | {"value": 100 * score.value, "raw": 100 * score.raw}


def _answers(report: Report) -> dict[str, object]:
    found: dict[str, Answer] = {
        outcome.trial.key: outcome.answer
        for arm in arms(report)
        for outcomes in arm.outcomes.values()
        for outcome in outcomes
        if not isinstance(outcome, Failed)
    }
    return {key: plain(answer) | {"words": answer.words} for key, answer in found.items()}


def _kind(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


_CANONICAL: Final[dict[str, Any]] = {
    "ensure_ascii": False,
    "allow_nan": False,
    "sort_keys": True,
    "default": plain,
}
_COMPACT = json.JSONEncoder(**_CANONICAL, separators=(",", ":"))
