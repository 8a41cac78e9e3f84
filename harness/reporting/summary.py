"""A report in a few lines of JSON: what an index, a script or a dashboard wants without reading all of it."""

import json
from dataclasses import dataclass
from typing import Final, Literal

from harness.assembling import exit_code
from harness.records.comparisons import VerdictWord
from harness.records.estimates import OVERALL, Estimate
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import selection
from harness.reporting.tables import plain
from harness.reporting.untrusted import json_text

FORMAT: Final = 1
"""Grows when a reader of summary.json would have to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Record):
    """What is said of one arm: its overall score, or its difference to the base, in points.

    `verdict`, `headline` and `base` are empty for a single run; `gate` is the worst of its gates, `none`
    without any.
    """

    revision: str
    base: str = ""
    verdict: VerdictWord | Literal[""] = ""
    headline: str = ""
    gate: str
    overall: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Record):
    """One report, by the grader that decides. `exit_code` is that of the command that made it."""

    format: Literal[1] = FORMAT
    name: str
    eval_name: str
    created_at: str
    command: str
    grader: str
    exit_code: int
    told: tuple[Told, ...]


def summary(report: Report) -> Summary:
    """Sum a report up: one entry for each candidate, or one for a single run."""
    grader = selection.decider(report)
    told = [
        Told(
            revision=each.candidate,
            base=each.base,
            verdict=selection.overall(each).verdict,
            headline=each.headline,
            gate=_worst({gate.result for gate in each.gates}),
            overall=selection.overall(each).difference,
        )
        for each in selection.deciding(report)
    ]
    if not told:
        gate = _worst({gate.result for gate in report.gates})
        score = dict(report.base.scores.get(grader, ())).get(OVERALL)
        told = [Told(revision=report.base.label, gate=gate, overall=score)]
    return Summary(
        name=report.name,
        eval_name=report.eval_name,
        created_at=report.created_at,
        command=report.command,
        grader=grader,
        exit_code=exit_code(report),
        told=tuple(told),
    )


def as_json(found: Summary) -> str:
    """Give a summary as JSON."""
    return json_text(json.dumps(found, default=plain, ensure_ascii=False, allow_nan=False, indent=1)) + "\n"


def _worst(results: set[str]) -> str:
    return next((word for word in ("FAIL", "INCONCLUSIVE", "PASS") if word in results), "none")
