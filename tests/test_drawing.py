"""The process that draws: the same charts as in ours, whenever it was begun, and never left behind."""

from dataclasses import replace

import pytest

import sample
from harness.charts.of_report import draw
from harness.drawing import drawing
from harness.records.results import Report


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(sample.report(), id="a comparison"),
        pytest.param(replace(sample.report(), candidates=(), comparisons=()), id="a single run"),
        pytest.param(sample.all_failed(), id="nothing to draw"),
    ],
)
def test_it_draws_what_would_have_been_drawn_here(report: Report) -> None:
    with drawing() as charts:
        charts.begin()
        charts.take(report)
        assert charts.charts() == draw(report)


def test_a_process_that_was_begun_for_nothing_ends_with_the_block() -> None:
    with drawing() as charts:
        charts.begin()
        begun = charts._process
    assert begun is not None
    assert begun.returncode is not None


def test_drawing_that_broke_says_so() -> None:
    broken = replace(sample.report(), dimensions=(1,))  # type: ignore[arg-type] # no report can hold that
    with drawing() as charts:
        charts.take(broken)
        with pytest.raises(RuntimeError, match=r"the charts could not be drawn:\n(.|\n)*dimensions"):
            charts.charts()
