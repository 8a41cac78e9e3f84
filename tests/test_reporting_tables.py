"""The report as CSV and JSON."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import golden
import sample
from harness.records.estimates import OVERALL
from harness.records.outcomes import Failed, Graded
from harness.records.results import Report
from harness.reporting import tables
from harness.reporting.selection import arms

SMALL = sample.Shape(cases=3, attempts=1)
GOLDENS = Path(__file__).parent / "goldens"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(("name", "text"), [("results.csv", tables.csv), ("results.json", tables.as_json)])
def test_the_small_sample_renders_as_reviewed(name: str, text: golden.Render) -> None:
    golden.check(GOLDENS / name, text(sample.report(SMALL)))


def test_csv_has_a_row_for_every_trial_and_dimension_graded_or_not() -> None:
    report = sample.report()
    trials = sum(len(outcomes) for arm in arms(report) for outcomes in arm.outcomes.values())
    assert len(rows(tables.csv(report))) == trials * (len(report.dimensions) + 1)


def test_csv_scores_are_the_records_in_points() -> None:
    report = sample.report()
    found = {
        (row["arm"], row["grader"], row["case"], row["attempt"]): row["score"]
        for row in rows(tables.csv(report))
        if row["dimension"] == OVERALL
    }
    for arm in arms(report):
        for grader, outcomes in arm.outcomes.items():
            for outcome in outcomes:
                shown = found[arm.label, grader, outcome.trial.case, str(outcome.trial.attempt)]
                if isinstance(outcome, Graded):
                    assert float(shown) == pytest.approx(100 * outcome.overall)
                else:
                    assert shown == ""


def test_the_data_frame_holds_what_the_csv_says() -> None:
    report = sample.report()
    assert tables.frame(report).to_csv(index=False, lineterminator="\n") == tables.csv(report)


def test_the_fingerprint_is_of_all_that_the_json_says() -> None:
    report = sample.report()
    assert tables.fingerprint(report) == tables.fingerprint(sample.report())
    base = report.base
    kind, outcomes = next(iter(base.outcomes.items()))
    graded = next(each for each in outcomes if isinstance(each, Graded))
    reread = replace(graded, overall=graded.overall / 2)
    others = tuple(reread if each is graded else each for each in outcomes)
    changes = (
        replace(report, command="harness report 1"),
        replace(report, base=replace(base, outcomes={**base.outcomes, kind: others})),
    )
    for changed in changes:
        assert tables.fingerprint(changed) != tables.fingerprint(report)


def test_json_holds_every_answer_once() -> None:
    report = sample.report()
    text = tables.as_json(report)
    hostile = json.dumps(sample.HOSTILE[:60], ensure_ascii=False)[1:-1]
    written = [
        outcome.answer.text
        for arm in arms(report)
        for outcome in arm.outcomes["signals"]
        if not isinstance(outcome, Failed) and sample.HOSTILE in outcome.answer.text
    ]
    assert text.count(hostile) == len(written) > 0
    data = json.loads(text)
    keys = {
        trial["key"]
        for arm in data["arms"]
        for trials in arm["trials"].values()
        for trial in trials
        if trial["outcome"] != "failed"
    }
    assert keys == set(data["answers"])


def test_json_carries_what_a_program_asks_first() -> None:
    report = sample.report()
    data = json.loads(tables.as_json(report))
    (first, *_) = data["comparisons"]
    assert first["seed"] == report.comparisons[0].seed
    assert first["differences"][0]["verdict"] == report.comparisons[0].differences[0].verdict
    assert {"mean", "low", "high", "n", "method"} <= set(first["differences"][0]["difference"])
    assert data["arms"][0]["counts"]["signals"]["planned"] == report.base.counts["signals"].planned


@pytest.mark.parametrize("report", [sample.report(), sample.all_failed()])
def test_equal_reports_give_equal_bytes_without_nan(report: Report) -> None:
    assert tables.as_json(report) == tables.as_json(report)
    assert tables.csv(report) == tables.csv(report)
    json.loads(tables.as_json(report), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert "nan" not in re.split(r"\W", tables.csv(report))
