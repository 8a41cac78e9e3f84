"""The summary of a report: what an index needs, read back as it was written."""

import pytest

import sample
from harness.assembling import exit_code
from harness.parsing.reading import from_json
from harness.records.results import Report
from harness.reporting.summary import Summary, as_json, summary

SINGLE = sample.Shape(candidates=())


@pytest.mark.parametrize("report", [sample.report(), sample.report(SINGLE), sample.all_failed()])
def test_what_is_written_is_read_back(report: Report) -> None:
    found = summary(report)
    assert from_json(Summary, as_json(found)) == found
    assert found.exit_code == exit_code(report)


def test_there_is_one_entry_for_each_candidate_by_the_grader_that_decides() -> None:
    report = sample.report()
    found = summary(report)
    assert [told.revision for told in found.told] == ["rigorous", "security-blind"]
    deciding = [each for each in report.comparisons if each.grader == "signals"]
    assert [told.overall for told in found.told] == [each.differences[0].difference for each in deciding]
    assert [told.gate for told in found.told] == ["INCONCLUSIVE", "FAIL"]


def test_a_single_run_has_its_score() -> None:
    report = sample.report(SINGLE)
    (told,) = summary(report).told
    assert told.overall == dict(report.base.scores["signals"])["overall"]
    assert (told.verdict, told.gate) == ("", "none")
