"""Untrusted text and numbers on their way into a report."""

import doctest
import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.reporting import untrusted, words
from harness.reporting.untrusted import cell, markdown_code, markdown_text, shortened, visible

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
_MARKUP = st.text(string.punctuation + "ab1 \n", max_size=60)


@pytest.mark.parametrize("module", [untrusted, words])
def test_examples_in_docstrings_hold(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted
    assert not found.failed


@given(_TEXT)
def test_nothing_invisible_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in shown)
    assert not any(letter in shown for letter in "\x7f\x9b\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069")
    assert visible(shown) == shown


def test_ordinary_text_of_any_script_stays() -> None:
    text = "naïve 日本語 עברית 🙂\n\tindented"
    assert visible(text) == text


@given(_TEXT, st.integers(1, 50))
def test_shortened_text_is_one_line_of_at_most_that_length(text: str, length: int) -> None:
    line = shortened(text, length)
    assert len(line) <= length
    assert "\n" not in line


@given(_MARKUP)
def test_escaped_text_renders_as_itself_and_as_nothing_else(text: str) -> None:
    """Rendered by a CommonMark parser with tables, what comes out is the text, in one plain paragraph."""
    line = shortened(text, 300)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown_text(text))
    assert [token.type for token in tokens] in (["paragraph_open", "inline", "paragraph_close"], [])
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in inline} <= {"text", "text_special"}
    assert "".join(token.content for token in inline).replace("\u200b", "") == line


@pytest.mark.parametrize(
    "text",
    ["@everyone", "see #12", "GH-7", "https://evil.example", "HTTP://evil.example", "www.evil.example"],
)
def test_what_github_would_link_is_cut_apart(text: str) -> None:
    assert text not in markdown_text(text)
    assert "\u200b" in markdown_text(text)


@given(_MARKUP)
def test_a_code_span_cannot_be_ended_from_within(text: str) -> None:
    line = shortened(text, 300)
    assume(line)
    (inline,) = MarkdownIt("commonmark").parseInline(markdown_code(text))
    (span,) = list(inline.children or [])
    assert span.type == "code_inline"
    assert span.content.strip() == line.replace("|", "\N{FULLWIDTH VERTICAL LINE}")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_starts_a_formula(start: str) -> None:
    assert cell(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("cut", [";", "\t", "\n", "\r\n", "; ", ';"'])
def test_no_cell_starts_a_formula_where_semicolons_cut_lines(cut: str) -> None:
    """There a spreadsheet finds no quote at the beginning of the cell, and cuts inside of quotes, too."""
    assert all("'" in part for part in re.split("[;\t\n]", cell(f"a{cut}=1+1"))[1:] if "=" in part)
    assert cell("a;b=1-1\n2+2") == "a;b=1-1\n2+2"


def test_a_number_of_any_length_begins_no_list() -> None:
    for text in ("1. x", "12) x", "2026. x", "123456789."):
        (first, *_) = MarkdownIt("commonmark").parse(markdown_text(text))
        assert first.type == "paragraph_open"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3.14159, "+3.1"), (-3.14159, "\N{MINUS SIGN}3.1"), (0.04, "0.0"), (-0.04, "0.0"), (None, "–")],
)
def test_a_difference_has_its_sign_and_zero_has_none(value: float | None, shown: str) -> None:
    assert words.signed(value) == shown


@pytest.mark.parametrize(
    ("cost", "shown"), [(None, "unknown"), (0.0, "$0.00"), (0.0123, "$0.0123"), (1234.5, "$1,234.50")]
)
def test_an_unknown_cost_is_not_nothing(cost: float | None, shown: str) -> None:
    assert words.dollars(cost) == shown
