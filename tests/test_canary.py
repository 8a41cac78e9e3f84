"""The canary: false of every answer, the same for the same answer, and the end of all trust if it is met."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.canary import canary, relied_on, sprung
from harness.grading.sight import sight
from harness.grading.voting import decided
from harness.planning.work import marks_of
from harness.records.inputs import CANARY, GraderSpec, JudgeMode, Rubric
from harness.records.outcomes import Verdict
from harness.records.runs import Manifest
from making import JUDGE, answer, case, criterion, manifest, rubric, verdict

PANEL = tuple(replace(JUDGE, name=f"judge-{number}") for number in range(3))


def _name(text: str) -> str:
    (name,) = [word.strip(".") for word in canary(text).text.split() if word[0].isupper() and word != "The"]
    return name


@given(st.text())
def test_the_canary_of_an_answer_is_stable_and_false_of_it(answer: str) -> None:
    assert canary(answer) == canary(answer)
    assert _name(answer).casefold() not in sight(answer).text.casefold()


def test_an_answer_that_names_its_canary_gets_another() -> None:
    answers, names = ["An answer."], set[str]()
    for _ in range(20):
        names.add(_name(answers[-1]))
        answers.append(" ".join(["An answer.", *sorted(names)]))
        assert _name(answers[-1]).casefold() not in answers[-1].casefold()


def test_canaries_of_many_answers_differ_and_look_like_criteria() -> None:
    found = [canary(f"answer {number}") for number in range(500)]
    assert len({each.text for each in found}) > 495
    assert all(each.text.startswith("The answer ") and each.text.endswith(".") for each in found)


def test_only_a_plain_no_lets_verdicts_count() -> None:
    asked = verdict("input", met=True, quote="Validate input.")
    no, yes, unread = (sprung(verdict("canary", met=met, reason="so")) for met in (False, True, None))
    assert relied_on(asked, no) == asked
    for open_ in (relied_on(asked, yes), relied_on(asked, unread)):
        assert (open_.met, open_.quote) == (None, "")
        assert open_.reason.startswith("not relied on: ")
    assert "canary" in relied_on(asked, yes).reason


# ------------------------------------------------------------------ in the work of a run


def guarded(spec: GraderSpec, *, prompt: str = "You are an engineer.") -> Manifest:
    made = manifest(
        rubrics=[rubric("security", criterion("input"), criterion("threat")), rubric("design")],
        graders=("judge", "signals", "labels"),
        prompt=prompt,
    )
    _, *others = made.eval.graders
    judge, signals, labels = made.graders
    infos = (replace(judge, canary=spec.canary, screening=1), replace(signals, screening=1), labels)
    return replace(made, eval=replace(made.eval, graders=(spec, *others)), graders=infos)


@pytest.mark.parametrize("mode", ["criterion", "dimension"])
@pytest.mark.parametrize("votes", [1, 3])
def test_each_judge_has_one_canary_of_an_answer_in_no_other_verdict_s_key(
    mode: JudgeMode, votes: int
) -> None:
    spec = GraderSpec(kind="judge", panel=PANEL, votes=votes, mode=mode)
    with_, without = (
        list(marks_of(guarded(each), case("queues"), answer()))
        for each in (spec, replace(spec, canary=False))
    )
    canaries = [mark for mark in with_ if mark.dimension == CANARY]
    assert [mark.asks for mark in canaries] == [model.name for model in PANEL]
    assert [mark for mark in with_ if mark.dimension != CANARY] == without
    asked_with_others = {mark.call for mark in canaries} <= {mark.call for mark in without}
    assert asked_with_others is (mode == "dimension")


def test_a_judge_whose_canary_does_not_hold_has_no_vote_in_a_panel() -> None:
    made = guarded(GraderSpec(kind="judge", panel=PANEL))
    marks = [mark for mark in marks_of(made, case("queues"), answer()) if mark.grader == "judge"]

    def judged(doubted: int) -> list[Verdict]:
        """All judges say met, and the canaries of so many did not hold."""
        fallen = {model.name for model in PANEL[:doubted]}
        said = [
            (mark, None if mark.asks in fallen else False) if mark.dimension == CANARY else (mark, True)
            for mark in marks
        ]
        return decided(
            replace(mark, verdict=verdict(mark.criterion.id, met=met, dimension=mark.dimension))
            for mark, met in said
        )

    for doubted, met in ((0, True), (1, True), (2, None), (3, None)):
        assert {each.met for each in judged(doubted)} == {met}
        assert len(judged(doubted)) == 3


def test_nothing_is_decided_before_the_canary_is_there() -> None:
    made = guarded(GraderSpec(kind="judge", model=JUDGE))
    marks = [mark for mark in marks_of(made, case("queues"), answer()) if mark.grader == "judge"]
    open_ = [
        mark if mark.dimension == CANARY else replace(mark, verdict=verdict(mark.criterion.id, met=True))
        for mark in marks
    ]
    assert decided(open_) == []


def test_an_answer_that_says_nothing_is_asked_of_nobody_and_labels_stand() -> None:
    made = guarded(GraderSpec(kind="judge", model=JUDGE))
    marks = list(marks_of(made, case("queues"), answer("Thought process:")))
    assert all(mark.dimension != CANARY for mark in marks)
    for mark in marks:
        if mark.grader == "labels":
            assert (mark.verdict, bool(mark.key)) == (None, True)
        else:
            assert mark.verdict is not None
            assert (mark.verdict.met, mark.key) == (False, "")
            assert mark.verdict.reason == "the answer is a stock phrase: it meets nothing"


def test_no_rubric_may_take_the_canary_s_name() -> None:
    with pytest.raises(ValueError, match="canary"):
        Rubric(dimension=CANARY, criteria=(criterion("input"),))


@pytest.mark.parametrize(
    ("kind", "switch"), [("signals", "canary"), ("labels", "screening"), ("checks", "canary")]
)
def test_what_guards_a_judge_cannot_be_switched_off_elsewhere(kind: str, switch: str) -> None:
    labels = {"labels": "labels.jsonl"} if kind == "labels" else {}
    with pytest.raises(ValueError, match=f"{switch} belongs to kind"):
        GraderSpec(kind=kind, **labels, **{switch: False})  # type: ignore[arg-type]
