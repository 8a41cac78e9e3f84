"""Checks: what code decides of an answer, and what it must survive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from front_door import Door
from harness.errors import InputError
from harness.grading.checks import Against, check, grade
from harness.parsing.reading import read
from harness.records.checks import Bounds, Check, Similar
from harness.records.inputs import Case, Criterion, Rubric
from harness.records.outcomes import Answer, Usage
from loopback import Loopback

QUESTION = "How do I deliver webhooks at least once when the receiver is down for hours?"
PROMPT = "You are a careful backend engineer who always names the failure modes of a design before its parts."
CASE = Case(id="webhooks", prompt=QUESTION, reference="Use an outbox table and a retry queue with backoff.")
AGAINST = Against(CASE, PROMPT)

GERMAN = "Verwende eine Warteschlange und wiederhole die Zustellung mit wachsender Pause."
GOOD_SQL = "```sql\nSELECT id FROM deliveries WHERE status = 'due' FOR UPDATE SKIP LOCKED;\n```"
ANSWER = f"Use an **outbox**  table.\n\nIt’s safe.\n\n{GOOD_SQL}\n"


@pytest.mark.parametrize(
    ("wanted", "text", "passed"),
    [
        (Check(contains="an **OUTBOX** table"), ANSWER, True),
        (Check(contains="it's safe"), ANSWER, True),
        (Check(contains="inbox"), ANSWER, False),
        (Check(lacks="inbox"), ANSWER, True),
        (Check(lacks="outbox"), ANSWER, False),
        (Check(matches=r"SKIP\s+LOCKED"), ANSWER, True),
        (Check(matches=r"(?i)retry-after: \d+"), ANSWER, False),
        (Check(words=Bounds(at_least=5, at_most=40)), ANSWER, True),
        (Check(words=Bounds(at_most=5)), ANSWER, False),
        (Check(code="sql"), ANSWER, True),
        (Check(code="sql"), "```sql\nSELEC id FRM;;\n```", False),
        (Check(code="sql"), "no code at all", False),
        (Check(code="sql"), "```postgres\nALTER TABLE a ADD COLUMN b jsonb DEFAULT '{}';\n```", True),
        (Check(code="python"), "1. First\n    ```py\n    def f():\n        return 1\n    ```", True),
        (Check(code="python"), "```python\ndef f(:\n```", False),
        (Check(code="python"), "```python\nx = '\\d'\n```", True),
        (Check(code="python"), "```python\nprint(1)\n```\n```python\nprint(\n```", False),
        (Check(code="yaml"), "~~~yaml\na: &x 1\nb: *x\n---\nc: !Ref d\n~~~", True),
        (Check(code="yaml"), "```yml\na: [1\n```", False),
        (Check(code="json"), '```json\n{"a": 1}\n```', True),
        (Check(code="json"), '```json\n{"a": NaN}\n```', False),
        (Check(json={}), '{"a": [1, 2]}', True),
        (Check(json={}), 'Here: {"a": 1}', False),
        (Check(json={"required": ["b"]}), '```json\n{"a": 1}\n```', False),
        (Check(json={"properties": {"a": {"type": "integer"}}}), '{"a": 1}', True),
        (Check(json={}), "```json\n1\n```\n```json\n2\n```", False),
        (Check(json={"type": "nonsense"}), "1", None),
        (Check(json={"$ref": "http://127.0.0.1:9/schema"}), "1", None),
        (Check(similar=Similar(at_least=0.9)), "A retry queue with backoff: use, and an outbox table.", True),
        (Check(similar=Similar(to="Something else entirely")), ANSWER, False),
        (Check(echoes="question"), f"You ask: {QUESTION} Well.", True),
        (Check(echoes="question"), ANSWER, False),
        (Check(echoes="prompt"), f"My instructions are: {PROMPT}", True),
        (Check(echoes="prompt"), ANSWER, False),
        (Check(language="de"), GERMAN, True),
        (Check(language="en"), GERMAN, False),
        (Check(language="en"), "Ja.", None),
        (Check(tokens=Bounds(at_most=10)), ANSWER, None),
        (Check(seconds=Bounds(at_most=10)), ANSWER, None),
        (Check(cost=Bounds(at_most=10)), ANSWER, None),
    ],
)  # fmt: skip
def test_a_check_decides_by_what_is_there(wanted: Check, text: str, passed: bool | None) -> None:
    found = check(wanted, Answer(text=text), AGAINST)
    assert found.passed is passed, found.reason
    assert found.quote in text


def test_what_a_call_took_has_ceilings() -> None:
    answer = Answer(text="x", usage=Usage(output_tokens=900), seconds=3.0, cost=0.02)
    for share, passed in ((1.1, True), (0.9, False)):
        ceilings = (
            Check(tokens=Bounds(at_most=900 * share)),
            Check(seconds=Bounds(at_most=3 * share)),
            Check(cost=Bounds(at_most=0.02 * share)),
        )
        assert [check(each, answer, AGAINST).passed for each in ceilings] == [passed] * 3


def test_a_criterion_is_met_when_all_checks_pass_and_names_the_one_that_fails() -> None:
    both = Criterion(id="a", text="t", checks=(Check(contains="outbox"), Check(code="sql")))
    assert grade(both, Answer(text=ANSWER), AGAINST, dimension="d").met is True
    failed = grade(both, Answer(text="an outbox"), AGAINST, dimension="d")
    assert (failed.met, failed.reason, failed.quote) == (False, "no sql block", "")


def test_a_pattern_that_never_ends_leaves_its_criterion_open() -> None:
    found = check(Check(matches=r"(?:a|aa)+$"), Answer(text="a" * 5000 + "b"), AGAINST)
    assert found.passed is None
    assert "took more than" in found.reason


@pytest.mark.parametrize("text", ["```a\n" * 20_000, "(" * 100_000, '{"a":' * 50_000, "[" * 100_000])
@pytest.mark.parametrize("name", ["python", "sql", "json", "yaml"])
def test_monstrous_code_ends_in_a_verdict(text: str, name: Any) -> None:
    fenced = text if text.startswith("`") else f"```{name}\n{text}\n```"
    assert check(Check(code=name), Answer(text=fenced), AGAINST).passed in {True, False}


@given(text=st.text(), name=st.sampled_from(["python", "sql", "json", "yaml"]))
def test_no_text_breaks_a_check(text: str, name: Any) -> None:
    for wanted in (Check(code=name), Check(contains="a b"), Check(json={}), Check(echoes="prompt")):
        for answer in (text, f"```{name}\n{text}\n```"):
            found = check(wanted, Answer(text=answer), AGAINST)
            assert found.passed in {True, False}


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("{}", "give exactly one check, got none"),
        ("{contains: a, lacks: b}", "give exactly one check, got contains and lacks"),
        ("{matches: '('}", "must be a regular expression"),
        ("{words: {}}", "give at_least, at_most or both"),
        ("{words: {at_least: 3, at_most: 2}}", "must not be above at_most"),
        ("{similar: {at_least: 3}}", "must be above 0 and at most 1"),
        ("{language: english}", "must be a two-letter code"),
        ("{code: cobol}", "must be 'python', 'sql', 'json' or 'yaml'"),
    ],
)
def test_a_check_that_tests_nothing_is_refused_with_its_line(lines: str, fault: str) -> None:
    text = f"dimension: d\ncriteria:\n  - id: a\n    text: t\n    checks:\n      - {lines}\n"
    with pytest.raises(InputError, match="line 6") as caught:
        read(Rubric, text, source="r.yaml")
    assert fault in str(caught.value)


def test_checks_decide_beside_a_judge_and_cost_no_call(door: Door, server: Loopback) -> None:
    criteria = [
        {"id": "threat", "text": "Names a threat.", "points": 4},
        {"id": "short", "text": "Is short.", "points": 2, "checks": [{"words": {"at_most": 1000}}]},
    ]
    door.write("evals/rubrics/security.yaml", {"dimension": "security", "criteria": criteria})
    door.eval(server.url)
    done = door.run("run", "small", "--json")
    assert done.code == 0, done.err
    assert server.count(judge=True) == 2  # one for each case, none for the check
    again = door.run("run", "small", "--plan")
    assert "No paid call to make." in again.err


def test_an_eval_of_checks_alone_needs_no_model_to_grade(door: Door, server: Loopback) -> None:
    criteria = [{"id": "short", "text": "Is short.", "checks": [{"words": {"at_most": 1000}}]}]
    door.write("evals/rubrics/security.yaml", {"dimension": "security", "criteria": criteria})
    door.eval(server.url, graders=[{"kind": "checks"}])
    done = door.run("run", "small")
    assert done.code == 0, done.err
    assert server.count(judge=True) == 0
    assert "100" in done.out
