"""Two sheets of scores compared: what a run would be told, and nothing that only a run has."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.assembling import exit_code
from harness.charts.of_report import draw
from harness.comparison.pairing import graded_attempts
from harness.comparison.sheets import KIND, report
from harness.errors import InputError
from harness.records.comparisons import Comparison
from harness.records.estimates import OVERALL
from harness.records.inputs import Gate
from harness.records.results import Arm, Report
from harness.records.sheets import Sheet
from harness.reporting import tables
from harness.reporting.markdown import markdown
from harness.reporting.page import html
from test_comparing import FULL, NO_S2, Answers, arm, compared, evaluation, names

BETTER: Answers = {case: [FULL, FULL] if i % 3 else [FULL, NO_S2] for i, case in enumerate(names(9))}
WORSE: Answers = {case: ["a1", NO_S2] if i % 2 else [NO_S2, ""] for i, case in enumerate(names(9))}


def made(label: str, scores: Mapping[str, tuple[float, ...]]) -> Sheet:
    return Sheet(
        label=label,
        path=f"{label}.csv",
        dimensions=(),
        scores={OVERALL: scores},
        cases=tuple(scores),
        trials=sum(map(len, scores.values())),
        graded=sum(map(len, scores.values())),
    )


def of_run(run: Arm) -> Sheet:
    """Write down the scores of a run as another tool would."""
    outcomes = run.outcomes["signals"]
    dimensions = ("architecture", "security")
    return replace(
        made(run.label, dict(graded_attempts(outcomes, OVERALL))),
        dimensions=dimensions,
        scores={name: graded_attempts(outcomes, name) for name in (OVERALL, *dimensions)},
    )


def told(base: Sheet, candidate: Sheet, *, gate: Gate | None = None) -> Report:
    return report(base, candidate, command="harness compare-scores a b", gate=gate, seed=7, about=())


def comparison(base: Sheet, candidate: Sheet, *, gate: Gate | None = None) -> Comparison:
    (found,) = told(base, candidate, gate=gate).comparisons
    return found


@pytest.mark.parametrize(("base", "candidate"), [(BETTER, WORSE), (WORSE, BETTER), (WORSE, WORSE)])
def test_the_verdict_on_scores_is_the_one_on_the_runs_that_gave_them(
    base: Answers, candidate: Answers
) -> None:
    gate = Gate(margin=5)
    arms = arm("old", base, attempts=2), arm("new", candidate, attempts=2)
    of_runs = compared(*arms, eval=evaluation(attempts=2, gate=gate))
    of_scores = comparison(*map(of_run, arms), gate=gate)
    assert of_scores.differences == of_runs.differences
    assert of_scores.gates == of_runs.gates
    assert of_scores.headline == of_runs.headline
    assert of_scores.cases == of_runs.cases


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(9)))
def test_the_order_of_the_rows_changes_no_number(order: list[int]) -> None:
    sheet = of_run(arm("old", BETTER, attempts=2))
    cases = [sheet.cases[place] for place in order]
    scores = {name: {case: found[case][::-1] for case in cases} for name, found in sheet.scores.items()}
    other = of_run(arm("new", WORSE, attempts=2))
    shuffled = replace(sheet, scores=scores, cases=tuple(cases))
    assert comparison(shuffled, other).differences == comparison(sheet, other).differences


def test_a_case_that_only_one_file_has_is_named_and_counts_as_missing() -> None:
    base = made("old", {f"q{n}": (50.0 + n,) for n in range(10)})
    candidate = made("new", {f"q{n}": (60.0 + n,) for n in range(2, 10)})
    found = told(base, candidate)
    assert found.comparisons[0].unpaired == ("q0", "q1")
    assert found.candidates[0].counts[KIND].missing_share == 0.2
    assert any("new 0 failed, 0 ungraded and 2 not run of 10" in c for c in found.comparisons[0].caveats)
    assert exit_code(found) == 5
    assert exit_code(told(base, base)) == 0


@pytest.mark.parametrize(
    ("candidate", "code", "result"),
    [((60.0, 61.0), 0, "PASS"), ((40.0, 41.0), 1, "FAIL"), ((60.0,), 4, "INCONCLUSIVE")],
)
def test_a_gate_decides_the_exit_code(candidate: tuple[float, ...], code: int, result: str) -> None:
    base = made("old", {f"q{n}": (55.0, 56.0) for n in range(8)})
    found = told(
        base, made("new", dict.fromkeys(base.cases, candidate)), gate=Gate(margin=5, dimensions=(OVERALL,))
    )
    assert [gate.result for gate in found.comparisons[0].gates] == [result]
    assert exit_code(found) == code


def test_files_that_tell_other_dimensions_apart_are_refused() -> None:
    base = of_run(arm("old", BETTER, attempts=2))
    with pytest.raises(InputError, match="architecture, security against none"):
        told(base, made("new", {"q": (1.0,)}))


def test_shared_sources_are_flipped_as_a_whole_and_a_case_of_two_is_refused() -> None:
    base = made("old", {f"q{n}": (50.0,) for n in range(12)})
    better = made("new", {f"q{n}": (60.0 + n,) for n in range(12)})
    shared = replace(base, clusters={case: f"c{n // 2}" for n, case in enumerate(base.cases)})
    assert comparison(base, better).differences[0].p == 2 / 2**12
    clustered = comparison(shared, better)
    assert clustered.differences[0].p == 2 / 2**6
    assert any("6 clusters" in caveat for caveat in clustered.caveats)
    with pytest.raises(InputError, match=r"q0 belongs to cluster 'c0' in old\.csv and to 'other'"):
        told(shared, replace(base, clusters={"q0": "other"}))


def test_the_report_leaves_out_what_scores_do_not_have() -> None:
    found = told(of_run(arm("old", BETTER, attempts=2)), of_run(arm("new", WORSE, attempts=2)))
    page = html(found, draw(found))
    assert 'id="verdict"' in page
    assert 'id="heatmap"' in page
    assert [part for part in ("cases", "effort", "prompts", "moved") if f'id="{part}"' in page] == []
    text = markdown(found)
    assert "Cases that moved most" in text
    assert "planned" not in text
    data = json.loads(tables.as_json(found))
    assert data["eval"] is None
    assert [each["run"] for each in data["arms"]] == [None, None]
    assert len(tables.csv(found).splitlines()) == 1 + 9 * 2 * 3
