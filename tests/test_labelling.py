"""What a person is asked: everything once, in an order that gives nothing away, and kept as a label."""

from harness.grading.labels import Labels, read_labels, text_hash
from harness.labelling import label, questions
from harness.parsing.reading import to_json
from harness.records.calibrations import Sample
from making import answer, case, criterion, rubric

RUBRICS = (rubric("security", criterion("threat"), criterion("input")), rubric("cost", criterion("cheap")))
OWN = case("queues", {"security": (criterion("queue-own"),)})


def sample(text: str, revision: str = "old") -> Sample:
    return Sample(name=f"{revision}/queues", revision=revision, case=OWN, attempt=1, answer=answer(text))


def test_every_criterion_of_every_answer_is_asked_once() -> None:
    groups = questions([sample("One."), sample("Two.", "new")], RUBRICS, general=False, done=())
    assert sorted(q.criterion.id for group in groups for q in group) == sorted(
        ["threat", "input", "cheap", "queue-own"] * 2
    )
    assert all(len({q.answer for q in group}) == 1 for group in groups)


def test_the_order_follows_from_hashes_alone() -> None:
    samples = [sample(f"Answer {number}.", "old" if number % 2 else "new") for number in range(9)]
    groups = questions(samples, RUBRICS, general=False, done=())
    assert groups == questions(samples[::-1], RUBRICS[::-1], general=False, done=())
    assert [group[0].key[0] for group in groups] == sorted(text_hash(each.answer.text) for each in samples)


def test_what_is_labelled_is_not_asked_again_and_the_rest_stays_in_order() -> None:
    samples = [sample("One."), sample("Two.")]
    ((first, *rest), last) = questions(samples, RUBRICS, general=False, done=())
    assert questions(samples, RUBRICS, general=False, done={first.key}) == (tuple(rest), last)


def test_only_the_rubric_s_criteria_are_asked_on_request() -> None:
    ((*asked,),) = questions([sample("One.")], RUBRICS, general=True, done=())
    assert {each.criterion.id for each in asked} == {"threat", "input", "cheap"}


def read(text: str) -> Labels:
    return read_labels(text, source="labels.jsonl")


def test_a_label_says_that_a_person_made_it_and_gives_no_revision_away() -> None:
    ((asked, *_),) = questions([sample("Use a **queue** now.")], RUBRICS, general=False, done=())
    line = to_json(label(asked, met=True, quote="a queue now", annotator="anna"))
    labels = read(line)
    (found,) = labels.by_key.values()
    assert found.people == ("human:anna",)
    assert found.votes == (True,)
    assert found.quote == "a **queue** now"
    assert "old" not in line
    assert labels.labelled_by == "1 person"


def test_labels_of_models_and_of_people_are_told_apart() -> None:
    shipped = (
        '{"answer": "a", "answer_hash": "h", "dimension": "d", "criterion": "%s", "met": true,'
        ' "annotators": %s, "settled": "%s"}'
    )
    models = read(shipped % ("one", "[true, false]", "adjudicated"))
    assert models.labelled_by == "2 model annotators, with a third reading where they differed"
    both = read(shipped % ("one", '{"human:anna": true, "model:x": true}', "both"))
    assert both.labelled_by == "1 person and 1 model annotator"
    nobody = read(shipped % ("one", "[]", "one"))
    assert nobody.labelled_by == "annotators who are not named"
