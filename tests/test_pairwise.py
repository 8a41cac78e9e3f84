"""`harness compare` with a pairwise judge, as a process against a server that speaks the Messages API."""

import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from front_door import AGENT, Door
from loopback import Body, Loopback, blocks, plausible, verdict
from recordings import BOTH, ONE, record

ANSWERS = re.compile(
    r"<answer A (\w+)>\n(.*?)\n</answer A \1>\n\n<answer B \1>\n(.*?)\n</answer B \1>", re.DOTALL
)


def reply(body: Body) -> str:
    """The revised prompt makes longer answers."""
    said = plausible(body)
    longer = any("Be thorough" in text for _, text, _ in blocks(body))
    return f"{said}\n\nMeasure it before and after the change." if longer else said


def compared(body: Body) -> tuple[str, str] | None:
    """The two answers of a request, if it asks which is better."""
    found = ANSWERS.search(blocks_of(body))
    return (found[2], found[3]) if found else None


def blocks_of(body: Body) -> str:
    return "\n".join(text for _, text, _ in blocks(body))


def prefers_longer(body: Body) -> Any:
    """Prefers the longer answer in a comparison; else a plausible verdict."""
    shown = compared(body)
    if shown is None:
        return verdict(body)
    first, second = shown
    return preferring("A" if len(first) > len(second) else "B", first, second)


def prefers_first(body: Body) -> Any:
    shown = compared(body)
    return verdict(body) if shown is None else preferring("A", *shown)


def prefers_in_prose(body: Body) -> Any:
    return verdict(body) if compared(body) is None else "The first one, I should say."


def preferring(winner: str, first: str, second: str) -> dict[str, str]:
    quotes = [each.split("\n\n")[-1] for each in (first, second)]
    return {"quote_a": quotes[0], "quote_b": quotes[1], "reason": "It says more.", "winner": winner}


def door(root: Path, server: Loopback, **changes: object) -> Door:
    made = Door(root)
    made.cases(*(f"thing-{number}" for number in range(6)))
    made.write("agents/revised.md", AGENT.replace("Answer briefly.", "Be thorough."))
    judge = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": server.url}
    settings: dict[str, object] = {
        "graders": [{"kind": "signals"}],
        "pairwise": {"model": judge},
        "attempts": 2,
        **changes,
    }
    made.eval(server.url, **settings)
    return made


COMPARE = ("compare", "small", "--base", "agents/helper.md", "--candidate", "agents/revised.md")


def pairs_asked(server: Loopback) -> int:
    return sum(compared(seen.body) is not None for seen in server.requests if seen.body)


def test_answers_are_compared_in_both_orders_and_the_second_time_nobody_is_asked(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_longer) as server:
        project = door(tmp_path, server)
        done = project.run(*COMPARE, "--json")
        assert done.code == 0, done.err
        assert pairs_asked(server) == 12  # this server answers both attempts alike, so a question counts once
        (found,) = done.data["preferences"]
        assert (found["wins"], found["losses"], found["ties"]) == (12, 0, 0)
        assert (found["rate"]["mean"], found["rate"]["n"], found["first_won"]["mean"]) == (100.0, 6, 50.0)
        assert found["duels"][0]["base_first"]["winner"] == "second"
        assert found["duels"][0]["base_first"]["second_quote"] == "Measure it before and after the change."
        server.forget()
        again = project.run(*COMPARE, "--json")
        assert again.data["preferences"] == done.data["preferences"]
        assert server.requests == []


def test_a_judge_that_always_prefers_the_first_ties_everything_and_every_report_says_so(
    tmp_path: Path,
) -> None:
    with Loopback(reply=reply, judge=prefers_first) as server:
        done = door(tmp_path, server).run(*COMPARE)
    told = "won 0, lost 0 and tied 12 of 12 pairs"
    assert told in " ".join(done.out.split())
    assert "The answer shown first won 100 % of 24 replies" in " ".join(done.out.split())
    (folder,) = (tmp_path / "reports").iterdir()
    for name in ("report.md", "index.html"):
        assert told in (folder / name).read_text(), name


def test_the_plan_counts_the_pairs_before_anything_is_paid(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_longer) as server:
        done = door(tmp_path, server).run(*COMPARE, "--plan", "--json")
        assert server.requests == []
    *_, pairwise = done.data
    assert pairwise["label"] == "revised against helper"
    (part,) = pairwise["parts"]
    assert (part["name"], part["stored"], part["to_make"]) == ("pairwise preferences", 0, 24)
    assert part["cost"] > 0


def test_a_reply_that_cannot_be_used_is_asked_for_once_more_and_then_stays_open(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_in_prose) as server:
        project = door(tmp_path, server, attempts=1)
        done = project.run(*COMPARE, "--json")
        assert pairs_asked(server) == 2 * 12
        (found,) = done.data["preferences"]
        assert (found["ungraded"], found["wins"] + found["losses"] + found["ties"]) == (6, 0)
        assert found["duels"][0]["base_first"]["winner"] is None
        server.forget()
        assert project.run(*COMPARE, "--json").data["preferences"] == done.data["preferences"]
        assert server.requests == []
        server.judge = prefers_longer
        (graded,) = project.run(*COMPARE, "--json", "--regrade-ungraded").data["preferences"]
        assert (graded["wins"], graded["ungraded"]) == (6, 0)


def test_what_the_budget_leaves_is_asked_by_the_next_command(tmp_path: Path) -> None:
    def at_length(body: Body) -> Any:
        return {**prefers_longer(body), "reason": "It says more. " * 90}

    with Loopback(reply=reply, judge=at_length) as server:
        project = door(tmp_path, server, attempts=1, pairwise=None)
        assert project.run(*COMPARE).code == 0
        door(tmp_path, server, attempts=1)
        short = project.run(*COMPARE, "--budget", "0.002", "--yes", "--json")
        asked = pairs_asked(server)
        assert 0 < asked < 12, short.err
        assert short.code == 6
        assert short.data["preferences"][0]["not_asked"] > 0
        assert f"{12 - asked} pairwise preferences to make" in short.err
        server.forget()
        done = project.run(*COMPARE, "--json")
        assert done.code == 0
        assert pairs_asked(server) == 12 - asked
        assert done.data["preferences"][0]["not_asked"] == 0


def test_a_command_that_is_killed_while_it_asks_pays_for_no_pair_twice(tmp_path: Path) -> None:
    names: Counter[tuple[str, str] | None] = Counter()

    def judge(body: Body) -> Any:
        names[compared(body)] += 1
        return prefers_longer(body)

    with Loopback(reply=reply, judge=judge, latency=0.02) as server:
        project = door(tmp_path, server, attempts=1, concurrency=2)
        environ = {"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": project.key}
        command = [sys.executable, "-m", "harness", *COMPARE]
        with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL) as process:
            while sum(names.values()) < 6 and process.poll() is None:
                time.sleep(0.001)
            process.kill()
        time.sleep(0.5)  # what was under way when it died reaches the server all the same
        with closing(sqlite3.connect(tmp_path / ".harness" / "store.db")) as store:
            (kept,) = store.execute("select count(*) from preferences").fetchone()
        before = sum(names.values())
        done = project.run(*COMPARE, "--json")
        assert done.data["preferences"][0]["wins"] == 6
        assert kept > 0
        assert sum(names.values()) - before == 12 - kept


def test_a_call_that_fails_for_good_is_no_tie_and_is_asked_again(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_longer) as server:
        broken = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": server.at("400,times=1")}
        project = door(tmp_path, server, attempts=1, pairwise={"model": broken})
        done = project.run(*COMPARE, "--json")
        assert done.data["preferences"][0]["not_asked"] == 1
        assert "1 pairwise call failed; the same command asks again" in done.err
        assert project.run(*COMPARE, "--json").data["preferences"][0]["not_asked"] == 0


def test_what_was_paid_for_pairs_is_in_the_ledger(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_longer) as server:
        done = door(tmp_path, server, attempts=1).run(*COMPARE, "--json")
    (spent,) = [row for row in done.data["arms"][1]["spending"] if row["part"] == "pairwise"]
    assert spent["calls"] == 12
    assert spent["estimate"] > 0
    (judge,) = [words for name, words in done.data["provenance"] if name == "pairwise judge"]
    assert judge.startswith("claude-haiku-5-5 ")
    assert "The judge is of the family of the model that answered" in done.data["preferences"][0]["words"]
    assert spent["cost"] == pytest.approx(done.data["preferences"][0]["cost"])


def test_by_batches_and_in_looks_the_pairs_are_asked_one_at_a_time_all_the_same(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_longer) as server:
        batched = door(tmp_path / "batched", server, attempts=1).run(*COMPARE, "--batch", "--json")
        assert batched.code == 0, batched.err
        assert (pairs_asked(server), batched.data["preferences"][0]["wins"]) == (12, 6)
        server.forget()
        looks = door(tmp_path / "looks", server, attempts=1)
        looks.cases(*(f"thing-{number}" for number in range(20)))
        stopped = looks.run(*COMPARE, "--sequential", "--json")
        (found,) = stopped.data["preferences"]
        compared_cases = len(stopped.data["stopping"]["ran"])
        assert found["rate"]["n"] == found["wins"] == compared_cases


def test_a_stored_comparison_is_reported_again_with_its_pairs_and_without_a_server(tmp_path: Path) -> None:
    with Loopback(reply=reply, judge=prefers_longer) as server:
        project = door(tmp_path, server, attempts=1)
        first = project.run(*COMPARE, "--json").data
    runs = [arm["run"]["id"] for arm in first["arms"]]
    assert "revised won 6, lost 0 and tied 0" in " ".join(project.run("report", *runs).out.split())


def test_without_a_key_for_the_judge_of_pairs_nothing_is_begun(tmp_path: Path) -> None:
    project = Door(tmp_path, key="")
    record(project, ("queues", "caches"), lambda *_: BOTH, lambda *_: ONE)
    project.eval(
        "http://127.0.0.1:9",
        model={"provider": "recorded", "answers": "datasets/recorded.jsonl"},
        graders=[{"kind": "signals"}],
        pairwise={"model": {"name": "claude-haiku-5-5", "base_url": "http://127.0.0.1:9"}},
    )
    done = project.run("compare", "small", "--base", "agents/old.md", "--candidate", "agents/helper.md")
    assert done.code == 3
    assert "ANTHROPIC_API_KEY" in done.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"model": {"provider": "recorded", "answers": "x.jsonl"}}, "a judge is asked, not looked up"),
        (
            {"model": {"name": "claude-haiku-5-5"}, "criterion": " "},
            "pairwise.criterion: must say what makes an answer",
        ),
    ],
)
def test_a_pairwise_judge_that_could_not_be_asked_is_refused(
    tmp_path: Path, settings: dict[str, object], fault: str
) -> None:
    with Loopback() as server:
        done = door(tmp_path, server, pairwise=settings).run("check")
    assert done.code == 2
    assert fault in done.out + done.err
