import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.parsing.reading import from_json, read, to_json
from harness.parsing.yamltext import dump
from harness.records.inputs import Agent, Case, Criterion, Dataset, Eval, Note, Rubric, Signal, Turn
from harness.records.outcomes import Answer, Failed, Graded, Outcome, Score, Trial, Ungraded, Usage, Verdict
from harness.records.runs import GraderInfo, Manifest, Revision

EVAL = """
agent: agents/backend-engineer.md
datasets: [datasets/backend.yaml]
rubrics: [evals/rubrics/security.yaml]
model: {name: claude-sonnet-5-5, effort: low}
graders:
  - kind: signals
    labels: datasets/labels.jsonl
  - kind: judge
    model: {name: claude-haiku-5-5}
gate: {margin: 5}
"""
RUBRIC = """
dimension: security
criteria:
  - id: owner
    text: Names who owns a row.
    points: 2
    signals:
      - all: [owner | tenant, check*]
"""

names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
texts = st.text(min_size=1).filter(lambda text: bool(text.strip()))
numbers = st.floats(allow_nan=False, allow_infinity=False)
criteria = st.builds(
    Criterion,
    id=names,
    text=texts,
    points=st.floats(-1000, 1000).filter(bool),
    evidence=st.sampled_from(["quote", "absence"]),
    signals=st.tuples()
    | st.tuples(st.builds(Signal, all=st.tuples(names), unless=st.just(()) | st.tuples(names))),
)
dimensions = st.dictionaries(names, st.tuples(criteria), max_size=3).filter(
    lambda found: len({c.id for (c,) in found.values()}) == len(found)
)
cases = st.builds(
    Case,
    id=names,
    title=st.text(),
    prompt=texts,
    turns=st.just(()),
    context=st.text(),
    tags=st.tuples(names),
    criteria=dimensions,
) | st.builds(
    Case,
    id=names,
    prompt=st.just(""),
    turns=st.tuples(st.builds(Turn, role=st.just("user"), text=st.text().filter(str.strip))),
)
trials = st.builds(Trial, case=names, attempt=st.integers(1), key=names)
usages = st.builds(Usage, input_tokens=st.integers(0), cache_read_tokens=st.integers(0))
answers = st.builds(Answer, text=st.text(), usage=usages, cost=st.none() | numbers, seconds=numbers)
verdicts = st.builds(
    Verdict, dimension=names, criterion=names, met=st.none() | st.booleans(), quote=st.text()
)
scores = st.dictionaries(
    names, st.builds(Score, value=numbers, raw=numbers, met_points=numbers, positive_points=numbers)
)
outcomes = (
    st.builds(
        Graded, trial=trials, answer=answers, verdicts=st.tuples(verdicts), scores=scores, overall=numbers
    )
    | st.builds(
        Ungraded, trial=trials, answer=answers, verdicts=st.tuples(verdicts), scores=scores, reason=st.text()
    )
    | st.builds(Failed, trial=trials, kind=names, message=st.text())
)


@given(cases)
def test_a_case_survives_json(case: Case) -> None:
    assert from_json(Case, to_json(case)) == case


@given(outcomes)
def test_each_kind_of_outcome_comes_back_from_json_as_itself(outcome: Outcome) -> None:
    assert from_json(Outcome, to_json(outcome)) == outcome


@given(st.lists(cases, max_size=3, unique_by=lambda case: case.id))
def test_cases_written_as_yaml_are_read_back(found: list[Case]) -> None:
    written = [{"id": case.id, "prompt": case.prompt, "title": case.title} for case in found if case.prompt]
    assert [case.id for case in read(Dataset, dump(written), source="cases.yaml")] == [
        c["id"] for c in written
    ]


def test_a_manifest_with_everything_in_it_survives_json() -> None:
    agent = Agent(
        name="a", description="d", prompt="p", prompt_hash="1", file_hash="2", fields={"tools": "*"},
        notes=(Note(line=1, text="x"),),
    )  # fmt: skip
    manifest = Manifest(
        eval_name="e",
        eval=read(Eval, EVAL, source="e.yaml"),
        revision=Revision(label="working", path="a.md", dirty=None, agent=agent),
        cases=(Case(id="a", prompt="p", criteria={"s": (Criterion(id="c", text="t"),)}),),
        rubrics=(read(Rubric, RUBRIC, source="r.yaml"),),
        graders=(GraderInfo(kind="signals", version="1"),),
        model_version="v",
        files={"b": "2", "a": "1"},
    )
    assert from_json(Manifest, to_json(manifest)) == manifest
    assert from_json(tuple[Manifest, ...], to_json((manifest, manifest))) == (manifest, manifest)


def test_equal_records_give_equal_json_whatever_their_order_or_number_type() -> None:
    first = Criterion(id="a", text="t", points=3)
    one = Case(id="x", prompt="p", criteria={"b": (first,), "a": ()})
    other = Case(id="x", prompt="p", criteria={"a": (), "b": (Criterion(id="a", text="t", points=3.0),)})
    assert one == other
    assert to_json(one) == to_json(other)
    assert " " not in to_json(Note(line=1, text="ü"))
    assert "ü" in to_json(Note(line=1, text="ü"))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_never_holds_a_number_that_is_none(number: float) -> None:
    score = Score(value=number, raw=0, met_points=0, positive_points=1)
    with pytest.raises(ValueError, match="no record may hold"):
        to_json(score)
    with pytest.raises(ValueError, match="no record may hold"):
        to_json((score,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"line": 1', "not readable as JSON"),
        ('{"line": "1", "text": "x"}', "line: must be a whole number, got '1'"),
        ('{"line": 1}', "text: Field required"),
        ('{"line": 1, "text": "x", "txet": 1}', "txet: Unexpected field (did you mean 'text'?)"),
    ],
)
def test_json_that_is_no_such_record_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(Note, text, source="notes")
    assert words in str(caught.value)


def test_good_files_are_read() -> None:
    rubric = read(Rubric, RUBRIC, source="r.yaml")
    assert rubric.criteria[0].points == 2.0
    assert rubric.criteria[0].signals[0].all == ("owner | tenant", "check*")
    assert read(Eval, EVAL, source="e.yaml").graders[1].kind == "judge"
    assert read(Dataset, "- {id: a, prompt: p}", source="d.yaml") == (Case(id="a", prompt="p"),)
    assert read(Dataset, "[]", source="d.yaml") == ()


def test_every_fault_of_a_file_is_told_at_once_with_its_line() -> None:
    text = """\
- id: a
  promt: hello
- id: b
  prompt: p
  criteria:
    security:
      - id: q
        text: t
        points: 0.0
      - id: r
        text: 1.10
        signals:
          - all: []
- id: a
  prompt: no
  tags: one
- id: c
  prompt: p
  turns: [{role: user, text: x}]
- 3
"""
    with pytest.raises(InputError) as caught:
        read(Dataset, text, source="datasets/backend.yaml")
    head, *lines = str(caught.value).splitlines()
    assert head == "datasets/backend.yaml: 9 to mend"
    assert [_brief(line) for line in lines] == [
        "line 2, [0].promt: Unexpected field (did you mean 'prompt'?)",
        "line 9, [1].criteria.security[0].points: must be a finite number other than 0, got 0.0",
        "line 11, [1].criteria.security[1].text: must be text, got 1.1 (hint: put it in quotes)",
        "line 13, [1].criteria.security[1].signals[0].all: must hold at least one phrase",
        "line 14, [2].id: case id 'a' occurs twice, first on line 1 (hint: give each case an id of its own)",
        "line 15, [2].prompt: no is true or false to some YAML tools and text to others (hint: quote it)",
        "line 16, [2].tags: must be a list, got 'one' (hint: write it as an item, after `- ` or inside [ ])",
        "line 17, [3]: give either a prompt or turns (exactly one of the two)",
        (
            "line 20, [4]: must have the fields id, title, prompt, turns, context, tags, reference, "
            "guidance, cluster, criteria, got 3"
        ),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("agent: agents/backend-engineer.md", ""), "line 3, agent: Field required"),
        (("margin: 5", "margin: 200"), "line 11, gate.margin: must be between 0 and 100 points, got 200.0"),
        (
            ("effort: low", "effort: lo"),
            "line 5, model.effort: must be 'low', 'medium', 'high', 'xhigh' or 'max', got 'lo'",
        ),
        (
            ("name: claude-sonnet-5-5", "max_tokens: 2.5"),
            "line 5, model.max_tokens: must be a whole number, got 2.5",
        ),
        (("{margin: 5}", "maybe"), "line 11, gate: must have the fields margin, margins, dimensions,"),
        (("gate: {margin: 5}", "budget: lots"), "line 11, budget: must be a number, got 'lots'"),
        (("gate: {margin: 5}", "examples: 1"), "line 11, examples: must be true or false, got 1"),
        (
            ("gate: {margin: 5}", "zzz: 1"),
            "line 11, zzz: Unexpected field (hint: known here: agent, datasets,",
        ),
        (("gate: {margin: 5}", "agent: b.md"), "line 11, agent: key 'agent' occurs twice, first on line 2"),
        (
            ("    model: {name: claude-haiku-5-5}", ""),
            "line 9, graders[1].model: must be given for kind judge",
        ),
    ],
)
def test_faults_of_an_eval_name_the_field_and_what_must_hold(change: tuple[str, str], fault: str) -> None:
    with pytest.raises(InputError) as caught:
        read(Eval, EVAL.replace(*change), source="evals/a.yaml")
    assert f"  {fault}" in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        (Rubric, "", "must have the fields dimension, question, criteria, got nothing"),
        (Rubric, "dimension: a\ncriteria: {b: 1}", "line 2, criteria: must be a list, got a mapping"),
        (Dataset, "a: 1", "line 1: must be a list, got a mapping"),
        (
            Dataset,
            "- id: a\n  prompt: &x p",
            "line 2, [0].prompt: an anchor (&x) is not read (hint: remove it)",
        ),
        (Dataset, "- id: a\n  criteria: [1]", "line 2, [0].criteria: must be a mapping, got a list"),
        (Dataset, "- id: a\n  prompt: x: y", "line 2: a ': ' inside text that is not in quotes"),
        (Dataset, f"- id: a\n  tags: {'x' * 70}", f"got '{'x' * 60}…'"),
        (
            Rubric,
            "dimension: a\ncriteria: [{id: x, text: z, points: -1}]",
            "line 1: at least one criterion must have positive points",
        ),
    ],
)
def test_a_file_that_is_something_else_is_refused_once(kind: type, text: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        read(kind, text, source="f.yaml")
    assert fault in str(caught.value)
    assert len(caught.value.faults) == 1


@given(st.text())
def test_any_text_is_read_or_refused_with_an_input_error(text: str) -> None:
    for kind in (Dataset, Rubric, Eval):
        try:
            read(kind, text, source="f.yaml")
        except InputError as error:
            assert error.faults  # noqa: PT017


def _brief(line: str) -> str:
    """Shorten the two longest lines to what they are about."""
    line = line.strip().removesuffix(", and no phrase may be empty")
    return line.replace("write true or false, or put it in quotes", "quote it")
