"""JUnit: red where the exit code is, and XML that its readers take, whatever the texts in it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import golden
import sample
from harness.assembling import exit_code
from harness.records.comparisons import GateResult
from harness.records.estimates import OVERALL
from harness.records.results import Report
from harness.reporting.junit import junit

GOLDENS = Path(__file__).parent / "goldens"
SMALL = sample.Shape(cases=3, attempts=1, candidates=("rigorous",), graders=1)
TWO = sample.Shape(candidates=("rigorous",), graders=1)

# What Jenkins' schema (xunit-plugin, junit-10.xsd) and GitLab's and GitHub's readers have in common:
# for each element the attributes it must have, those it may have, and what may stand in it.
_ENDS = ({"type", "message"}, set[str](), set[str]())
SHAPES: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"tests", "failures", "errors"}, {"name", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped"},
        {"time", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name", "classname"},
        {"time"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "skipped": _ENDS,
    "error": _ENDS,
    "failure": _ENDS,
    "system-out": (set(), set(), set()),
}


def read(*reports: Report) -> ET.Element:
    return ET.fromstring(junit(reports).encode())  # noqa: S314 # written by us a moment ago


def faults(element: ET.Element) -> Iterator[str]:
    """Say what in a document is not in the schema."""
    must, may, children = SHAPES[element.tag]
    if not must <= set(element.keys()) <= must | may:
        yield f"{element.tag} has {sorted(element.keys())}"
    if element.tag in {"testsuites", "testsuite"}:
        tests = list(element.iter("testcase"))
        ends = Counter(end.tag for test in tests for end in test)
        counted = (len(tests), ends["failure"], ends["error"])
        if counted != tuple(int(element.get(name, "-1")) for name in ("tests", "failures", "errors")):
            yield f"{element.get('name')} miscounts"
    for child in element:
        if child.tag not in children:
            yield f"{child.tag} in {element.tag}"
        yield from faults(child)


def gated(result: GateResult, report: Report) -> Report:
    return replace(report, comparisons=tuple(replace(one, gates=(result,)) for one in report.comparisons))


GATE = GateResult(
    dimension="security", margin=5.0, result="PASS", low=-2.0, high=4.0, certifiable=2.0,
    attempts_needed=None, words="security loses at most 2.0 points.",
)  # fmt: skip


def test_the_small_sample_renders_as_reviewed() -> None:
    golden.check(GOLDENS / "junit.xml", junit([sample.report(SMALL)]))


@pytest.mark.parametrize(
    "report", [sample.report(), sample.report(sample.Shape(candidates=())), sample.all_failed()]
)
def test_its_readers_schema_holds(report: Report) -> None:
    assert list(faults(read(report))) == []


@pytest.mark.parametrize(
    ("report", "red"),
    [
        (gated(GATE, sample.report(TWO)), set()),
        (gated(replace(GATE, result="FAIL"), sample.report(TWO)), {"failure"}),
        (gated(replace(GATE, result="INCONCLUSIVE"), sample.report(TWO)), set()),
        (replace(sample.report(sample.Shape(candidates=())), gates=(replace(GATE, floor=80.0),)), set()),
        (
            replace(
                sample.report(sample.Shape(candidates=())),
                gates=(replace(GATE, floor=80.0, result="FAIL"),),
            ),
            {"failure"},
        ),
        (sample.all_failed(), {"error"}),
    ],
)
def test_red_is_what_the_exit_code_says(report: Report, red: set[str]) -> None:
    found = {end.tag for end in read(report).iter() if end.tag in {"failure", "error"}}
    assert found == red
    assert (
        exit_code(report)
        in {frozenset(): {0, 4}, frozenset({"failure"}): {1}, frozenset({"error"}): {5}}[frozenset(red)]
    )


def test_a_gate_is_a_testcase_and_a_property_and_says_what_lost_most() -> None:
    report = sample.report(sample.Shape(candidates=("security-blind",), graders=1))
    (suite,) = read(report)
    assert suite.find("properties/property[@name='gate']").attrib["value"] == "FAIL"  # type: ignore[union-attr]
    (failure,) = suite.iter("failure")
    assert report.comparisons[0].headline in failure.attrib["message"]
    assert f"reports/{report.name}/index.html" in failure.attrib["message"]
    assert "What lost most" in (failure.text or "")
    assert report.command in (failure.text or "")


def test_an_undecided_gate_is_skipped_never_passed() -> None:
    (suite,) = read(gated(replace(GATE, result="INCONCLUSIVE"), sample.report(SMALL)))
    (test,) = suite.findall("testcase[@classname='backend-engineer.gate']")
    assert [end.tag for end in test] == ["skipped"]


def test_every_case_of_every_dimension_is_a_testcase_with_a_name_of_its_own() -> None:
    whole = sample.report()
    twins = tuple(replace(case, title="The same title") for case in whole.cases)
    for report in (whole, replace(whole, cases=twins)):
        root = read(report)
        tests = [(suite.get("name"), test.get("classname"), test.get("name"))
                 for suite in root for test in suite.iter("testcase")]  # fmt: skip
        assert len(tests) == len(set(tests))
        of_cases = [test for test in tests if not str(test[1]).endswith((".gate", ".run"))]
        assert len(of_cases) == len(report.cases) * len(report.dimensions) * len(report.candidates)


def test_scores_without_dimensions_are_tested_overall() -> None:
    report = replace(sample.report(SMALL), dimensions=())
    names = {str(test.get("classname")) for test in read(report).iter("testcase")}
    assert f"backend-engineer.{OVERALL}" in names


def test_the_times_add_up_to_what_the_answers_took() -> None:
    report = sample.report(sample.Shape(candidates=()))
    answers = [each.answer for each in report.base.outcomes["signals"] if hasattr(each, "answer")]
    (suite,) = read(report)
    assert float(suite.attrib["time"]) == pytest.approx(sum(each.seconds for each in answers), abs=0.1)


@given(
    text=st.text(st.characters(), min_size=1)
    | st.sampled_from(["\x00\x1b[31m", "\ufffe\uffff\ud800", "]]>&<\"'", "\u202e"])
)
def test_any_text_gives_a_document_that_parses_and_holds_the_schema(text: str) -> None:
    report = sample.report(sample.Shape(cases=1, attempts=1, candidates=("rigorous",), graders=1))
    (case,) = report.cases
    told = replace(GATE, result="FAIL", words=text, dimension=text)
    hostile = replace(
        gated(told, report), cases=(replace(case, title=text),), command=text, eval_name=text, name=text
    )
    assert list(faults(read(hostile))) == []
