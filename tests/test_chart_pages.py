"""docs/charts.md: every kind is explained and shown, with words for who cannot see it."""

import re
import runpy
from pathlib import Path

from harness.cli.chart import KINDS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "charts.md").read_text(encoding="utf-8")
DRAWN = runpy.run_path(str(ROOT / "docs" / "charting.py"))


def test_every_kind_has_its_section_and_its_picture() -> None:
    sections = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
    shown = re.findall(r"!\[([^\]]+)\]\(images/chart-(\w+)\.svg\)", PAGE)
    assert set(sections) == set(KINDS)
    assert [kind for _, kind in shown] == sections
    assert all(len(words) > 40 for words, _ in shown)
    assert set(KINDS) == set(DRAWN["OF_DEMO"]) | set(DRAWN["EXAMPLES"])


def test_no_picture_names_a_machine_or_a_day_of_drawing() -> None:
    for path in (ROOT / "docs" / "images").glob("chart-*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "/tmp" not in text  # noqa: S108 - a word, not a file
        assert "<dc:date>" not in text
