"""`harness init nightly`: what it writes is valid, safe, and runs the nights that it says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from front_door import REPOSITORY, Door, Finished
from loopback import Loopback
from town import Minds, settle, town

ALL = ("--github", "--gitlab", "--systemd", "--cron")
WRITTEN = {
    ".github/workflows/harness-nightly.yml",
    ".github/workflows/harness-compare.yml",
    ".gitlab/harness.yml",
    ".gitlab-ci.yml",
    "ops/harness-nightly.service",
    "ops/harness-nightly.timer",
    "ops/harness-nightly.cron",
}


@pytest.fixture
def written(door: Door) -> Door:
    settle(door, "http://127.0.0.1:9")
    done = door.run("init", "nightly", *ALL)
    assert done.code == 0, done.err
    return door


def workflow(door: Door, name: str) -> Any:
    return yaml.safe_load((door.root / ".github" / "workflows" / f"harness-{name}.yml").read_text())


# ------------------------------------------------------------------ what is written


def test_every_file_that_was_promised_is_written_and_said(door: Door) -> None:
    settle(door, "http://127.0.0.1:9")
    before = {path for path in door.root.rglob("*") if path.is_file()}
    done = door.run("init", "nightly", *ALL)
    made = {
        str(path.relative_to(door.root))
        for path in door.root.rglob("*")
        if path.is_file() and path not in before
    }
    assert made == WRITTEN
    assert {line.removeprefix("wrote ") for line in done.out.splitlines()} == WRITTEN


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", ".github/workflows/harness-nightly.yml"),
        ("vendor.github-workflows", ".github/workflows/harness-compare.yml"),
        ("vendor.gitlab-ci", ".gitlab/harness.yml"),
        ("vendor.gitlab-ci", ".gitlab-ci.yml"),
    ],
)
def test_the_ci_files_are_valid_by_their_makers_schemas(written: Door, schema: str, path: str) -> None:
    extra = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *extra, path]
    found = subprocess.run(command, cwd=written.root, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_units_are_valid_by_systemd(written: Door) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed (Debian: apt-get install systemd)")
    units = [f"ops/harness-nightly.{kind}" for kind in ("service", "timer")]
    command = ["systemd-analyze", "--user", "--man=no", "--recursive-errors=no", "verify", *units]
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(written.root)}
    found = subprocess.run(
        command, cwd=written.root, env=environ, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    calendar = (written.root / units[1]).read_text().split("OnCalendar=")[1].splitlines()[0]
    checked = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, check=False)
    assert checked.returncode == 0


def test_nothing_that_is_there_is_overwritten_unless_forced(written: Door) -> None:
    path = written.write(".github/workflows/harness-nightly.yml", "mine")
    written.root.joinpath(".github/workflows/harness-compare.yml").unlink()
    refused = written.run("init", "nightly", "--github")
    assert (refused.code, path.read_text()) == (2, "mine")
    assert "harness-nightly.yml: there already; nothing was written" in refused.err
    assert not written.root.joinpath(".github/workflows/harness-compare.yml").exists()
    assert written.run("init", "nightly", "--github", "--force").code == 0
    assert path.read_text() != "mine"


def test_a_gitlab_file_that_is_there_is_left_alone_and_the_line_for_it_is_said(door: Door) -> None:
    settle(door, "http://127.0.0.1:9")
    door.write(".gitlab-ci.yml", "stages: [test]\n")
    done = door.run("init", "nightly", "--gitlab")
    assert done.code == 0
    assert "local: .gitlab/harness.yml" in done.err
    assert (door.root / ".gitlab-ci.yml").read_text() == "stages: [test]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say where it is to run"),
        (("--github", "--at", "25:00", "small"), "--at must be a time"),
        (("--github", "other"), "nightly: is missing"),
        (("--github", "evil; rm -rf x"), "must be a file in evals/ named with"),
        (("--github", "small", "--install", "pip install x\nrm -rf x"), "must be one line"),
    ],
)
def test_what_cannot_be_set_up_is_refused_and_nothing_is_written(
    door: Door, arguments: tuple[str, ...], said: str
) -> None:
    settle(door, "http://127.0.0.1:9")
    shutil.copy(door.root / "evals" / "small.yaml", door.root / "evals" / "evil; rm -rf x.yaml")
    other = yaml.safe_load((door.root / "evals" / "small.yaml").read_text())
    door.write("evals/other.yaml", {name: value for name, value in other.items() if name != "nightly"})
    done = door.run("init", "nightly", *arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not (door.root / ".github").exists()


def test_time_and_installation_are_those_that_were_asked_for(door: Door) -> None:
    settle(door, "http://127.0.0.1:9")
    install = "pip install git+https://example.org/harness"
    assert (
        door.run("init", "nightly", "--github", "--gitlab", "--at", "04:05", "--install", install).code == 0
    )
    found = workflow(door, "nightly")
    assert found[True]["schedule"] == [{"cron": "05 04 * * *"}]  # YAML 1.1 reads `on` so
    assert [
        step["run"].strip() for step in found["jobs"]["night"]["steps"] if step.get("name") == "Install"
    ] == [install]
    gitlab = yaml.safe_load((door.root / ".gitlab" / "harness.yml").read_text())
    assert gitlab[".harness"]["before_script"] == [install + "\n"]


# ------------------------------------------------------------------ that it is safe


def test_secrets_reach_no_code_of_a_fork_and_nobody_has_more_rights_than_needed(written: Door) -> None:
    for name in ("nightly", "compare"):
        found = workflow(written, name)
        assert "pull_request_target" not in found[True]
        assert found["permissions"] == {}
        for job in found["jobs"].values():
            assert set(job["permissions"]) <= {"contents", "pull-requests"}
            assert job["permissions"]["contents"] == "read"
    jobs = workflow(written, "compare")["jobs"]
    assert "secrets." not in yaml.safe_dump(jobs["check"])
    assert "head.repo.full_name == github.repository" in jobs["compare"]["if"]


def test_every_action_is_github_s_own_and_pinned_by_its_commit(written: Door) -> None:
    for name in ("nightly", "compare"):
        for job in workflow(written, name)["jobs"].values():
            for step in job["steps"]:
                if "uses" in step:
                    action, _, commit = step["uses"].partition("@")
                    assert action.startswith("actions/")
                    assert len(commit) == 40
                if step.get("uses", "").startswith("actions/checkout"):
                    assert step["with"]["persist-credentials"] is False


def test_no_script_has_an_expression_in_it_that_others_can_fill(written: Door) -> None:
    for name in ("nightly", "compare"):
        for job in workflow(written, name)["jobs"].values():
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


# ------------------------------------------------------------------ that it works


def scripts(door: Door, name: str, job: str) -> dict[str, str]:
    return {step["name"]: step["run"] for step in workflow(door, name)["jobs"][job]["steps"] if "run" in step}


def bash(door: Door, script: str, **environ: str) -> Finished:
    """Run a step as a runner does; `harness` is on its path."""
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=door.root,
        env={"PATH": f"{folder}:{os.environ['PATH']}", "ANTHROPIC_API_KEY": door.key, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def test_two_nights_and_an_acceptance_by_the_workflow_s_own_scripts(door: Door) -> None:
    with town(Minds()) as server:
        gate = {"margin": 1, "dimensions": ["overall"], "allow_uncalibrated": True}
        settle(door, server.url, attempts=2, gate=gate)
        assert door.run("init", "nightly", "--github").code == 0
        steps = scripts(door, "nightly", "night")
        asked = []
        for night in ("2026-11-01", "2026-11-02"):
            done = bash(door, steps["The night"].replace("nightly small", f"nightly small --night {night}"))
            assert done.code == 0, done.err
            said = bash(door, steps["Say it here"], GITHUB_STEP_SUMMARY=str(door.root / "summary.md"))
            assert said.code == 0
            asked.append(server.count())
        assert 0 < asked[0] < asked[1]
        assert "::warning title=Nightly evals::small is inconclusive" in said.out
        assert "2026-11-02" in (door.root / "summary.md").read_text()
        assert (door.root / "reports" / "nightly.xml").exists()
        run = next(row["id"] for row in door.run("list", "--json").data if row["label"] == "live")
        done = bash(door, steps["Accept a run"], RUN=run, WHY="$(touch hacked)", BY="ann")
    assert done.code == 0, done.err
    assert "by ann: $(touch hacked)" in done.out
    assert not (door.root / "hacked").exists()


def test_a_pull_request_is_compared_with_its_base_by_the_workflow_s_own_script(door: Door) -> None:
    with town(Minds()) as server:
        settle(door, server.url)
        door.git("init", "-q")
        door.git("add", ".")
        door.git("commit", "-qm", "base")
        agent = door.root / "agents" / "helper.md"
        agent.write_text(agent.read_text().replace("careful", "careless"))
        door.git("commit", "-qam", "change")
        assert door.run("init", "nightly", "--github").code == 0
        done = bash(door, scripts(door, "compare", "compare")["Compare"])
        assert (done.code == 0) is ("::error" not in done.out), done.err
        assert "::error title=Prompt evals::small ended with exit code 1" in done.out
        assert list(door.root.glob("reports/*/report.md"))


def test_a_night_by_cron_s_own_line(door: Door) -> None:
    with town(Minds()) as server:
        settle(door, server.url)
        home = door.root / "a home"
        (home / ".config" / "harness").mkdir(parents=True)
        (home / ".config" / "harness" / "nightly.env").write_text(f"ANTHROPIC_API_KEY={door.key}\n")
        assert door.run("init", "nightly", "--cron").code == 0
        line = (door.root / "ops" / "harness-nightly.cron").read_text().splitlines()[-1]
        minute, hour, *_days, command = line.split(maxsplit=5)
        assert (minute, hour) == ("17", "02")
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace(r"\%", "%")],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        log = (door.root / ".harness" / "nightly.log").read_text()
        assert done.returncode == 0, log
        assert (done.stdout, done.stderr) == ("", ""), log
        assert server.count() > 0
    assert door.key not in log


def test_a_night_that_breaks_has_cron_send_a_mail(door: Door) -> None:
    with Loopback() as server:
        settle(door, server.url)
        assert door.run("init", "nightly", "--cron").code == 0
        line = (door.root / "ops" / "harness-nightly.cron").read_text().splitlines()[-1]
        (door.root / ".config" / "harness").mkdir(parents=True)
        (door.root / ".config" / "harness" / "nightly.env").write_text("ANTHROPIC_API_KEY=\n")
        done = subprocess.run(
            ["/bin/sh", "-c", line.split(maxsplit=5)[5]],
            env={"PATH": "/usr/bin:/bin", "HOME": str(door.root)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "the nightly evals ended with exit code 3" in done.stdout


def test_recorded_answers_are_not_run_night_after_night(door: Door) -> None:
    for name in ("agents", "datasets", "evals"):
        shutil.copytree(REPOSITORY / name, door.root / name)
    assert door.run("init", "nightly", "--cron").code == 0
    assert "harness nightly nightly --junit" in (door.root / "ops" / "harness-nightly.cron").read_text()


def test_a_clone_of_the_harness_is_installed_from_its_lock(door: Door) -> None:
    settle(door, "http://127.0.0.1:9")
    door.write("requirements.lock", "")
    door.write("harness/__main__.py", "")
    done = bash(door, "harness init nightly --github")
    assert done.code == 0, done.err
    step = scripts(door, "nightly", "night")["Install"]
    assert "--require-hashes -r requirements.lock" in step
