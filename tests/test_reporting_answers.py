"""Answers as safe HTML with their evidence marked."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import sample
from harness.reporting.answers import LONGEST, Quote, rendered

_ALLOWED = (
    {"p", "h5", "h6", "em", "strong", "s", "code", "pre", "blockquote", "hr", "br", "a", "mark"}
    | {"ul", "ol", "li"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
_ATTRIBUTES = {"id", "data-of", "title", "class", "href", "rel", "target", "start"}


class Seen(HTMLParser):
    """Collects tags and attributes, and whether every element closes where it must."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.marked: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in {"hr", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in {"hr", "br"} or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "mark" in self.open:
            self.marked.append(data)


def quote(text: str, identity: str = "q") -> Quote:
    return Quote(id=identity, text=text)


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


@pytest.mark.parametrize("marks", [(), (quote("a real link"), quote("Stop here", "other"))])
def test_a_hostile_answer_becomes_only_what_is_allowed(marks: tuple[Quote, ...]) -> None:
    seen = Seen(rendered(sample.HOSTILE, marks)[0])
    assert seen.tags <= _ALLOWED
    assert seen.attributes <= _ATTRIBUTES
    assert all(link.startswith("https://") for link in seen.links)
    assert not seen.open


@given(st.text("<>&\"'`*_[](){}|#-!:/ax1 \n\\~=", max_size=120))
@example("a\n\nx")  # a quote over two blocks is marked twice
def test_no_answer_escapes_the_allowed_elements(text: str) -> None:
    seen = Seen(rendered(text, [quote("a x"), quote("1", "one")])[0])
    assert seen.tags <= _ALLOWED
    assert seen.attributes <= _ATTRIBUTES
    assert not seen.open


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "#case",
        "x.html",
    ],
)
def test_only_web_and_mail_links_survive(url: str) -> None:
    assert not Seen(rendered(f"[text]({url}) <{url}>")[0]).links


def test_a_link_tells_the_other_side_nothing() -> None:
    html, _ = rendered("[text](https://example.com)")
    assert 'rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Rotate the **stolen token** at once.", "Rotate the **stolen token** at once."),
        ("Rotate the **stolen token** at once.", "the stolen token at"),
        ("one line\nand the next", "one line and the next"),
        ("- first point\n- second point", "first point\n- second point"),
        ("| a cell | another |\n|---|---|\n| third | fourth |", "another |\n|---|---|\n| third"),
        ("```sql\ncreate table tasks (\n```", "create table tasks ("),
        ("a < b && c > d holds", "b && c > d"),
        ("## A heading\n\nand text", "A heading\n\nand"),
    ],
)
def test_a_quote_is_found_whatever_markdown_stands_in_it(answer: str, text: str) -> None:
    html, found = rendered(answer, [quote(text)])
    assert found == {"q"}
    assert letters("".join(Seen(html).marked)) == letters(text)


def test_a_quote_that_is_not_there_marks_nothing() -> None:
    html, found = rendered("Some answer.", [quote("another answer"), quote("!!", "empty")])
    assert (html, found) == (rendered("Some answer.")[0], frozenset())


def test_overlapping_quotes_both_get_their_place() -> None:
    html, found = rendered("one two three four", [quote("one two three", "a"), quote("two three four", "b")])
    assert found == {"a", "b"}
    assert re.findall(r'id="(\w)"', html) == ["a", "b"]


def test_headings_do_not_compete_with_the_page() -> None:
    assert Seen(rendered("# One\n\n## Two\n\n###### Six")[0]).tags == {"h5", "h6"}


def test_a_huge_answer_is_cut_and_says_so() -> None:
    html, _ = rendered("word " * LONGEST)
    assert len(html) < 2 * LONGEST
    assert "more characters are in results.json" in html
