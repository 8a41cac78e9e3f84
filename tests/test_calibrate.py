"""Trust in graders through the front door: calibrate, label, rubric, signals try, and gates."""

import hashlib
import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from front_door import AGENT, RUBRIC, Door
from harness.parsing.agents import read_agent
from loopback import Body, Loopback, answer_in

CASES = tuple(f"case{number}" for number in range(8))
ATTEMPTS = 2
WORSE = AGENT.replace("Answer briefly", "Answer at length")
THREAT = "It names the threat of a replayed request."
TRICK = "This one is easily misread."


def text_of(revision: str, case: str, attempt: int) -> str:
    """Met by three answers in four, not always by both attempts; the judge errs on answers of both kinds."""
    number = int(case[-1]) + 3 * attempt
    said = THREAT if number % 4 else "It says nothing of the kind, \x1b[31mat all."
    return f"This is {revision} on {case}, attempt {attempt}. {said} {TRICK if number % 8 in {1, 4} else ''}"


def met(text: str) -> bool:
    return THREAT in text


def judged(body: Body) -> Any:
    """A judge with known errors: it says the opposite of the truth of every tricky answer."""
    text = answer_in(body)
    said = met(text) is not (TRICK in text)
    one = {"quote": text.split(". ")[0] if said else "", "reason": "because", "met": said}
    if "verdicts" not in body["output_config"]["format"]["schema"]["properties"]:
        return one
    asked = body["messages"][-1]["content"][-1]["text"].count("</criterion ")
    return {"verdicts": [{"criterion": number, **one} for number in range(1, asked + 1)]}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def write_answers(door: Door) -> None:
    """Record every answer of two revisions, and label all of them."""
    recordings, labels = [], []
    for label, source in (("helper", AGENT), ("worse", WORSE)):
        prompt = read_agent(source.encode(), source=label).prompt_hash
        for case in CASES:
            for attempt in range(1, ATTEMPTS + 1):
                text, name = text_of(label, case, attempt), f"{label}/{case}/{attempt}"
                recording = {"id": name, "revision": label, "case": case, "attempt": attempt, "text": text}
                question = sha(f"How do I build {case}?")
                recordings.append({**recording, "prompt_hash": prompt, "question_hash": question})
                found = {
                    "answer": name,
                    "answer_hash": sha(text),
                    "dimension": "security",
                    "criterion": "threat",
                }
                labels.append({**found, "met": met(text), "annotators": [met(text)] * 2, "settled": "both"})
    door.write("datasets/recorded.jsonl", lines(*recordings))
    door.write("datasets/labels.jsonl", lines(*labels))


def threat_only() -> dict[str, Any]:
    return {**RUBRIC, "criteria": RUBRIC["criteria"][:1]}


@pytest.fixture
def judge() -> Iterator[Loopback]:
    with Loopback(judge=judged) as server:
        yield server


@pytest.fixture
def project(door: Door, judge: Loopback) -> Door:
    """Recorded answers of two revisions, labels on all, and a judge with known errors on the wire."""
    door.cases(*CASES)
    door.write("agents/helper.md", AGENT)
    door.write("agents/worse.md", WORSE)
    door.write("evals/rubrics/security.yaml", threat_only())
    write_answers(door)
    spec = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": judge.url}
    door.eval(
        judge.url,
        model={"provider": "recorded", "answers": "datasets/recorded.jsonl"},
        graders=[{"kind": "judge", "model": spec, "labels": "datasets/labels.jsonl", "canary": False}],
        attempts=ATTEMPTS,
        gate={"margin": 50},
    )
    return door


def test_the_figures_are_the_judge_s_known_errors(project: Door, judge: Loopback) -> None:
    texts = [text_of(label, case, n) for label in ("helper", "worse") for case in CASES for n in (1, 2)]
    done = project.run("calibrate", "small", "--json")
    assert done.code == 0, done.err
    found = done.data
    (whole, *_) = found["pooled"]
    assert whole["both_met"] == sum(met(text) and TRICK not in text for text in texts)
    assert whole["false_unmet"] == sum(met(text) and TRICK in text for text in texts)
    assert whole["false_met"] == sum(not met(text) and TRICK in text for text in texts)
    assert whole["both_unmet"] == sum(not met(text) and TRICK not in text for text in texts)
    assert len(found["wrong"]) == sum(TRICK in text for text in texts)
    assert {lean["revision"] for lean in found["revisions"]} == {"helper", "worse"}
    assert found["cost"] > 0
    assert found["labelled_by"] == "2 model annotators"
    asked = judge.count(judge=True)
    again = project.run("calibrate", "small", "--json")
    assert again.data["pooled"] == found["pooled"]
    assert judge.count(judge=True) == asked  # verdicts that are stored are not paid again


@pytest.mark.parametrize(("settings", "calls"), [({"votes": 3}, 96), ({"mode": "dimension"}, 32)])
def test_votes_and_whole_dimensions_are_measured_as_they_decide(
    project: Door, judge: Loopback, settings: dict[str, object], calls: int
) -> None:
    usual = project.run("calibrate", "small", "--json").data
    judge.forget()
    project.write("evals/rubrics/security.yaml", RUBRIC)  # a call by dimension asks about both criteria
    written = yaml.safe_load((project.root / "evals/small.yaml").read_text())
    written["graders"][0] |= {"votes": 1, **settings}
    project.write("evals/small.yaml", written)
    done = project.run("calibrate", "small", "--json")
    assert done.code == 0, done.err
    assert done.data["pooled"] == usual["pooled"]
    # The first of three votes is the verdict that was there before.
    assert judge.count(judge=True) == (calls - 32 if "votes" in settings else calls)
    assert done.data["grader_hash"] != usual["grader_hash"]


def test_people_read_the_errors_with_both_quotes_and_nothing_acts(project: Door) -> None:
    done = project.run("calibrate", "small")
    assert done.code == 0, done.err
    assert "label met, grader not met" in done.out
    assert "label not met, grader met" in done.out
    assert "Labelled by 2 model annotators" in done.out
    assert "\x1b[31m" not in done.out


def test_a_plan_asks_nothing_and_keeps_nothing(project: Door, judge: Loopback) -> None:
    done = project.run("calibrate", "small", "--plan")
    assert done.code == 0
    assert "32 to make" in done.err
    assert judge.count() == 0
    assert "uncalibrated" in project.run("compare", "small", "--base", "agents/worse.md", "--plan").err


def test_a_budget_that_is_reached_measures_nothing_and_goes_on_later(project: Door, judge: Loopback) -> None:
    done = project.run("calibrate", "small", "--budget", "0.0015", "--yes")
    assert done.code == 6, done.err
    assert "the budget is reached" in done.err
    made = judge.count()
    assert 0 < made < 32
    assert "uncalibrated" in project.run("compare", "small", "--base", "agents/worse.md", "--plan").err
    assert project.run("calibrate", "small").code == 0
    assert judge.count() == 32


def test_calibrating_obeys_the_number_of_calls_in_flight_and_refuses_batches(
    project: Door, judge: Loopback
) -> None:
    refused = project.run("calibrate", "small", "--batch")
    assert (refused.code, judge.count()) == (2, 0)
    assert "--batch" in refused.err
    assert project.run("calibrate", "small", "--concurrency", "1").code == 0
    assert judge.peak == 1


def compare(project: Door) -> Any:
    return project.run("compare", "small", "--base", "agents/worse.md", "--candidate", "agents/helper.md")


def test_a_gate_stays_open_until_its_grader_is_calibrated(project: Door) -> None:
    before = compare(project)
    assert before.code == 4, before.out + before.err
    assert "gate security: INCONCLUSIVE" in before.out
    assert "harness calibrate small" in before.out
    assert "The gate will be inconclusive" in before.err
    assert "too little" not in before.out
    project.run("calibrate", "small")
    after = compare(project)
    assert after.code == 4  # this judge is wrong on one answer in four: alpha is too low
    assert "agrees with the labels too little" in after.out
    write_eval(project, "gate:\n  margin: 50", "gate:\n  margin: 50\n  allow_uncalibrated: true")
    allowed = compare(project)
    assert allowed.code == 0, allowed.out + allowed.err
    assert "gate security: PASS" in allowed.out
    assert "allow_uncalibrated: true" in allowed.out


def write_eval(project: Door, old: str, new: str) -> None:
    text = (project.root / "evals/small.yaml").read_text()
    assert old in text
    project.write("evals/small.yaml", text.replace(old, new))


def test_a_grader_that_agrees_decides_and_every_report_quotes_its_calibration(project: Door) -> None:
    project.write(
        "evals/rubrics/security.yaml",
        {**threat_only(), "criteria": [{**RUBRIC["criteria"][0], "signals": [{"all": ["threat of"]}]}]},
    )
    text = (project.root / "evals/small.yaml").read_text()
    start = text.index("graders:")
    graders = "graders:\n- kind: signals\n  labels: datasets/labels.jsonl\n"
    project.write("evals/small.yaml", text[:start] + graders + text[text.index("attempts:") :])
    assert compare(project).code == 4
    assert project.run("calibrate", "small").code == 0
    done = compare(project)
    assert done.code == 0, done.out + done.err
    assert "gate security: PASS" in done.out
    assert "calibrated on 32 labelled verdicts of datasets/labels.jsonl (by 2 model annotators)" in " ".join(
        done.out.split()
    )
    (page,) = (project.root / "reports").glob("*/report.md")
    assert "was calibrated on 32 labelled verdicts" in page.read_text()
    # Another signal is another grader, and nobody has measured that one.
    project.write(
        "evals/rubrics/security.yaml",
        {**threat_only(), "criteria": [{**RUBRIC["criteria"][0], "signals": [{"all": ["threat"]}]}]},
    )
    assert compare(project).code == 4


def test_other_labels_on_answers_that_were_seen_are_in_sample_too(project: Door) -> None:
    write_eval(project, "labels: datasets/labels.jsonl", "labels: datasets/labels.jsonl\n  in_sample: true")
    first, *_, last = (project.root / "datasets/labels.jsonl").read_text().splitlines(keepends=True)
    project.write("datasets/seen.jsonl", last)
    done = project.run("calibrate", "small", "--labels", "datasets/seen.jsonl", "--json")
    assert done.data["in_sample"] is True
    project.write("datasets/labels.jsonl", first)
    done = project.run("calibrate", "small", "--labels", "datasets/seen.jsonl", "--json")
    assert done.data["in_sample"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--grader", "labels"), 2, "its graders are: judge"),
        (("--labels", "datasets/none.jsonl"), 2, "no such file"),
        (
            ("--answers", "datasets/others.jsonl", "--labels", "datasets/strange.jsonl"),
            5,
            "could be compared",
        ),
    ],
)
def test_what_cannot_be_measured_says_why(
    project: Door, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (first, *_) = (project.root / "datasets/labels.jsonl").read_text().splitlines()
    project.write("datasets/strange.jsonl", lines({**json.loads(first), "answer_hash": "0" * 64}))
    project.write("datasets/others.jsonl", (project.root / "datasets/recorded.jsonl").read_text())
    done = project.run("calibrate", "small", *arguments)
    assert done.code == code, done.err
    assert said in done.err


def test_answers_that_a_run_stored_can_be_calibrated_on(door: Door) -> None:
    with Loopback(judge=judged) as server:
        door.cases(*CASES)
        door.eval(server.url, graders=[{"kind": "signals"}])
        assert door.run("run", "small").code == 0
        with sqlite3.connect(door.root / ".harness" / "store.db") as store:
            texts = [text for (text,) in store.execute("select text from answers order by text")]
        label = {"answer": "x", "dimension": "security", "criterion": "input", "settled": "one"}
        labels = [{**label, "answer_hash": sha(text), "met": n % 2 == 0} for n, text in enumerate(texts)]
        door.write("datasets/mine.jsonl", lines(*labels))
        done = door.run("calibrate", "small", "--labels", "datasets/mine.jsonl", "--json")
    assert done.code == 0, done.err
    assert done.data["answers"] == len(texts) == len(CASES)
    assert [lean["revision"] for lean in done.data["revisions"]] == ["working"]


# ------------------------------------------------------------------ label


def typed(project: Door, keys: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "label", "small", "--annotator", "anna", *arguments],
        cwd=project.root,
        input=keys,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )


FILE = "datasets/labels/small-anna.jsonl"


def kept(project: Door) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project.root / FILE).read_text().splitlines()]


def test_labels_are_kept_one_by_one_and_the_same_command_goes_on(project: Door) -> None:
    first = typed(project, "y\nwords that are not there\nThis is\nn\nq\n")
    assert first.returncode == 0, first.stderr
    assert "do not stand in the answer" in first.stdout
    (one, two) = kept(project)
    assert (one["met"], one["quote"], two["met"]) == (True, "This is", False)
    assert one["annotators"] == {"human:anna": True}
    for said in ("helper", "worse"):
        assert said not in (project.root / FILE).read_text()
    typed(project, "s\nn\n")  # input ends: what was said is kept
    assert [label["answer_hash"] for label in kept(project)][:2] == [one["answer_hash"], two["answer_hash"]]
    assert len({label["answer_hash"] for label in kept(project)}) == 3
    last = typed(project, "n\n" * 40)
    assert "29 labels added" in last.stdout
    assert len(kept(project)) == 32
    assert "0 left" in typed(project, "").stdout


def test_labelling_is_blind_and_a_person_s_labels_calibrate_a_grader(project: Door) -> None:
    sitting = typed(project, "y\n\n" * 20)
    for said in ("agents/", "judge", "recorded", "grader"):
        assert said not in sitting.stdout
    assert "\x1b[31m" not in sitting.stdout
    done = project.run("calibrate", "small", "--labels", FILE, "--json")
    assert done.code == 0, done.err
    assert done.data["labelled_by"] == "1 person"
    assert done.data["pooled"][0]["alpha"] is None  # yes to everything measures nothing


def test_a_person_can_label_in_a_terminal(project: Door) -> None:
    """A real terminal: what is typed is echoed, and the end of input stops the sitting."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "harness", "label", "small", "--annotator", "anna"]
    with subprocess.Popen(
        command, cwd=project.root, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as sitting:
        os.close(theirs)
        shown = read_until(ours, b"met?")
        os.write(ours, b"n\n")
        shown += read_until(ours, b"met?")
        os.write(ours, b"\x04")
        shown += read_until(ours, b"added")
        assert sitting.wait(timeout=20) == 0
    os.close(ours)
    assert b"asked" in shown
    assert [label["met"] for label in kept(project)] == [False]


def read_until(terminal: int, wanted: bytes) -> bytes:
    shown, end = b"", time.monotonic() + 30
    while wanted not in shown:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], shown
        shown += os.read(terminal, 65536)
    return shown


@pytest.mark.parametrize("name", ["two words", "a/b", ""])
def test_an_annotator_s_name_is_one_word(project: Door, name: str) -> None:
    done = project.run("label", "small", "--annotator", name)
    assert done.code == 2
    assert "--annotator must be one word" in done.err


def test_without_an_answer_there_is_nothing_to_label(door: Door, server: Loopback) -> None:
    door.eval(server.url)
    done = door.run("label", "small", "--annotator", "anna")
    assert done.code == 5
    assert "there is no answer to label" in done.err


# ------------------------------------------------------------------ rubric, signals try


def test_a_run_s_criteria_are_judged(project: Door) -> None:
    write_eval(project, "gate:\n  margin: 50\n", "")
    compare(project)
    alone = project.run("rubric", "helper", "--json")
    assert alone.code == 0, alone.err
    (found,) = alone.data
    assert (found["criterion"], found["cases"], found["asked"], found["repeated"]) == ("threat", 8, 16, 8)
    both = project.run("rubric", "worse", "helper")
    assert both.code == 0, both.err
    assert "criteria of helper against worse, by judge" in both.out
    assert "0.0" in both.out
    assert project.run("rubric", "worse", "--grader", "signals").code == 2
    assert project.run("rubric", "a", "b", "c").code == 2


def test_signals_can_be_tried_on_a_rubric_and_on_a_case(door: Door) -> None:
    door.write("rubric.yaml", RUBRIC)
    answer = door.write("answer.md", "Replay is \x1b[31m an attack here.\n\nNever validate.")
    done = door.run("signals", "try", "rubric.yaml", str(answer))
    assert done.code == 0, done.err
    assert "«attack»" in done.out
    assert "(negated)" in done.out
    assert "1 of 2 met" in done.out
    assert "\x1b[31m" not in done.out
    own = {"security": [{"id": "own", "text": "Says queue.", "signals": [{"all": ["queue"]}]}]}
    two = [{"id": "queues", "prompt": "How?", "criteria": own}, {"id": "caches", "prompt": "Why?"}]
    door.write("datasets/cases.yaml", two)
    assert (
        "name one with --case: queues, caches" in door.run("signals", "try", "datasets/cases.yaml", "-").err
    )
    piped = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness",
            "signals",
            "try",
            "datasets/cases.yaml",
            "-",
            "--case",
            "queues",
            "--json",
        ],
        cwd=door.root,
        input="Use a queue.",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (found,) = json.loads(piped.stdout)
    assert found["verdict"]["met"] is True
    assert found["signals"][0]["matched"] == ["queue"]


def test_one_criterion_is_tried_alone(door: Door) -> None:
    door.write("rubric.yaml", RUBRIC)
    answer = door.write("answer.md", "An attack.")
    done = door.run("signals", "try", "rubric.yaml", str(answer), "--criterion", "input")
    assert done.code == 0
    assert "0 of 1 met" in done.out
    wrong = door.run("signals", "try", "rubric.yaml", str(answer), "--criterion", "inptu")
    assert wrong.code == 2
    assert "it has threat, input" in wrong.err
