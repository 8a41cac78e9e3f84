"""The process that draws: the same charts as in ours, whenever it was begun, and never left behind."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import sample
from harness.charts.of_report import draw
from harness.drawing import drawing
from harness.publishing import publish
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


def test_a_report_is_the_same_whether_its_drawing_was_begun_before(tmp_path: Path) -> None:
    written = []
    for name, early in (("one", False), ("two", True)):
        with drawing() as charts:
            if early:
                charts.begin()
            page = publish(sample.report(), tmp_path / name, charts)
        written.append({path.name: path.read_bytes() for path in page.parent.iterdir()})
    assert written[0] == written[1]
    assert {".content", "index.html", "forest.svg", "results.json"} <= set(written[0])


def test_what_pages_take_can_be_loaded_ahead() -> None:
    ask = """
import sys, threading
from harness.publishing import get_ready
before = "harness.reporting.page" in sys.modules
get_ready()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
from harness.reporting.templating import _templates
print(before, "harness.reporting.page" in sys.modules, len(_templates().cache) > 10)
"""
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == "False True True\n"
