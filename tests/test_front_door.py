"""The whole job through the front door: the command as a process, the real SDK, a server that counts."""

import csv
import io
import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from front_door import AGENT, RUBRIC, Door, Finished
from loopback import KEY, Body, Loopback

TWO, JUDGED = 2, 4  # two cases; two criteria each


@dataclass
class Small:
    """A small eval, judged by a model, against a server; `calls` counts since it was last asked."""

    door: Door
    server: Loopback

    def calls(self) -> tuple[int, int]:
        made = self.server.count(judge=False), self.server.count(judge=True)
        self.server.forget()
        return made

    def run(self, *arguments: str) -> Finished:
        return self.door.run("run", "small", *arguments)


@pytest.fixture
def small(door: Door, server: Loopback) -> Small:
    door.eval(server.url)
    return Small(door, server)


def results(door: Door) -> Any:
    (path,) = door.root.glob("reports/*/results.json")
    return json.loads(path.read_text())


# ------------------------------------------------------------------ what is made, and what is not made again


def test_a_run_makes_answers_verdicts_and_a_report(small: Small) -> None:
    done = small.run()
    assert done.code == 0, done.err
    assert small.calls() == (TWO, JUDGED)
    page = Path(done.out.strip().splitlines()[-1].removeprefix("report: "))
    assert page.is_file()
    assert {path.name for path in page.parent.iterdir()} >= {
        "index.html",
        "report.md",
        "results.csv",
        "results.json",
    }
    assert re.search(r"\$0\.\d+ spent", done.err)
    rows = list(csv.DictReader(io.StringIO((page.parent / "results.csv").read_text())))
    assert {row["case"] for row in rows} == {"queues", "caches"}


def test_running_again_makes_no_call_and_needs_no_key(small: Small) -> None:
    first = small.run()
    stamps = {path: path.stat().st_mtime_ns for path in small.door.root.glob("reports/*/*")}
    small.calls()
    small.door.key = ""
    again = small.run()
    assert (again.code, small.calls()) == (0, (0, 0))
    assert again.out == first.out
    assert "No paid call to make" in again.err
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_an_answer_that_is_asked_about_once_is_not_written_to_the_cache(door: Door, server: Loopback) -> None:
    door.write("evals/rubrics/security.yaml", {**RUBRIC, "criteria": RUBRIC["criteria"][:1]})
    door.eval(server.url)
    plan = door.run("run", "small", "--plan")
    assert "question with its answer: not cached, as each is asked about once" in plan.err
    assert door.run("run", "small").code == 0
    judged = [(seen.body or {})["messages"] for seen in server.requests if seen.judge]
    assert len(judged) == TWO
    assert "cache_control" not in json.dumps(judged)


def test_a_shared_prompt_is_written_to_the_cache_once_and_what_that_saved_is_said(small: Small) -> None:
    small.server.latency = 0.05
    small.door.write("agents/helper.md", AGENT.replace("Answer briefly.", "Answer briefly. " * 300))
    small.door.cases(*(f"service-{number}" for number in range(12)))
    plan = small.run("--plan")
    assert "prompt cache, system prompt: about" in plan.err
    assert "question with its answer: about" in plan.err
    assert "are too few to cache: claude-haiku-5-5 caches from 512 on" not in plan.err
    done = small.run()
    arm = results(small.door)["arms"][0]
    written = arm["usage"]["cache_write_tokens"]
    assert arm["usage"]["cache_read_tokens"] == 11 * written
    assert arm["caching"]["agent"]["saved"] > 0
    sentence = next(line for line in done.out.splitlines() if line.startswith("Prompt cache: "))
    assert "which saved $" in sentence
    assert sentence in (next(small.door.root.glob("reports/*/report.md"))).read_text().replace("\\", "")


def test_a_prompt_too_short_to_cache_is_waited_for_by_nobody_and_the_plan_says_why(small: Small) -> None:
    small.server.latency = 0.3
    small.door.cases("a", "b", "c", "d")
    assert "tokens are too few to cache: claude-sonnet-5-5 caches from 512 on" in " ".join(
        small.run("--plan").err.split()
    )
    assert small.run().code == 0
    assert small.server.peak == 4


def test_rewording_one_criterion_asks_only_its_verdicts_again(small: Small) -> None:
    small.run()
    small.calls()
    reworded = [{**RUBRIC["criteria"][0], "text": "Names an attacker."}, RUBRIC["criteria"][1]]
    small.door.write("evals/rubrics/security.yaml", {**RUBRIC, "criteria": reworded})
    assert small.run().code == 0
    assert small.calls() == (0, TWO)


def test_other_points_change_scores_and_ask_nothing(small: Small) -> None:
    small.run()
    small.calls()
    weighed = [{**criterion, "points": 7} for criterion in RUBRIC["criteria"]]
    small.door.write("evals/rubrics/security.yaml", {**RUBRIC, "criteria": weighed})
    assert (small.run().code, small.calls()) == (0, (0, 0))


def test_another_scenario_runs_only_its_own_trials(small: Small) -> None:
    small.run()
    small.calls()
    small.door.cases("queues", "caches", "logins")
    assert small.run().code == 0
    assert small.calls() == (1, 2)


def test_another_prompt_runs_only_the_new_revision(small: Small) -> None:
    small.run()
    small.calls()
    old = small.door.write("agents/old.md", AGENT)
    small.door.write("agents/helper.md", AGENT.replace("Answer briefly", "Answer at length"))
    done = small.door.run("compare", "small", "--base", str(old))
    assert done.code == 0, done.err
    answers, verdicts = small.calls()
    assert (answers, verdicts <= JUDGED) == (TWO, True)
    assert "working against old" in done.out


def test_more_attempts_make_only_the_new_ones(small: Small) -> None:
    small.run()
    small.calls()
    small.door.eval(small.server.url, attempts=2)
    assert small.run().code == 0
    assert small.calls()[0] == TWO


def test_the_plan_calls_nobody_and_needs_no_key(small: Small) -> None:
    small.door.key = ""
    done = small.run("--plan")
    assert (done.code, small.calls()) == (0, (0, 0))
    assert "6 paid calls to make" in done.err
    assert not list(small.door.root.glob("reports/*"))


# ------------------------------------------------------------------ comparing


def test_last_commit_against_the_working_file_is_the_default(small: Small) -> None:
    door = small.door
    door.git("init")
    door.git("add", ".")
    door.git("commit", "-m", "first")
    nothing = door.run("compare", "small")
    assert (nothing.code, small.calls()) == (0, (0, 0))
    assert "nothing changed" in nothing.err
    door.write("agents/helper.md", AGENT.replace("Answer briefly", "Answer at length"))
    done = door.run("compare", "small")
    assert done.code == 0, done.err
    assert "working against HEAD" in done.out
    assert (door.root / "reports" / "small--HEAD..working" / "index.html").is_file()
    provenance = dict(results(door)["provenance"])
    commit = door.git("rev-parse", "HEAD").strip()[:12]
    assert commit in provenance["revision HEAD"]
    assert "uncommitted" in provenance["revision working"]


@pytest.fixture
def gated(door: Door) -> Iterator[Door]:
    """An eval with a gate; a good prompt is answered well four times in five and a bad one badly."""
    turns = itertools.count()

    def reply(body: Body) -> str:
        usual = next(turns) % 5 > 0
        if "Answer well" in str(body["system"]):
            return "Name the threat of replay" + (" and validate the schema." if usual else ".")
        return "Use a queue and hope." if usual else "Name the threat of replay."

    with Loopback(reply=reply) as server:
        door.eval(
            server.url,
            attempts=4,
            graders=[{"kind": "signals"}],
            gate={"margin": 10, "allow_uncalibrated": True},
        )
        door.cases(*(f"case{number}" for number in range(8)))
        door.write("agents/good.md", AGENT.replace("Answer briefly", "Answer well"))
        yield door


def test_a_gate_that_is_not_met_is_exit_1(gated: Door) -> None:
    done = gated.run("compare", "small", "--base", "agents/good.md")
    assert done.code == 1, done.out + done.err
    assert "gate security: FAIL" in done.out
    assert "exit 1" in done.err


def test_a_gate_that_is_met_is_exit_0(gated: Door) -> None:
    done = gated.run("compare", "small", "--base", "agents/helper.md", "--candidate", "agents/good.md")
    assert done.code == 0, done.out + done.err
    assert "gate security: PASS" in done.out


def test_a_gate_that_one_attempt_cannot_decide_is_exit_4(gated: Door) -> None:
    gated.write(
        "evals/small.yaml",
        (gated.root / "evals/small.yaml").read_text().replace("attempts: 4", "attempts: 1"),
    )
    done = gated.run("compare", "small", "--base", "agents/good.md")
    assert done.code == 4, done.out + done.err
    assert "gate security: INCONCLUSIVE" in done.out


def test_the_comparison_is_data_on_request(small: Small) -> None:
    old = small.door.write("agents/old.md", AGENT.replace("briefly", "at length"))
    done = small.door.run("compare", "small", "--base", str(old), "--json")
    assert done.code == 0
    assert done.data["comparisons"][0]["candidate"] == "working"


# ------------------------------------------------------------------ looking


def test_runs_are_listed_shown_and_reported_again(small: Small) -> None:
    small.run()
    door = small.door
    (row,) = door.run("list", "--json").data
    assert (row["eval"], row["label"]) == ("small", "working")
    assert row["id"] in door.run("list").out
    shown = door.run("show", row["id"][:6], "queues")
    assert "How do I build queues?" in shown.out
    assert "Names a threat." in shown.out
    assert door.run("show", "working", "working", "queues").code == 0
    again = door.run("report", "working")
    assert again.code == 0
    assert small.calls() == (TWO, JUDGED)


def test_cases_of_an_agent_are_yaml_that_can_be_kept(door: Door) -> None:
    agent = AGENT.replace(
        "Helps with backends.",
        "Helps. <example>Context: A shop. user: 'Sell it' assistant: 'Using helper'</example>",
    )
    path = door.write("agents/helper.md", agent)
    done = door.run("cases", str(path))
    door.write("datasets/mined.yaml", done.out)
    assert door.run("check", "datasets/mined.yaml").code == 0
    assert "Sell it" in done.out


# ------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("datasets/cases.yaml", [{"id": "a", "prompt": "x"}, {"id": "a", "prompt": "y"}], "'a'"),
        ("datasets/cases.yaml", [{"id": "a", "promt": "x"}], "did you mean 'prompt'?"),
        ("datasets/cases.yaml", "- id: a\n  prompt: x\n  id: b\n", "line 3"),
        (
            "evals/rubrics/security.yaml",
            {**RUBRIC, "criteria": [{"id": "a", "text": "b", "points": -1}]},
            "positive",
        ),
        ("evals/rubrics/security.yaml", {**RUBRIC, "criterion": []}, "did you mean 'criteria'?"),
        ("agents/helper.md", "---\nname: helper\n---\n", "write the system prompt"),
        (
            "datasets/cases.yaml",
            [{"id": "a", "prompt": "x", "criteria": {"speed": []}}],
            "no rubric is about 'speed'",
        ),
    ],
)
def test_a_wrong_file_is_exit_2_and_says_what_to_mend(
    small: Small, name: str, content: Any, words: str
) -> None:
    small.door.write(name, content)
    done = small.run()
    assert (done.code, small.calls()) == (2, (0, 0))
    assert words in done.err
    assert "Traceback" not in done.err
    assert name in done.err or "evals/small.yaml" in done.err


def test_all_faults_of_all_files_are_said_at_once(small: Small) -> None:
    small.door.write("datasets/cases.yaml", [{"id": "a", "promt": "x"}])
    small.door.write("evals/rubrics/security.yaml", {"dimension": "security"})
    (small.door.root / "agents/helper.md").unlink()
    done = small.run()
    assert done.code == 2
    for name in ("agents/helper.md", "datasets/cases.yaml", "evals/rubrics/security.yaml"):
        assert name in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "smal"), "did you mean small? in evals/ there are: small"),
        (("run", "evals/other.yaml"), "no such eval"),
        (("run", "small", "--revision", "no-such"), "no git repository here"),
        (("run", "small", "--speed", "9"), "No such option"),
        (("frobnicate",), "No such command"),
        (("show", "nothing", "queues"), "no store yet"),
        (("list",), "no store yet"),
        (("demo",), "demo's eval is not here"),
    ],
)
def test_a_wrong_option_is_exit_2_with_a_hint(small: Small, arguments: tuple[str, ...], words: str) -> None:
    done = small.door.run(*arguments)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_no_key_is_exit_3_and_names_the_variable(small: Small) -> None:
    small.door.key = ""
    done = small.run()
    assert (done.code, small.calls()) == (3, (0, 0))
    assert "ANTHROPIC_API_KEY" in done.err


def test_a_refused_key_stops_at_once_and_is_nowhere_written(small: Small) -> None:
    small.door.key = "wrong-key-9876543210"
    small.door.cases(*(f"case{number}" for number in range(40)))
    small.door.eval(small.server.url, concurrency=4)
    done = small.run()
    assert done.code == 3
    assert small.calls()[0] <= 4
    written = b"".join(path.read_bytes() for path in small.door.root.rglob("*") if path.is_file())
    assert small.door.key not in done.err + done.out
    assert small.door.key.encode() not in written


def test_an_empty_dataset_is_exit_5(small: Small) -> None:
    small.door.write("datasets/cases.yaml", "[]\n")
    done = small.run()
    assert (done.code, small.calls()) == (5, (0, 0))
    assert "no case to run" in done.err


def test_a_run_in_which_everything_failed_is_exit_5_and_says_why(door: Door, server: Loopback) -> None:
    door.eval(server.at("400"))
    done = door.run("run", "small")
    assert done.code == 5, done.err
    assert "no answer" in done.err
    assert "incomplete" in done.err
    assert results(door)


def test_failed_trials_are_tried_again_and_only_they(small: Small) -> None:
    small.server.fail("400,times=1")
    first = small.run()
    assert first.code == 5
    small.calls()
    assert small.run().code == 0
    assert small.calls() == (1, 2)


def test_a_judge_that_cannot_be_read_leaves_trials_ungraded_never_failed(door: Door) -> None:
    with Loopback(judge=lambda _: {"quote": "nowhere to be found", "reason": "", "met": True}) as server:
        door.eval(server.url)
        done = door.run("run", "small")
        assert done.code == 5
        counts = results(door)
        assert server.count(judge=True) == 2 * JUDGED
        again = door.run("run", "small")
        assert (again.code, server.count(judge=True)) == (5, 2 * JUDGED)
        door.run("run", "small", "--regrade-ungraded")
        assert server.count(judge=True) == 4 * JUDGED
    assert "ungraded" in json.dumps(counts)


def test_an_estimate_above_the_budget_is_exit_6_unless_allowed(small: Small) -> None:
    small.door.eval(small.server.url, budget=0.000001)
    done = small.run()
    assert (done.code, small.calls()) == (6, (0, 0))
    assert "--yes" in done.err
    assert small.run("--yes").code == 0


def test_an_unknown_price_is_said_and_never_nothing(small: Small) -> None:
    model = {"name": "claude-unheard-of", "max_tokens": 500, "base_url": small.server.url}
    small.door.eval(small.server.url, model=model)
    done = small.run()
    assert (done.code, small.calls()) == (6, (0, 0))
    allowed = small.run("--yes")
    assert allowed.code == 0
    assert "unknown" in allowed.err


def test_a_refusal_and_a_cut_answer_are_outcomes_that_the_report_counts(small: Small) -> None:
    small.server.fail("refusal,times=1")
    small.server.fail("max_tokens,times=1")
    small.door.eval(small.server.url, concurrency=1, graders=[{"kind": "signals"}])
    assert small.run().code == 0
    (counts,) = results(small.door)["arms"][0]["counts"].values()
    assert (counts["refused"], counts["cut"], counts["failed"]) == (1, 1, 0)


def test_what_was_not_recorded_is_exit_2_and_named(door: Door) -> None:
    recorded = door.write("datasets/recorded.jsonl", "")
    door.eval("http://127.0.0.1:9", model={"provider": "recorded", "answers": "datasets/recorded.jsonl"})
    assert door.run("run", "small").code == 2
    line = {"id": "x", "revision": "old", "case": "queues", "attempt": 1, "text": "Hi"}
    recorded.write_text(json.dumps({**line, "prompt_hash": "0" * 64, "question_hash": "1" * 64}))
    done = door.run("run", "small")
    assert done.code == 2
    assert "holds no answer to the prompt" in done.err
    assert "it holds old" in done.err


def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(door: Door) -> None:
    with Loopback(latency=0.15) as server:
        door.eval(server.url, concurrency=1)
        door.cases(*(f"case{number}" for number in range(30)))
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "small"],
            cwd=door.root,
            env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while server.count(judge=False) < 3 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert "goes on from there" in err
        assert "Traceback" not in err
        server.latency = 0.0
        done = door.run("run", "small")
        assert done.code == 0
        # One answer may have been on its way when the run was stopped; it is asked once more.
        assert server.count(judge=False) <= 31
    assert len(results(door)["arms"][0]["trials"]["judge"]) == 30


@pytest.mark.parametrize("command", ["run", "compare", "report"])
def test_a_command_loads_what_is_heavy_only_when_it_needs_it(command: str) -> None:
    code = (
        f"import sys, harness.cli.{command}; "
        "heavy = {'anthropic', 'httpx2', 'aiohttp', 'numpy', 'scipy', 'pandas', 'matplotlib', 'jinja2'}; "
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from harness.cli.main import main; main(['--help']); "
        "heavy = {'anthropic', 'pandas', 'matplotlib', 'scipy', 'sqlalchemy', 'pydantic'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    for word in ("demo", "compare", "For example", "Exit codes"):
        assert word in done.stdout


def test_every_command_explains_itself(door: Door) -> None:
    for name in ("demo", "check", "cases", "run", "compare", "report", "list", "show", "schema"):
        done = door.run(name, "--help")
        assert (done.code, done.err) == (0, "")
        assert len(done.out.splitlines()) > 4


# ------------------------------------------------------------------ files and hosts an eval may not name


@pytest.mark.parametrize(
    "name", ["../secret.md", "/etc/passwd", "agents/../../secret.md", "agents/link.md", "agents/\0.md"]
)
def test_an_eval_cannot_reach_outside_its_project(small: Small, name: str) -> None:
    secret = small.door.root.parent / "secret.md"
    secret.write_text(AGENT.replace("Answer briefly", "SECRET"))
    (small.door.root / "agents" / "link.md").symlink_to(secret)
    small.door.eval(small.server.url, agent=name)
    done = small.run()
    assert (done.code, small.calls()) == (2, (0, 0))
    assert "SECRET" not in done.out + done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("https://evil.example", "export HARNESS_HOSTS=evil.example"),
        ("http://api.anthropic.com", "https only"),
        ("https://127.0.0.1.evil.example", "HARNESS_HOSTS"),
        ("https://api.anthropic.com@evil.example", "may hold no user and password"),
        ("https://[::1", "must be an http or https address"),
        ("ftp://127.0.0.1", "must be an http or https address"),
        ("http://127.0.0.1/\x1b[31m", "must be an http or https address"),
    ],
)
def test_a_key_goes_to_no_host_that_nobody_trusts(small: Small, base_url: str, words: str) -> None:
    small.door.eval(base_url)
    done = small.run()
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
    assert small.calls() == (0, 0)


def test_only_a_variable_for_keys_may_be_named(small: Small) -> None:
    model = {
        "name": "claude-sonnet-5-5",
        "base_url": small.server.url,
        "key_variable": "AWS_SECRET_ACCESS_KEY",
    }
    small.door.eval(small.server.url, model=model)
    done = small.run()
    assert done.code == 2
    assert "must end in _API_KEY" in done.err


@pytest.mark.parametrize("name", ["folder.yaml", "fifo.yaml", "huge.yaml", "/dev/zero"])
def test_what_is_no_file_is_an_error_and_never_a_hang(small: Small, name: str) -> None:
    (small.door.root / "folder.yaml").mkdir()
    os.mkfifo(small.door.root / "fifo.yaml")
    with (small.door.root / "huge.yaml").open("wb") as huge:
        huge.truncate(200 * 2**20)
    for command in ("run", "check"):
        done = small.door.run(command, name)
        assert done.code == 2
        assert "Traceback" not in done.err


# ------------------------------------------------------------------ what reviewers broke once


def test_a_full_disk_is_an_error_that_says_so_and_never_a_bug(small: Small) -> None:
    assert small.run().code == 0
    with sqlite3.connect(small.door.root / ".harness" / "store.db") as connection:
        refusal = "select raise(abort, 'database or disk is full')"
        connection.execute(f"create trigger full before insert on answers begin {refusal}; end")
    small.door.cases("queues", "caches", "logins")
    done = small.run()
    assert done.code == 2
    assert "disk is full" in done.err
    assert "free some space" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("budget", ["nan", "-1", "inf"])
def test_a_budget_that_is_none_is_refused(small: Small, budget: str) -> None:
    done = small.run("--budget", budget)
    assert (done.code, small.calls()) == (2, (0, 0))


def test_a_closed_pipe_is_neither_green_nor_a_regression(small: Small) -> None:
    small.run()
    for extra in ((), ("--json",)):
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "small", *extra],
            cwd=small.door.root,
            env={"PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 141
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        process.stderr.close()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_changes_nothing(small: Small, closed: str) -> None:
    small.run()
    command = f"exec {closed}; {sys.executable} -m harness run small"
    done = subprocess.run(
        ["sh", "-c", command], cwd=small.door.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_runs_of_different_models_are_not_compared_as_if_the_prompt_had_changed(small: Small) -> None:
    small.run()
    small.door.eval(small.server.url, model={"name": "claude-opus-5-5", "base_url": small.server.url})
    small.run()
    ids = [row["id"] for row in small.door.run("list", "--json").data]
    done = small.door.run("report", *ids)
    assert done.code == 2
    assert "differ in the model" in done.err
    small.door.eval(small.server.url, attempts=2)
    small.run()
    ids = [row["id"] for row in small.door.run("list", "--json").data]
    assert "attempts" in small.door.run("report", ids[0], ids[-1]).err


def test_two_runs_are_shown_although_the_rubric_changed_between_them(small: Small) -> None:
    small.run()
    more = [*RUBRIC["criteria"], {"id": "new", "text": "Is new.", "points": 1}]
    small.door.write("evals/rubrics/security.yaml", {**RUBRIC, "criteria": more})
    small.run()
    old, new = (row["id"] for row in small.door.run("list", "--json").data)
    for pair in ((old, new), (new, old)):
        done = small.door.run("show", *pair, "queues")
        assert done.code == 0, done.err
        assert "Is new." in done.out
        assert "not asked" in done.out


def test_a_label_means_the_run_that_was_asked_for_last(small: Small) -> None:
    other = AGENT.replace("briefly", "at length")
    for content in (AGENT, other, AGENT):
        small.door.write("agents/helper.md", content)
        small.run()
    done = small.door.run("report", "working", "--json")
    first = small.door.run("run", "small", "--json").data["arms"][0]["run"]["id"]
    assert done.data["arms"][0]["run"]["id"] == first


def test_a_report_that_was_cut_short_is_drawn_again(small: Small) -> None:
    small.run()
    (folder,) = (small.door.root / "reports").glob("small--*")
    whole = (folder / "index.html").read_text()
    (folder / ".content").unlink()
    (folder / "index.html").write_text("half")
    small.run()
    assert (folder / "index.html").read_text() == whole


def test_hostile_names_reach_terminal_and_files_as_text(small: Small) -> None:
    name = "sec[red]x[/nope]"
    small.door.write("evals/rubrics/security.yaml", {**RUBRIC, "dimension": name})
    done = small.run()
    assert done.code == 0, done.err
    assert name in done.out
    assert small.door.run("check").code == 0


def test_a_server_s_words_cannot_act_in_the_terminal(door: Door) -> None:
    with Loopback() as server:
        door.eval(server.url)
        server.fail("401,message=bad\x1b[31mHACK")
        done = door.run("run", "small")
    assert done.code == 3
    assert "\x1b" not in done.err


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 200, "\udcff"])
def test_names_that_cannot_be_files_are_errors(small: Small, name: str) -> None:
    for arguments in (("run", name), ("run", "small", "--revision", name), ("check", name), ("cases", name)):
        done = small.door.run(*arguments)
        assert done.code == 2
        assert "Traceback" not in done.err


def test_a_run_without_its_labels_file_is_reported_without_agreement(small: Small) -> None:
    label = {
        "answer": "x",
        "answer_hash": "0" * 64,
        "dimension": "security",
        "criterion": "threat",
        "met": True,
    }
    path = small.door.write("datasets/labels.jsonl", json.dumps({**label, "quote": "", "settled": "one"}))
    small.door.eval(small.server.url, graders=[{"kind": "signals", "labels": "datasets/labels.jsonl"}])
    assert small.run().code == 0
    path.unlink()
    assert small.door.run("report", "working").code == 0


def test_many_candidates_with_long_names_still_get_a_report(small: Small) -> None:
    names = []
    for number in range(6):
        path = f"agents/{'long' * 15}{number}.md"
        small.door.write(path, AGENT.replace("briefly", f"in {number} words"))
        names += ["--candidate", path]
    done = small.door.run("compare", "small", "--base", "agents/helper.md", *names)
    assert done.code == 0, done.err


def test_check_says_what_will_surprise_before_it_costs(small: Small) -> None:
    small.door.write(
        "evals/rubrics/security.yaml",
        {
            "dimension": "security",
            "criteria": [{"id": "threat", "text": "Names a threat."}],
        },
    )
    small.door.eval(small.server.url, graders=[{"kind": "signals"}], model={"name": "claude-sonet-5-5"})
    done = small.door.run("check", "evals/small.yaml")
    assert done.code == 0
    assert "the signals grader leaves threat open" in done.out
    assert "did you mean claude-sonnet-5-5?" in done.out


def test_json_for_programs_holds_no_character_that_acts_on_a_terminal(small: Small) -> None:
    small.door.write("agents/odd.md", "no front matter \u202e\x9b31m")
    done = small.door.run("check", "agents/odd.md", "--json")
    assert done.data
    assert not {"\u202e", "\x9b"} & set(done.out)


def test_without_a_key_a_profile_of_the_sdk_s_own_is_not_looked_for(door: Door, server: Loopback) -> None:
    """It would be somebody else's money: the key of a run is the one that its environment says."""
    door.eval(server.url)
    profile = {"type": "api_key", "api_key": KEY, "base_url": server.url}
    for name in ("default", "another"):
        door.write(f"home/.config/anthropic/configs/{name}.json", json.dumps(profile))
    home = str(door.root / "home")
    door.environ |= {
        "HOME": home,
        "ANTHROPIC_CONFIG_DIR": f"{home}/.config/anthropic",
        "ANTHROPIC_PROFILE": "another",
    }
    door.key = ""
    done = door.run("run", "small")
    assert done.code == 3
    assert "ANTHROPIC_API_KEY is not set" in done.err
    assert server.count() == 0
