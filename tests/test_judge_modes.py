"""How a judge is asked, through the front door: by dimension, with votes, by a panel, with a second judge."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from folded import unfolded
from front_door import RUBRIC, Door
from harness.prompts import JUDGE_VERSIONS
from loopback import Body, Loopback, answer_in, blocks, digest, plausible

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
Says = Callable[[Body, str], bool]
"""Whether a judge finds a criterion met, by the request and the criterion's text."""


def asked_about(body: Body) -> list[str]:
    """The criteria of a request, in their order."""
    *_, (_, task, _) = blocks(body)
    return re.findall(r"<criterion [^>]*>\n(.*?)\n</criterion", task)


def examiner(says: Says) -> Callable[[Body], Any]:
    """A judge of either mode that quotes the answer's last line for a yes."""

    def judge(body: Body) -> Any:
        last = answer_in(body).strip().splitlines()[-1]
        found = [(text, says(body, text)) for text in asked_about(body)]
        verdicts = [{"quote": last if met else "", "reason": text, "met": met} for text, met in found]
        if "verdicts" in body["output_config"]["format"]["schema"]["properties"]:
            return {"verdicts": [{"criterion": n, **each} for n, each in enumerate(verdicts, start=1)]}
        return verdicts[0]

    return judge


def fair(body: Body, criterion: str) -> bool:
    return digest({"criterion": criterion, "answer": answer_in(body)}) % 2 == 0


def model(server: Loopback, name: str = HAIKU) -> dict[str, object]:
    return {"name": name, "max_tokens": 400, "base_url": server.url}


def judged(door: Door, server: Loopback, *, eval_: dict[str, Any] | None = None, **settings: Any) -> Door:
    """Write an eval whose judge has these settings."""
    asks = {} if "panel" in settings else {"model": model(server)}
    door.eval(server.url, graders=[{"kind": "judge", "canary": False, **asks, **settings}], **(eval_ or {}))
    return door


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(judge=examiner(fair)) as running:
        yield running


def results(door: Door) -> Any:
    (path,) = door.root.glob("reports/*/results.json")
    return json.loads(path.read_text())


def verdicts(door: Door) -> dict[tuple[str, int, str], Any]:
    (arm,) = results(door)["arms"]
    return {
        (trial["case"], trial["attempt"], verdict["criterion"]): verdict
        for trial in arm["trials"]["judge"]
        for verdict in trial["verdicts"]
    }


def said(door: Door) -> dict[tuple[str, int, str], tuple[Any, str]]:
    return {place: (verdict["met"], verdict["quote"]) for place, verdict in verdicts(door).items()}


def judge_calls(server: Loopback) -> Counter[str]:
    return Counter(seen.body["model"] for seen in server.requests if seen.judge and seen.body)


# ------------------------------------------------------------------ one dimension a call


def test_by_dimension_one_call_gives_the_verdicts_of_many(
    door: Door, server: Loopback, tmp_path: Path
) -> None:
    judged(door, server, mode="dimension")
    done = door.run("run", "small")
    assert done.code == 0, done.err
    assert server.count(judge=True) == 2
    assert "judge verdicts, in 2 calls" in done.err
    kin = "The judge, claude-haiku-5-5, is of the family of the model that answered (claude-sonnet-5-5)"
    assert any(note.startswith(kin) for note in results(door)["notes"])
    assert kin in " ".join(door.run("check").out.split())
    assert [
        "judge prompt",
        f"version {JUDGE_VERSIONS['dimension']}, one dimension a call, without canaries",
    ] in results(door)["provenance"]
    alone = judged(Door(tmp_path / "alone"), server)
    assert alone.run("run", "small").code == 0
    assert said(door) == said(alone)
    assert server.count(judge=True) == 2 + 4


def test_what_a_call_cost_is_shared_exactly_and_counted_once(door: Door, server: Loopback) -> None:
    judged(door, server, mode="dimension")
    assert door.run("run", "small").code == 0
    (arm,) = results(door)["arms"]
    (spent,) = [row for row in arm["spending"] if row["part"] == "judge"]
    assert spent["calls"] == 2
    by_case = Counter[str]()
    for (case, _, _), verdict in verdicts(door).items():
        by_case[case] += verdict["cost"]
    assert sum(by_case.values()) == pytest.approx(spent["cost"], abs=1e-9)  # which is rounded to that
    usage = sum(verdict["output_tokens"] for verdict in verdicts(door).values())
    assert usage == _output_tokens(server)


def _output_tokens(server: Loopback) -> int:
    """What the server's judge replies came to, asked for again by hand."""
    import httpx2  # noqa: PLC0415 - only here

    total = 0
    with httpx2.Client(trust_env=False) as client:
        for seen in [seen for seen in server.requests if seen.judge]:
            headers = {"anthropic-version": "2026-10-21", "authorization": f"Bearer {server.key}"}
            reply = client.post(f"{server.url}/v1/messages", json=seen.body, headers=headers).json()
            total += reply["usage"]["output_tokens"]
    return total


def test_only_what_could_not_be_used_is_asked_once_more_with_its_fault(door: Door) -> None:
    def careless(body: Body) -> Any:
        found = examiner(lambda _, text: "threat" in text)(body)
        if len(found["verdicts"]) > 1:
            for each in found["verdicts"]:
                each["quote"] = each["quote"] and "This stands nowhere in the answer at all."
        return found

    with Loopback(judge=careless) as server:
        judged(door, server, mode="dimension")
        assert door.run("run", "small").code == 0
        again = [
            seen.body for seen in server.requests if seen.judge and len(asked_about(seen.body or {})) == 1
        ]
        assert server.count(judge=True) == 4
        assert [asked_about(body or {}) for body in again] == [["Names a threat."]] * 2
        assert all("its quote does not occur in the answer" in json.dumps(body) for body in again)
        assert {verdict["met"] for verdict in verdicts(door).values()} == {True, False}


def test_a_reply_that_never_decides_leaves_its_criteria_open(door: Door) -> None:
    with Loopback(judge=lambda _: {"verdicts": []}) as server:
        judged(door, server, mode="dimension")
        done = door.run("run", "small")
        assert done.code == 5
        assert server.count(judge=True) == 4
        assert "it was not decided" in json.dumps(results(door))


def test_moving_a_criterion_in_its_file_asks_nothing_again(door: Door, server: Loopback) -> None:
    judged(door, server, mode="dimension")
    assert door.run("run", "small").code == 0
    server.forget()
    door.write("evals/rubrics/security.yaml", {**RUBRIC, "criteria": RUBRIC["criteria"][::-1]})
    assert door.run("run", "small").code == 0
    assert server.count() == 0


def test_rewording_a_criterion_asks_its_whole_dimension_again(door: Door, server: Loopback) -> None:
    judged(door, server, mode="dimension")
    assert door.run("run", "small").code == 0
    server.forget()
    first, second = RUBRIC["criteria"]
    door.write(
        "evals/rubrics/security.yaml", {**RUBRIC, "criteria": [first, {**second, "text": "Checks it all."}]}
    )
    assert door.run("run", "small").code == 0
    assert (server.count(judge=False), server.count(judge=True)) == (0, 2)


@pytest.mark.parametrize("careless", [False, True])
def test_by_batches_a_dimension_is_one_request(door: Door, tmp_path: Path, *, careless: bool) -> None:
    def judge(body: Body) -> Any:
        found = examiner(fair)(body)
        if careless and len(found["verdicts"]) > 1:
            found["verdicts"].pop()  # one is forgotten, and asked for again by itself
        return found

    with Loopback(judge=judge) as server:
        judged(door, server, mode="dimension")
        planned = door.run("run", "small", "--batch", "--plan")
        assert "judge verdicts, in 2 calls" in planned.err
        done = door.run("run", "small", "--batch")
        assert done.code == 0, done.err
        sizes = [len(batch.requests) for batch in server.batches.created]
        assert sizes == ([2, 2, 2] if careless else [2, 2])
        single = judged(Door(tmp_path / "single"), server, mode="dimension")
        assert single.run("run", "small").code == 0
        assert said(door) == said(single)
        server.forget()
        assert door.run("run", "small", "--batch").code == 0
        assert (server.count(), len(server.batches.created)) == (0, len(sizes))


# ------------------------------------------------------------------ votes and panels


def test_most_votes_decide_and_every_vote_is_shown_and_stored(door: Door) -> None:
    turn = count()

    def twice_of_three(_body: Body, _text: str) -> bool:
        return next(turn) % 3 != 2

    with Loopback(judge=examiner(twice_of_three)) as server:
        judged(door, server, votes=3, eval_={"concurrency": 1})
        done = door.run("run", "small")
        assert done.code == 0, done.err
        assert server.count(judge=True) == 2 * 2 * 3
        for verdict in verdicts(door).values():
            mets = [vote["met"] for vote in verdict["votes"]]
            assert len(mets) == 3
            assert verdict["met"] is (sum(mets) >= 2)
        shown = door.run("show", "working", "queues")
        assert re.search(r"\([23] of 3 votes\)", " ".join(shown.out.split()))
        server.forget()
        assert door.run("run", "small").code == 0
        assert server.count() == 0


def test_more_votes_ask_only_for_the_new_ones(door: Door, server: Loopback) -> None:
    judged(door, server)
    assert door.run("run", "small").code == 0
    server.forget()
    judged(door, server, votes=3)
    assert door.run("run", "small").code == 0
    assert (server.count(judge=False), server.count(judge=True)) == (0, 2 * 2 * 2)


def test_a_panel_decides_by_the_majority_of_its_models(door: Door) -> None:
    def alone(body: Body, _text: str) -> bool:
        return str(body["model"]) != OPUS

    with Loopback(judge=examiner(alone)) as server:
        judged(door, server, panel=[model(server, name) for name in (HAIKU, SONNET, OPUS)])
        done = door.run("run", "small")
        assert done.code == 0, done.err
        assert judge_calls(server) == {HAIKU: 4, SONNET: 4, OPUS: 4}
        for verdict in verdicts(door).values():
            assert verdict["met"] is True
            assert {(vote["model"], vote["met"]) for vote in verdict["votes"]} == {
                (HAIKU, True),
                (SONNET, True),
                (OPUS, False),
            }
        assert "2 of 3 votes" in unfolded(next(door.root.glob("reports/*/index.html")).read_text())


def test_a_vote_that_cannot_be_used_does_not_count_and_two_leave_it_open(door: Door) -> None:
    def judge(body: Body) -> Any:
        if body["model"] == OPUS or (body["model"] == SONNET and "threat" in asked_about(body)[0]):
            return {"quote": "Nowhere to be found in it.", "reason": "", "met": True}
        return examiner(lambda *_: False)(body)

    with Loopback(judge=judge) as server:
        judged(door, server, panel=[model(server, name) for name in (HAIKU, SONNET, OPUS)])
        assert door.run("run", "small").code == 5
        found = {place[2]: verdict for place, verdict in verdicts(door).items()}
        assert found["input"]["met"] is False
        assert found["threat"]["met"] is None
        reason = "no majority of 3 votes: 0 met, 1 not met, 2 could not be used"
        assert found["threat"]["reason"] == reason


@pytest.mark.parametrize("mode", ["criterion", "dimension"])
def test_a_killed_run_asks_for_no_vote_again_that_was_on_disk(door: Door, mode: str) -> None:
    with Loopback(judge=examiner(fair), latency=0.02) as server:
        door.cases(*(f"case-{number}" for number in range(12)))
        judged(door, server, mode=mode, votes=3, eval_={"concurrency": 4})
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "small"],
            cwd=door.root,
            env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        each = 2 if mode == "criterion" else 1
        while server.count(judge=True) < 12 * each and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        process.wait()
        with closing(sqlite3.connect(door.root / ".harness" / "store.db")) as connection:
            ((kept,),) = connection.execute("select count(*) from verdicts")
        server.forget()
        done = door.run("run", "small")
        assert done.code == 0, done.err
        assert 0 < kept < 12 * 2 * 3
        assert server.count(judge=True) == (12 * 2 * 3 - kept) * each // 2


# ------------------------------------------------------------------ a second, dearer judge


@pytest.fixture
def flipping() -> Iterator[Loopback]:
    """Answers to a question are numbered. The cheap judge flips on one criterion of one case."""
    numbers = Counter[str]()

    def reply(body: Body) -> str:
        question = json.dumps(body["messages"])
        numbers[question] += 1
        return f"Answer {numbers[question]}.\n\n{plausible(body)}"

    def says(body: Body, text: str) -> bool:
        if body["model"] == OPUS or "queues" not in json.dumps(body) or "threat" not in text:
            return True
        found = re.search(r"Answer (\d+)", answer_in(body))
        return found is not None and int(found[1]) % 2 == 0

    with Loopback(reply=reply, judge=examiner(says)) as server:
        yield server


def escalated(door: Door, server: Loopback, when: str, **more: Any) -> Door:
    return judged(
        door,
        server,
        escalate={"model": model(server, OPUS), "when": when},
        eval_={"attempts": 2, "concurrency": 1},
        **more,
    )


@pytest.mark.parametrize(("how", "mode"), [((), "criterion"), (("--batch",), "dimension")])
def test_only_what_flips_between_attempts_is_regraded_in_all_of_them(
    door: Door, flipping: Loopback, how: tuple[str, ...], mode: str
) -> None:
    escalated(door, flipping, "flips", mode=mode)
    planned = door.run("run", "small", "--plan", *how)
    assert f"regrading what flips can take 8 calls to {OPUS} and $0.0" in planned.err
    done = door.run("run", "small", *how)
    assert done.code == 0, done.err
    found = verdicts(door)
    again = {place for place, verdict in found.items() if verdict["regraded_by"]}
    assert again == {("queues", 1, "threat"), ("queues", 2, "threat")}
    assert all(verdict["met"] for verdict in found.values())
    assert sum(found[place]["votes"][0]["met"] for place in again) == 1
    note = f"working: 2 of 8 verdicts regraded by {OPUS}, that flipped between attempts; 1 changed."
    assert note in results(door)["notes"]
    asked = [request["params"] for batch in flipping.batches.created for request in batch.requests]
    asked += [seen.body for seen in flipping.requests if seen.body and "model" in seen.body]
    assert sum(body["model"] == OPUS for body in asked) == 2
    shown = door.run("show", "working", "queues")
    assert f"(regraded by {OPUS}" in " ".join(shown.out.split())
    flipping.forget()
    assert door.run("run", "small", *how).code == 0
    assert flipping.count() == 0


def test_where_nothing_flips_the_dear_judge_is_never_asked(door: Door, server: Loopback) -> None:
    escalated(door, server, "flips")
    assert door.run("run", "small").code == 0
    assert OPUS not in judge_calls(server)
    told = f"working: no verdict flipped between attempts, none was regraded by {OPUS}."
    assert told in results(door)["notes"]


def test_both_regrades_everything(door: Door, flipping: Loopback) -> None:
    escalated(door, flipping, "both")
    done = door.run("run", "small")
    assert done.code == 0, done.err
    assert judge_calls(flipping) == {HAIKU: 8, OPUS: 8}
    assert all(verdict["regraded_by"] == OPUS for verdict in verdicts(door).values())


def test_a_regrade_that_failed_leaves_the_trial_ungraded_until_it_is_made(
    door: Door, flipping: Loopback
) -> None:
    escalated(door, flipping, "flips")
    broken = {**model(flipping, OPUS), "base_url": flipping.at("400,times=2")}
    door.eval(
        flipping.url,
        graders=[{"kind": "judge", "canary": False, "model": model(flipping), "escalate": {"model": broken}}],
        attempts=2,
        concurrency=1,
    )
    first = door.run("run", "small")
    assert first.code == 5, first.err
    (arm,) = results(door)["arms"]
    assert arm["counts"]["judge"]["graded"] == 2
    second = door.run("run", "small")
    assert second.code == 0, second.err
    assert judge_calls(flipping)[OPUS] == 4


# ------------------------------------------------------------------ what cannot be asked


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"votes": 2}, "must be an odd number, or they could tie, got 2"),
        ({"votes": 0}, "must be an odd number, or they could tie, got 0"),
        ({"panel": [HAIKU, OPUS]}, "must name an odd number of models, or they could tie, got 2"),
        ({"panel": [HAIKU, OPUS, OPUS]}, "each model of a panel may occur once"),
        ({"panel": [OPUS], "model": HAIKU}, "or a panel of models instead (exactly one of the two)"),
        ({"mode": "rubric"}, "mode"),
        ({"model": HAIKU, "escalate": HAIKU}, "escalate: must name another model than those that judge"),
        ({"escalate": OPUS}, "escalate when flips needs attempts of 2 or more"),
    ],
)
def test_a_judge_that_could_not_decide_is_refused_with_the_reason(
    door: Door, server: Loopback, settings: dict[str, Any], fault: str
) -> None:
    written = dict(settings)
    for name in {"model"} & set(settings):
        written[name] = model(server, settings[name])
    if "panel" in settings:
        written["panel"] = [model(server, name) for name in settings["panel"]]
    if "escalate" in settings:
        written["escalate"] = {"model": model(server, settings["escalate"])}
    judged(door, server, **written)
    done = door.run("run", "small", "--plan")
    assert done.code == 2
    assert fault in done.err


def test_what_belongs_to_a_judge_is_refused_elsewhere(door: Door, server: Loopback) -> None:
    door.eval(server.url, graders=[{"kind": "signals", "votes": 3}])
    done = door.run("check")
    assert done.code == 2
    assert "mode, votes, panel and escalate belong to kind judge, not signals" in done.out + done.err
