"""The demo on the repository's own files: the same plan and store as a paid run, honest about what it is."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from front_door import REPOSITORY, Door

CASES, REVISIONS, CRITERIA, GRADERS = 12, 3, 27, 2


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = Door(tmp_path_factory.mktemp("clone"), key="")
    for folder in ("agents", "datasets", "evals"):
        shutil.copytree(REPOSITORY / folder, door.root / folder)
    return door


def rows(door: Door) -> dict[str, int]:
    with sqlite3.connect(door.root / ".harness" / "store.db") as connection:
        tables = ("answers", "verdicts", "runs", "failures")
        return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in tables}  # noqa: S608


def test_the_demo_stores_each_answer_and_verdict_and_the_second_makes_none(demo: Door) -> None:
    first = demo.run("demo")
    assert first.code == 0, first.err
    stored = rows(demo)
    assert stored == {
        "answers": CASES * REVISIONS,
        "verdicts": CASES * REVISIONS * CRITERIA * GRADERS,
        "runs": REVISIONS,
        "failures": 0,
    }
    second = demo.run("demo")
    assert (second.code, second.out, rows(demo)) == (0, first.out, stored)
    assert "0 answers and 0 verdicts made" in second.err


def test_the_demo_ends_with_the_report_s_path(demo: Door) -> None:
    last = demo.run("demo").out.strip().splitlines()[-1]
    page = Path(last.removeprefix("report: "))
    assert last.startswith("report: ")
    assert page.is_file()
    assert {"index.html", "report.md", "results.csv", "results.json"} <= {
        p.name for p in page.parent.iterdir()
    }
    assert {p.suffix for p in page.parent.iterdir()} >= {".svg", ".png"}


def test_by_the_labels_security_blind_loses_security_and_rigorous_gains_it(demo: Door) -> None:
    found = {
        (comparison["candidate"], row["dimension"]): (row["difference"]["mean"], row["verdict"])
        for comparison in demo.run("demo", "--json").data["comparisons"]
        if comparison["grader"] == "labels"
        for row in comparison["differences"]
    }
    blind, rigorous = found["security-blind", "security"], found["rigorous", "security"]
    assert (round(blind[0], -1), blind[1]) == (-20, "worse")
    assert (round(rigorous[0], -1), rigorous[1]) == (20, "better")


def test_the_demo_says_what_it_cannot_say_and_who_made_what(demo: Door) -> None:
    said = " ".join(demo.run("demo").out.split())
    for words in (
        "one attempt",
        "gate",
        "length is confounded",
        "In sample",
        "written by a large language model",
        "model annotators",
        "No human has labelled",
    ):
        assert words in said, words


def test_the_shipped_files_are_in_order(demo: Door) -> None:
    done = demo.run("check")
    assert done.code == 0, done.err
    assert "0 to mend" in done.err


def test_the_agent_under_test_is_read_although_it_is_not_valid_yaml(demo: Door) -> None:
    done = demo.run("cases", "agents/backend-engineer.md", "--json")
    assert [case["context"] for case in done.data] == [
        "User needs to design a REST API for their task management app.",
        "User is experiencing database performance issues.",
    ]


def test_the_paid_eval_says_what_it_costs(demo: Door) -> None:
    plan = demo.run("run", "backend", "--plan")
    assert plan.code == 0, plan.err
    (estimate,) = [word for word in plan.err.split() if word.startswith("$") and word.endswith(",")]
    comment = (demo.root / "evals" / "backend.yaml").read_text()
    assert f"about {estimate.rstrip(',')}" in comment
