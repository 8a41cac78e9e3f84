"""The budget through the front door: a ceiling that no call passes, and a bill that forgets none."""

import json
import re
from typing import Any

import pytest

from front_door import Door
from loopback import Loopback

MODEL = {"name": "claude-sonnet-5-5", "max_tokens": 500}
JUDGE = {"name": "claude-haiku-5-5", "max_tokens": 400}


@pytest.fixture
def costly(door: Door, server: Loopback) -> Door:
    """Twenty cases, one after the other, each a cent or so at most."""
    door.cases(*(f"case-{number}" for number in range(20)))
    graders = [
        {"kind": "judge", "model": JUDGE | {"base_url": server.url}, "canary": False},
        {"kind": "signals"},
    ]
    door.eval(server.url, graders=graders, concurrency=4)
    return door


def arm(door: Door) -> Any:
    (path,) = door.root.glob("reports/*/results.json")
    return json.loads(path.read_text())["arms"][0]


def paid(door: Door) -> float:
    return float(sum(part["cost"] for part in arm(door)["spending"]))


def test_a_budget_that_is_reached_keeps_and_grades_what_there_is_and_goes_on_later(
    costly: Door, server: Loopback
) -> None:
    budget, spent, runs = 0.015, 0.0, 0
    while (done := costly.run("run", "small", "--budget", str(budget), "--yes")).code == 6 and runs < 9:
        runs += 1
        assert paid(costly) - spent <= budget
        assert paid(costly) > spent, done.err
        spent = paid(costly)
        assert "exit 6: the budget is reached" in done.err
        assert "to make" in done.err
        graded = arm(costly)["counts"]["signals"]
        assert graded["graded"] == graded["answered"]  # what is free is done whatever the budget
        assert graded["failed"] == 0  # what nobody asked for has not failed
    assert done.code == 0, done.err
    assert runs >= 1
    assert (server.count(judge=False), server.count(judge=True)) == (20, 40)
    assert arm(costly)["counts"]["judge"]["graded"] == 20


def test_a_run_within_its_budget_says_before_and_after_what_it_costs(costly: Door) -> None:
    done = costly.run("run", "small")
    assert done.code == 0, done.err
    agent, judge = arm(costly)["spending"]
    assert (agent["part"], agent["calls"], judge["part"], judge["calls"]) == ("agent", 20, "judge", 40)
    assert agent["estimate"] > 0
    assert agent["cost"] == pytest.approx(arm(costly)["costs"]["agent"])
    assert judge["cost"] == pytest.approx(arm(costly)["costs"]["judge"])
    (path,) = costly.root.glob("reports/*/report.md")
    assert re.search(r"estimated .{,2}0\.\d+, paid .{,2}0\.\d+ for 20 calls", path.read_text())
    again = costly.run("run", "small")
    assert "No paid call to make" in again.err
    assert arm(costly)["spending"] == [agent, judge]


def test_an_estimate_above_the_option_needs_yes_and_yes_alone_lifts_the_eval_s_ceiling(
    costly: Door, server: Loopback
) -> None:
    costly.eval(server.url, budget=0.001)
    assert costly.run("run", "small").code == 6
    assert costly.run("run", "small", "--budget", "0.002").code == 6
    assert server.count() == 0
    assert costly.run("run", "small", "--yes").code == 0
    assert server.count() == 60


def test_a_budget_below_any_call_asks_nobody_and_says_so(costly: Door, server: Loopback) -> None:
    done = costly.run("run", "small", "--budget", "0", "--yes")
    assert (done.code, server.count()) == (6, 0)
    assert "20 calls not made to stay within the budget" in done.err
    assert "20 answers and 40 judge verdicts to make" in done.err


def test_a_reply_that_could_not_be_used_is_on_the_bill_although_nothing_came_of_it(door: Door) -> None:
    with Loopback(judge=lambda _: "no verdict") as server:
        door.cases("queues")
        door.eval(server.url)
        server.fail("none,times=2")  # the answer and the judge's first reply come; all after that is refused
        server.fail("400")
        done = door.run("run", "small")
        assert done.code == 5, done.err
        agent, judge = arm(door)["spending"]
        assert (agent["calls"], judge["calls"]) == (1, 1)
        assert judge["cost"] > 0
        assert arm(door)["costs"]["judge"] == 0
        (said,) = re.findall(r"\$([\d.]+) spent", done.err)
        assert float(said) == pytest.approx(paid(door), abs=0.0001)


def test_calls_without_a_known_price_are_counted_apart(door: Door, server: Loopback) -> None:
    door.eval(server.url, model={"name": "claude-unheard-of", "base_url": server.url})
    done = door.run("run", "small", "--yes", "--budget", "1")
    assert done.code == 0, done.err
    agent, judge = arm(door)["spending"]
    assert (agent["estimate"], agent["calls"], agent["unpriced"], agent["cost"]) == (None, 2, 2, 0.0)
    assert (judge["calls"], judge["unpriced"]) == (4, 0)
