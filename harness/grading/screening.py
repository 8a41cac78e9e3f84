"""Answers that say nothing: what code can tell before anybody is asked about them.

An empty answer, a stock phrase, an echo of the system prompt and a text that goes round in circles meet no
criterion, whatever words stand in them. A judge shown one may find its words in it, or find nothing wrong.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar

from harness.grading.sight import sight

Parts = TypeVar("Parts", str, tuple[str, ...])

SCREENING_RULES = 1
"""Raise it whenever an answer would be held back that was not before, or the other way round."""

MEETS_NOTHING = ": it meets nothing"
"""How the reason of a verdict ends that was given because of this, without asking anybody."""

_WORD = re.compile(r"\w+")
_RUN = 8  # words in a row that two texts share by accident next to never
_ECHO = 0.5  # share of an answer that stands in the prompt word for word
_LOOP_RUN = 4
_LOOP_WORDS = 30  # fewer words repeat themselves without going round in circles
_LOOP = 0.34  # at most so many of its runs of words are new: everything is said three times
_LOOP_LETTERS = 300
_LOOP_OF_LETTERS = 0.1
_LATIN = 0.5  # share of an answer's words that a printer's dummy text is made of

# What opens an answer or keeps its place, and says nothing. A bare "none" or "ok" can be an answer, and is
# none of these. The openers are the "master keys" that made judges say yes up to 80 % of the time (arXiv
# 2507.08794).
_STOCK = """\
thought process|solution|final answer|answer|explanation|response|respuesta|solución|lösung|réponse|解|解答\
|答案|かいせつ|解説|let s solve this problem step by step|let us solve this problem step by step\
|let s solve this step by step thought process|let s think step by step|here is the answer|here is my answer\
|todo|tbd|placeholder|your answer here|insert answer here|as an ai language model"""
_PHRASES = frozenset(_STOCK.split("|"))
_REFUSAL = re.compile(
    r"(?:(?:i am|i m|im|we are|we re) (?:very )?sorry |sorry |unfortunately |i apologi[sz]e )?"
    r"(?:but )?(?:as an ai (?:language )?(?:model|assistant) )?(?:i|we) "
    r"(?:can ?not|can t|(?:a?m )(?:unable|not able) to|won t|will not|could not|couldn t) "
    r"(?:help|assist|answer|comply|do|fulfil+|provide|respond|continue|discuss)"
    r"(?: (?:you|with|to|on|about|that|this|it|your|the|request|question|an|answer|for)){0,6}"
)
_LOREM = """\
lorem ipsum dolor sit amet consectetur adipiscing adipisicing elit sed do eiusmod tempor incididunt ut labore
et dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea
commodo consequat duis aute irure in reprehenderit voluptate velit esse cillum eu fugiat nulla pariatur
excepteur sint occaecat cupidatat non proident sunt culpa qui officia deserunt mollit anim id est laborum"""
_LATIN_WORDS = frozenset(re.findall("[a-z]+", _LOREM))


def screened(answer: str, prompt: str) -> str:
    """Say why an answer says nothing, in words for a report; empty for one that a grader must read.

    `prompt` is the system prompt that the answer was written under.

    >>> screened("Thought process:", "You are an engineer.")
    'the answer is a stock phrase'
    """
    text = sight(answer).text
    words = tuple(_WORD.findall(text.lower()))
    if not words:
        return "the answer is empty" if not text.strip() else "the answer holds no word"
    if _stock(words):
        return "the answer is a stock phrase"
    if (share := _echoed(words, prompt)) >= _ECHO:
        return f"{share:.0%} of the answer repeats the system prompt"
    if _loops(words, text):
        return "the answer repeats itself over and over"
    return ""


def _stock(words: tuple[str, ...]) -> bool:
    phrase = " ".join(words)
    if phrase in _PHRASES or _REFUSAL.fullmatch(phrase):
        return True
    if "lorem ipsum" not in phrase:
        return False
    return sum(word in _LATIN_WORDS for word in words) >= _LATIN * len(words)


def _echoed(words: tuple[str, ...], prompt: str) -> float:
    """Give the share of an answer's words that stand in the prompt, in runs of at least eight."""
    source = _of_prompt(prompt)
    echoed = (start for start, run in enumerate(_runs(words, _RUN)) if run in source)
    return len({place for start in echoed for place in range(start, start + _RUN)}) / len(words)


@lru_cache(maxsize=8)  # one for each revision
def _of_prompt(prompt: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_runs(tuple(_WORD.findall(sight(prompt).text.lower())), _RUN))


def _loops(words: tuple[str, ...], text: str) -> bool:
    """Say whether next to nothing is new after the first round, by words or, without spaces, by letters."""
    if len(words) >= _LOOP_WORDS:
        if len(set(words)) > _LOOP * len(words) + _LOOP_RUN:
            return False  # each word begins a run of its own, but for the last
        return _new(words, _LOOP_RUN) <= _LOOP
    return len(text) >= _LOOP_LETTERS and _new(text, _RUN) <= _LOOP_OF_LETTERS


def _new(parts: Parts, length: int) -> float:
    """Give the share of runs that are the first of their kind."""
    return len(set(_runs(parts, length))) / (len(parts) - length + 1)


def _runs(parts: Parts, length: int) -> Iterator[Parts]:
    """Give all runs of so many neighbours."""
    return (parts[start : start + length] for start in range(len(parts) - length + 1))
