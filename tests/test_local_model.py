"""The whole way with a real model: command line, real SDK, real wire, a model that runs on this machine.

It says nothing of quality: the model has 135 million parameters.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from front_door import Door
from local_model import NAME, installed, served

pytestmark = pytest.mark.skipif(not installed(), reason="no local model here: `make local` installs it")

CASES = ("queues", "caches")
CRITERIA = 2
GENERAL: Any = {
    "dimension": "security",
    "criteria": [
        {"id": "something", "text": "Says something.", "signals": [{"all": ["the | a | is"]}]},
        {"id": "threat", "text": "Names a threat.", "signals": [{"all": ["threat* | attack*"]}]},
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A project whose agent and judge are the same local model, run once."""
    with served() as base_url:
        door = Door(tmp_path_factory.mktemp("local"), key="any")
        door.cases(*CASES)
        door.write("evals/rubrics/security.yaml", GENERAL)
        settings = {"name": NAME, "base_url": base_url, "max_tokens": 64}
        judge = {"kind": "judge", "model": {**settings, "max_tokens": 40}, "canary": False}
        door.eval(base_url, model=settings, graders=[{"kind": "signals"}, judge], concurrency=1)
        first = door.run("run", "small", "--yes", "--json")
        assert first.code == 0, first.err
        door.write("first.json", first.out)
        yield door


def trials(report: Any, grader: str) -> list[Any]:
    return list(report["arms"][0]["trials"][grader])


def test_a_local_model_answers_as_the_agent_and_signals_grade_it(project: Door) -> None:
    report = project.run("run", "small", "--yes", "--json").data
    answers = report["answers"].values()
    assert len(answers) == len(CASES)
    assert all(answer["text"].strip() and answer["usage"]["output_tokens"] > 0 for answer in answers)
    graded = trials(report, "signals")
    assert [trial["outcome"] for trial in graded] == ["graded"] * len(CASES)
    met = {v["criterion"]: v["met"] for trial in graded for v in trial["verdicts"]}
    assert met["something"] is True


def test_as_a_judge_its_prose_ends_as_ungraded_all_of_it(project: Door) -> None:
    report = project.run("run", "small", "--yes", "--json").data
    judged = trials(report, "judge")
    assert [trial["outcome"] for trial in judged] == ["ungraded"] * len(CASES)
    verdicts = [verdict for trial in judged for verdict in trial["verdicts"]]
    assert len(verdicts) == CRITERIA * len(CASES)
    assert all(verdict["met"] is None for verdict in verdicts)
    assert all("could not be used, twice" in verdict["reason"] for verdict in verdicts)


def test_asking_the_same_again_calls_nobody_and_says_the_same(project: Door) -> None:
    again = project.run("run", "small", "--yes", "--json")
    assert "No paid call to make." in again.err
    assert again.out == (project.root / "first.json").read_text()


def test_a_run_that_only_such_a_judge_grades_is_incomplete_and_never_green(project: Door) -> None:
    shared = Path(project.root / "evals" / "small.yaml").read_text()
    project.write("evals/judged.yaml", shared.replace("- kind: signals\n", ""))
    done = project.run("run", "judged", "--yes")
    assert done.code == 5, done.out
