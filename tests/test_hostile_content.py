"""Hostile text in every file and answer: nothing runs, the layout holds, terminal and tables stay clean."""

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sample
from folded import unfolded
from front_door import RUBRIC, Door, Finished
from harness.charts.of_report import draw
from harness.records.results import Report
from harness.reporting.page import html
from hostile import ATTACKS, ENDLESS
from recordings import record
from test_page_browser import browser, open_all, opened, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]  # the fixture

_NAMES = (*ATTACKS, "endless")
_THREAT = "Validate input against every threat"
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ELEMENTS = {
    *("html", "head", "meta", "title", "link", "style", "body", "script", "noscript", "header", "main"),
    *("nav", "section", "article", "div", "p", "span", "b", "i", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("a", "abbr", "blockquote", "pre", "code", "kbd", "em", "strong", "s", "hr", "br", "mark", "ins", "del"),
    *("figure", "img", "svg", "line", "circle", "details", "summary", "form", "label", "input", "select"),
    *("option", "button", "output", "colgroup"),
}


class Elements(HTMLParser):
    """Collects elements, attributes that act, and addresses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.acting: list[str] = []
        self.addresses: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "action"}:
                self.acting.append(name)
            if name in {"href", "src"}:
                self.addresses.add((value or "").split(":")[0].split("/")[0][:10])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    """A comparison whose answers, questions, titles, tags, criteria and prompts are all hostile."""
    door = Door(tmp_path_factory.mktemp("hostile"))
    texts = [*ATTACKS.values(), ENDLESS]
    record(
        door,
        _NAMES,
        lambda number, _: f"{_THREAT}.\n\n{texts[number]}",
        lambda number, _: f"{texts[number]}\n\n{texts[number - 2]}\n\nGood luck.",
    )
    titles = [text[:300].replace("\x00", "") for text in (*ATTACKS.values(), "x" * 300)]
    cases = [
        {"id": name, "prompt": f"How do I build {name}?", "title": title, "tags": [title[:80], "__proto__"]}
        for name, title in zip(_NAMES, titles, strict=True)
    ]
    door.write("datasets/cases.yaml", json.dumps(cases))
    criteria = [{**each, "text": f"{each['text']} {titles[n]}"} for n, each in enumerate(RUBRIC["criteria"])]
    door.write("evals/rubrics/security.yaml", json.dumps({**RUBRIC, "criteria": criteria}))
    return door


@pytest.fixture(scope="module")
def compared(door: Door) -> Finished:
    return door.run("compare", "small", "--base", "agents/old.md")


@pytest.fixture(scope="module")
def page(door: Door, compared: Finished) -> Path:
    assert compared.code in {0, 1, 4}, compared.err
    (found,) = door.root.glob("reports/*/index.html")
    return found


def test_a_page_holds_no_element_attribute_or_address_that_we_did_not_write(page: Path) -> None:
    found = Elements(unfolded(page.read_text(encoding="utf-8")))
    assert found.names <= _ELEMENTS
    assert found.acting == []
    assert found.addresses <= {"", "data", "https", "http", "mailto"} | {
        address for address in found.addresses if address.startswith("#")
    }


def test_the_terminal_is_told_nothing_that_acts_on_it(door: Door, compared: Finished) -> None:
    said = [compared, *(door.run("show", "working", name) for name in _NAMES), door.run("list")]
    for done in said:
        assert done.code in {0, 1, 4}, done.err
        assert not _ACTING.search(done.out + done.err)


def test_no_cell_of_a_table_is_a_formula(page: Path) -> None:
    with (page.parent / "results.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    acting = [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "-")) and not _number(cell)]
    assert cells
    assert acting == []


def _number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", cell) is not None


def test_the_comment_on_a_pull_request_holds_no_element_of_theirs(page: Path) -> None:
    text = (page.parent / "report.md").read_text(encoding="utf-8")
    assert not _ACTING.search(text)
    assert set(re.findall(r"(?<!\\)<(\w+)", re.sub(r"`[^`\n]*`", "", text))) <= {
        "details",
        "summary",
        "br",
        "b",
    }


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_runs_and_nothing_runs_over_in_a_browser(browser: "Browser", page: Path, width: int) -> None:
    """`opened` holds that no script ran, nothing was asked for, and the page is no wider than the window."""
    with opened(browser, page, width) as shown:
        open_all(shown)
        shown.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for name in _NAMES:
            case = shown.locator(f"#case-{name}")
            case.locator("[data-differ]").click()
            case.locator("[data-copy]").click()
        assert shown.locator("ins, del").count() > len(_NAMES)
        shown.locator("[name=text]").fill("evil.example")
        shown.wait_for_function("() => visibleCases().length < cases.length")
        shown.locator("[name=text]").fill("")
        settle(shown, len(_NAMES))
        shown.locator("[name=tag]").select_option("__proto__")
        settle(shown, len(_NAMES))
        assert shown.url == page.as_uri()
        assert shown.title() == "small--old..working"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("attack", ["closing-tags", "handlers", "direction", "unbroken", "templates"])
def test_what_surrounds_the_cases_is_as_harmless(
    browser: "Browser", tmp_path: Path, width: int, attack: str
) -> None:
    report = _poisoned(ATTACKS[attack])
    file = tmp_path / "index.html"
    file.write_text(html(report, draw(report)), encoding="utf-8")
    with opened(browser, file, width) as shown:
        shown.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        shown.locator("#case-adhd-task-api .body").wait_for()
        assert shown.locator("#provenance dd").count() == 1 + len(sample.report().provenance)


def _poisoned(attack: str) -> Report:
    """Put an attack into a prompt, a model's name, the command, headlines, caveats, notes and provenance."""
    report = sample.report()
    run = report.candidates[0].made
    revision = run.manifest.revision
    agent = replace(revision.agent, prompt=f"{revision.agent.prompt}\n{attack}\n")
    manifest = replace(run.manifest, revision=replace(revision, agent=agent))
    first, *others = report.comparisons
    return replace(
        report,
        candidates=(
            replace(report.candidates[0], run=replace(run, manifest=manifest)),
            *report.candidates[1:],
        ),
        comparisons=(replace(first, headline=attack, caveats=(attack,)), *others),
        eval_name=attack,
        name=attack,
        command=attack,
        notes=(attack,),
        provenance=(*report.provenance, (attack, attack)),
        agreements=tuple(replace(each, labels=attack) for each in report.agreements),
    )
