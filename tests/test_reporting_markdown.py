"""The report as a pull-request comment."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import golden
import sample
from harness.records.inputs import Case
from harness.records.results import Report
from harness.reporting import selection
from harness.reporting.markdown import LIMIT, markdown

GOLDENS = Path(__file__).parent / "goldens"
SMALL = sample.Shape(cases=3, attempts=1)


def test_the_small_sample_renders_as_reviewed() -> None:
    golden.check(GOLDENS / "report.md", markdown(sample.report(SMALL)))


@pytest.mark.parametrize("candidate", ["rigorous", "security-blind"])
def test_each_candidate_opens_with_its_verdict(candidate: str) -> None:
    report = sample.report()
    (comparison,) = [each for each in selection.deciding(report) if each.candidate == candidate]
    verdict = selection.overall(comparison).verdict
    assert re.search(rf"^### . {verdict.capitalize()}: `{candidate}`$", markdown(report), re.MULTILINE)


def test_hostile_text_stays_text() -> None:
    """Only our own details and summaries are HTML; no link, image or mention comes out of the data."""
    report = sample.report()
    nasty = "<img src=x> | @everyone #1 [a](https://evil.example) ![b](x) `c` </details>\n\n# heading"
    hostile = replace(
        report,
        notes=(nasty,),
        comparisons=tuple(
            replace(
                each,
                headline=nasty,
                caveats=(nasty,),
                flips=tuple(replace(flip, text=nasty, case="`|`@x") for flip in each.flips),
            )
            for each in report.comparisons
        ),
    )
    text = markdown(hostile)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert not {token.type for token in inline} & {"link_open", "image", "html_inline"}
    assert all(re.match(r"<details><summary>[^<]*</summary>$|</details>$", block) for block in blocks)
    prose = [token.content for token in inline if token.type != "code_inline"]
    assert not re.search(r"@everyone|@x|#1\b", "\n".join(prose))
    assert sum(token.type == "heading_open" for token in tokens) == 1 + len(selection.deciding(report))


def test_every_table_row_has_as_many_cells_as_its_header() -> None:
    tables = re.findall(r"(?:^\|.*\n?)+", markdown(sample.report()), re.MULTILINE)
    assert tables
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_however_large_the_report_the_comment_fits() -> None:
    report = sample.report()
    many = tuple(Case(id=f"case-{number}", prompt="x") for number in range(2000))
    big = replace(
        report,
        cases=many,
        notes=("long " * 5000,) * 100,
        comparisons=tuple(
            replace(each, flips=each.flips * 100, caveats=("y" * 3000,) * 200, candidate=each.candidate)
            for each in report.comparisons * 20
        ),
    )
    text = markdown(big)
    assert len(text) < LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert "did not fit here" in text


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (sample.report(sample.Shape(candidates=())), "points of 100"),
        (sample.report(sample.Shape(cases=1, attempts=1)), "no interval"),
        (sample.all_failed(), "Cannot tell"),
    ],
)
def test_odd_reports_still_read_well(report: Report, says: str) -> None:
    text = markdown(report)
    assert says in text
    assert "None" not in text
    assert not re.search(r"\bnan\b", text)
