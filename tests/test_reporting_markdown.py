"""The report as a pull-request comment."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


NASTY = st.text(
    st.sampled_from("`|<>&*_[]()!#@~$^\\-+=.:/\n\r\t \"'aGH1w\u202e\x00\u200b😀"), min_size=1, max_size=60
) | st.sampled_from(
    [
        "@everyone #1 GH-1 owner/name#2",
        "</summary></details><script>alert(1)</script>",
        "```\n# heading\n```",
        "https://evil.example www.evil.example ftp://evil.example a@b.example",
        "[a](javascript:alert(1)) ![b](https://evil.example/x.png)",
        "$\\frac{1}{0}$ :smile: &lt;b&gt;",
        "1. one\n2. two\n- [ ] three",
        "x" * 70_000,
        "&" * 70_000,
        "😀" * 40_000,
    ]
)


def everywhere(report: Report, text: str) -> Report:
    """Put a text wherever a model, a dataset, an agent file or a person can put one."""
    comparisons = tuple(
        replace(
            each,
            base=text,
            headline=text,
            caveats=(text,),
            flips=tuple(replace(flip, text=text, case=text, dimension=text) for flip in each.flips),
            gates=tuple(replace(gate, words=text, dimension=text) for gate in each.gates),
            differences=tuple(replace(one, dimension=text) for one in each.differences),
        )
        for each in report.comparisons
    )
    return replace(
        report, eval_name=text, notes=(text,) * 80, command=text, provenance=((text, text),) * 80,
        comparisons=comparisons, base=replace(report.base, label=text),
    )  # fmt: skip


@given(text=NASTY)
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_anywhere_it_fits_and_stays_text(text: str) -> None:
    shown = markdown(everywhere(sample.report(SMALL), text))
    assert len(shown) < LIMIT
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(shown)
    inline = [child for token in tokens for child in token.children or ()]
    assert not {token.type for token in inline} & {"link_open", "image", "html_inline", "s_open"}
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"<details><summary>[^<]*</summary>|</details>", block) for block in blocks)
    assert not any(token.type in {"fence", "code_block", "ordered_list_open"} for token in tokens)
    prose = "\n".join(token.content for token in inline if token.type == "text")
    assert not re.search(r"@\w|#\w|\bGH-\d|https?://|www\.", prose)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", shown)
