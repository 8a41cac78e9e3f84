import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.parsing.scalars import scalar
from harness.parsing.yamltext import dump, parse, place

yamlish = st.from_regex(r"[a-c \t\n:#'\"|>@*&%!\[\]{}.,0-9~-]{0,40}", fullmatch=True)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
)
plain = st.recursive(
    leaves | st.text() | yamlish,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(plain)
def test_whatever_is_dumped_is_parsed_back_without_faults(value: object) -> None:
    document = parse(dump(value))
    assert document.faults == ()
    assert document.value == value


@given(st.text() | yamlish)
def test_parsing_any_text_gives_a_document(text: str) -> None:
    document = parse(text)
    assert all(fault.line is None or fault.line >= 1 for fault in document.faults)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("0x1F", 31),
        ("1e-3", 0.001),
        ("1.10", 1.1),
        (".5", 0.5),
        ("3.", 3.0),
        ("yes please", "yes please"),
        ("v1.2.3", "v1.2.3"),
        ("2026", 2026),
        ("12:99", "12:99"),
        ("_1", "_1"),
    ],
)
def test_plain_words_are_read_by_the_core_schema(text: str, value: object) -> None:
    assert scalar(text) == (value, "", "")
    assert type(scalar(text)[0]) is type(value)


@pytest.mark.parametrize(
    "word",
    [
        *("yes", "No", "ON", "off", "y", "N"),
        *("012", "0o14", "0b11", "1_000", "1_0.5", "12:30", "12:30:45", "-1:30.5"),
        *("2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05", "="),
        *(".nan", ".inf", "-.Inf", "1e999", "9" * 101),
    ],
)
def test_words_that_tools_read_differently_are_faults_unless_quoted(word: str) -> None:
    document = parse(f"a: 1\nb: {word}\n")
    assert [(fault.line, fault.path, bool(fault.hint)) for fault in document.faults] == [(2, "b", True)]
    assert document.value == {"a": 1, "b": word}
    assert parse(f"b: '{word}'").faults == ()
    assert parse(dump({word: word})).value == {word: word}


@pytest.mark.parametrize(
    ("text", "line", "path", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "key 'a' occurs twice, first on line 1"),
        ("- x: &here 1\n", 1, "[0].x", "an anchor (&here) is not read"),
        ("- x: *here\n", 1, "[0].x", "an alias (*here) is not read"),
        (
            "x: !!python/name:os.system\n",
            1,
            "x",
            "a tag (tag:yaml.org,2002:python/name:os.system) is not read",
        ),
        ("x: !!str 1\n", 1, "x", "a tag (tag:yaml.org,2002:str) is not read"),
        ("a:\n  <<: {b: 1}\n", 2, "a", "a merge key (<<) is not read"),
        ("a: 1\n1: x\n", 2, "", "a key must be text, got 1"),
        ("? [a]\n: x\n", 1, "", "a key must be text, got a list, a mapping or an alias"),
        ("a: 1\n---\nb: 1\n", 2, "", "a second document begins here"),
        ("text: use this: it works\n", 1, "", "a ': ' inside text that is not in quotes"),
        ("a: 1\nb:\n\tc: 1\n", 3, "", "a tab is used as indentation"),
        ("\ta: 1\n", 1, "", "a tab is used as indentation"),
        ("a: 1\nb: 'open\nc: 1\n\n\n", 2, "", "a quote that is opened here is never closed"),
        ("a: text\nmore\n", 2, "", "a line that is neither `key: value` nor indented"),
        ("a: *\n", 1, "", "text that starts with * or & must be in quotes"),
        ("a: @you\n", 1, "", "text cannot start with this character"),
        ("a: [1, 2\nb: 3\n", 2, "", "a [ or { is opened and not closed"),
        ("- a\nb: 1\n", 2, "", "the indentation does not fit"),
        ('a: "\\q"\n', 1, "", "an unknown \\ escape"),
        ("a: x\nb: \x01\n", 2, "", "a control character"),
        ("a: x\nb: \ud800\n", 2, "", "half a character"),
        ("[" * 200, 1, "", "nested deeper than 100 levels"),
    ],
)
def test_what_cannot_be_read_for_certain_is_a_fault_with_its_place(
    text: str, line: int, path: str, words: str
) -> None:
    faults = parse(text).faults
    assert [(fault.line, fault.path) for fault in faults] == [(line, path)]
    assert faults[0].message.startswith(words) or words in faults[0].message


def test_all_faults_are_reported_and_the_first_of_two_equal_keys_counts() -> None:
    document = parse("a: yes\na: 1\nb: &x {c: on, c: [&y 2]}\n")
    assert document.value == {"a": "yes", "b": {"c": "on"}}
    assert [fault.path for fault in document.faults] == ["a", "a", "b", "b.c", "b.c", "b.c[0]"]


def test_aliases_cannot_blow_up() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 40))
    document = parse("l0: &l0 lol\n" + levels)
    assert len(document.faults) == 1 + 39 + 39 * 9


def test_every_path_has_its_line() -> None:
    document = parse("# head\na:\n  - x: 1\n    y: |\n      t\n  - 2\nb: {c: d}\n")
    assert document.lines == {
        (): 2,
        ("a",): 2,
        ("a", 0): 3,
        ("a", 0, "x"): 3,
        ("a", 0, "y"): 4,
        ("a", 1): 6,
        ("b",): 7,
        ("b", "c"): 7,
    }
    assert document.line(("a", 0, "missing")) == 3


def test_a_path_is_written_as_people_read_it() -> None:
    assert place((1, "criteria", "trade-offs", 0, "points")) == "[1].criteria.trade-offs[0].points"
    assert place(("a b", 2)) == "['a b'][2]"
    assert place(()) == ""


def test_long_texts_are_written_as_blocks_and_items_are_indented() -> None:
    value = MappingProxyType({"id": "a", "tags": ("x", "no"), "prompt": "one\n\n  two: 2\n", "none": {}})
    assert dump(value) == ("id: a\ntags:\n  - x\n  - 'no'\nprompt: |\n  one\n\n    two: 2\nnone: {}\n")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_no_record_may_hold_are_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="only finite numbers"):
        dump([number])
