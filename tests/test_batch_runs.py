"""Batches through the front door: the command as a process, the real SDK, a server that counts."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from front_door import AGENT, Door, Finished
from loopback import Body, Loopback, answer_in, digest, plausible


def fair(body: Body) -> Any:
    """A judge whose verdict hangs on answer and criterion alone, not on the nonce."""
    said = body["messages"][-1]["content"][-1]["text"]
    found = re.search(r"<criterion \w+>\n(.*)\n</criterion", said)
    answer = answer_in(body)
    met = digest({"criterion": found[1] if found else "", "answer": answer}) % 2 == 0
    quote = answer.strip().splitlines()[-1] if met else ""
    return {"quote": quote, "reason": "It says so.", "met": met}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(judge=fair) as running:
        yield running


@pytest.fixture
def small(door: Door, server: Loopback) -> Door:
    door.eval(server.url)
    return door


def results(door: Door) -> Any:
    (path,) = door.root.glob("reports/*/results.json")
    return json.loads(path.read_text())


def sizes(server: Loopback) -> list[int]:
    return [len(batch.requests) for batch in server.batches.created]


def times_sent(server: Loopback) -> set[int]:
    ids = [custom_id for batch in server.batches.created for custom_id in batch.ids]
    return {ids.count(custom_id) for custom_id in ids}


def background(door: Door, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        cwd=door.root,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(true: Any, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def unpaid(found: Any) -> Any:
    """A report without what must differ: costs, how long calls took, and who carried them."""
    gone = {
        "cost",
        "costs",
        "seconds",
        "request_id",
        "created_at",
        "finished_at",
        "command",
        "usage",
        "spending",
    }
    if isinstance(found, dict):
        return {key: unpaid(value) for key, value in found.items() if key not in gone}
    if isinstance(found, list):
        return [unpaid(value) for value in found if not str(value).startswith("['cost of ")]
    return found


def test_a_run_by_batches_gives_the_report_of_a_run_without_at_half_the_price(
    small: Door, server: Loopback, tmp_path: Path
) -> None:
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert sizes(server) == [2, 4]
    assert server.count() == 0
    single = Door(tmp_path / "single")
    single.eval(server.url)
    other = single.run("run", "small")
    assert other.code == 0, other.err
    assert unpaid(results(small)) == unpaid(results(single))
    cost, full = (_paid(each)["agent"] for each in (results(small), results(single)))
    # The agent's prompt is too short to be cached, so each call costs the same on both ways.
    assert cost == pytest.approx(full / 2)
    small.key, asked = "", server.count()
    again = small.run("run", "small")
    assert (again.code, again.out) == (0, done.out)
    assert (server.count(), sizes(server)) == (asked, [2, 4])


def _paid(report: Any) -> Any:
    return report["arms"][0]["costs"]


def test_the_plan_shows_half_the_price(small: Door) -> None:
    whole, half = (
        small.run("run", "small", "--plan", "--json", *way).data[0]["parts"] for way in ((), ("--batch",))
    )
    assert [part["cost"] for part in half] == pytest.approx([part["cost"] / 2 for part in whole])
    assert "half price" in small.run("run", "small", "--plan", "--batch").err


def test_two_revisions_share_their_batches(small: Door, server: Loopback) -> None:
    old = small.write("agents/old.md", AGENT.replace("briefly", "at length"))
    done = small.run("compare", "small", "--base", str(old), "--batch")
    assert done.code == 0, done.err
    assert "working against old" in done.out
    assert sizes(server)[0] == 4
    assert len(sizes(server)) == 2


def test_free_graders_need_no_batch(small: Door, server: Loopback) -> None:
    small.eval(server.url, graders=[{"kind": "signals"}])
    assert small.run("run", "small", "--batch").code == 0
    assert sizes(server) == [2]


def test_killed_while_it_waits_it_is_taken_up_with_one_creation_for_each_batch(
    small: Door, server: Loopback
) -> None:
    server.batches.hold()
    process = background(small, "run", "small", "--batch")
    until(lambda: server.batches.asked["poll"], process)
    process.kill()
    process.communicate()
    server.batches.release()
    single = small.run("run", "small", "--plan")
    assert "2 requests of this plan would come by a batch that was sent before: use --batch" in single.err
    planned = small.run("run", "small", "--batch", "--plan")
    assert "In batches that were sent before, and not counted above: 2 requests" in planned.err
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert "msgbatch_0001 taken up: 2 requests" in done.err
    assert (sizes(server), times_sent(server)) == ([2, 4], {1})


def test_killed_while_the_creation_is_on_its_way_it_is_found_again(small: Door, server: Loopback) -> None:
    server.batches.faults["create"] = ["slow,seconds=3"]
    process = background(small, "run", "small", "--batch")
    until(lambda: server.batches.created, process)
    process.kill()
    process.communicate()
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert (sizes(server), times_sent(server)) == ([2, 4], {1})


def test_a_creation_whose_reply_is_cut_is_found_and_not_made_again(small: Door, server: Loopback) -> None:
    server.batches.faults["create"] = ["reset-body", "fin"]
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert (sizes(server), times_sent(server)) == ([2, 4], {1})


def test_ctrl_c_leaves_the_batch_and_a_key_that_cannot_see_it_loses_nothing(
    small: Door, server: Loopback
) -> None:
    server.batches.hold()
    process = background(small, "run", "small", "--batch")
    until(lambda: server.batches.asked["poll"], process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "One batch goes on without this process" in err
    assert "Traceback" not in err
    server.batches.release()
    server.batches.faults["poll"] = ["404"]
    lost = small.run("run", "small", "--batch")
    assert lost.code == 5
    assert "cannot be looked at" in lost.err
    assert small.run("run", "small", "--batch").code == 0
    assert times_sent(server) == {1}


def test_what_expired_or_erred_goes_into_the_next_batch(small: Door, server: Loopback) -> None:
    server.batches.turns = {"build queues?": ["expired", "overloaded_error"], "Names a threat": ["expired"]}
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert "1 kept, 1 asked again" in done.err
    counts = results(small)["arms"][0]["counts"]["judge"]
    assert (counts["answered"], counts["graded"], counts["failed"]) == (2, 2, 0)
    # The other case's verdicts do not wait for the answer that came back.
    assert sizes(server)[:2] == [2, 3]


def test_what_the_api_refuses_fails_alone_and_says_why(small: Door, server: Loopback) -> None:
    server.batches.turns = {"build queues?": ["invalid_request_error"]}
    done = small.run("run", "small", "--batch")
    assert done.code == 5
    assert "queues, attempt 1: no answer: 400 invalid_request_error" in done.err
    assert times_sent(server) == {1}
    assert results(small)["arms"][0]["counts"]["judge"]["graded"] == 1


def test_a_judge_that_cannot_be_read_is_asked_in_a_second_batch_and_no_third(door: Door) -> None:
    with Loopback(judge=lambda _: {"quote": "nowhere to be found", "reason": "", "met": True}) as server:
        door.eval(server.url)
        done = door.run("run", "small", "--batch")
        assert done.code == 5
        assert sizes(server) == [2, 4, 4]
        assert "its quote does not occur in the answer" in json.dumps(server.batches.created[2].requests)
        door.run("run", "small", "--batch", "--regrade-ungraded")
        assert sizes(server) == [2, 4, 4, 4, 4]


def test_what_passes_on_the_wire_is_waited_out(small: Door, server: Loopback) -> None:
    server.batches.faults |= {"poll": ["529"], "results": ["reset-body"], "list": ["500"]}
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert (sizes(server), times_sent(server)) == ([2, 4], {1})
    assert not any(server.batches.faults.values())


def test_two_runs_at_once_send_nothing_twice_and_both_end_well(small: Door, server: Loopback) -> None:
    server.batches.hold()
    first = background(small, "run", "small", "--batch")
    until(lambda: server.batches.asked["poll"], first)
    second = background(small, "run", "small", "--batch")
    seen = server.batches.asked["poll"]
    until(lambda: server.batches.asked["poll"] > seen + 3, second)
    server.batches.release()
    for process in (first, second):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert times_sent(server) == {1}
    assert sum(sizes(server)) == 6


def test_a_slow_batch_is_asked_after_ever_more_rarely(small: Door, server: Loopback) -> None:
    server.batches.looks = 3
    done = small.run("run", "small", "--batch")
    assert done.code == 0
    assert "0 of 2 requests are through; the next look is in 2 s" in done.err
    assert server.batches.asked["poll"] == 6


def test_a_server_without_batches_is_an_error_that_says_so(small: Door, server: Loopback) -> None:
    server.batches.faults["list"] = ["404"]
    done = small.run("run", "small", "--batch")
    assert done.code == 5
    assert "a batch cannot be sent" in done.err
    assert "a server without Message Batches" in done.err


def test_a_refused_key_ends_the_run_before_anything_is_sent(small: Door, server: Loopback) -> None:
    small.key = "wrong-key-9876543210"
    done: Finished = small.run("run", "small", "--batch")
    assert (done.code, sizes(server)) == (3, [])
    written = b"".join(path.read_bytes() for path in small.root.rglob("*") if path.is_file())
    assert small.key.encode() not in written
    assert small.key not in done.err + done.out


def test_a_line_separator_in_an_answer_splits_nothing(door: Door) -> None:
    with Loopback(judge=fair, reply=lambda body: plausible(body).replace(" ", "\u2028", 1)) as server:
        door.eval(server.url)
        done = door.run("run", "small", "--batch")
        assert done.code == 0, done.err
        assert times_sent(server) == {1}


def test_a_batch_holds_no_more_than_the_budget_is_likely_to_bear_and_the_rest_goes_on_later(
    small: Door, server: Loopback
) -> None:
    small.cases(*(f"case-{number}" for number in range(8)))
    assert small.run("run", "small", "--batch", "--budget", "0").code == 6
    assert server.batches.created == []
    first = small.run("run", "small", "--batch", "--budget", "0.005", "--yes")
    assert first.code == 6, first.err
    assert 0 < sizes(server)[0] < 8
    assert "not made to stay within the budget" in first.err
    assert "answers and" in first.err
    assert "judge verdicts to make" in first.err
    assert sum(_paid(results(small)).values()) <= 0.005
    assert small.run("list", "--json").data[0]["finished_at"] == ""
    rest = small.run("run", "small", "--batch")
    assert rest.code == 0, rest.err
    assert times_sent(server) == {1}
    assert small.run("list", "--json").data[0]["finished_at"] != ""


def test_an_estimate_within_the_budget_goes_as_a_whole(small: Door, server: Loopback) -> None:
    small.eval(server.url, budget=0.02)
    done = small.run("run", "small", "--batch")
    assert done.code == 0, done.err
    assert sizes(server) == [2, 4]
