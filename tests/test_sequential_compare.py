"""A sequential comparison through the front door: what it makes, when it stops, how honestly it says so."""

import json
from typing import Any

import pytest

from front_door import AGENT, Door, Finished
from loopback import Loopback
from recordings import BOTH, NEITHER, NEW, ONE, names, record


def compare(door: Door, *arguments: str) -> Finished:
    return door.run("compare", "small", "--base", "agents/old.md", *arguments)


def sequential(door: Door, *arguments: str) -> Finished:
    return compare(door, "--sequential", *arguments)


def results(door: Door) -> Any:
    (path,) = door.root.glob("reports/*/results.json")
    return json.loads(path.read_text())


def listed(door: Door) -> Any:
    return door.run("list", "--json").data


def test_a_clear_gain_stops_after_half_of_the_cases(door: Door) -> None:
    record(door, names(40), lambda *_: NEITHER, lambda case, _: ONE if case % 3 else BOTH)
    done = sequential(door)
    assert done.code == 0, done.err
    assert "20 of 40 cases: overall" in done.err
    assert "Stopped early at case 20 of 40, saved 20 cases." in done.out
    assert "biased outward" in done.out
    found = results(door)
    (comparison,) = found["comparisons"]
    assert comparison["differences"][0]["difference"]["n"] == 20
    assert comparison["differences"][0]["verdict"] == "better"
    stopping = found["stopping"]
    assert (len(stopping["ran"]), len(stopping["left"])) == (20, 20)
    assert [look["word"] for look in stopping["looks"]] == ["better"]
    low, high = stopping["interval"]["low"], stopping["interval"]["high"]
    wider = comparison["differences"][0]["difference"]
    assert low <= wider["low"] <= wider["high"] <= high
    assert len(found["cases"]) == 20
    assert {arm["counts"]["signals"]["planned"] for arm in found["arms"]} == {20}


def test_what_was_left_out_is_said_in_the_list_and_in_every_later_report(door: Door) -> None:
    record(door, names(24), lambda *_: NEITHER, lambda case, _: ONE if case % 3 else BOTH)
    first = sequential(door)
    rows = listed(door)
    assert [row["stopped"] for row in rows] == ["stopped early at case 12 of 24"] * 2
    assert [row["finished_at"] for row in rows] == ["", ""]
    assert "stopped early at case 12 of 24" in door.run("list").out
    base, candidate = (
        next(row["id"] for row in rows if row["label"] == label) for label in ("old", "working")
    )
    again = door.run("report", base, candidate)
    assert again.code == first.code
    assert again.out.split("report:")[0] == first.out.split("report:")[0]
    left = results(door)["stopping"]["left"][0]
    assert "left out: the comparison stopped early at case 12 of 24" in door.run("show", base, left).out
    alone = door.run("report", candidate)
    assert alone.code == 0
    assert "only the cases run there count" in alone.out


def test_an_explanation_goes_by_the_bound_of_the_look_and_counts_the_cases_that_ran(door: Door) -> None:
    record(door, names(24), lambda *_: NEITHER, lambda case, _: ONE if case % 3 else BOTH)
    sequential(door)
    told = " ".join(door.run("explain", "old", "working").out.split())
    level = results(door)["stopping"]["looks"][-1]["level"]
    assert "old: 12 cases of 24, 1 attempt each, 12 of 12 graded." in told
    assert f"after 12 cases p = 0.0005 against {level:.4f} (overall). This comparison stopped early" in told
    assert f"Up to {level:.4f} counts as more than chance." in told
    assert f"p up to {level:.4f} makes it better or worse" in told
    assert "0.05 counts" not in told


def test_the_same_command_again_makes_nothing_and_says_the_same(door: Door) -> None:
    record(door, names(24), lambda *_: NEITHER, lambda case, _: ONE if case % 3 else BOTH)
    first, again = sequential(door), sequential(door)
    assert again.out == first.out
    assert "0 answers and 0 verdicts made" in again.err


def test_nothing_changed_stops_for_futility_and_is_no_evidence_of_it(door: Door) -> None:
    record(
        door, names(40), lambda case, _: ONE if case % 2 else BOTH, lambda case, _: BOTH if case % 2 else ONE
    )
    done = sequential(door)
    assert done.code == 0, done.err
    assert "the last look would decide with a chance of" in done.err
    assert "that is no evidence that nothing changed" in done.out
    assert results(door)["comparisons"][0]["differences"][0]["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("seed", "words", "ran"),
    [(3, ["go on", "go on", "no decision"], 40), (4, ["go on", "futile"], 30)],
)
def test_an_open_look_goes_on_to_the_next(door: Door, seed: int, words: list[str], ran: int) -> None:
    gains = (BOTH, ONE, NEITHER, BOTH, ONE, NEITHER, ONE, ONE)
    record(door, names(40), lambda *_: ONE, lambda case, _: gains[case % 8])
    path = door.root / "evals" / "small.yaml"
    path.write_text(f"{path.read_text()}seed: {seed}\n")
    done = sequential(door)
    assert done.code == 0, done.err
    stopping = results(door)["stopping"]
    assert [look["word"] for look in stopping["looks"]] == words
    assert [look["cases"] for look in stopping["looks"]] == [20, 30, 40][: len(words)]
    assert len(stopping["ran"]) == ran
    finished = [bool(row["finished_at"]) for row in listed(door)]
    assert finished == [ran == 40] * 2
    if ran == 40:
        assert "Went to the last of 40 cases: nothing saved." in done.out
        assert "decides at 0.0440 here, not at 0.05" in done.out


def test_without_the_option_a_stopped_comparison_goes_on_to_all_cases(door: Door) -> None:
    record(door, names(24), lambda *_: NEITHER, lambda case, _: ONE if case % 3 else BOTH)
    sequential(door)
    done = compare(door)
    assert done.code == 0, done.err
    assert "24 answers and 48 verdicts made" in done.err
    assert results(door)["stopping"] is None
    assert results(door)["comparisons"][0]["differences"][0]["difference"]["n"] == 24
    assert [row["stopped"] for row in listed(door)] == ["", ""]
    # Now all is stored: there is nothing to save by looking early.
    assert "stopping" not in sequential(door).out.lower()
    assert results(door)["stopping"] is None


def test_a_gate_does_not_pass_on_half_of_the_suite(door: Door) -> None:
    def improved(case: int, attempt: int) -> str:
        return BOTH if (case + attempt) % 3 else ONE

    record(door, names(20), lambda *_: NEITHER, improved, attempts=2)
    path = door.root / "evals" / "small.yaml"
    path.write_text(path.read_text() + "gate:\n  margin: 10\n  allow_uncalibrated: true\n")
    done = sequential(door)
    assert done.code == 4, done.err
    (gate,) = results(door)["comparisons"][0]["gates"]
    assert gate["result"] == "INCONCLUSIVE"
    assert "is about the whole suite" in gate["words"]
    assert compare(door).code == 0


def test_a_gate_fails_where_the_looks_found_it_worse(door: Door) -> None:
    def good(case: int, attempt: int) -> str:
        return BOTH if (case + attempt) % 3 else ONE

    record(door, names(20), good, lambda *_: NEITHER, attempts=2)
    path = door.root / "evals" / "small.yaml"
    path.write_text(path.read_text() + "gate:\n  margin: 10\n  allow_uncalibrated: true\n")
    assert sequential(door).code == 1


def test_only_the_calls_of_the_looks_that_are_needed_are_made(door: Door, server: Loopback) -> None:
    door.write("agents/old.md", AGENT)
    door.write("agents/helper.md", NEW)
    door.cases(*names(24))
    door.eval(server.url, graders=[{"kind": "signals"}])
    plan = sequential(door, "--plan")
    assert "48 paid calls to make" in plan.err
    assert "looks after 12, 18 and 24 cases" in plan.err
    done = sequential(door)
    assert done.code == 0, done.err
    ran = len(results(door)["stopping"]["ran"])
    assert ran < 24
    assert server.count() == 2 * ran
    assert f"Stopped early at case {ran} of 24, saved {2 * (24 - ran)} paid calls." in done.out


@pytest.mark.parametrize("count", [6, 19])
def test_few_cases_are_refused_with_the_reason(door: Door, count: int) -> None:
    record(door, names(count), lambda *_: ONE, lambda *_: BOTH)
    done = sequential(door)
    assert done.code == 2
    assert f"needs at least 20 cases, and this eval has {count}" in done.err
    assert "hint:" in done.err


def test_several_candidates_are_refused(door: Door) -> None:
    record(door, names(20), lambda *_: ONE, lambda *_: BOTH)
    door.write("agents/third.md", AGENT.replace("briefly", "fast"))
    done = sequential(door, "--candidate", "agents/helper.md", "--candidate", "agents/third.md")
    assert done.code == 2
    assert "one candidate with the base, got 2" in done.err
