"""The canary: one criterion more that no answer meets, and what it means if a judge says that one does.

Whoever persuades a judge to say yes to everything has it say yes to this, too. It looks like any other
criterion: it asks for a thing with a made-up name, other for each answer, that does not stand in it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from harness.grading.sight import sight
from harness.records.inputs import CANARY, Criterion
from harness.records.outcomes import Verdict

NOT_RELIED_ON = "not relied on: "
"""How the reason of a verdict begins that its judge's canary took away."""

_SENTENCES = (
    "The answer names {} as a part of what it proposes.",
    "The answer says how {} is to be set up or configured.",
    "The answer weighs {} against at least one alternative.",
    "The answer says when {} should be replaced by something else.",
    "The answer names a risk that comes with {}.",
    "The answer gives a reason for choosing {}.",
)
_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "kl", "tr")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ei", "io")
_SYLLABLES = 4


def canary(answer: str) -> Criterion:
    """Make the canary of an answer: the same whenever it is asked, and about what the answer never names.

    The name follows from the whole answer, so nobody can write one that holds it (and if one does, by
    accident, another name is taken).
    """
    text = sight(answer).text.casefold()
    name, sentence = next(found for found in _drawn(answer) if found[0].casefold() not in text)
    return Criterion(id=CANARY, text=sentence.format(name))


def sprung(verdict: Verdict) -> Verdict:
    """Turn a judge's verdict on the canary into what it means: not met, or nothing that can be relied on."""
    if not verdict.met:  # not met, or a reply that could not be read
        return verdict
    reason = "the judge says yes to the canary, a criterion that no answer meets"
    return replace(verdict, met=None, reason=reason)


def relied_on(verdict: Verdict, canary: Verdict) -> Verdict:
    """Leave a verdict as it is where the canary held, and open where it did not."""
    if canary.met is False:
        return verdict
    return replace(verdict, met=None, quote="", reason=f"{NOT_RELIED_ON}{canary.reason}")


def _drawn(answer: str) -> Iterator[tuple[str, str]]:
    """Draw names and sentences without end, each from the answer's hash and the number of the try."""
    number = 0
    while True:
        drawn = iter(hashlib.sha256(f"{number}\0{answer}".encode(errors="surrogatepass")).digest())
        syllables = (
            _ONSETS[next(drawn) % len(_ONSETS)] + _VOWELS[next(drawn) % len(_VOWELS)]
            for _ in range(_SYLLABLES)
        )
        name = "".join(syllables).capitalize()
        yield name, _SENTENCES[next(drawn) % len(_SENTENCES)]
        number += 1
