"""The page in a real browser, opened from disk: hostile text, filter, deep links, themes, a phone."""

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

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


# The base's words put together from what is compared, beside its answer; then the same for a candidate's.
_REBUILT = """() => {
  const [base, other] = document.querySelectorAll("#case-cache-stampede .arm");
  const parts = [...other.querySelectorAll(".compared > *")];
  const text = (tags) => parts.filter((one) => one.matches(tags)).map((one) => one.textContent).join("");
  differ(other.closest("details"), false);
  const answer = (arm) => textOf(arm.querySelector(".answer"));
  return [[text("span, del"), answer(base)], [text("span, ins"), answer(other)]];
}"""
_WRITES = """() => {
  try { document.body.innerHTML = "<b>in</b>"; return ""; } catch (error) { return error.name; }
}"""


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
def opened(browser: "Browser", file: Path, width: int, place: str = "") -> "Iterator[Page]":
    """Open the page; whatever it complains of, asks for or runs that it should not fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.set_default_timeout(8_000)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("request", lambda asked: troubles.append(asked.url) if asked.url.startswith("http") else None)
    page.add_init_script(_WATCH)
    page.goto(file.as_uri() + place)
    yield page
    assert troubles == []
    assert page.evaluate("window.violations") == []
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


def visible_cases(page: "Page") -> int:
    return page.locator("details.case:visible").count()


def barriers(page: "Page") -> list[tuple[str, str, str]]:
    """Give what axe finds on the page as it stands: rule, element, what to mend."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    page.evaluate(Path(axe.AXE_FILE_PATH).read_text(encoding="utf-8"))
    found = page.evaluate(
        "() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })"
    )
    return [
        (each["id"], str(node["target"]), node["failureSummary"])
        for each in found["violations"]
        for node in each["nodes"]
    ]


def settle(page: "Page", cases: int) -> None:
    page.wait_for_function(
        "n => document.querySelector('#count').textContent.startsWith(n + ' of')", arg=cases
    )


def open_all(page: "Page") -> None:
    """Open every case and wait until what is folded away in them is there."""
    page.locator("#open").click()
    page.wait_for_function("() => document.querySelectorAll('details.case > .body').length === cases.length")


def test_everything_opened_at_once_runs_nothing_and_fits(page: "Page") -> None:
    open_all(page)
    assert page.locator("details.case[open]").count() == visible_cases(page) == 12
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("#close").click()
    assert page.locator("details.case[open]").count() == 0


def test_hostile_links_lead_nowhere(page: "Page") -> None:
    open_all(page)
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
    for state in ("failed", "ungraded"):
        page.locator("[name=show]").select_option(state)
        settle(page, 1)
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
    open_all(page)
    shown = page.locator("table.criteria:visible").evaluate_all(
        "all => all.map(one => one.dataset.dimension)"
    )
    assert set(shown) == {"security"}


def test_only_criteria_that_differ(page: "Page") -> None:
    open_all(page)
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
    assert quote.inner_text()
    target = (quote.get_attribute("href") or "")[1:]
    quote.click()
    page.wait_for_function(
        """id => { const found = document.getElementById(id), place = found.getBoundingClientRect();
                   return found.matches(".lit") && place.top >= 0 && place.bottom <= innerHeight; }""",
        arg=target,
    )


def test_a_quote_beside_a_verdict_is_what_is_marked_in_the_answer(page: "Page") -> None:
    open_all(page)
    differing = page.evaluate(
        """() => [...document.querySelectorAll(".quote a")].filter((link) => {
             const pieces = marksOf(link.closest(".case")).get(link.hash.slice(1));
             return !link.textContent || !pieces.every((one) => one.title);
           }).length"""
    )
    assert differing == 0
    assert "stolen token" in page.locator(".quote a").all_inner_texts().__str__()


def test_a_deep_link_to_a_criterion_opens_its_case_and_lights_its_evidence(
    browser: "Browser", file: Path
) -> None:
    place = "#case-tenant-isolation/security/sec-threat"
    with opened(browser, file, 1280, place) as page:
        page.locator("#case-tenant-isolation[open] tr.lit").wait_for()
        row = page.locator("tr.lit")
        assert row.get_attribute("id") == place[1:]
        quoted = {link.get_attribute("href") for link in row.locator(".quote a").all()}
        lit = {f"#{mark.get_attribute('id')}" for mark in page.locator("mark.lit[id]").all()}
        assert quoted
        assert lit == quoted


def test_every_number_of_the_heatmap_leads_to_its_verdicts(page: "Page") -> None:
    open_all(page)
    page.locator("#heatmap summary").first.click()
    table = page.locator("#heatmap table").first
    table.wait_for()
    lost = table.evaluate(
        """table => [...table.querySelectorAll("a")].filter((link) => {
             const found = document.getElementById(decodeURIComponent(link.hash.slice(1)));
             return !found?.matches("details.case, tr");
           }).map((link) => link.outerHTML)"""
    )
    assert lost == []
    number = table.get_by_role("link", name="0 to 100, better").first
    target = number.evaluate("link => decodeURIComponent(link.hash.slice(1))")
    number.click()
    page.locator("tr.lit").wait_for()
    assert page.locator("tr.lit").get_attribute("id") == target


def test_the_heatmap_scrolls_in_its_own_box_and_keeps_its_cases_in_sight(page: "Page") -> None:
    page.locator("#heatmap summary").first.click()
    box = page.locator("#heatmap .grid")
    box.evaluate("box => { box.scrollIntoView(); box.scrollLeft = 170; }")
    hidden = box.evaluate(
        """box => [...box.querySelectorAll("th[rowspan], tbody th")].filter((head) => {
             const { left, right, bottom } = head.getBoundingClientRect();
             for (let x = left + 2; x < right - 2; x += 4) {
               const seen = document.elementFromPoint(x, bottom - 16);
               if (seen && seen.closest("th") !== head) return true;
             }
             return false;
           }).map((head) => head.textContent)"""
    )
    assert hidden == []


def test_cases_can_be_sorted_and_narrowed_by_what_their_scores_did(page: "Page") -> None:
    def gains() -> list[float]:
        found: list[float] = page.evaluate(
            "() => visibleCases().map((one) => Math.min(...facts.cases[cases.indexOf(one)].gains[0]))"
        )
        return found

    page.locator("[name=moved]").select_option("worse")
    page.wait_for_function("() => visibleCases().length < cases.length")
    assert all(gain < 0 for gain in gains())
    page.locator("[name=moved]").select_option("")
    page.locator("[name=sort]").select_option("loss")
    page.wait_for_function("() => list.firstElementChild !== cases[0]")
    assert gains() == sorted(gains())
    page.locator("[name=sort]").select_option("")
    page.wait_for_function("() => list.firstElementChild === cases[0]")


def test_what_changed_between_two_answers_can_be_shown_word_by_word(page: "Page", file: Path) -> None:
    page.goto(file.as_uri() + "#case-cache-stampede")
    case = page.locator("#case-cache-stampede[open]")
    button = case.locator("[data-differ]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert {"outbox", "alert"} <= set(case.locator(".compared").first.inner_text().split())
    for compared in case.locator(".compared").all():
        assert compared.locator("ins, del").count() > 0
    before, after = page.evaluate(_REBUILT)
    for rebuilt, whole in (before, after):
        assert rebuilt.split() == whole.split()
    assert case.locator(".compared").count() == 0


def test_a_case_is_copied_as_markdown_that_acts_on_nothing(browser: "Browser", file: Path) -> None:
    with opened(browser, file, 1280, "#case-hostile-input") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("#case-hostile-input[open] [data-copy]").click()
        page.wait_for_function("() => find('said').textContent === 'Copied as Markdown'")
        copied: str = page.evaluate("() => navigator.clipboard.readText()")
    outside = re.sub(r"(`{3,}).*?\n\1", "", copied, flags=re.DOTALL)
    assert "Names at least one specific threat" in outside
    assert set(re.findall(r"<[^>]*>", outside)) <= {"<details>", "</details>", "<summary>", "</summary>"}
    assert not re.search(r"(?<!\\)[*\[\]|]|@(?!\u200b)", outside.replace("**", ""))


def test_another_attempt_shows_another_answer(page: "Page", file: Path) -> None:
    page.goto(file.as_uri() + "#case-slow-orders-query")
    case = page.locator("#case-slow-orders-query")
    case.locator(".body").wait_for()
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
    page.keyboard.press("Tab")  # to what explains the keys
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#case-adhd-task-api[open]").wait_for()


def test_single_keys_walk_through_the_cases_and_can_be_switched_off(page: "Page") -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    case = page.locator("#case-slow-orders-query[open]")
    case.locator(".body").wait_for()
    page.keyboard.press("2")
    assert case.get_by_role("button", name="2").get_attribute("aria-pressed") == "true"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.parentElement.id") == "case-adhd-task-api"
    page.keyboard.press("/")
    page.keyboard.type("jjk")
    assert page.locator("[name=text]").input_value() == "jjk"
    page.locator(".keys summary").click()
    page.get_by_label("single keys work").uncheck()
    page.locator("body").press("j")
    assert page.evaluate("document.activeElement.closest('details.case')") is None


def test_every_chart_is_an_image_that_loads(page: "Page") -> None:
    sizes = page.eval_on_selector_all(".chart img", "all => all.map(one => one.naturalWidth)")
    assert len(sizes) == 6
    assert all(size > 300 for size in sizes)


def test_paper_gets_the_light_charts_and_no_controls(page: "Page") -> None:
    page.locator("#theme").click()
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.emulate_media(media="print")
    assert not page.locator("#filter").is_visible()
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.fold:not(.folded, .keys):not([open])").count() == 0
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


def test_what_is_copied_mentions_links_and_lists_nothing(browser: "Browser", file: Path) -> None:
    texts = [
        "@all",
        "see #12",
        "GH-7",
        "ftp://evil.example",
        "https://x",
        "www.x",
        "2026. x",
        "3) x",
        "- x",
        "<b>",
    ]
    with opened(browser, file, 1280) as page:
        copied = [page.evaluate("text => escaped(text)", text) for text in texts]
    for text, found in zip(texts, copied, strict=True):
        (_, inline, _) = MarkdownIt("commonmark").parse(found)
        assert {each.type for each in inline.children or ()} <= {"text", "text_special"}
        assert ("\u200b" in found) is bool(re.search("@|#|GH-|://|www", text)), found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(browser: "Browser", file: Path, width: int, scheme: str) -> None:
    """Axe checks contrast, names, roles and landmarks; it is run with cases open, as inserted."""
    with opened(browser, file, width, "#case-tenant-isolation/security/sec-threat") as page:
        if scheme == "dark":
            page.locator("#theme").click()
        page.locator("tr.lit").wait_for()
        page.locator("#case-tenant-isolation [data-differ]").click()
        page.evaluate(
            "() => document.querySelectorAll('details.fold').forEach((one) => { one.open = true; })"
        )
        page.locator("#flips .folded .body").first.wait_for()
        page.locator("#heatmap .folded .body table").first.wait_for()
        assert barriers(page) == []


def test_without_a_script_the_page_says_where_the_answers_are(browser: "Browser", file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert "read them in results.json" in page.locator("noscript").inner_text()
    assert page.locator("#verdict .big").first.is_visible()
    context.close()


def test_no_other_script_can_turn_text_into_elements(browser: "Browser", file: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.evaluate(_WRITES) == "TypeError"
    context.close()
