"""The explanation of a verdict: whatever the report holds, each step says something true and readable."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

import sample
from harness.comparison.comparing import compare_all
from harness.comparison.explaining import Step, explain
from harness.records.estimates import OVERALL
from harness.records.results import Report

REPORT = sample.report()


def steps(report: Report, dimension: str = OVERALL) -> Mapping[str, str]:
    (first, *_) = explain(report, dimension)
    return {step.title: step.text for step in first.steps}


def judged(report: Report) -> Report:
    """Compare the sample's arms by our own rules, in place of its hand-made comparisons."""
    manifest = report.base.made.manifest
    grader = report.graders[0].kind
    found = compare_all(
        report.base,
        report.candidates,
        grader=grader,
        eval=manifest.eval,
        cases=report.cases,
        rubrics=report.rubrics,
    )
    return replace(report, comparisons=found)


def all_of(report: Report) -> Sequence[Step]:
    names = (OVERALL, *report.dimensions)
    return [step for name in names for each in explain(report, name) for step in each.steps]


@pytest.mark.parametrize("report", [REPORT, judged(REPORT), sample.all_failed()])
def test_every_step_of_every_dimension_and_candidate_says_something(report: Report) -> None:
    for step in all_of(report):
        assert step.title
        assert step.text.rstrip().endswith((".", ")"))
        assert "None" not in step.text
        assert "nan" not in step.text.split()


def test_there_is_an_explanation_for_each_candidate_by_the_grader_that_decides() -> None:
    told = [each.of for each in explain(judged(REPORT))]
    decider = REPORT.graders[0].kind
    assert told == [
        f"{arm.label} against {REPORT.base.label}, overall, by {decider}" for arm in REPORT.candidates
    ]


def test_where_nothing_was_graded_the_verdict_follows_the_count() -> None:
    assert list(steps(judged(sample.all_failed()))) == ["What was counted", "The verdict"]


def test_several_candidates_are_told_that_p_holds_for_all() -> None:
    told = steps(judged(REPORT))
    assert f"{len(REPORT.candidates)} candidates were put to these cases" in told["Asked several questions"]


def test_few_changed_cases_are_told_of_the_two_invented_ones() -> None:
    base = REPORT.base
    same = replace(REPORT, candidates=(replace(base, label="twin"),))
    told = steps(judged(same))
    assert "two invented ones" in told["How large is it?"]
    assert told["Could it be chance?"] == (
        "No case changed, so there is nothing that chance could have done (p = 1)."
    )
    assert "at least 6 cases that change" in told["What would change it"]


def test_a_single_run_is_explained_without_a_comparison() -> None:
    single = replace(REPORT, candidates=(), comparisons=())
    told = steps(single)
    assert list(told)[:3] == ["What was counted", "One score per case", "The score"]
    assert "is the mean over" in told["The score"]


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(KeyError):
        explain(REPORT, "style")
