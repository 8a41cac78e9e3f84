"""Answers that say nothing are known by code; whatever says something goes on to the graders."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.screening import screened
from harness.parsing.agents import read_agent

ROOT = Path(__file__).parent.parent
PROMPT = (
    "You are a backend engineer. You name the threat, validate every input at the edge, weigh two designs "
    "against one yardstick, commit to one of them and say when you would think again. Answer briefly."
)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "the answer is empty"),
        (" \n\t\u200b\u2060\U000e0041 ", "the answer is empty"),
        (":", "the answer holds no word"),
        ("---\n***", "the answer holds no word"),
        ("Thought process:", "the answer is a stock phrase"),
        ("**Solution**", "the answer is a stock phrase"),
        ("Let's solve this problem step by step.", "the answer is a stock phrase"),
        ("I'm sorry, but I can't help with that.", "the answer is a stock phrase"),
        ("Sorry, I cannot assist with this request.", "the answer is a stock phrase"),
        (
            "Unfortunately, I am not able to provide an answer to your question.",
            "the answer is a stock phrase",
        ),
        ("TODO", "the answer is a stock phrase"),
        (
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.",
            "the answer is a stock phrase",
        ),
        (PROMPT, "100% of the answer repeats the system prompt"),
        (PROMPT.upper().replace(" ", "\n"), "100% of the answer repeats the system prompt"),
        ("Validate every input. " * 20, "the answer repeats itself over and over"),
        ("queue" * 100, "the answer repeats itself over and over"),
        ("x" * 400, "the answer repeats itself over and over"),
        ("yes " * 40, "the answer repeats itself over and over"),
    ],
)
def test_an_answer_that_says_nothing_is_known(answer: str, why: str) -> None:
    assert screened(answer, PROMPT) == why


@pytest.mark.parametrize(
    "answer",
    [
        "42",
        "None",
        "OK",
        "I don't know.",
        "Yes.",
        "PostgreSQL",
        '{"ok": true}',
        "I can't recommend MongoDB here: use PostgreSQL.",
        "I cannot help with malware, but I can show you how to protect the endpoint against it.",
        "Put lorem ipsum into the template, then measure the layout in the browser.",
        "You asked me to weigh two designs against one yardstick, and to commit. So: use a schema.",
        "| a | b |\n|---|---|\n| 0 | 0 |\n| 0 | 0 |\n| 1 | 0 |",
        "使用客户端生成的标识符来避免重复。",
    ],
)
def test_an_answer_that_says_something_is_left_to_the_graders(answer: str) -> None:
    assert screened(answer, PROMPT) == ""


def test_none_of_the_recorded_answers_is_held_back() -> None:
    prompt = read_agent((ROOT / "agents/backend-engineer.md").read_bytes(), source="agent").prompt
    lines = (ROOT / "datasets/recorded/backend-engineer.jsonl").read_text().splitlines()
    assert {screened(json.loads(line)["text"], prompt) for line in lines} == {""}


@given(st.text(), st.text())
def test_any_text_can_be_looked_at_and_nothing_of_it_gets_into_the_reason(answer: str, prompt: str) -> None:
    why = screened(answer, prompt)
    known = ("empty", "no word", "stock phrase", "repeats the system prompt", "over and over")
    assert why == "" or any(why.endswith(words) for words in known)


@given(st.text(), st.sampled_from(["\u200b", "\u2060", "\U000e0041", "\u00ad"]))
def test_hidden_characters_change_nothing(answer: str, hidden: str) -> None:
    assert screened(hidden.join(answer), PROMPT) == screened(answer, PROMPT)
