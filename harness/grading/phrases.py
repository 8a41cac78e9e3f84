"""Where a phrase occurs in an answer: words looked up in an index, never a pattern run over the text.

The work is bounded by the number of places where the phrase's words occur, so neither a hostile
phrase nor a hostile answer can make it slow.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.grading.placeholders import asked, counted, pattern, value
from harness.grading.units import AnswerText
from harness.records.phrases import GAP, Alternative, Atom, parse, words

Span = tuple[int, int]
"""First word and one past the last word, as numbers of words in the answer."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer and the question that it answers, with the places of placeholders found so far."""

    answer: AnswerText
    question: str
    _memo: dict[str, list[Span]]

    @classmethod
    def of(cls, answer: AnswerText, question: str) -> "Reading":
        """Begin to look for phrases."""
        return cls(answer, question, {})

    def spans(self, phrase: str) -> list[Span]:
        """Give every place where any alternative of the phrase occurs, within one sentence."""
        found: set[Span] = set()
        for alternative in parse(phrase):
            found.update(self._alternative(alternative))
        return sorted(found)

    def _alternative(self, atoms: Alternative) -> set[Span]:
        """Join the atoms from left to right, keeping for each end the nearest start: linear in the text."""
        partial = {end: start for start, end in self._atom(atoms[0])}
        for atom in atoms[1:]:
            if not partial:
                return set()
            following: dict[int, list[int]] = {}
            for start, end in self._atom(atom):
                following.setdefault(start, []).append(end)
            joined: dict[int, int] = {}
            for stop, first in partial.items():
                for start in self._next(stop, atom):
                    for end in following.get(start, ()):
                        joined[end] = max(first, joined.get(end, first))
            partial = joined
        return {(first, end) for end, first in partial.items()}

    def _next(self, stop: int, atom: Atom) -> range:
        """Give where the next atom may start, after a match that stopped before word `stop`."""
        owners = self.answer.sentence_of
        limit = min(stop + (GAP if atom.joint == "gap" else 0) + 1, len(owners))
        while limit > stop and owners[limit - 1] != owners[stop - 1]:
            limit -= 1
        if atom.joint == "tight" and limit > stop and self.answer.broken[stop]:
            return range(0)
        return range(stop, limit)

    def _atom(self, atom: Atom) -> list[Span]:
        match atom.kind:
            case "word":
                return [(place, place + 1) for place in self.answer.places.get(atom.text, ())]
            case "stem":
                return [(place, place + 1) for place in self.answer.starting_with(atom.text)]
            case "placeholder":
                if atom.text not in self._memo:
                    self._memo[atom.text] = list(self._placeholder(atom.text))
                return self._memo[atom.text]

    def _placeholder(self, name: str) -> Iterator[Span]:
        match name:
            case "asked":
                yield from self._asked()
            case "code":
                yield from self._code()
            case "addition":
                known = {word for _, _, word in words(self.question)}
                yield from (span for span in self._pattern(name) if self.answer.words[span[0]] not in known)
            case _:
                yield from self._pattern(name)

    def _asked(self) -> Iterator[Span]:
        things = asked(self.question)
        longest = max(map(len, things), default=0)
        all_words, owners = self.answer.words, self.answer.sentence_of
        for place, word in enumerate(all_words):
            if figure := value(word):
                after = all_words[place + 1] if place + 1 < len(all_words) else ""
                if counted(figure, after) in things:
                    yield place, place + 1
                continue
            for end in range(place + 1, min(place + longest, len(all_words)) + 1):
                if all_words[place:end] in things and owners[end - 1] == owners[place]:
                    yield place, end

    def _code(self) -> Iterator[Span]:
        seen = -1
        for place, owner in enumerate(self.answer.sentence_of):
            if owner != seen and self.answer.sentences[owner].kind == "code":
                yield place, place + 1
            seen = owner

    def _pattern(self, name: str) -> Iterator[Span]:
        """Turn matches in the text into words: those that the match touches, within one sentence."""
        starts, ends, owners = self.answer.starts, self.answer.ends, self.answer.sentence_of
        first, total = 0, len(starts)
        for found in pattern(name).finditer(self.answer.text):
            while first < total and ends[first] <= found.start():
                first += 1
            last = first
            while last < total and starts[last] < found.end() and owners[last] == owners[first]:
                last += 1
            if last > first:
                yield first, last
