"""Why a signal matched or did not: for whoever writes signals, not for grading."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from harness.grading.negation import negated
from harness.grading.phrases import Reading, Span
from harness.grading.signals import PLACES, grade, match, unit_of
from harness.grading.units import read
from harness.records.inputs import Criterion, Signal
from harness.records.outcomes import Verdict
from harness.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence(Record):
    """A place where a phrase occurs.

    `sentence` is the smallest unit that holds it, `start` and `end` are offsets into that. `against` says why
    the place does not count for this signal; empty where it does.
    """

    words: str
    sentence: str
    start: int
    end: int
    against: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseSeen(Record):
    """A phrase of a signal and every place where it occurs."""

    phrase: str
    occurrences: tuple[Occurrence, ...]

    @property
    def counting(self) -> tuple[Occurrence, ...]:
        """The places that count."""
        return tuple(each for each in self.occurrences if not each.against)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeen(Record):
    """A signal on an answer: its phrases, those that would cancel it and occur, and what became of it.

    `quote` is the evidence of a match and `matched` the words that stood for each phrase; `why` says what
    kept it from matching.
    """

    number: int
    phrases: tuple[PhraseSeen, ...]
    unless: tuple[PhraseSeen, ...]
    quote: str = ""
    matched: tuple[str, ...] = ()
    why: str = ""

    @property
    def nearness(self) -> float:
        """Share of the phrases that occur somewhere: what nearly matched is worth looking at."""
        return sum(bool(seen.occurrences) for seen in self.phrases) / len(self.phrases)


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSeen(Record):
    """A criterion on an answer: the verdict that the grader gives, and each of its signals."""

    criterion: str
    text: str
    verdict: Verdict
    signals: tuple[SignalSeen, ...]


def trace(criterion: Criterion, *, question: str, answer: str, dimension: str) -> CriterionSeen:
    """Say what each signal of a criterion saw in an answer."""
    text = read(answer)
    reading = Reading.of(text, question)
    return CriterionSeen(
        criterion=criterion.id,
        text=criterion.text,
        verdict=grade(criterion, question=question, answer=text, dimension=dimension),
        signals=tuple(_signal(n, signal, reading) for n, signal in enumerate(criterion.signals, 1)),
    )


def _signal(number: int, signal: Signal, reading: Reading) -> SignalSeen:
    everywhere = [reading.spans(phrase) for phrase in signal.all]
    asked = {place for spans in everywhere for start, end in spans for place in range(start, end)}
    seen = [
        PhraseSeen(phrase=phrase, occurrences=tuple(_places(signal, reading, spans, asked)))
        for phrase, spans in zip(signal.all, everywhere, strict=True)
    ]
    unless = [
        PhraseSeen(phrase=phrase, occurrences=tuple(_occurrence(reading, span) for span in spans))
        for phrase in signal.unless
        if (spans := reading.spans(phrase))
    ]
    found = match(signal, reading)
    return SignalSeen(
        number=number,
        phrases=tuple(seen),
        unless=tuple(unless),
        quote=found[0] if found else "",
        matched=found[1] if found else (),
        why="" if found else _why(signal, reading, seen, everywhere),
    )


def _places(
    signal: Signal, reading: Reading, spans: Iterable[Span], asked: AbstractSet[int]
) -> Iterator[Occurrence]:
    for span in spans:
        yield _occurrence(reading, span, _against(signal, reading, span, asked))


def _against(signal: Signal, reading: Reading, span: Span, asked: AbstractSet[int]) -> str:
    """Say why the grader does not count a place; empty where it does."""
    answer = reading.answer
    kind = answer.sentences[answer.sentence_of[span[0]]].kind
    if kind == "heading" and signal.within != "section":
        return "a heading"
    if kind not in PLACES[signal.where] | {"heading"}:
        return f"in {_KINDS[kind]}, and this signal reads {signal.where}"
    if signal.negated == "refuse" and negated(answer, *span, asked):
        return "negated"
    return ""


_KINDS = {"prose": "prose", "item": "a bullet", "row": "a table", "code": "code", "heading": "a heading"}


def _occurrence(reading: Reading, span: Span, against: str = "") -> Occurrence:
    answer = reading.answer
    start, end = answer.starts[span[0]], answer.ends[span[1] - 1]
    owner = answer.sentences[answer.sentence_of[span[0]]]
    return Occurrence(
        words=answer.text[start:end],
        sentence=answer.text[owner.start : owner.end],
        start=start - owner.start,
        end=end - owner.start,
        against=against,
    )


def _why(signal: Signal, reading: Reading, seen: list[PhraseSeen], everywhere: list[list[Span]]) -> str:
    """Name the first thing that kept the signal from matching, in the order in which the grader looks."""
    missing = [each.phrase for each in seen if not each.occurrences]
    if missing:
        return f"{len(seen) - len(missing)} of {len(seen)} phrases occur"
    uncounted = [each for each in seen if not each.counting]
    if uncounted:
        return f"a phrase counts nowhere: {uncounted[0].occurrences[0].against}"
    units = [
        {
            unit_of(signal, reading.answer, span[0])
            for span, place in zip(spans, each.occurrences, strict=True)
            if not place.against
        }
        for each, spans in zip(seen, everywhere, strict=True)
    ]
    shared = units[0].intersection(*units[1:])
    unit = "answer" if signal.within == "answer" else signal.within
    if not shared:
        return f"all phrases occur, never in one {unit}"
    for phrase in signal.unless:
        shared -= {unit_of(signal, reading.answer, start) for start, _ in reading.spans(phrase)}
    if not shared:
        return f"an `unless` phrase stands in the same {unit}"
    if signal.negated == "require":
        return "no phrase is negated, and this signal wants one to be"
    return "one word would have to stand for two phrases, or only a heading holds them"
