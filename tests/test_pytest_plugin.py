"""Evals as pytest items: collected by shape, left out where they need a key, failing in their own words."""

import itertools
import sys
from pathlib import Path

import pytest

from front_door import AGENT, RUBRIC, Door
from loopback import Loopback
from recordings import BOTH, record

pytest_plugins = ["pytester"]

GOOD = "There is a threat: attackers. Validate all input against a schema."
FLOOR = {"margin": 10, "floors": {"security": 60}, "allow_uncalibrated": True}


def pytest_in(door: Door, pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in the project, as a process of its own, with nothing of this repository's settings."""
    (door.root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    pytester.chdir()
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(door.root / "evals"), *arguments)
    return pytester.run(*command, timeout=120)


@pytest.fixture
def live(door: Door, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A project whose key is in the environment, as `--evals-live` needs it."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", door.key)
    return door


def test_an_eval_that_needs_a_key_is_left_out_and_said_to_be(
    door: Door, server: Loopback, pytester: pytest.Pytester
) -> None:
    door.eval(server.url)
    done = pytest_in(door, pytester)
    done.stdout.fnmatch_lines(["harness: *small.yaml needs an API key, 3 of its items left out; *"])
    done.assert_outcomes(deselected=3)
    assert server.count() == 0


def test_each_dimension_is_an_item_and_all_of_them_pay_once(
    live: Door, server: Loopback, pytester: pytest.Pytester
) -> None:
    live.eval(server.url, graders=[{"kind": "signals"}])
    done = pytest_in(live, pytester, "--evals-live", "-v")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["*small.yaml::complete PASSED*", "*small.yaml::security PASSED*"])
    assert server.count() == 2
    again = pytest_in(live, pytester, "--evals-live", "-k", "security")
    again.assert_outcomes(passed=1, deselected=2)
    assert server.count() == 2


def test_a_gate_that_is_not_met_fails_in_the_words_of_the_comparison(
    live: Door, server: Loopback, pytester: pytest.Pytester
) -> None:
    live.cases(*(f"case{number:02}" for number in range(16)))
    replies = itertools.cycle(("Name the threat of replay.", *["Use a queue and hope."] * 6))
    server.reply = lambda _body: next(replies)
    live.eval(server.url, attempts=3, graders=[{"kind": "signals"}], gate=FLOOR)
    done = pytest_in(live, pytester, "--evals-live")
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*gate FAIL: *security*", "report: *index.html"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_gate_that_cannot_be_decided_fails_unless_that_is_allowed(
    live: Door, server: Loopback, pytester: pytest.Pytester
) -> None:
    server.reply = lambda _body: GOOD
    live.eval(server.url, graders=[{"kind": "signals"}], gate={**FLOOR, "allow_uncalibrated": False})
    pytest_in(live, pytester, "--evals-live").assert_outcomes(passed=2, failed=1)
    allowed = pytest_in(live, pytester, "--evals-live", "--evals-allow-inconclusive")
    allowed.assert_outcomes(passed=2, skipped=1)


def test_a_broken_eval_is_a_collection_error_with_its_lines(
    door: Door, server: Loopback, pytester: pytest.Pytester
) -> None:
    path = door.eval(server.url)
    path.write_text(path.read_text() + "speed: 9\n")
    done = pytest_in(door, pytester)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*speed: Unexpected field*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_other_yaml_is_none_of_ours(door: Door, pytester: pytest.Pytester) -> None:
    door.write("agents/helper.md", AGENT)
    door.write("evals/rubrics/security.yaml", RUBRIC)
    door.write("evals/other.yaml", {"name": "x", "nested": {"agent": "agents/helper.md"}})
    assert pytest_in(door, pytester).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_an_eval_may_be_written_in_python(live: Door, server: Loopback, pytester: pytest.Pytester) -> None:
    live.eval(server.url, graders=[{"kind": "signals"}])
    live.write(
        "evals/test_mine.py",
        """\
def test_two_cases_are_graded(harness):
    report = harness.run("evals/small.yaml")
    assert report.base.counts["signals"].graded == 2
""",
    )
    done = pytest_in(live, pytester, "--rootdir", str(live.root))
    done.assert_outcomes(passed=1, deselected=3)


def test_the_shipped_evals_are_green_offline(pytester: pytest.Pytester) -> None:
    root = Path(__file__).parent.parent
    pytester.chdir()
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(root / "evals"))
    done = pytester.run(*command, timeout=120)
    done.stdout.fnmatch_lines(["harness: *backend.yaml needs an API key, * of its items left out; *"])
    assert done.ret == 0


def test_a_project_without_evals_imports_nothing_of_the_harness(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_it():
            assert {name for name in sys.modules if name.startswith("harness.")} == {"harness.pytest_plugin"}
            assert not {"anthropic", "pydantic", "numpy", "sqlalchemy"} & set(sys.modules)
    """)
    done = pytester.run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", timeout=60)
    done.assert_outcomes(passed=1)


def test_a_custom_grader_runs_only_where_it_is_allowed(door: Door, pytester: pytest.Pytester) -> None:
    record(door, ("queues", "caches"), lambda *_: BOTH, lambda *_: BOTH)
    finding = "from harness.records.findings import Finding\n\n\n"
    door.write("tone.py", f"{finding}def grade(*_):\n    return Finding(met=True)\n")
    door.eval(
        "http://127.0.0.1:9",
        model={"provider": "recorded", "answers": "datasets/recorded.jsonl"},
        graders=[{"kind": "custom", "function": "tone:grade"}],
        candidates=["agents/old.md"],
    )
    refused = pytest_in(door, pytester)
    assert refused.ret != 0
    refused.stdout.fnmatch_lines(["*nobody has allowed that*"])
    assert pytest_in(door, pytester, "--evals-allow-code").ret == 0


def test_workers_of_xdist_share_what_is_paid_for_and_junit_names_each_item(
    live: Door, server: Loopback, pytester: pytest.Pytester
) -> None:
    server.latency = 0.05
    live.eval(server.url, graders=[{"kind": "signals"}], attempts=3)
    done = pytest_in(live, pytester, "--evals-live", "-n", "2", "--junitxml", "junit.xml")
    done.assert_outcomes(passed=3)
    assert server.count() == 6, "two cases, three attempts, whoever asked first"
    junit = (pytester.path / "junit.xml").read_text()
    for name in ("complete", "overall", "security"):
        assert f'name="{name}"' in junit
