"""Designs: what may be measured together, what is advised, and the command on measured runs."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from front_door import AGENT, Door
from harness.assembling import arm
from harness.comparison.designing import (
    MOST_ATTEMPTS,
    Priced,
    advice,
    changes,
    fewest_attempts,
    ground,
    seen,
    still,
)
from harness.planning.work import jobs, marks_of
from harness.records.outcomes import Usage
from harness.statistics.power import Design, GateChance, GateRule, Seen, scatter
from loopback import Loopback
from making import Shelf, answer, case, criterion, manifest, rubric, run, verdict
from recordings import BOTH, NEITHER, NEW, ONE, names, record


def priced(cases: int, attempts: int, passes: float) -> Priced:
    gate: GateChance = {"PASS": passes, "FAIL": 0.0, "INCONCLUSIVE": 1 - passes}
    made = Design(cases=cases, attempts=attempts, detectable={"overall": 12.0}, gate=gate, gates={"a": gate})
    return Priced(design=made, calls=10 * cases * attempts, cost=0.5)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"prompt": "Another prompt."}, ()),
        ({"attempts": 4}, ()),
        ({"budget": 9.0}, ()),
        ({"cases": [case("queues")]}, ("cases",)),
        ({"rubrics": [rubric("security", criterion("other"))]}, ("rubrics",)),
        ({"graders": ("judge",)}, ("grader",)),
    ],
)
def test_what_changes_the_meaning_of_a_score_is_named(change: dict[str, Any], named: tuple[str, ...]) -> None:
    assert changes(ground(manifest()), ground(manifest(**change))) == named


def test_the_order_of_cases_changes_no_ground() -> None:
    one, other = manifest([case("a"), case("b")]), manifest([case("b"), case("a")])
    assert ground(one) == ground(other)


def test_another_version_of_the_model_is_another_ground() -> None:
    assert changes(ground(manifest()), ground(replace(manifest(), model_version="2027"))) == ("model",)


def test_only_attempts_graded_in_full_are_measured() -> None:
    asked = manifest([case("a"), case("b")], [rubric("security", criterion("x"))], attempts=2)
    shelf = Shelf()
    for job, text in zip(jobs(asked, shelf), ("x", "-", "-", None), strict=True):
        if text is not None:
            shelf.of_answers[job.trial.key] = answer(text, usage=Usage())
            for mark in marks_of(asked, job.case, answer(text)):
                shelf.of_verdicts[mark.key] = verdict("x", met=text == "x")
    found = seen(arm(run(asked), jobs(asked, shelf), ()), ("overall", "security"))
    assert found.cases == {"a": ((100.0, 100.0), (0.0, 0.0)), "b": ((0.0, 0.0),)}


@given(st.integers(1, MOST_ATTEMPTS + 10))
def test_the_fewest_attempts_that_pass_often_enough_are_found(threshold: int) -> None:
    found = fewest_attempts(12, lambda _, attempts: float(attempts >= threshold))
    assert found == (None if threshold > MOST_ATTEMPTS else max(2, threshold))


def test_the_advice_names_the_cheapest_design_and_what_the_own_cases_take() -> None:
    now, wide, deep = priced(14, 3, 0.4), priced(40, 3, 0.9), priced(14, 11, 0.81)
    line = advice(now, [now, wide, deep])
    assert "(14 cases × 3 attempts) finds a true difference of 12.0 points" in line
    assert "passes 40% of the time" in line
    assert "is 40 cases × 3 attempts (1,200 calls, $0.50)" in line
    assert "with the cases you have 14 cases × 11 attempts (1,540 calls, $0.50)" in line


@pytest.mark.parametrize(
    ("passes", "others", "said"),
    [(0.85, [], "that is enough"), (0.3, [priced(80, 10, 0.7)], "widen the margin")],
)
def test_the_advice_says_when_it_is_enough_and_when_nothing_is(
    passes: float, others: list[Priced], said: str
) -> None:
    assert said in advice(priced(14, 3, passes), others)


def test_no_size_is_advised_where_no_two_attempts_differ() -> None:
    asked = GateRule(margins={"overall": 8.0, "security": 10.0}, floors={"security": (60.0, 70.0)})
    names = ("overall", "security", "tradeoffs")
    alike = Seen(prompt="p", cases={"a": ((50.0, 40.0, 30.0), (60.0, 40.0, 30.0))}, clusters={})
    unmoved = still(scatter([alike], names), asked)
    assert unmoved == ("security",)
    line = advice(priced(14, 3, 0.0), [priced(80, 10, 0.0)], unmoved=unmoved)
    assert "no two attempts at a case differ on security" in line
    assert "widen" not in line


# ------------------------------------------------------------------ the command


def mixed(case_number: int, attempt: int) -> str:
    return ONE if attempt == 2 and case_number % 3 else (BOTH, NEITHER)[case_number % 2]


def better(case_number: int, attempt: int) -> str:
    return ONE if attempt == 1 and case_number % 2 else (BOTH, NEITHER, BOTH)[case_number % 3]


def test_designs_are_measured_on_the_evals_own_runs(door: Door) -> None:
    record(door, names(12), mixed, better, attempts=3)
    assert door.run("compare", "small", "--base", "agents/old.md").code == 0
    done = door.run("power", "small", "--json", "--cases", "24", "--attempts", "6")
    assert done.code == 0, done.err
    found = done.data
    assert {(d["cases"], d["attempts"]) for d in found["designs"]} == {(12, 3), (12, 6), (24, 3), (24, 6)}
    assert [(d["cases"], d["attempts"]) for d in found["designs"] if d["now"]] == [(12, 3)]
    for made in found["designs"]:
        assert sum(made["gate"].values()) == pytest.approx(1)
        assert set(made["gates"]) == {"security"}
    small, large = (
        next(d["detectable"]["overall"] for d in found["designs"] if (d["cases"], d["attempts"]) == size)
        for size in ((12, 3), (24, 6))
    )
    # What the comparison itself calls detectable is what power says of the design as it is.
    (path,) = door.root.glob("reports/*/results.json")
    report = json.loads(path.read_text())
    assert small == pytest.approx(report["comparisons"][0]["differences"][0]["mde"])
    assert large < small / 1.3
    table = door.run("power", "small")
    assert "◀ now" in table.out
    assert "Your eval as it is (12 cases × 3 attempts) finds" in table.out
    assert "measured on 2 runs: old (" in table.err


def test_the_gate_foretold_is_the_gate_of_the_eval(door: Door) -> None:
    record(door, names(12), mixed, better, attempts=3)
    path = door.root / "evals" / "small.yaml"
    gate = {"margin": 20, "margins": {"security": 6}, "floors": {"overall": 30}, "looks": 2}
    path.write_text(f"{path.read_text()}gate: {json.dumps(gate)}\n")
    assert door.run("compare", "small", "--base", "agents/old.md").code == 4
    found = door.run("power", "small", "--json").data
    (now,) = (made for made in found["designs"] if made["now"])
    assert set(now["gates"]) == {"security", "overall ≥ 30"}
    assert (found["gate"]["set"], found["gate"]["looks"]) == (True, 2)
    assert found["gate"]["margins"] == {"security": 6}
    assert "stays inconclusive" in found["wanting"][0]
    told = door.run("power", "small").out
    assert (
        "the gate, with a margin of 6 on security and a floor of 30 on overall (which working scored" in told
    )
    assert "at one of 2 looks" in told
    assert (
        "stays inconclusive whatever the size until its grader may decide it. The signals grader is" in told
    )


def test_the_same_prompt_under_another_label_is_measured_once(door: Door) -> None:
    record(door, names(12), mixed, better, attempts=3)
    door.run("compare", "small", "--base", "agents/old.md")
    once = door.run("power", "small", "--json").data
    door.run("compare", "small", "--base", "agents/old.md", "--candidate", "agents/helper.md")
    again = door.run("power", "small", "--json").data
    assert [run["label"] for run in again["runs"]] == ["old", "helper"]
    assert again["variances"] == once["variances"]


def test_an_eval_without_a_gate_is_not_said_to_have_one(door: Door) -> None:
    record(door, names(12), mixed, better, attempts=3)
    door.run("compare", "small", "--base", "agents/old.md")
    told = door.run("power", "small").out
    assert "this eval has no gate; one with a margin of 5 on security, if nothing changed" in told
    assert "its gate" not in told


def test_calls_and_cost_are_those_of_both_revisions_from_nothing(door: Door, server: Loopback) -> None:
    door.eval(server.url, attempts=2)
    door.write("agents/old.md", AGENT)
    door.write("agents/helper.md", NEW)
    plan = door.run("compare", "small", "--base", "agents/old.md", "--plan", "--json").data
    door.run("compare", "small", "--base", "agents/old.md")
    found = door.run("power", "small", "--json", "--attempts", "4").data
    by_size = {(made["cases"], made["attempts"]): made for made in found["designs"]}
    assert by_size[2, 2]["calls"] == sum(part["to_make"] for arm in plan for part in arm["parts"])
    assert by_size[2, 4]["calls"] == 2 * by_size[2, 2]["calls"]
    assert by_size[2, 4]["cost"] == pytest.approx(2 * by_size[2, 2]["cost"])


def test_without_a_run_to_measure_it_says_what_to_do(door: Door) -> None:
    record(door, names(6), mixed, better)
    nothing = door.run("power", "small")
    assert (nothing.code, "no store yet" in nothing.err, "hint:" in nothing.err) == (2, True, True)
    door.run("run", "small")
    path = door.root / "evals" / "rubrics" / "security.yaml"
    path.write_text(path.read_text().replace("points: 4", "points: 5"))
    stale = door.run("power", "small")
    assert stale.code == 5
    assert "since the 1 run in the store its rubrics changed" in stale.err
    assert "hint: `harness compare` makes two" in stale.err


def test_one_prompt_and_one_attempt_leave_open_what_they_cannot_tell(door: Door) -> None:
    record(door, names(6), mixed, better)
    door.run("run", "small")
    done = door.run("power", "small")
    assert done.code == 0, done.err
    assert "Only one prompt has been run" in done.out
    assert "No case was answered twice" in done.out
