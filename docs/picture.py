"""Draw docs/images/ anew: the demo's report as a reader sees it. Run by `make pictures`; needs Chromium."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
_CASE = "#case-adhd-task-api/security/sec-compliance-duty"
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def main() -> int:
    """Keep the demo's page above the fold at two widths, and a case with its evidence lit."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    pages = sorted((ROOT / "reports").glob("demo--*/index.html"))
    if not chromium or not pages:
        print("needs Chromium and the demo's report: run `make demo` first", file=sys.stderr)  # noqa: T201
        return 2
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for name, width, height, scheme, place in (
            ("report.png", 1160, 960, "light", ""),
            ("report-case.png", 1280, 1100, "light", _CASE),
            ("report-phone.png", 390, 800, "dark", ""),
        ):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                device_scale_factor=1.5,
            )
            page.goto(pages[-1].as_uri() + place)
            if place:
                page.locator("tr.lit").wait_for()
                page.evaluate("() => document.querySelector('.case[open]').scrollIntoView()")
            page.screenshot(path=IMAGES / name)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
