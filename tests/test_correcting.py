"""From a report and labels to corrected scores: which verdicts count, and what the report then says."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from front_door import Door
from harness.assembling import arm, report
from harness.comparison.correcting import corrections, favours
from harness.grading.labels import Label, Labels, text_hash
from harness.parsing.reading import to_json
from harness.planning.work import jobs, marks_of
from harness.records.inputs import GraderSpec
from harness.records.results import Arm, Report
from harness.records.runs import Manifest
from harness.reporting.markdown import markdown
from harness.reporting.page import html
from making import Shelf, answer, case, criterion, manifest, rubric, run, verdict
from recordings import BOTH, NEITHER, ONE, names, record

CASES = [f"case-{number}" for number in range(8)]
RUBRICS = (
    rubric("security", criterion("threat", 3), criterion("input", 1), criterion("leak", -1)),
    rubric("style", criterion("clear", 2)),
)
PLACES = [(each.dimension, asked) for each in RUBRICS for asked in each.criteria]

Says = Callable[[int, str], bool]
"""From the number of a case and a criterion's id to whether it is met."""


def asked(prompt: str) -> Manifest:
    graders = (GraderSpec(kind="signals", labels="labels.jsonl"),)
    made = manifest([case(name) for name in CASES], RUBRICS, prompt=prompt)
    return replace(made, eval=replace(made.eval, graders=graders))


def text(prompt: str, number: int) -> str:
    return f"{prompt} answers case {number}."


def made(prompt: str, says: Says) -> Arm:
    wanted, shelf = asked(prompt), Shelf()
    for number, job in enumerate(jobs(wanted, shelf)):
        given = answer(text(prompt, number))
        shelf.of_answers[job.trial.key] = given
        for mark in marks_of(wanted, job.case, given):
            name = mark.criterion.id
            met = says(number, name)
            shelf.of_verdicts[mark.key] = verdict(name, met=met, dimension=mark.dimension)
    found = arm(run(wanted), jobs(wanted, shelf), ())
    return replace(found, label=prompt)


def labelled(truth: Mapping[str, Says], *, which: Says = lambda *_: True) -> Mapping[str, Labels]:
    found = [
        Label(
            answer=f"{prompt}/{number}",
            answer_hash=text_hash(text(prompt, number)),
            dimension=dimension,
            criterion=each.id,
            met=says(number, each.id),
        )
        for prompt, says in truth.items()
        for number in range(len(CASES))
        for dimension, each in PLACES
        if which(number, each.id)
    ]
    return {
        "labels.jsonl": Labels(source="labels.jsonl", version="v", by_key={one.key: one for one in found})
    }


def truth(number: int, name: str) -> bool:
    return (number + len(name)) % 3 != 0


def lenient(number: int, name: str) -> bool:
    """The truth, but a yes too many in every other case."""
    return truth(number, name) or number % 2 == 0


def compared(base: Says, candidate: Says) -> Report:
    return report([made("old", base), made("new", candidate)], command="harness compare small")


def score(says: Says, dimension: str) -> float:
    """The mean score by hand: met points over positive points, not cut."""
    of = {"security": (4.0, PLACES[:3]), "style": (2.0, PLACES[3:])}
    whole, places = of[dimension]
    met = [sum(each.points for _, each in places if says(number, each.id)) for number in range(len(CASES))]
    return 100 * sum(met) / whole / len(met)


@pytest.mark.parametrize("dimension", ["security", "style"])
def test_raw_and_corrected_scores_are_those_of_grader_and_labels(dimension: str) -> None:
    found = corrections(compared(lenient, truth), labelled({"old": truth, "new": truth}))
    assert [each.dimension for each in found] == ["overall", "security", "style"]
    one = next(each for each in found if each.dimension == dimension)
    old, new = one.arms
    assert old.raw == pytest.approx(score(lenient, dimension))
    assert old.corrected.mean == pytest.approx(score(truth, dimension))
    assert old.bias.mean == pytest.approx(score(lenient, dimension) - score(truth, dimension))
    assert new.raw == pytest.approx(new.corrected.mean)
    (moved,) = one.differences
    assert moved.by_labels.mean == pytest.approx(0, abs=1e-9)
    assert moved.bias.mean == pytest.approx(score(truth, dimension) - score(lenient, dimension))


def test_overall_is_the_mean_of_the_dimensions() -> None:
    overall, security, style = corrections(compared(lenient, truth), labelled({"old": truth, "new": truth}))
    for place in range(2):
        parts = [security.arms[place], style.arms[place]]
        assert overall.arms[place].raw == pytest.approx(sum(part.raw for part in parts) / 2)
        means = [part.corrected.mean for part in parts]
        assert overall.arms[place].corrected.mean == pytest.approx(sum(m or 0 for m in means) / 2)


def test_only_what_is_labelled_is_used_and_counted() -> None:
    some = labelled({"old": truth, "new": truth}, which=lambda number, _: number < 5)
    (overall, *_) = corrections(compared(lenient, lenient), some)
    assert [(level.labelled, level.verdicts) for level in overall.arms] == [(20, 32), (20, 32)]


def test_without_labels_there_is_no_correction() -> None:
    made_report = compared(lenient, truth)
    assert corrections(made_report, {}) == ()
    assert corrections(made_report, labelled({"another": truth})) == ()
    only_one = labelled({"old": truth, "new": truth}, which=lambda number, _: number == 0)
    assert corrections(made_report, only_one) == ()


def test_an_arm_without_labels_has_a_raw_number_alone() -> None:
    (overall, *_) = corrections(compared(lenient, truth), labelled({"old": truth}))
    assert [level.arm for level in overall.arms] == ["old"]
    assert overall.differences == ()


def test_raw_and_corrected_stand_side_by_side_in_every_report() -> None:
    raw = compared(lenient, truth)
    shown = replace(raw, corrections=corrections(raw, labelled({"old": truth, "new": truth})))
    for text_of in (markdown(shown), html(shown, {})):
        assert "What the grader" in text_of
        assert "the labels' own score" in text_of.replace("&#39;", "'")
        assert f"{score(lenient, 'security'):.1f}" in text_of
        assert f"{score(truth, 'security'):.1f}" in text_of
    assert "What the grader" not in markdown(raw) + html(raw, {})


def always(*_: object) -> bool:
    return True


def test_a_grader_that_flatters_one_arm_beyond_chance_is_said_to() -> None:
    known = labelled({"old": truth, "new": truth})
    told = list(favours(corrections(compared(truth, always), known), grader="signals", base="old"))
    assert any(
        "the signals grader flatters new by" in each and "more than old on overall" in each for each in told
    )
    assert all("verdict and gate go by the grader" in each for each in told)
    turned = list(favours(corrections(compared(always, truth), known), grader="signals", base="old"))
    assert any("flatters old by" in each and "more than new on overall" in each for each in turned)


@pytest.mark.parametrize("says", [truth, lenient])
def test_a_grader_that_errs_alike_in_both_arms_favours_nobody(says: Says) -> None:
    found = corrections(compared(says, says), labelled({"old": truth, "new": truth}))
    assert list(favours(found, grader="signals", base="old")) == []


def test_the_command_corrects_by_the_labels_that_the_eval_names(door: Door) -> None:
    record(door, names(6), lambda case_number, _: ONE if case_number % 2 else BOTH, lambda *_: NEITHER)
    lines = [
        Label(
            answer="x",
            answer_hash=text_hash(words),
            dimension="security",
            criterion=name,
            met=name == "input",
        )
        for words in (BOTH, ONE, NEITHER)
        for name in ("threat", "input")
    ]
    door.write("labels.jsonl", "\n".join(map(to_json, lines)) + "\n")
    path = door.root / "evals" / "small.yaml"
    path.write_text(
        path.read_text().replace(
            "- kind: signals", "- kind: signals\n  labels: labels.jsonl\n  in_sample: true"
        )
    )
    done = door.run("compare", "small", "--base", "agents/old.md", "--json")
    assert done.code == 0, done.err
    overall, security = done.data["corrections"]
    assert (overall["in_sample"], security["dimension"]) == (True, "security")
    old, new = security["arms"]
    assert (old["raw"], new["raw"]) == (pytest.approx(200 / 3), 0)
    # By the labels every answer checks input and names no threat: 33 points in both arms.
    assert (old["corrected"]["mean"], new["corrected"]["mean"]) == pytest.approx((100 / 3, 100 / 3))
