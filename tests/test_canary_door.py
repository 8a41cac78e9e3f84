"""The canary through the front door: asked once, stored, paid for, and the end of all trust if it is met."""

import json
from typing import Any

import pytest

from front_door import Door
from loopback import Body, Loopback, answer_in, asks_for_a_name, verdict


def yes_to_all(body: Body) -> dict[str, object]:
    return {"quote": answer_in(body).split("\n\n")[1], "reason": "As it says.", "met": True}


def judged(door: Door, server: Loopback, **settings: object) -> None:
    judge = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": server.url}
    door.eval(server.url, graders=[{"kind": "judge", "model": judge, **settings}])


def canaries(server: Loopback) -> int:
    asked = [seen.body for seen in server.requests if seen.judge and seen.body]
    return sum(asks_for_a_name(body) for body in asked)


def test_a_judge_that_says_yes_to_the_canary_grades_nothing(door: Door) -> None:
    judges = [yes_to_all]

    def judge(body: Body) -> dict[str, object]:
        return judges[-1](body)

    with Loopback(judge=judge) as server:
        judged(door, server)
        done = door.run("run", "small")
        assert done.code == 5, done.err
        assert "the canary did not hold for 2 of 2 answers" in " ".join(done.out.split())
        asked = server.count(judge=True)
        assert (asked, canaries(server)) == (2 * 3, 2)
        again = door.run("run", "small")
        assert (again.code, server.count(judge=True)) == (5, asked)  # it is remembered, and not paid again
        shown = door.run("show", "working", "queues")
        assert "not relied on: the judge says yes to the canary" in " ".join(shown.out.split())
        judges.append(_all_no)
        assert door.run("run", "small", "--regrade-ungraded").code == 0
        assert (server.count(judge=True), canaries(server)) == (asked + 2, 4)  # the canaries, and no more


@pytest.mark.parametrize(("settings", "calls"), [({}, 6), ({"mode": "dimension"}, 2), ({"canary": False}, 4)])
def test_the_plan_counts_the_canaries_that_will_be_asked(
    door: Door, settings: dict[str, Any], calls: int
) -> None:
    with Loopback(judge=_all_no) as server:
        judged(door, server, **settings)
        plan = door.run("run", "small", "--plan")
        assert f"{calls + 2} paid calls to make" in plan.err + plan.out, plan.err
        done = door.run("run", "small")
        assert done.code == 0, done.err
        assert server.count(judge=True) == calls


@pytest.mark.parametrize("mode", ["criterion", "dimension"])
def test_by_batches_the_canary_is_one_request_or_one_item_more(door: Door, mode: str) -> None:
    with Loopback(judge=_all_no) as server:
        judged(door, server, mode=mode)
        done = door.run("run", "small", "--batch")
        assert done.code == 0, done.err
        asked = [each["params"] for batch in server.batches.created for each in batch.requests]
        told = [json.dumps(body) for body in asked if "format" in body.get("output_config", {})]
        assert len(told) == {"criterion": 6, "dimension": 2}[mode]
        assert door.run("run", "small", "--batch").code == 0
        assert sum(len(batch.requests) for batch in server.batches.created) == len(asked)


def _all_no(body: Body) -> dict[str, object]:
    filled = verdict(body)
    if "verdicts" not in filled:
        return {"quote": "", "reason": "No.", "met": False}
    said = "\n".join(each["text"] for each in body["messages"][-1]["content"])
    numbers = range(1, said.count("</criterion ") + 1)
    return {"verdicts": [{"criterion": n, "quote": "", "reason": "No.", "met": False} for n in numbers]}
