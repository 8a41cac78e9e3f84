"""The report as one HTML page, read as text; test_page_browser.py opens it."""

import base64
import hashlib
import re
import runpy
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample
from folded import PACKS, unfolded
from harness.charts.of_report import draw
from harness.records.results import Report
from harness.reporting import diff
from harness.reporting.page import html
from harness.reporting.selection import deciding, overall, quotes, spread, telling

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def written() -> str:
    """The page as the file holds it, what is folded away packed."""
    report = sample.report()
    return html(report, draw(report))


@pytest.fixture(scope="module")
def page(written: str) -> str:
    """The page with everything in it unpacked, as if a reader had opened all of it."""
    return unfolded(written)


class Outline(HTMLParser):
    """Collects what the page's policy, outline and links are made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.scripts += tag == "script" and "type" not in values  # one with a type of ours is data
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in values:
            self.ids.append(values["id"])
        self.addresses += [values[name] for name in ("href", "src", "action", "srcset") if name in values]
        self.handlers += [name for name in values if name.startswith("on") or name == "style"]


def test_the_bounds_of_a_gate_with_two_looks_are_those_of_each_look() -> None:
    report = sample.report()
    found = [
        replace(each, gates=tuple(replace(gate, confidence=0.975) for gate in each.gates))
        for each in report.comparisons
    ]
    two = html(replace(report, comparisons=tuple(found)), draw(report))
    assert "one-sided 97.5 % bounds" in two
    assert "one-sided 95 % bounds" not in two


def test_the_policy_allows_our_script_and_style_and_nothing_else(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["require-trusted-types-for"] == "'script'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_nothing_is_fetched_and_nothing_is_inline(page: str) -> None:
    found = Outline(page)
    assert found.scripts == 1
    assert found.handlers == []
    assert all(re.match(r"#|data:|https?://|mailto:", address) for address in found.addresses)
    assert not re.search(r'\bsrc="(?!data:)', page)


def test_every_inner_link_leads_somewhere(page: str) -> None:
    found = Outline(page)
    assert len(found.ids) == len(set(found.ids))
    inner = {address[1:] for address in found.addresses if address.startswith("#")}
    assert inner
    assert inner <= set(found.ids)


def test_headings_go_down_one_level_at_a_time(page: str) -> None:
    headings = Outline(page).headings
    assert headings.count(1) == 1
    answers = [level for level in headings if level >= 5]
    ours = [level for level in headings if level < 5]
    assert answers
    assert all(deeper - level <= 1 for level, deeper in pairwise(ours))


def test_each_verdict_is_a_word_beside_its_sign_and_colour(page: str) -> None:
    for comparison in deciding(sample.report()):
        verdict = overall(comparison).verdict
        assert f'<article class="verdict {verdict}' in page
        assert f'<span class="big">{verdict.capitalize()}</span>' in page


def test_equal_reports_give_equal_pages(written: str) -> None:
    report = sample.report()
    assert html(report, draw(report)) == written


def test_a_page_is_much_smaller_than_what_is_folded_away_in_it(written: str, page: str) -> None:
    charts = sum(len(address) for address in re.findall(r'src="(data:[^"]*)"', written))
    assert len(written) - charts < (len(page) - charts) / 4


def test_a_thousand_trials_fit_into_five_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    made = runpy.run_path(str(BENCHMARKS / "page.py"))["made"]
    small, large = (len(html(made(trials, 1)[0], {}).encode()) for trials in (60, 180))
    charts = 400_000
    assert small + charts + (1000 - 60) * (large - small) / 120 < 5_000_000


def test_what_is_folded_away_is_data_to_a_browser_and_cannot_end_its_element(written: str) -> None:
    packs = PACKS.findall(written)
    assert len(packs) > len(sample.report().cases)
    assert not any(re.search(r"[<>&]", pack) for pack in packs)


@pytest.mark.parametrize("tag", ["</script>", "</style>", "</details>"])
def test_no_text_of_the_data_closes_an_element_of_ours(tag: str, page: str) -> None:
    report = sample.report()
    cases = tuple(replace(case, title=tag * 3, prompt=tag * 3, tags=(tag,)) for case in report.cases)
    hostile = unfolded(html(replace(report, cases=cases, notes=(tag,)), {}))
    assert hostile.count(tag) == unfolded(html(report, {})).count(tag)
    assert page.count("</style>") == 1


@pytest.mark.parametrize(
    ("report", "says", "says_not"),
    [
        (sample.report(sample.Shape(candidates=())), "One run alone says how high", "What moved"),
        (sample.report(sample.Shape(cases=1, attempts=1, graders=1)), "no interval", "What each grader says"),
        (sample.all_failed(), "no case graded in both", "None"),
        (replace(sample.all_failed(), cases=(), notes=()), "0 cases", "nan"),
    ],
)
def test_odd_reports_still_read_well(report: Report, says: str, says_not: str) -> None:
    text = unfolded(html(report, draw(report)))
    assert says in text
    assert not re.search(rf">[^<]*\b{says_not}\b", text.split("<body>")[1].split("<script>")[0])


def test_flips_come_most_telling_first_and_quote_the_answer_that_met_it() -> None:
    report = sample.report()
    for comparison in report.comparisons:
        gains = [abs(flip.gain) for flip in telling(comparison)]
        assert gains == sorted(gains, reverse=True)
        said = quotes(report, comparison)
        assert said
        for flip in comparison.flips:
            evidence = said.get((flip.case, flip.dimension, flip.criterion))
            if evidence:
                met_more = comparison.base if flip.base > flip.candidate else comparison.candidate
                assert evidence.arm == met_more


def test_the_first_few_flips_are_about_different_criteria() -> None:
    for comparison in sample.report().comparisons:
        flips = telling(comparison)
        first, rest = spread(flips, 3)
        assert len({(flip.dimension, flip.criterion) for flip in first}) == 3
        assert sorted(map(id, (*first, *rest))) == sorted(map(id, flips))
        assert first[0] is flips[0]


def test_a_diff_gives_back_both_texts() -> None:
    before, after = "one\ntwo\nthree", "one\n2\nthree\nfour"
    found = diff.lines(before, after)
    assert "\n".join(line.text for line in found if line.kind in {"same", "removed"}) == before
    assert "\n".join(line.text for line in found if line.kind in {"same", "added"}) == after
    assert diff.lines(before, before) == ()


def test_a_diff_does_not_mistake_its_lines_for_its_signs() -> None:
    found = diff.lines("--- a\n+++ b\n@@ c", "--- a\n+++ b\n@@ d")
    assert [(line.kind, line.text) for line in found if line.kind != "place"] == [
        ("same", "--- a"),
        ("same", "+++ b"),
        ("removed", "@@ c"),
        ("added", "@@ d"),
    ]


@given(st.text("ab c\n.", max_size=60), st.text("ab c\n.", max_size=60))
def test_a_diff_gives_back_any_two_texts_and_its_parts_are_its_lines(before: str, after: str) -> None:
    if before == after or max(before.count("\n"), after.count("\n")) > 3:
        return  # what is equal, or further than three lines from a change, is left out of a diff
    found = diff.lines(before, after)
    assert "\n".join(line.text for line in found if line.kind in {"same", "removed"}) == before
    assert "\n".join(line.text for line in found if line.kind in {"same", "added"}) == after
    for line in found:
        assert line.kind == "place" or "".join(text for text, _ in line.parts) == line.text


def test_a_diff_marks_the_words_that_make_the_difference() -> None:
    found = diff.lines("Keep every answer short and plain.", "Keep every answer long and plain.")
    marked = {line.kind: [text for text, is_marked in line.parts if is_marked] for line in found}
    assert marked == {"place": [], "removed": [" short"], "added": [" long"]}
