import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sample
from harness.parsing.reading import SCHEMAS, schema
from harness.records.results import Report
from harness.reporting.tables import as_json

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"

GOOD: dict[str, Any] = {
    "dataset": [
        {"id": "a", "prompt": "p", "criteria": {"security": [{"id": "c", "text": "t", "points": -2}]}}
    ],
    "rubric": {"dimension": "security", "criteria": [{"id": "c", "text": "t", "signals": [{"all": ["x"]}]}]},
    "eval": {
        "agent": "a.md",
        "rubrics": ["r.yaml"],
        "model": {"name": "m", "effort": None},
        "graders": [{"kind": "signals"}],
        "gate": {"margin": 2.5},
    },
    "report": json.loads(as_json(sample.report())),
}
BAD: list[tuple[str, Any]] = [
    ("dataset", {"id": "a"}),
    ("dataset", [{"prompt": "p"}]),
    ("dataset", [{"id": "a", "promt": "p"}]),
    ("dataset", [{"id": "a", "criteria": {"security": [{"id": "c", "text": "t", "weight": 1}]}}]),
    ("rubric", {"criteria": []}),
    ("rubric", {"dimension": "a", "criteria": [{"id": "c", "text": 1}]}),
    ("eval", {**GOOD["eval"], "graders": [{"kind": "vibes"}]}),
    ("eval", {**GOOD["eval"], "attempts": "three"}),
    ("eval", {**GOOD["eval"], "gate": {"margins": 1}}),
    ("report", {**GOOD["report"], "format": 2}),
    ("report", {**GOOD["report"], "more": 1}),
    ("report", {name: value for name, value in GOOD["report"].items() if name != "arms"}),
]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schemas_are_current(name: str) -> None:
    current = json.dumps(schema(SCHEMAS[name]), indent=2, ensure_ascii=False) + "\n"
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == current


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_good_file_holds_against_its_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(SCHEMAS[name]))
    jsonschema.Draft202012Validator(schema(SCHEMAS[name])).validate(GOOD[name])


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_file_does_not(name: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema(SCHEMAS[name])).validate(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_fields_are_described_by_their_docstrings_and_no_others_are_allowed(name: str) -> None:
    found = schema(SCHEMAS[name])
    records = [*found["$defs"].values(), *([found] if "properties" in found else [])]
    assert all(record["additionalProperties"] is False for record in records if "properties" in record)
    descriptions = [
        field.get("description", "") for record in records for field in record["properties"].values()
    ]
    assert "Stable name; results are joined by it." in descriptions or name == "eval"
    # People write the others in an editor; a report is described record by record.
    assert name == "report" or sum(map(bool, descriptions)) > len(descriptions) / 2
    assert all(record.get("description") for record in records)


@pytest.mark.parametrize("report", [sample.report(sample.Shape(candidates=())), sample.all_failed()])
def test_every_results_json_holds_against_the_published_schema(report: Report) -> None:
    jsonschema.Draft202012Validator(schema(SCHEMAS["report"])).validate(json.loads(as_json(report)))
