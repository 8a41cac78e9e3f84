"""Whether a phrase is negated where it stands: `no` or `instead of` before it, `is overkill` after it."""

from collections.abc import Set as AbstractSet

from harness.grading.units import AnswerText

BEFORE = 5
"""A negation reaches this many words forward, within its clause."""
AFTER = 5
"""A dismissal such as `is overkill` is looked for in this many words after the phrase."""

_CUES = frozenset(
    [
        "no",
        "not",
        "never",
        "without",
        "skip",
        "skips",
        "skipping",
        "avoid",
        "avoids",
        "avoiding",
        "neither",
        "nor",
        "cannot",
        "unlike",
    ]
)
_PAIRS = frozenset(
    {("instead", "of"), ("rather", "than"), ("leave", "out"), ("leaves", "out"), ("hold", "off")}
)
_HARMLESS = frozenset(["only", "just", "merely", "simply"])
_LIMITS = frozenset(["later", "more", "less", "fewer", "longer"])
_TURNS = frozenset(
    ["but", "so", "because", "while", "whereas", "although", "though", "unless", "until", "then", "which"]
)
_DISMISSED = frozenset(["overkill", "unnecessary", "unneeded", "premature", "pointless"])
_NEEDED = frozenset(["needed", "necessary", "required", "warranted", "justified", "worth"])


def negated(answer: AnswerText, start: int, end: int, asked: AbstractSet[int]) -> bool:
    """Say whether the words from `start` to `end` are negated by others of their clause.

    Words at the places in `asked` do not count: a signal that asks for `instead of` means it.
    """
    return _denied(answer, start, asked) or _dismissed(answer, end, asked)


def _denied(answer: AnswerText, start: int, asked: AbstractSet[int]) -> bool:
    said, owners = answer.words, answer.sentence_of
    for place in range(start - 1, max(-1, start - 1 - BEFORE), -1):
        if owners[place] != owners[start] or answer.broken[place + 1] or said[place] in _TURNS:
            return False
        if place not in asked and _is_cue(said, place):
            return True
    return False


def _is_cue(said: tuple[str, ...], place: int) -> bool:
    word, after = said[place], said[place + 1]
    if word == "not" and after in _HARMLESS:
        return False
    if word == "no" and after in _LIMITS:
        return False
    return word in _CUES or word.endswith("n't") or (word, after) in _PAIRS


def _dismissed(answer: AnswerText, end: int, asked: AbstractSet[int]) -> bool:
    said, owners = answer.words, answer.sentence_of
    no = False
    for place in range(end, min(end + AFTER, len(said))):
        if owners[place] != owners[end - 1] or answer.broken[place] or said[place] in _TURNS:
            return False
        if place in asked:
            continue
        if said[place] in _DISMISSED or (no and said[place] in _NEEDED):
            return True
        no = no or said[place] == "not" or said[place].endswith("n't")
    return False
