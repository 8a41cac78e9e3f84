"""The page in a real browser, opened from disk: hostile text, filter, deep links, themes, a phone."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sample
from harness.charts.of_report import draw
from harness.records.inputs import Gate
from harness.reporting.page import html
from test_sheets import made, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective);
});
"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "index.html"
    report = sample.report()
    path.write_text(html(report, draw(report)), encoding="utf-8")
    return path


@pytest.fixture(params=[1280, 390], ids=["laptop", "phone"])
def page(request: pytest.FixtureRequest, browser: "Browser", file: Path) -> "Iterator[Page]":
    with opened(browser, file, request.param) as page:
        yield page


@contextmanager
def opened(browser: "Browser", file: Path, width: int) -> "Iterator[Page]":
    """Open the page; whatever it complains of, asks for or runs that it should not fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("request", lambda asked: troubles.append(asked.url) if asked.url.startswith("http") else None)
    page.add_init_script(_WATCH)
    page.goto(file.as_uri())
    yield page
    assert troubles == []
    assert page.evaluate("window.violations") == []
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


def visible_cases(page: "Page") -> int:
    return page.locator("details.case:visible").count()


def settle(page: "Page", cases: int) -> None:
    page.wait_for_function(
        "n => document.querySelector('#count').textContent.startsWith(n + ' of')", arg=cases
    )


def test_everything_opened_at_once_runs_nothing_and_fits(page: "Page") -> None:
    page.locator("#open").click()
    assert page.locator("details.case[open]").count() == visible_cases(page) == 12
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("#close").click()
    assert page.locator("details.case[open]").count() == 0


def test_hostile_links_lead_nowhere(page: "Page") -> None:
    page.locator("#open").click()
    for attribute in ("href", "src"):
        addresses = page.eval_on_selector_all(
            f"[{attribute}]", "(found, name) => found.map(one => one.getAttribute(name))", attribute
        )
        assert addresses
        assert all(address.startswith(("#", "https://", "data:image/svg", "data:,")) for address in addresses)


def test_the_text_filter_finds_what_is_inside_a_closed_case(page: "Page") -> None:
    page.locator("[name=text]").fill("tracking pixel")
    settle(page, 1)
    assert page.locator("details.case:visible").get_attribute("id") == "case-hostile-input"
    page.locator("[name=text]").fill("no case says this")
    settle(page, 0)
    assert page.locator("#nothing").is_visible()


def test_cases_can_be_narrowed_to_a_tag_to_problems_and_to_a_dimension(page: "Page") -> None:
    page.locator("[name=tag]").select_option('"><script>')
    settle(page, 1)
    page.locator("[name=tag]").select_option("")
    page.locator("[name=show]").select_option("problems")
    settle(page, 2)
    page.locator("[name=show]").select_option("flips")
    page.locator("[name=dimension]").select_option("security")
    flipped = {
        flip.case
        for comparison in sample.report().comparisons
        if comparison.grader == "signals"
        for flip in comparison.flips
        if flip.dimension == "security"
    }
    settle(page, len(flipped))
    assert visible_cases(page) == len(flipped)
    page.locator("#open").click()
    shown = page.locator("table.criteria:visible").evaluate_all(
        "all => all.map(one => one.dataset.dimension)"
    )
    assert set(shown) == {"security"}


def test_only_criteria_that_differ(page: "Page") -> None:
    page.locator("#open").click()
    every = page.locator("table.criteria tbody tr:visible").count()
    page.get_by_label("only criteria that differ").check()
    page.wait_for_function("() => document.documentElement.classList.contains('differing')")
    assert 0 < page.locator("table.criteria tbody tr:visible").count() < every


def test_a_deep_link_opens_its_case_even_when_it_was_filtered_away(page: "Page") -> None:
    page.locator("[name=text]").fill("no case says this")
    settle(page, 0)
    page.evaluate("location.hash = '#case-webhook-retries'")
    page.locator("#case-webhook-retries[open]").wait_for()
    settle(page, 12)


def test_a_quote_leads_to_its_place_in_the_answer(page: "Page", file: Path) -> None:
    page.goto(file.as_uri() + "#case-adhd-task-api")
    quote = page.locator("#case-adhd-task-api[open] .quote a:visible").first
    target = quote.get_attribute("href") or ""
    quote.click()
    marked = page.locator(f"mark[id='{target[1:]}']")
    assert marked.evaluate("one => one.matches(':target')")
    page.wait_for_function(
        """id => { const place = document.getElementById(id).getBoundingClientRect();
                   return place.top >= 0 && place.bottom <= innerHeight; }""",
        arg=target[1:],
    )


def test_another_attempt_shows_another_answer(page: "Page", file: Path) -> None:
    page.goto(file.as_uri() + "#case-slow-orders-query")
    case = page.locator("#case-slow-orders-query")
    assert "no answer within 120 s" in case.locator(".panel:visible").nth(1).inner_text()
    case.get_by_role("button", name="2").click()
    assert case.locator(".panel:visible .answer").count() == 3
    assert case.get_by_role("button", name="2").get_attribute("aria-pressed") == "true"


def test_the_theme_can_be_turned_and_its_charts_turn_with_it(page: "Page") -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(ground)
    assert page.locator("#chart-forest img:visible").get_attribute("class") == "light"
    page.locator("#theme").click()
    assert page.evaluate(ground) != before
    assert page.locator("#chart-forest img:visible").get_attribute("class") == "dark"
    page.reload()
    assert page.locator("#chart-forest img:visible").get_attribute("class") == "dark"


def test_the_keyboard_alone_reaches_and_opens_a_case(page: "Page") -> None:
    page.locator("#close").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#case-adhd-task-api[open]").wait_for()


def test_every_chart_is_an_image_that_loads(page: "Page") -> None:
    sizes = page.eval_on_selector_all(".chart img", "all => all.map(one => one.naturalWidth)")
    assert len(sizes) == 6
    assert all(size > 300 for size in sizes)


def test_paper_gets_the_light_charts_and_no_controls(page: "Page") -> None:
    page.locator("#theme").click()
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.emulate_media(media="print")
    assert not page.locator("#filter").is_visible()
    assert page.locator(".chart img:visible").count() == page.locator(".chart img.light").count()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_of_scores_from_elsewhere_opens_without_cases(
    browser: "Browser", tmp_path: Path, width: int
) -> None:
    scores = {f"{sample.HOSTILE[:40]}{n}": (40.0 + n, 45.0) for n in range(12)}
    report = told(made("old", scores), made("new", dict.fromkeys(scores, (60.0, 70.0))), gate=Gate())
    file = tmp_path / "index.html"
    file.write_text(html(report, draw(report)), encoding="utf-8")
    with opened(browser, file, width) as page:
        page.click("#theme")
        assert page.locator("#verdict .big").inner_text() == "Better"
        assert page.locator("nav a").all_inner_texts() == ["Verdict", "Dimensions", "Provenance"]
