"""Nights through the front door: the command, the real SDK, a server that counts and minds that change."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from front_door import Door, Finished
from harness.records.nights import NightResult
from harness.store.nights import Nights
from harness.store.opening import open_store
from hook import Hook
from loopback import Loopback
from town import AGENT, Minds, inside, prompt, settle, town

ANSWERS, VERDICTS, SENTINELS = 40, 200, 20  # four cases, five attempts, two arms, five criteria


@dataclass
class Town:
    """A project, the server it asks, and the minds behind that."""

    door: Door
    server: Loopback
    minds: Minds

    def night(self, name: str, *arguments: str) -> Finished:
        return inside(self.door, "nightly", "small", "--night", name, "--yes", *arguments)

    def told(self, name: str, *arguments: str) -> Any:
        """Spend a night and give what it says of the eval."""
        done = self.night(name, "--json", *arguments)
        assert done.out, done.err
        assert done.data["code"] == done.code
        return done.data["evals"][0]

    def calls(self) -> tuple[int, int]:
        made = self.server.count(judge=False), self.server.count(judge=True)
        self.server.forget()
        return made

    def results(self) -> tuple[NightResult, ...]:
        with open_store(self.door.root / ".harness" / "store.db") as store:
            return Nights(store).of("small")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A project after its first night, and nineteen before it that were as quiet, which the store was given.

    Only the first is run, because a night takes seconds; the others are its result a little up and down.
    """
    minds = Minds()
    with town(minds) as server:
        place = Town(Door(tmp_path_factory.mktemp("town") / "project"), server, minds)
        settle(place.door, server.url)
        done = place.night("2026-10-31")
        assert done.code == 0, done.err
        (result,) = place.results()
        with open_store(place.door.root / ".harness" / "store.db") as store:
            for day in range(19):
                Nights(store).keep(_earlier(result, day))
        yield place


def _earlier(result: NightResult, day: int) -> NightResult:
    assert result.live
    assert result.control
    at = f"2026-10-{day + 1:02}T02:00:00.000Z"

    def near(scores: Any, off: int) -> dict[str, float]:
        return dict.fromkeys(scores, 70 + (off * 7 % 5 - 2))

    live = replace(result.live, at=at, scores=near(result.live.scores, day))
    control = replace(result.control, at=at, scores=near(result.control.scores, day + 3))
    return replace(result, night=at[:10], at=at, live=live, control=control)


@pytest.fixture
def place(first: Town, tmp_path: Path) -> Iterator[Town]:
    """The project as it was after the first night, whatever other tests do to it."""
    shutil.copytree(first.door.root, tmp_path / "copy")
    # Settings of the moment, so that each test finds the minds as they were.
    kept = dict(first.minds.asked)
    first.server.forget()
    yield Town(Door(tmp_path / "copy"), first.server, first.minds)
    first.minds.__init__()  # type: ignore[misc] # as new
    first.minds.asked.update(kept)


# ------------------------------------------------------------------ what is drawn, and drawn only once


def test_every_night_draws_afresh_and_the_same_night_asks_for_nothing(place: Town) -> None:
    assert place.night("2026-11-01").code == 0
    assert place.calls() == (ANSWERS, VERDICTS + SENTINELS)
    again = place.night("2026-11-01")
    assert (again.code, place.calls()) == (0, (0, 0))
    assert "holds" in again.out
    assert place.night("2026-11-02").code == 0
    assert place.calls() == (ANSWERS, VERDICTS + SENTINELS)


def test_a_killed_night_goes_on_and_pays_for_nothing_twice(place: Town) -> None:
    place.server.latency = 0.02
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "nightly", "small", "--night", "n1", "--yes"],
        cwd=place.door.root,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": place.door.key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while place.server.count() < 90 and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    place.server.latency = 0.0
    seen = place.server.count()
    assert 90 <= seen < ANSWERS + VERDICTS
    assert place.night("n1").code == 0
    # What was in flight when it was killed, sixteen calls at most, and what came but was not yet committed.
    assert ANSWERS + VERDICTS + SENTINELS <= place.server.count() <= ANSWERS + VERDICTS + SENTINELS + 32


def test_the_plan_of_a_night_calls_nobody(place: Town) -> None:
    done = place.night("n1", "--plan")
    assert (done.code, place.calls()) == (0, (0, 0))
    assert "20 sentinels: 20 paid verdicts to make" in done.err


# ------------------------------------------------------------------ what moved


def test_a_worse_prompt_fails_twice_and_is_the_prompts_doing(place: Town) -> None:
    prompt(place.door, "careless")
    night = place.told("2026-11-01")
    assert (night["code"], night["confirmation"], night["failed"]) == (1, "confirmed", ["overall"])
    assert night["attribution"]["cause"] == "prompt"
    assert any("the prompt was changed before night 2026-11-01" in f for f in night["attribution"]["facts"])
    assert place.calls() == (2 * ANSWERS, 2 * VERDICTS + SENTINELS)
    # The same prompt again fails again; that was confirmed and is not paid for once more.
    later = place.told("2026-11-02")
    assert (later["code"], later["confirmation"]) == (1, "known")
    assert place.calls() == (ANSWERS, VERDICTS + SENTINELS)


def test_a_fail_that_does_not_come_again_wakes_nobody(place: Town) -> None:
    prompt(place.door, "careless")
    place.minds.recovers = 5
    night = place.told("2026-11-01", "--junit", "gates.xml")
    assert (night["code"], night["confirmation"]) == (4, "not confirmed")
    assert "did not fail again on fresh attempts" in night["words"]
    assert 'failures="0"' in (place.door.root / "gates.xml").read_text()


def test_a_worse_model_moves_the_control_as_well(place: Town) -> None:
    place.minds.worse = 0.3
    codes = [place.told(f"2026-11-{day:02}") for day in (1, 2, 3, 4)]
    night = codes[-1]
    assert night["code"] == 1
    assert night["attribution"]["cause"] == "model"
    assert night["alarms"]
    assert "the prompt is the same as before" in night["attribution"]["facts"]


def test_a_stricter_judge_moves_the_sentinels_as_well(place: Town) -> None:
    place.minds.strict = 0.5
    night = [place.told(f"2026-11-{day:02}") for day in (1, 2, 3, 4)][-1]
    assert night["code"] == 1
    assert night["attribution"]["cause"] == "judge"
    assert night["sentinels"]["down"] > 2


# ------------------------------------------------------------------ infra, money, doubt


def test_failed_calls_make_a_night_incomplete_and_never_a_regression(place: Town) -> None:
    place.server.fail("400,times=12")
    night = place.told("2026-11-01")
    assert night["code"] == 5
    assert place.told("2026-11-02")["code"] == 0
    counted = [each.night for each in place.results() if each.counts]
    assert "2026-11-01" not in counted


def _leave_open(place: Town) -> None:
    """Set a margin that is too small for so few attempts, with a prompt that is neither better nor worse."""
    gate = {"margin": 3, "dimensions": ["overall"], "allow_uncalibrated": True}
    settle(place.door, place.server.url, gate=gate)
    prompt(place.door, "careless")
    place.minds.poor = place.minds.good


def test_an_open_gate_is_topped_up_once_to_twice_the_attempts(place: Town) -> None:
    _leave_open(place)
    night = place.told("2026-11-01")
    assert (night["topped_up"], night["attempts"]) == (True, 10)
    assert place.calls() == (2 * ANSWERS, 2 * VERDICTS + SENTINELS)
    assert place.told("2026-11-01")["topped_up"] is True
    assert place.calls() == (0, 0)
    assert any("too small for its gate" in note for note in night["notes"])


def test_an_inconclusive_night_may_be_let_pass_with_a_warning(place: Town) -> None:
    settle(place.door, place.server.url, gate={"margin": 15})  # nobody has calibrated the judge
    done = place.night("2026-11-01")
    assert done.code == 4
    assert place.calls() == (ANSWERS, VERDICTS + SENTINELS), "more attempts do not calibrate a judge"
    allowed = place.night("2026-11-01", "--allow-inconclusive")
    assert allowed.code == 0
    assert "warning: small is inconclusive" in allowed.out
    assert allowed.out.startswith("Night 2026-11-01: inconclusive"), "let pass, and no less open for that"


def test_a_top_up_that_the_budget_does_not_hold_is_left_out_and_said(place: Town) -> None:
    _leave_open(place)
    spent = 0.045  # a night takes 0.034, and the last calls need room for the most they could cost
    night = place.told("2026-11-01", "--budget", str(spent))
    assert night["code"] == 4
    assert any("topping it up would cost" in note for note in night["notes"])


def test_a_budget_below_the_night_ends_it_before_it_begins(place: Town) -> None:
    done = inside(place.door, "nightly", "small", "--night", "n1", "--budget", "0.001")
    assert done.code == 6
    assert "above the budget" in done.out
    assert place.calls() == (0, 0)


def test_what_ends_one_eval_does_not_end_the_others(place: Town) -> None:
    settings = (place.door.root / "evals" / "small.yaml").read_text()
    place.door.write("evals/plain.yaml", settings.partition("nightly:")[0])
    done = inside(place.door, "nightly", "plain", "small", "--night", "n1", "--yes", "--summary", "s.md")
    assert done.code == 2
    assert "does not say what a night is held against" in done.out
    text = (place.door.root / "s.md").read_text()
    assert "| plain | not run |" in text
    assert "| small | holds |" in text


def test_a_refused_key_is_said_and_kept_for_the_night_after(place: Town) -> None:
    place.door.key = "wrong-key"
    assert place.night("2026-11-01").code == 3
    assert place.results()[-1].code == 3


# ------------------------------------------------------------------ the accepted run


def test_an_accepted_run_is_the_baseline_and_the_trend_begins_with_it(place: Town) -> None:
    prompt(place.door, "careless")
    fallen = place.told("2026-11-01")
    done = inside(place.door, "accept", "live", "--why", "shorter on purpose", "--by", "Ada")
    assert done.code == 0, done.err
    assert fallen["live"]["run"] in done.out, "the run that was gated, not the one that confirmed it"
    place.door.write("agents/pinned.md", AGENT.format(kind="careless"))
    night = place.told("2026-11-02")
    assert (night["code"], night["alarms"]) == (0, [])
    assert "that Ada accepted" in night["baseline"]
    place.calls()
    # Another rubric: the accepted answers are judged by it, none is asked for again.
    rubric = place.door.root / "evals" / "rubrics" / "security.yaml"
    rubric.write_text(rubric.read_text().replace("Makes the point p1.", "Truly. Makes the point p1."))
    other = place.told("2026-11-03")
    assert "graded again: rubrics changed" in other["baseline"], other
    assert any("The trend begins anew: rubrics changed" in note for note in other["notes"])
    assert place.calls() == (ANSWERS, VERDICTS + SENTINELS + 20)
    place.door.cases("queues", "caches", "clocks", "keys", "locks")
    refused = place.told("2026-11-04")
    assert "Not compared with the run" in refused["baseline"]
    assert "cases" in refused["baseline"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("live", "--why", "  "), 2, "must say why"),
        (("nobody", "--why", "x"), 2, "no such run"),
    ],
)
def test_nothing_is_accepted_silently(place: Town, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = inside(place.door, "accept", *arguments)
    assert done.code == code
    assert words in done.err


# ------------------------------------------------------------------ what it writes


def test_summary_junit_and_json_say_the_same(place: Town) -> None:
    prompt(place.door, "careless")
    done = place.night("2026-11-01", "--json", "--summary", "out/s.md", "--junit", "out/j.xml")
    text = (place.door.root / "out" / "s.md").read_text()
    junit = (place.door.root / "out" / "j.xml").read_text()
    (told,) = done.data["evals"]
    assert text.startswith("# Night 2026-11-01: REGRESSION")
    assert told["words"] in text.replace("\\", "")
    assert 'name="small, night 2026-11-01"' in junit
    assert "<failure" in junit
    page = place.door.root / told["report"]
    assert page.is_file()
    assert "2026-11-01" in told["report"]


def test_the_trend_command_shows_one_run_a_night(place: Town) -> None:
    prompt(place.door, "careless")
    place.told("2026-11-01")
    done = inside(place.door, "trend", "small", "--label", "live", "--json")
    (period,) = done.data["periods"]
    assert [run["label"] for run in period["runs"]] == ["live", "live"]


def test_a_night_of_recorded_answers_needs_no_key_and_no_network(tmp_path: Path) -> None:
    repository = Path(__file__).parent.parent
    for name in ("agents", "datasets", "evals"):
        shutil.copytree(repository / name, tmp_path / "p" / name)
    door = Door(tmp_path / "p", key="")
    done = inside(door, "nightly", "demo", "--night", "n1")
    assert done.code == 0, done.err
    assert "demo: Holds" in done.out


def test_a_change_of_state_is_posted_once_and_a_webhook_that_is_down_is_never_silent(
    place: Town, hook: Hook
) -> None:
    place.door.environ["HARNESS_WEBHOOK"] = hook.url
    assert place.night("2026-11-01").code == 0
    assert hook.bodies == [], "it held before, it holds now"
    prompt(place.door, "careless")
    hook.codes = [404]
    failed = place.night("2026-11-02", "--summary", "s.md")
    assert failed.code == 5
    assert "NOBODY WAS TOLD" in failed.out
    text = (place.door.root / "s.md").read_text()
    assert "NOBODY WAS TOLD" in text
    assert text.startswith("# Night 2026-11-02: REGRESSION, nobody was told")
    assert "SECRET" not in failed.out + failed.err
    again = place.night("2026-11-02")
    assert again.code == 1
    assert place.night("2026-11-03").code == 1
    texts = [body["text"] for body in hook.bodies]
    assert len(texts) == 2, "the one that was refused, and the one that was taken"
    assert "small: REGRESSION. Regression: overall fell" in texts[-1]


def test_a_later_try_that_breaks_is_told_and_takes_no_spent_night_away(place: Town, hook: Hook) -> None:
    place.door.environ["HARNESS_WEBHOOK"] = hook.url
    assert place.night("2026-10-31").code == 0
    spent = place.results()[-1]
    path = place.door.root / "evals" / "small.yaml"
    path.write_text(path.read_text() + "speed: 9\n")
    assert place.night("2026-10-31").code == 2
    assert "small: not run" in hook.bodies[-1]["text"]
    assert place.results()[-1] == replace(spent, told="2")
    assert place.night("2026-10-31").code == 2
    assert len(hook.bodies) == 1


def test_an_address_that_is_not_fit_is_said_before_anything_is_paid(place: Town) -> None:
    place.door.environ["HARNESS_WEBHOOK"] = "http://example.org/SECRET"
    done = place.night("2026-11-01")
    assert (done.code, place.calls()) == (2, (0, 0))
    assert "SECRET" not in done.out + done.err


def test_sentinels_are_frozen_from_the_labels_that_ship(tmp_path: Path) -> None:
    repository = Path(__file__).parent.parent
    for name in ("agents", "datasets", "evals"):
        shutil.copytree(repository / name, tmp_path / "p" / name)
    door = Door(tmp_path / "p", key="")
    done = inside(door, "sentinels", "backend", "--count", "20")
    assert done.code == 0, done.err
    assert done.out == (repository / "datasets" / "sentinels" / "backend-engineer.jsonl").read_text()
    few = inside(door, "sentinels", "backend", "--count", "5000")
    assert few.code == 2
    assert "need 2500 labels of each kind" in few.err


def test_a_night_may_go_by_batches(place: Town) -> None:
    done = place.night("2026-11-01", "--batch")
    assert done.code == 0, done.err
    assert place.calls() == (0, SENTINELS), "both arms came by batches, at half price"
    again = place.night("2026-11-01")
    assert (again.code, place.calls()) == (0, (0, 0))


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "x" * 65])
def test_a_night_has_a_name_that_is_safe_in_paths_and_keys(place: Town, name: str) -> None:
    done = inside(place.door, "nightly", "small", f"--night={name}")
    assert done.code == 2
    assert "--night must be" in done.err


def test_a_control_a_candidate_or_a_score_that_is_not_there_is_said_by_check(place: Town) -> None:
    path = place.door.root / "evals" / "small.yaml"
    settings = path.read_text()
    assert place.door.run("check", str(path)).code == 0
    settle(place.door, place.server.url, gate=None)
    assert "a night has no gate" in place.door.run("check", str(path)).out
    path.write_text(settings.replace("agents/pinned.md", "v1.0") + "candidates: [agents/gone.md]\n")
    done = place.door.run("check", str(path))
    assert done.code == 2
    assert "small.yaml: 2 to mend" in done.err
    assert "nightly.control: v1.0: no such file" in done.err
    assert "candidates: agents/gone.md: no such file" in done.err
    path.write_text(settings.replace("nightly:", "nightly:\n  wakes: [overall, securty]"))
    done = place.door.run("check", str(path))
    assert done.code == 2
    assert "nightly.wakes: no rubric is about 'securty'; there are security, overall" in done.err


def test_no_file_outside_the_project_is_sent_as_a_control(place: Town) -> None:
    (place.door.root.parent / "secret.md").write_text(AGENT)
    path = place.door.root / "evals" / "small.yaml"
    path.write_text(path.read_text().replace("agents/pinned.md", "../secret.md"))
    done = place.night("2026-11-01")
    assert (done.code, place.calls()) == (2, (0, 0))
    assert "../secret.md: lies outside the project" in done.out
