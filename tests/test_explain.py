"""`harness explain`, floors and what stands beside a verdict, through the front door."""

import itertools
from collections.abc import Iterator

import pytest

from front_door import AGENT, Door
from loopback import Body, Loopback


@pytest.fixture
def floored(door: Door) -> Iterator[Door]:
    """An eval of 16 cases and three attempts with floors; two good prompts beside a bad one."""
    turns = itertools.count()

    def reply(body: Body) -> str:
        usual = next(turns) % 7 > 0
        if "Answer well" in str(body["system"]):
            return "Name the threat of replay" + (" and validate the schema." if usual else ".")
        return "Use a queue and hope." if usual else "Name the threat of replay."

    with Loopback(reply=reply) as server:
        gate = {"margin": 10, "floors": {"security": 60}, "allow_uncalibrated": True}
        door.eval(server.url, attempts=3, graders=[{"kind": "signals"}], gate=gate)
        door.cases(*(f"case{number:02}" for number in range(16)))
        door.write("agents/good.md", AGENT.replace("Answer briefly", "Answer well"))
        door.write("agents/fine.md", AGENT.replace("Answer briefly", "Answer well, please"))
        yield door


def test_a_single_run_is_held_to_its_floor(floored: Door) -> None:
    good = floored.run("run", "small", "--revision", "agents/good.md")
    assert good.code == 0, good.out + good.err
    assert "gate security ≥ 60: PASS: security scores" in good.out
    assert "and the floor is 60" in good.out
    assert (
        "may decide the gate all the same, because the eval says `gate.allow_uncalibrated: true`" in good.out
    )
    bad = floored.run("run", "small")
    assert bad.code == 1, bad.out + bad.err
    assert "gate security ≥ 60: FAIL" in bad.out
    assert "below the floor of 60 beyond chance" in bad.out


def test_a_floor_that_one_attempt_cannot_show_is_exit_4(floored: Door) -> None:
    settings = floored.root / "evals/small.yaml"
    settings.write_text(settings.read_text().replace("attempts: 3", "attempts: 1"))
    done = floored.run("run", "small", "--revision", "agents/good.md")
    assert done.code == 4, done.out + done.err
    assert "two or more" in done.out


def test_a_floor_of_a_dimension_that_there_is_not_is_named(floored: Door) -> None:
    settings = floored.root / "evals/small.yaml"
    settings.write_text(settings.read_text().replace("security: 60", "style: 60"))
    done = floored.run("run", "small")
    assert done.code == 2
    assert "gate.floors: no rubric is about 'style'" in done.err


def test_an_explanation_goes_from_the_count_to_the_exit_code(floored: Door) -> None:
    floored.run("run", "small")
    floored.run("run", "small", "--revision", "agents/good.md")
    done = floored.run("explain", "working", "good", "--dimension", "security")
    assert done.code == 0, done.err
    titles = [line.split(". ", 1)[1] for line in done.out.splitlines() if line[:1].isdigit()]
    assert titles == [
        "What was counted",
        "One score per case",
        "One difference per case",
        "Could it be chance?",
        "How large is it?",
        "On exactly these cases",
        "Longer or shorter answers",
        "The verdict",
        "The gate on security: PASS",
        "The floor of security: PASS",
        "Where the uncertainty comes from",
        "What would change it",
        "How reliably",
        "The exit code: 0",
    ]
    text = " ".join(done.out.split())
    assert "16 cases, 3 attempts each, 48 of 48 graded" in text
    assert "(sign flips of cases, 9,999 drawn, seed 20260101)" in text
    assert "and the floor is 60" in text
    assert "every time in 3 (pass^3)" in text


def test_a_single_run_is_explained_too_and_as_data(floored: Door) -> None:
    floored.run("run", "small")
    (told,) = floored.run("explain", "working", "--json").data
    assert told["of"] == "working, overall, by signals"
    assert told["steps"][0]["title"] == "What was counted"
    assert told["steps"][-1]["title"] == "The exit code: 1"


def test_an_unknown_dimension_is_named_with_those_there_are(floored: Door) -> None:
    floored.run("run", "small")
    done = floored.run("explain", "working", "--dimension", "style")
    assert done.code == 2
    assert "style: this eval has no such dimension" in done.err
    assert "it has overall, security" in done.err


def test_two_candidates_are_ranked_with_their_base_and_adjusted_for_each_other(floored: Door) -> None:
    names = ("--candidate", "agents/good.md", "--candidate", "agents/fine.md")
    done = floored.run("compare", "small", "--base", "agents/helper.md", *names, "--json")
    assert done.code in {0, 4}, done.err
    (ranking,) = done.data["rankings"]
    assert ranking["ranks"][-1]["label"] == "helper"
    assert [rank["tied"] for rank in ranking["ranks"]] == [True, True, False]
    families = {row["family"] for found in done.data["comparisons"] for row in found["differences"]}
    assert families == {2}
    assert {each["arm"] for each in done.data["reliabilities"]} >= {"good", "fine"}
    page = next(floored.root.glob("reports/*/index.html")).read_text()
    assert "cannot be told from it" in page
    assert "(pass^3)" in page
