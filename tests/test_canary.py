"""The canary: false of every answer, the same for the same answer, and the end of all trust if it is met."""

from hypothesis import given
from hypothesis import strategies as st

from harness.grading.canary import canary, relied_on, sprung
from harness.grading.sight import sight
from making import verdict


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
