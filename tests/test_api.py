"""The Python API on the demo's stored runs: frames that say what the report says, and errors that help."""

import contextlib
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import harness
import sample
from front_door import REPOSITORY, Door
from harness import api
from harness.errors import InputError, StoreError
from harness.reporting.frames import COLUMNS, listed, verdicts
from harness.reporting.tables import as_json

PAGE = REPOSITORY / "docs" / "python.md"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = Door(tmp_path_factory.mktemp("clone"), key="")
    for folder in ("agents", "datasets", "evals"):
        shutil.copytree(REPOSITORY / folder, door.root / folder)
    assert door.run("demo").code == 0
    return door


@pytest.fixture
def inside(demo: Door) -> Iterator[Path]:
    with contextlib.chdir(demo.root):
        yield demo.root


@pytest.mark.usefixtures("inside")
def test_a_run_s_frame_holds_every_verdict_with_its_evidence() -> None:
    found = api.results("rigorous")
    assert tuple(found.columns) == COLUMNS
    assert set(found.arm) == {"rigorous"}
    assert len(found) == 12 * 27 * 2
    met = found[(found.grader == "labels") & found.met]
    assert (met.quote.str.len() > 0).mean() > 0.9


@pytest.mark.usefixtures("inside")
def test_the_frame_s_means_are_the_report_s() -> None:
    found = api.results("backend-engineer")
    of_signals = found[found.grader == "signals"].drop_duplicates(["case", "attempt"])
    made = api.report("backend-engineer")
    assert of_signals.overall.mean() == pytest.approx(dict(made.base.scores["signals"])["overall"].mean)


def test_a_report_s_folder_its_file_and_the_report_itself_give_the_same_rows(inside: Path) -> None:
    (folder,) = (path.parent for path in inside.glob("reports/demo--*/results.json"))
    from_folder, from_file = api.results(str(folder)), api.results(folder / "results.json")
    pd.testing.assert_frame_equal(from_folder, from_file)
    made = api.report("backend-engineer", "rigorous", "security-blind")
    columns = [name for name in COLUMNS if name != "role"]
    pd.testing.assert_frame_equal(api.results(made)[columns], from_file[columns])


@pytest.mark.usefixtures("inside")
def test_several_sources_stand_below_each_other() -> None:
    both = api.results("rigorous", "backend-engineer")
    assert list(both.arm.unique()) == ["rigorous", "backend-engineer"]
    assert list(api.runs().label) == ["backend-engineer", "rigorous", "security-blind"]


@pytest.mark.usefixtures("inside")
def test_what_is_not_there_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    wrong = tmp_path / "results.json"
    for text in ("{", "[]", '{"format": 99}'):
        wrong.write_text(text)
        with pytest.raises(InputError):
            api.results(wrong)
    with pytest.raises(InputError, match="no such run"):
        api.results("nobody")
    with pytest.raises(InputError, match="no results there"):
        api.results(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="no store yet"):
        api.runs(store=tmp_path / "none.db")


def test_failed_and_ungraded_trials_are_rows_without_a_number() -> None:
    frame = verdicts([json.loads(as_json(sample.report()))])
    failed = frame[frame.outcome == "failed"]
    assert len(failed) > 0
    assert failed[["criterion", "met", "score", "overall", "cost"]].isna().all(axis=None)
    assert failed.reason.str.len().min() > 0
    assert frame[frame.outcome == "ungraded"].overall.isna().all()


def test_a_run_that_is_not_finished_has_no_time_of_its_end() -> None:
    row = {"id": "a", "created_at": "2026-01-01T00:00:00.5Z", "finished_at": ""}
    frame = listed([row, {**row, "finished_at": "2026-01-02T00:00:00Z"}])
    assert list(frame.finished_at.isna()) == [True, False]
    assert len(listed([])) == 0


def test_the_package_offers_the_three_functions_and_nothing_else() -> None:
    assert (harness.results, harness.runs, harness.report) == (api.results, api.runs, api.report)
    with pytest.raises(AttributeError, match="no attribute 'result'"):
        _ = harness.result  # type: ignore[attr-defined]


def test_importing_it_loads_nothing_that_is_slow() -> None:
    said = "import sys, harness; harness.results, harness.runs, harness.report; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert "harness.api" in done.stdout.split()
    assert not {"pandas", "numpy", "sqlalchemy", "pydantic", "matplotlib", "anthropic"} & set(
        done.stdout.split()
    )


@pytest.mark.usefixtures("inside")
def test_the_examples_of_the_page_run_and_print() -> None:
    code = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(code) == 2
    said = io.StringIO()
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(said):
        for block in code:
            exec(block, names)  # noqa: S102 - our own page
    for words in ("rigorous", "criterion", "overall", "better"):
        assert words in said.getvalue()


def test_the_columns_of_the_page_are_those_of_the_frame() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("| column |")[2].partition("\n\n")[0]
    named = [name for line in page.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert named == list(COLUMNS)


# ------------------------------------------------------------------ files from the command line


def test_a_report_is_printed_as_markdown_and_its_junit_put_where_asked(demo: Door) -> None:
    done = demo.run("report", "rigorous", "--markdown", "--junit", "build/junit.xml")
    assert done.code == 0, done.err
    assert done.out.startswith("## demo: `rigorous`")
    assert "report: " in done.err
    assert (demo.root / "build" / "junit.xml").read_text().startswith("<?xml")
    assert demo.run("report", "rigorous", "--markdown", "--json").code == 2


def test_parquet_needs_pyarrow_and_says_so(demo: Door) -> None:
    done = demo.run("report", "rigorous", "--parquet", "r.parquet")
    if importlib.util.find_spec("pyarrow") is None:
        assert (done.code, (demo.root / "r.parquet").exists()) == (2, False)
        assert "pip install pyarrow" in done.err
    else:
        with contextlib.chdir(demo.root):
            pd.testing.assert_frame_equal(pd.read_parquet("r.parquet"), api.results("rigorous"))
