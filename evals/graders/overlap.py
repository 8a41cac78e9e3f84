"""A grader that understands nothing: most words of the criterion occur somewhere in the answer.

It is an example of a custom grader, and a baseline: a grader that agrees with labels no better than this one
is not worth its price.
"""

import re

from harness.records.findings import Finding
from harness.records.inputs import Criterion

SHARE = 0.2
LEAST_LETTERS = 4


def grade(question: str, answer: str, criterion: Criterion, reference: str) -> Finding:
    """Count the criterion's words in the answer, and quote the sentence that holds most of them."""
    del question, reference
    wanted = words(criterion.text)
    if not wanted:
        return Finding(met=None, reason="the criterion has no word of four letters")
    share = len(wanted & words(answer)) / len(wanted)
    sentences = re.split(r"(?<=[.!?])\s+|\n+", answer)
    best = max(sentences, key=lambda sentence: len(wanted & words(sentence)))
    met = share >= SHARE
    return Finding(met=met, quote=best if met else "", reason=f"{share:.0%} of the criterion's words occur")


def words(text: str) -> set[str]:
    """Give the longer words of a text, without their plural."""
    found = re.findall(r"[a-z]+", text.lower())
    return {word.removesuffix("s") for word in found if len(word) >= LEAST_LETTERS}
