"""`harness chart` on the demo's stored runs: files where they were wished for, words on the screen."""

import csv
import shutil
from pathlib import Path

import pytest

from front_door import REPOSITORY, Door
from harness.cli.chart import KINDS
from loopback import Loopback

RUNS = ("backend-engineer", "rigorous")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = Door(tmp_path_factory.mktemp("clone"), key="")
    for folder in ("agents", "datasets", "evals"):
        shutil.copytree(REPOSITORY / folder, door.root / folder)
    assert door.run("demo").code == 0
    assert door.run("calibrate", "demo").code == 0
    return door


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"cost"}))
def test_each_kind_says_in_words_what_it_shows_and_writes_three_files(demo: Door, kind: str) -> None:
    names = ("demo",) if kind in {"trend", "calibration"} else RUNS
    done = demo.run("chart", kind, *names)
    assert done.code == 0, done.err
    alt, *paths = done.out.strip().splitlines()
    assert alt.endswith(".")
    assert [Path(path).suffix for path in paths] == [".svg", ".png", ".csv"]
    assert all(Path(path).parent == demo.root / "reports" / "charts" for path in paths)
    assert len(list(csv.DictReader(Path(paths[2]).read_text().splitlines()))) > 1


def test_what_is_written_can_be_chosen(demo: Door) -> None:
    one = demo.run("chart", "scores", "rigorous", "--out", "here/picture.svg")
    assert one.out.splitlines()[1:] == ["here/picture.svg"]
    assert (demo.root / "here" / "picture.svg").read_text().startswith("<?xml")
    two = demo.run("chart", "scores", "rigorous", "--out", "there", "--png", "--csv", "--json")
    assert set(two.data["files"]) == {"png", "csv"}
    assert {path.suffix for path in (demo.root / "there").iterdir()} == {".png", ".csv"}
    assert two.data["alt"].startswith("Score per dimension")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pie", "rigorous"), 2, "forest, scores"),
        (("forest", "rigorous"), 5, "two runs or more"),
        (("scores", "nobody"), 2, "no such run"),
        (("trend", "nothing"), 2, "no such eval"),
        (("trend", "demo", "backend"), 2, "one eval"),
        (("trend", "demo", "--dimension", "style"), 2, "there are: architecture"),
        (("distribution", "rigorous", "--dimension", "style"), 2, "there are: architecture"),
        (("cost", "demo"), 5, "answers have a price"),
        (("scores",), 2, "RUN"),
    ],
)
def test_what_cannot_be_drawn_is_said_with_what_to_do(
    demo: Door, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = demo.run("chart", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err


def test_runs_on_two_models_are_drawn_by_what_they_cost_and_break_the_trend(
    door: Door, server: Loopback
) -> None:
    for name in ("claude-sonnet-5-5", "claude-haiku-5-5"):
        door.eval(server.url, model={"name": name, "max_tokens": 500, "base_url": server.url})
        assert door.run("run", "small").code == 0
    made = door.run("chart", "cost", "small", "--csv", "--json")
    assert made.code == 0, made.err
    rows = list(csv.DictReader(Path(made.data["files"]["csv"]).read_text().splitlines()))
    assert {row["model"] for row in rows} == {"claude-sonnet-5-5", "claude-haiku-5-5"}
    assert all(float(row["cost"]) > 0 for row in rows)
    named = door.run("chart", "cost", *(row["run"] for row in rows), "--csv", "--json")
    assert Path(named.data["files"]["csv"]).read_text().count("\n") == 3
    assert "model changed before" in door.run("chart", "trend", "small").out
