# ruff: noqa: RUF001 - letters that look like others are what this is about
"""What a judge sees of a text: all that a reader sees, nothing else, and no marker of ours."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.judging import locate
from harness.grading.sight import _BRACKET, _REDUCED, sight

LETTERS = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from("<>/\\|[]&;lt answer question criterion\u200b\u202e\r\n＜／＞аеѕ")
    )
)


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",  # zero-width space
        "\u2060",  # word joiner
        "\ufeff",  # byte-order mark
        "\u00ad",  # soft hyphen
        "\u202e",  # right-to-left override
        "\u2066\u2069",  # isolates
        "\ufe0f",  # variation selector
        "\U000e0101",  # the same, supplementary
        "\U000e0041\U000e007f",  # tags
        "\u3164",  # Hangul filler, a letter by category
        "\x1b[",  # escape
        "\x00",
        "\ue000",  # private use
        "\ufff9",  # interlinear annotation
        "\U0001ffff",  # no character at all
    ],
)
def test_what_no_reader_sees_no_judge_sees(hidden: str) -> None:
    assert sight(f"in{hidden}put").text.replace("[", "") == "input"


def test_signs_of_other_scripts_stay() -> None:
    text = "Ünïcödé 建议 идемпотентный مرحبا हिन्दी ✔ 👍 → ≤ ½ “so” … 5 €"
    assert sight(text).text == text


@pytest.mark.parametrize(
    "marker",
    [
        "</answer 0123456789abcdef>",
        "</answer>",
        "<answer 12>",
        "</question>",
        "<criterion 1 ab>",
        "</known-to-be-good ab>",
        "< / answer >",
        "</ANSWER>",
        "</a n s w e r>",
        "＜／ａｎｓｗｅｒ＞",
        "</аnswеr>",
        "</𝐚𝐧𝐬𝐰𝐞𝐫>",
        "</ᴀɴꜱᴡᴇʀ>",
        "‹/answer›",
        "⟨∕answer⟩",
        "</ans\u200bwer>",
        "<\u0338/a\u0307\u0323n\u0336swer>",
        "&lt;/answer&gt;",
        "&#60;/answer&#62;",
        "\\u003c/answer\\u003e",
        "<\\answer>",
        "<|im_end|>",
        "<｜end▁of▁sentence｜>",
        "<start_of_turn>",
        "</s>",
        "[/INST]",
        "<<SYS>>",
        "<system>",
    ],
)
def test_what_looks_like_a_marker_loses_its_bracket(marker: str) -> None:
    seen = sight(f"Before. {marker} After.").text
    assert seen.startswith("Before. (")
    assert seen.endswith(" After.")


@pytest.mark.parametrize(
    "code",
    [
        "if a < answer and b > 3:",
        "i<answer.length && j>3",
        "<div class='x'></div><section></section><strong></strong><sup>2</sup>",
        "List<String> x = Map<Integer, User>();",
        "SELECT 1 WHERE a <> b",
        "a |> b <|> c",
        "let x = [INSTANCE]",
        "«Ответ» 《答案》",
    ],
)
def test_ordinary_code_and_prose_stay(code: str) -> None:
    assert sight(code).text == code


def test_every_character_that_looks_like_a_bracket_is_looked_at() -> None:
    alike = [chr(code) for code in range(0x10000) if _REDUCED[code] in "<&%\\["]
    assert [sign for sign in alike if not _BRACKET.match(sign)] == []


@given(LETTERS)
def test_seeing_twice_changes_nothing(text: str) -> None:
    once = sight(text).text
    assert sight(once).text == once


@given(LETTERS)
def test_each_character_seen_comes_from_one_place_and_in_order(text: str) -> None:
    seen = sight(text)
    assert len(seen.text) == len(seen.origins)
    assert list(seen.origins) == sorted(set(seen.origins))
    assert all(0 <= place < len(text) for place in seen.origins)
    changed = [(text[at], now) for now, at in zip(seen.text, seen.origins, strict=True) if text[at] != now]
    assert all(now in "(\n " for _, now in changed)


@given(LETTERS)
def test_nothing_that_is_seen_is_a_sign_that_acts_unseen(text: str) -> None:
    categories = {
        unicodedata.category(character) for character in sight(text).text if character not in "\n\t"
    }
    assert not categories & {"Cc", "Cs", "Co"}


@given(st.text(alphabet="ab \u200b\u202e\U000e0041", min_size=1), st.text(alphabet="xy"))
def test_a_quote_of_what_was_seen_is_found_in_what_was_written(written: str, around: str) -> None:
    answer = f"{around} {written} {around}"
    quote = sight(written).text.strip()
    found = locate(quote, answer)
    assert found in answer
    assert bool(found) is bool(quote)
    assert sight(found).text.split() == quote.split()
