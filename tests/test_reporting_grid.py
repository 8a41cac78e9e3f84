"""The heatmap of cases by criterion, as the page unfolds it; test_page_browser.py follows its links."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import sample
from folded import unfolded
from harness.records.outcomes import Failed
from harness.records.results import Arm, Report
from harness.reporting.page import html

_CASE = "adhd-task-api"
_WANTED, _UNWANTED = "arch-artefact", "arch-unexplained"
_PAIR = sample.Shape(cases=2, attempts=2, candidates=("rigorous",), graders=1)
_ALONE = replace(_PAIR, candidates=())

Met = Sequence[bool | None]
Y, N = True, False


class Tables(HTMLParser):
    """Reads each heatmap: captions, headers with their scope, and by case each number's class and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.captions: list[str] = []
        self.scopes: list[str] = []
        self.columns: list[str] = []
        self.rows: list[list[tuple[str, str]]] = []
        self._in: list[str] = []
        self._reading = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._reading = "met" in values.get("class", "").split()
        if not self._reading:
            return
        self._in.append(tag)
        if tag == "caption":
            self.captions.append("")
        if tag == "th":
            self.scopes.append(values["scope"])
            if "data-place" in values:
                self.columns.append(values["data-place"])
        if tag == "th" and values["scope"] == "row":
            self.rows.append([])
        if tag == "a" and "td" in self._in:
            self.rows[-1].append((values["class"], ""))

    def handle_endtag(self, tag: str) -> None:
        if self._reading:
            while self._in and self._in.pop() != tag:
                pass
        self._reading &= tag != "table"

    def handle_data(self, data: str) -> None:
        if "caption" in self._in:
            self.captions[-1] += data
        elif self._in[-2:] == ["td", "a"]:
            kind, text = self.rows[-1][-1]
            self.rows[-1][-1] = (kind, text + data)


def given(arm: Arm, criterion: str, met: Met) -> Arm:
    """Give an arm whose verdicts on one criterion of the first case are these, by attempt."""
    outcomes = [
        outcome
        if isinstance(outcome, Failed) or outcome.trial.case != _CASE
        else replace(
            outcome,
            verdicts=tuple(
                replace(each, met=met[outcome.trial.attempt - 1]) if each.criterion == criterion else each
                for each in outcome.verdicts
            ),
        )
        for outcome in arm.outcomes["signals"]
    ]
    return replace(arm, outcomes={"signals": tuple(outcomes)})


def cell(report: Report, criterion: str) -> tuple[str, str]:
    found = Tables(unfolded(html(report, {})))
    return found.rows[0][[place.split("/")[1] for place in found.columns].index(criterion)]


@pytest.mark.parametrize(
    ("criterion", "before", "after", "said"),
    [
        (_WANTED, (N, N), (Y, Y), ("better much", "0→100")),
        (_WANTED, (Y, Y), (Y, N), ("worse much", "100→50")),
        (_UNWANTED, (Y, Y), (N, N), ("better much", "100→0")),
        (_UNWANTED, (N, N), (N, Y), ("worse much", "0→50")),
        (_WANTED, (Y, N), (N, Y), ("same", "50")),
        (_WANTED, (Y, None), (Y, Y), ("same", "100")),
        (_WANTED, (None, None), (Y, Y), ("ungraded", "–→100")),
    ],
)
def test_a_cell_says_how_often_both_met_it_and_what_became_of_it(
    criterion: str, before: Met, after: Met, said: tuple[str, str]
) -> None:
    report = sample.report(_PAIR)
    base, candidate = given(report.base, criterion, before), given(report.candidates[0], criterion, after)
    assert cell(replace(report, base=base, candidates=(candidate,)), criterion) == said


@pytest.mark.parametrize(
    ("criterion", "met", "said"),
    [
        (_WANTED, (Y, Y), ("passed", "100")),
        (_WANTED, (Y, N), ("partly", "50")),
        (_WANTED, (N, N), ("missed", "0")),
        (_UNWANTED, (N, N), ("passed", "0")),
        (_UNWANTED, (Y, Y), ("missed", "100")),
        (_WANTED, (None, None), ("ungraded", "–")),
    ],
)
def test_of_a_single_run_a_cell_says_how_often_it_was_met_and_whether_that_is_good(
    criterion: str, met: Met, said: tuple[str, str]
) -> None:
    report = sample.report(_ALONE)
    assert cell(replace(report, base=given(report.base, criterion, met)), criterion) == said


def test_each_candidate_has_a_table_with_a_caption_and_a_header_for_every_row_and_column() -> None:
    report = sample.report()
    found = Tables(unfolded(html(report, {})))
    assert len(found.captions) == len(report.candidates)
    for arm, caption in zip(report.candidates, found.captions, strict=True):
        assert f"seed → {arm.label}" in caption
    per_table = len(report.cases) + len(report.dimensions) + 7 + len(report.dimensions) + 1
    assert len(found.scopes) == per_table * len(report.candidates)
    assert set(found.scopes) == {"row", "col", "colgroup"}


def test_the_line_above_a_table_counts_its_cells() -> None:
    page = unfolded(html(sample.report(), {}))
    lines = re.findall(r"</b> against seed: (\d+) better, (\d+) worse, (\d+) same, (\d+) ungraded", page)
    found = Tables(page)
    half = len(found.rows) // 2
    for line, rows in zip(lines, (found.rows[:half], found.rows[half:]), strict=True):
        kinds = [kind.split()[0] for row in rows for kind, _ in row]
        assert [int(count) for count in line] == [
            kinds.count(kind) for kind in ("better", "worse", "same", "ungraded")
        ]


def test_where_nothing_was_graded_there_is_no_table() -> None:
    assert 'id="heatmap"' not in html(sample.all_failed(), {})


def test_a_dimension_whose_cases_ask_nothing_of_their_own_has_no_column_for_it() -> None:
    report = sample.report(_PAIR)
    bare = replace(report, cases=tuple(replace(case, criteria={}) for case in report.cases))
    assert [len(row) for row in Tables(unfolded(html(report, {}))).rows] == [10, 10]
    assert [len(row) for row in Tables(unfolded(html(bare, {}))).rows] == [7, 7]
