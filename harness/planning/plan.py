"""The plan that is shown before money is spent: calls stored, calls to make, cost and time."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from harness.grading.scoring import criteria_of
from harness.planning.prefixes import CHARACTERS_PER_TOKEN, too_short
from harness.planning.prices import PriceTable
from harness.planning.work import Job
from harness.prompts import SYSTEM
from harness.records.inputs import GraderSpec, ModelSpec
from harness.records.outcomes import Usage
from harness.records.record import Record
from harness.records.runs import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit(Record):
    """What a call to a model usually takes: output tokens (thinking included) and seconds."""

    output_tokens: float
    seconds: float
    measured: int = 0
    """How many stored calls this is the mean of; 0 for a guess."""


GUESS_AGENT = Habit(output_tokens=2500, seconds=40)
GUESS_JUDGE = Habit(output_tokens=300, seconds=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Record):
    """One kind of call: how many results are stored, how many are to be made, at what cost.

    `cost` is in US dollars, `None` where no price is known for the model.
    """

    name: str
    model: str
    stored: int
    to_make: int
    cost: float | None
    seconds: float
    basis: str
    caching: str = ""
    """What the prompt cache does for these calls, or why it can do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Record):
    """What running this manifest would take. `seconds` assumes the eval's concurrency throughout.

    By batches, `seconds` is not known (0 here), and `sent` counts the requests that are in a batch
    already: they are paid for and in no other figure. `sent is None`: one call at a time.
    """

    label: str
    trials: int
    cases: int
    attempts: int
    parts: tuple[Part, ...]
    sent: int | None = None

    @property
    def calls(self) -> int:
        """Calls that cost money or time: those to a model that is not free."""
        return sum(part.to_make for part in self.parts if part.model)

    @property
    def cost(self) -> float | None:
        """Estimated US dollars; `None` as soon as one part's price is unknown."""
        costs = [part.cost for part in self.parts if part.to_make]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def seconds(self) -> float:
        """Estimated wall time."""
        return sum(part.seconds for part in self.parts)


def plan(
    manifest: Manifest,
    work: Iterable[Job],
    prices: PriceTable,
    habits: Mapping[tuple[str, str], Habit],
    on: dt.date,
    *,
    sent: frozenset[str] | None = None,
) -> Plan:
    """Count what is stored and what is to be made, and estimate its cost and time.

    `habits` maps (role, model) to what stored calls took; the role is `agent` or the grader's kind. Without
    history there is a guess. `sent` holds the keys that are in a batch already; `None`: no batches are used.
    """
    model = manifest.eval.model
    habit = habits.get(("agent", model.name), GUESS_AGENT)
    answer = int(min(habit.output_tokens, model.max_tokens) * CHARACTERS_PER_TOKEN)
    tally = _tally(manifest, work, sent or frozenset(), answer)
    cost = _Costs(manifest, prices, habits, on, batch=sent is not None)
    graders = [cost.grader(spec, tally) for spec in manifest.eval.graders]
    return Plan(
        label=manifest.revision.label,
        trials=tally.trials,
        cases=len(manifest.cases),
        attempts=manifest.eval.attempts,
        parts=(cost.agent(tally), *graders),
        sent=None if sent is None else tally.sent,
    )


@dataclass(slots=True)
class _Tally:
    trials: int
    answers: int
    question_characters: int
    to_make: Counter[str]
    stored: Counter[str]
    prefixes: Counter[str]
    prefix_characters: Counter[str]
    unanswered: int = 0
    sent: int = 0


def _tally(manifest: Manifest, work: Iterable[Job], sent: AbstractSet[str], expected: int) -> _Tally:
    """Count; an answer that is not there yet is thought to have `expected` characters."""
    tally = _Tally(0, 0, 0, Counter(), Counter(), Counter(), Counter())
    for job in work:
        tally.trials += 1
        if job.answer is None:
            if job.trial.key in sent:
                tally.sent += 1
            else:
                tally.unanswered += 1
                tally.question_characters += len(job.case.question)
            criteria = sum(1 for _, each in criteria_of(job.case, manifest.rubrics) if not each.checks)
            canaries = {info.kind: int(info.canary and criteria > 0) for info in manifest.graders}
            left = Counter[str]({kind: criteria + canary for kind, canary in canaries.items()})
            length = expected
        else:
            tally.answers += 1
            open_ = [mark for mark in job.marks if mark.verdict is None]
            left = Counter(mark.grader for mark in open_ if mark.key not in sent)
            tally.sent += len(open_) - left.total()
            tally.stored.update(mark.grader for mark in job.marks if mark.verdict is not None and mark.key)
            length = len(job.answer.text)
        tally.to_make.update(left)
        tally.prefixes.update(left.keys())
        tally.prefix_characters.update(dict.fromkeys(left, len(job.case.question) + length))
    return tally


@dataclass(frozen=True, slots=True)
class _Costs:
    """Prices one part of the plan after the other."""

    manifest: Manifest
    prices: PriceTable
    habits: Mapping[tuple[str, str], Habit]
    on: dt.date
    batch: bool

    def agent(self, tally: _Tally) -> Part:
        model = self.manifest.eval.model
        prompt, to_make = _tokens(len(self.manifest.revision.agent.prompt)), tally.unanswered
        prefix = _Prefix("system prompt", tokens=prompt, number=min(1, to_make), calls=to_make)
        usage = Usage(input_tokens=_tokens(tally.question_characters))
        return self._part("answers", model, (tally.answers, to_make), (usage, prefix), GUESS_AGENT)

    def grader(self, spec: GraderSpec, tally: _Tally) -> Part:
        """One write of the cached prefix per answer, reads of it and a short tail per criterion."""
        kind = spec.kind
        to_make = tally.to_make[kind]
        number = tally.prefixes[kind]
        mean = _tokens(len(SYSTEM) + tally.prefix_characters[kind] / number) if number else 0
        prefix = _Prefix("question with its answer", tokens=mean, number=number, calls=to_make)
        tails = Usage(input_tokens=120 * to_make)
        counts = (tally.stored[kind], to_make)
        return self._part(f"{kind} verdicts", spec.model, counts, (tails, prefix), GUESS_JUDGE)

    def _part(
        self,
        name: str,
        model: ModelSpec | None,
        counts: tuple[int, int],
        prompt: tuple[Usage, "_Prefix"],
        guess: Habit,
    ) -> Part:
        """Price one kind of call; `prompt` is what is never cached, all calls together, and what may be."""
        stored, to_make = counts
        if model is None or model.provider == "recorded":
            free = "free: looked up" if model or name.startswith("labels") else "free: no model is asked"
            return Part(name=name, model="", stored=stored, to_make=to_make, cost=0.0, seconds=0, basis=free)
        role = "agent" if guess is GUESS_AGENT else "judge"
        habit = self.habits.get((role, model.name), guess)
        seconds = habit.seconds or guess.seconds  # what came by batches was not timed
        each = min(habit.output_tokens, model.max_tokens)
        rest, prefix = prompt
        short = too_short(self.prices, model.name, prefix.tokens)
        usage = rest + prefix.usage(cached=not short) + Usage(output_tokens=int(each * to_make))
        cost = self._cost(model.name, usage, to_make)
        basis = f"{each:,.0f} output tokens a call, " + (
            f"mean of {habit.measured:,} stored" if habit.measured else "a guess: none stored yet"
        )
        basis += ", half price by batches" if self.batch else ""
        return Part(
            name=name,
            model=model.name,
            stored=stored,
            to_make=to_make,
            cost=cost,
            seconds=0 if self.batch else seconds * to_make / self.manifest.eval.concurrency,
            basis=basis,
            caching=prefix.words(short) if to_make else "",
        )

    def _cost(self, model: str, usage: Usage, calls: int) -> float | None:
        """Price the mean call, then multiply: a price may depend on the length of one prompt."""
        if not calls:
            return 0.0
        mean = Usage(
            input_tokens=usage.input_tokens // calls,
            output_tokens=usage.output_tokens // calls,
            cache_write_tokens=usage.cache_write_tokens // calls,
            cache_read_tokens=usage.cache_read_tokens // calls,
        )
        each = self.prices.cost(model, mean, self.on, batch=self.batch)
        return None if each is None else each * calls


@dataclass(frozen=True, slots=True)
class _Prefix:
    """What many calls have in common: `number` of them, `tokens` long on average, in `calls` in all."""

    name: str
    tokens: int
    number: int
    calls: int

    def usage(self, *, cached: bool) -> Usage:
        """The first call of each writes it, the others read it; all send it where it is too short."""
        if not cached:
            return Usage(input_tokens=self.tokens * self.calls)
        return Usage(
            cache_write_tokens=self.tokens * self.number,
            cache_read_tokens=self.tokens * (self.calls - self.number),
        )

    def words(self, short: str) -> str:
        """Say what the cache does, or why it does nothing; `short` says why it is not cached."""
        if short:
            return f"{self.name}: {short}"
        read = self.calls - self.number
        told = (
            f"written {_times(self.number)}, read {_times(read)}" if read else "written, and read by nobody"
        )
        return f"{self.name}: about {self.tokens:,} tokens, {told}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _tokens(characters: float) -> int:
    return round(characters / CHARACTERS_PER_TOKEN)
