"""From what is stored to arms, agreement, reports and exit codes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.assembling import Failure, agreements, arm, exit_code, provenance, report, slug
from harness.grading.labels import Label, Labels, read_labels, text_hash
from harness.parsing.reading import to_json
from harness.planning.work import jobs, marks_of
from harness.records.inputs import Gate, GraderSpec
from harness.records.outcomes import NOT_RUN, Failed, Graded, Ungraded
from harness.records.results import Arm
from harness.records.runs import Manifest
from making import Shelf, answer, case, criterion, manifest, rubric, run, verdict

NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
RUBRICS = (rubric("security", criterion("validate"), criterion("threat")),)


def made(asked: Manifest, texts: Sequence[str | None], failures: Sequence[Failure] = ()) -> Arm:
    """An arm whose answers say what they meet: each criterion is met where its name is in the text."""
    shelf = Shelf()
    for job, text in zip(jobs(asked, shelf), texts, strict=True):
        if text is not None:
            shelf.of_answers[job.trial.key] = answer(text, cost=1.0)
            for mark in marks_of(asked, job.case, answer(text)):
                if "open" not in text:
                    name = mark.criterion.id
                    shelf.of_verdicts[mark.key] = verdict(name, met=name in text, cost=0.25)
    return arm(run(asked), jobs(asked, shelf), failures)


def asked(*, prompt: str = "old", attempts: int = 1, **more: Any) -> Manifest:
    return manifest([case(name) for name in NAMES], RUBRICS, prompt=prompt, attempts=attempts, **more)


def test_an_arm_holds_one_outcome_per_trial_and_sums_up() -> None:
    failures = [Failure(case="two", attempt=1, stage="answer", kind="timeout", message="slow", hint="wait")]
    found = made(asked(), ["validate threat", None, None, "open", *["validate"] * 4], failures)
    kinds = [type(outcome) for outcome in found.outcomes["signals"]]
    assert kinds == [Graded, Failed, Failed, Ungraded, Graded, Graded, Graded, Graded]
    _, timed_out, not_run, *_ = found.outcomes["signals"]
    assert isinstance(timed_out, Failed)
    assert isinstance(not_run, Failed)
    assert (timed_out.kind, timed_out.hint, not_run.kind) == ("timeout", "wait", NOT_RUN)
    counts = found.counts["signals"]
    assert (counts.planned, counts.answered, counts.graded, counts.ungraded, counts.failed) == (8, 6, 5, 1, 1)
    assert found.costs == {"agent": 6.0, "signals": 2.5}


def test_an_unknown_cost_makes_the_sum_unknown() -> None:
    one, shelf = manifest([case("one")], RUBRICS), Shelf()
    (job,) = jobs(one, shelf)
    shelf.of_answers[job.trial.key] = answer(cost=None)
    assert arm(run(one), jobs(one, shelf), ()).costs["agent"] is None


def test_why_a_verdict_is_missing_is_said() -> None:
    failures = [Failure(case="one", attempt=1, stage="signals", kind="server", message="500 from the server")]
    found = made(asked(), ["open"] * 8, failures).outcomes["signals"]
    assert [outcome.reason.split(": ", 1)[1] for outcome in found if isinstance(outcome, Ungraded)][:2] == [
        "the grader's call failed: 500 from the server (and 1 more)",
        "not graded yet (and 1 more)",
    ]


@pytest.mark.parametrize(
    ("base", "candidate", "gate", "code"),
    [
        (["threat"] * 8, ["threat"] * 8, None, 0),
        (["threat"] * 8, [None] * 8, None, 5),
        (["threat"] * 8, ["open"] * 8, None, 5),
        (["threat"] * 8, ["threat"] * 7 + [None], None, 5),
        (["threat"] * 8, ["threat"] * 7 + ["open"], Gate(margin=5), 5),
        (["threat"] * 8, ["threat"] * 8, Gate(margin=5), 4),
    ],
)
def test_nothing_that_did_not_run_is_green(
    base: list[str | None], candidate: list[str | None], gate: Gate | None, code: int
) -> None:
    arms = [made(asked(gate=gate), base), made(asked(prompt="new", gate=gate), candidate)]
    assert exit_code(report(arms, command="c")) == code


def test_a_loss_beyond_the_margin_fails_the_gate() -> None:
    def texts(met: Sequence[int]) -> list[str]:
        return [("threat " * (number % 3 < share)) + "validate" for number, share in enumerate(met)]

    good = texts([3] * 16)
    bad = [text.replace("validate", "") for text in texts([1] * 16)]
    gate = Gate(margin=5, allow_uncalibrated=True)
    arms = [made(asked(attempts=2, gate=gate), good), made(asked(prompt="new", attempts=2, gate=gate), bad)]
    found = report(arms, command="c")
    assert found.comparisons[0].gates[0].result in {"FAIL", "INCONCLUSIVE"}
    assert exit_code(found) in {1, 4}


def test_a_report_of_one_run_says_that_its_grader_is_uncalibrated() -> None:
    found = report([made(asked(), ["validate"] * 8)], command="c")
    assert "The signals grader is uncalibrated" in found.notes[-1]
    assert [trusted.level for trusted in found.trusts] == ["uncalibrated"]


def test_a_gate_of_an_uncalibrated_grader_is_inconclusive() -> None:
    good, bad = ["validate threat"] * 8, ["threat"] * 8
    noisy = [text.replace("threat", "") if n % 2 else text for n, text in enumerate(good)]
    for gate, code in ((Gate(margin=5), 4), (Gate(margin=5, allow_uncalibrated=True), 1)):
        base = made(asked(attempts=2, gate=gate), noisy + good)
        candidate = made(asked(prompt="new", attempts=2, gate=gate), bad + bad)
        found = report([base, candidate], command="c")
        assert exit_code(found) == code, found.comparisons[0].gates
        assert ("uncalibrated" in found.comparisons[0].gates[0].words) is (code == 4)


def test_a_report_of_one_run_compares_nothing() -> None:
    found = report([made(asked(), ["validate"] * 8)], command="c")
    assert (found.comparisons, found.candidates, found.name) == ((), (), "small--working")
    assert exit_code(found) == 0


def test_provenance_names_prompt_model_graders_and_seed() -> None:
    told = dict(provenance([made(asked(), ["validate"] * 8)], "table of today"))
    for name in (
        "eval",
        "model",
        "grader signals",
        "revision working",
        "prompt of working",
        "seed",
        "prices",
    ):
        assert told[name]


def test_names_of_reports_are_safe_as_folders() -> None:
    assert slug("a--HEAD~1..v1/2:x y\n\x1b\u202e") == "a--HEAD-1..v1-2-x-y---"


def labelled(met: Sequence[bool], text: str) -> Labels:
    rows = [
        Label(
            answer=text,
            answer_hash=text_hash(text),
            dimension="security",
            criterion=name,
            met=value,
            settled="both",
        )
        for name, value in zip(("validate", "threat"), met, strict=True)
    ]
    return read_labels("\n".join(map(to_json, rows)), source="labels.jsonl")


def test_labels_are_about_exactly_one_text() -> None:
    labels = labelled([True, False], "validate")
    assert labels.verdict("validate", "security", "threat").met is False
    assert labels.verdict("validate ", "security", "threat").met is None
    assert labels.verdict("validate", "cost", "threat").met is None


def test_agreement_counts_only_what_is_labelled() -> None:
    plain = manifest([case("one"), case("two")], RUBRICS)
    grader = GraderSpec(kind="signals", labels="labels.jsonl", in_sample=True)
    named = replace(plain, eval=replace(plain.eval, graders=(grader,)))
    labels = {"labels.jsonl": labelled([True, True], "validate")}
    found = agreements([made(named, ["validate", "other"])], labels)
    assert [(row.scope, row.n, row.raw, row.in_sample) for row in found] == [
        ("all criteria", 2, 0.5, True),
        ("general criteria", 2, 0.5, True),
    ]


def test_agreement_carries_intervals_that_take_the_cases_as_clusters() -> None:
    names = [f"case{number}" for number in range(8)]
    plain = manifest([case(name) for name in names], RUBRICS)
    named = replace(plain, eval=replace(plain.eval, graders=(GraderSpec(kind="signals", labels="l.jsonl"),)))
    labels = {"l.jsonl": labelled([True, True], "validate")}
    general, _ = reversed(agreements([made(named, ["validate"] * 8)], labels))
    raw = general.intervals["raw"]
    assert raw.mean == pytest.approx(100 * (general.raw or 0))
    assert raw.n == general.n
    assert raw.low is not None
    assert raw.low < 50 < (raw.high or 0)
    assert raw.method == "Wilson, 8 cases as clusters"
    assert "specificity" not in general.intervals  # nothing was labelled as not met
