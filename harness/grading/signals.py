"""The deterministic grader: looks for the phrases that a criterion declares, free and offline.

A verdict's quote is the sentence that matched, verbatim, so that anyone can check it.
docs/signals.md teaches how to write signals.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from harness.grading.negation import negated
from harness.grading.phrases import Reading, Span
from harness.grading.units import AnswerText, read
from harness.records.inputs import Criterion, Signal
from harness.records.outcomes import Verdict

VERSION = "signals-1"
"""Changes whenever a verdict could: it is part of every verdict's key."""

LONGEST_QUOTE = 600
"""A match spread over more characters than this is quoted by its first sentence."""

PLACES = {
    "anywhere": frozenset({"prose", "item", "row", "code"}),
    "prose": frozenset({"prose", "item"}),
    "code": frozenset({"code"}),
    "table": frozenset({"row"}),
}


def grade(criterion: Criterion, *, question: str, answer: str | AnswerText, dimension: str) -> Verdict:
    """Say whether any signal of the criterion matches; ungraded when it declares none.

    `answer` may be taken apart beforehand by `read`, which saves time when many criteria are graded.
    """
    if not criterion.signals:
        return Verdict(dimension=dimension, criterion=criterion.id, met=None, reason="no signals declared")
    reading = Reading.of(read(answer) if isinstance(answer, str) else answer, question)
    for signal in criterion.signals:
        if found := match(signal, reading):
            quote, phrases = found
            reason = "found " + ", ".join(f"“{phrase}”" for phrase in phrases)
            return Verdict(dimension=dimension, criterion=criterion.id, met=True, quote=quote, reason=reason)
    return Verdict(dimension=dimension, criterion=criterion.id, met=False, reason="no signal matched")


def match(signal: Signal, reading: Reading) -> tuple[str, tuple[str, ...]] | None:
    """Find the first unit that holds every phrase: its quote, and the words that matched each phrase."""
    everywhere = [reading.spans(phrase) for phrase in signal.all]
    if not all(everywhere):
        return None
    answer = reading.answer
    asked = {place for spans in everywhere for start, end in spans for place in range(start, end)}
    found = [by_unit(signal, answer, spans, asked) for spans in everywhere]
    units = set(found[0]).intersection(*found[1:])
    for phrase in signal.unless:
        units -= {unit_of(signal, answer, start) for start, _ in reading.spans(phrase)}
    for unit in sorted(
        units, key=lambda unit: (signal.within == "sentence" and answer.is_header(unit), unit)
    ):
        chosen = _apart([each[unit] for each in found])
        if chosen and _counts(signal, answer, chosen, asked):
            return _quote(answer, chosen), tuple(answer.text[_cut(answer, span)] for span in chosen)
    return None


def by_unit(
    signal: Signal, answer: AnswerText, spans: Iterable[Span], asked: AbstractSet[int]
) -> dict[int, list[Span]]:
    """Sort the places of a phrase by unit, leaving out what stands elsewhere or is negated."""
    kinds = PLACES[signal.where] | ({"heading"} if signal.within == "section" else set())
    units: dict[int, list[Span]] = {}
    for start, end in spans:
        if answer.sentences[answer.sentence_of[start]].kind not in kinds:
            continue
        if signal.negated == "refuse" and negated(answer, start, end, asked):
            continue
        units.setdefault(unit_of(signal, answer, start), []).append((start, end))
    for places in units.values():
        places.sort(key=lambda span: _in_heading(answer, span))
    return units


def unit_of(signal: Signal, answer: AnswerText, place: int) -> int:
    """Number the unit that a word stands in."""
    owner = answer.sentence_of[place]
    match signal.within:
        case "sentence":
            return owner
        case "block":
            return answer.sentences[owner].block
        case "section":
            return answer.sentences[owner].section
        case "answer":
            return 0


def _apart(spans: list[list[Span]]) -> list[Span]:
    """Give each phrase a place of its own, the one with fewest places first; empty if one goes without.

    One word must not answer for two phrases, or a signal that asks for two things would see one.
    """
    chosen: dict[int, Span] = {}
    for phrase in sorted(range(len(spans)), key=lambda each: len(spans[each])):
        taken = tuple(chosen.values())
        free = (span for span in spans[phrase] if not any(_overlap(span, other) for other in taken))
        if (span := next(free, None)) is None:
            return []
        chosen[phrase] = span
    return [chosen[phrase] for phrase in range(len(spans))]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _counts(signal: Signal, answer: AnswerText, chosen: list[Span], asked: AbstractSet[int]) -> bool:
    """Say whether the places are evidence: not headings alone, and one negated if that is required."""
    if all(_in_heading(answer, span) for span in chosen):
        return False
    return signal.negated != "require" or any(negated(answer, start, end, asked) for start, end in chosen)


def _in_heading(answer: AnswerText, span: Span) -> bool:
    return answer.sentences[answer.sentence_of[span[0]]].kind == "heading"


def _quote(answer: AnswerText, spans: list[Span]) -> str:
    """Cut the sentences that hold the places, from first to last; the first one alone if that is long."""
    owners = [answer.sentence_of[start] for start, _ in spans if not _in_heading(answer, (start, start))]
    whole = answer.quote(min(owners), max(owners))
    quote = whole if len(whole) <= LONGEST_QUOTE else answer.quote(owners[0], owners[0])
    return quote[:LONGEST_QUOTE]


def _cut(answer: AnswerText, span: Span) -> slice:
    return slice(answer.starts[span[0]], answer.ends[span[1] - 1])
