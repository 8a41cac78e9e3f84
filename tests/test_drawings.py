"""The pictures of docs/statistics.md: each method has one, and the command draws them all."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
DRAWN = runpy.run_path(str(ROOT / "docs" / "drawings.py"))


def test_every_drawing_is_shown_with_words_for_who_cannot_see_it() -> None:
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^\]]+)\]\(images/(\w+)\.svg\)", page)
    assert {name for _, name in shown} == set(DRAWN["DRAWINGS"])
    assert all(len(words) > 40 for words, _ in shown)


def test_drawing_twice_gives_the_same_pictures(tmp_path: Path) -> None:
    texts = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        assert DRAWN["main"](folder) == 0
        texts.append({path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()})
    assert texts[0] == texts[1]
    assert texts[0].keys() == DRAWN["DRAWINGS"].keys()
    for text in texts[0].values():
        assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - drawn a moment ago


def test_the_tables_in_the_document_rest_on_ten_thousand_experiments_a_cell() -> None:
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    for name, cells in (("verdict", 45), ("skewed", 18), ("gate", 54)):
        table = page.partition(f"<!-- simulation: {name} -->")[2].partition("<!-- end")[0]
        assert f"\n{cells} cells, 10,000 experiments each.\n" in table
