"""The plan that is shown before money is spent: calls stored, calls to make, cost and time."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from harness.planning.prefixes import CHARACTERS_PER_TOKEN, too_short
from harness.planning.prices import PriceTable
from harness.planning.tally import Tally, Toll, tally
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
    """One kind of result: how many are stored, how many are to be made, in how many calls, at what cost.

    A judge that is asked by dimension makes several results in one call. `cost` is in US dollars, `None`
    where no price is known for a model; a panel's models are joined by ` + ` in `model`.
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
    calls: int = 0
    """How many calls make what is to be made; 0 where that is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Record):
    """What running this manifest would take. `seconds` assumes the eval's concurrency throughout.

    By batches, `seconds` is not known (0 here), and `sent` counts the requests that are in a batch
    already: they are paid for and in no other figure. `sent is None`: one call at a time. `regrades` is what
    a dearer judge can take at most, beyond all of that, should every verdict flip.
    """

    label: str
    trials: int
    cases: int
    attempts: int
    parts: tuple[Part, ...]
    sent: int | None = None
    regrades: Part | None = None

    @property
    def calls(self) -> int:
        """Calls that cost money or time: those to a model that is not free."""
        return sum(part.calls for part in self.parts)

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
    counts = tally(manifest, work, sent or frozenset(), answer)
    cost = _Costs(manifest, prices, habits, on, batch=sent is not None)
    graders = [cost.grader(spec, counts) for spec in manifest.eval.graders]
    return Plan(
        label=manifest.revision.label,
        trials=counts.trials,
        cases=len(manifest.cases),
        attempts=manifest.eval.attempts,
        parts=(cost.agent(counts), *graders),
        sent=None if sent is None else counts.sent,
        regrades=cost.regrades(counts.regrades),
    )


@dataclass(frozen=True, slots=True)
class _Costs:
    """Prices one part of the plan after the other."""

    manifest: Manifest
    prices: PriceTable
    habits: Mapping[tuple[str, str], Habit]
    on: dt.date
    batch: bool

    def agent(self, counts: Tally) -> Part:
        model = self.manifest.eval.model
        prompt, to_make = _tokens(len(self.manifest.revision.agent.prompt)), counts.unanswered
        if model.provider == "recorded":
            return _free("answers", counts.answers, to_make, "free: looked up")
        prefix = _Prefix("system prompt", tokens=prompt, number=min(1, to_make), calls=to_make)
        usage = Usage(input_tokens=_tokens(counts.question_characters))
        made = (counts.answers, to_make, to_make)
        return self._part("answers", model, made, (usage, prefix), GUESS_AGENT)

    def grader(self, spec: GraderSpec, counts: Tally) -> Part:
        """Price the verdicts of one grader, whichever of its models gives them."""
        name = f"{spec.kind} verdicts"
        if not spec.judges:
            toll, looked_up = counts.of(spec.kind), spec.kind == "labels"
            why = "free: looked up" if looked_up else "free: no model is asked"
            return _free(name, toll.stored, toll.to_make, why)
        by_name = {model.name: model for model in spec.models}
        asked = [model for model in by_name.values() if (spec.kind, model.name) in counts.tolls]
        parts = [self._judge(name, model, counts.of(spec.kind, model.name)) for model in asked or spec.judges]
        return reduce(_joined, parts)

    def regrades(self, most: Toll) -> Part | None:
        """Price the most that regrading flips can take."""
        regraders = [spec.escalate.model for spec in self.manifest.eval.graders if spec.escalate]
        return self._judge("regrades", regraders[0], most) if most.calls else None

    def _judge(self, name: str, model: ModelSpec, toll: Toll) -> Part:
        """One write of the cached prefix per answer, reads of it and a short tail per criterion.

        Where each answer is asked about once, nothing is cached.
        """
        mean = _tokens(len(SYSTEM) + toll.characters / toll.prefixes) if toll.prefixes else 0
        prefix = _Prefix(
            "question with its answer",
            tokens=mean,
            number=toll.prefixes,
            calls=toll.calls,
            shared=toll.alone < toll.calls,
        )
        tails = Usage(input_tokens=120 * toll.to_make)
        return self._part(name, model, (toll.stored, toll.to_make, toll.calls), (tails, prefix), GUESS_JUDGE)

    def _part(
        self,
        name: str,
        model: ModelSpec,
        counts: tuple[int, int, int],
        prompt: tuple[Usage, "_Prefix"],
        guess: Habit,
    ) -> Part:
        """Price one kind of call; `prompt` is what is never cached, all calls together, and what may be.

        What is known of output and seconds is known for each result; several may come by one call.
        """
        stored, to_make, calls = counts
        role = "agent" if guess is GUESS_AGENT else "judge"
        habit = self.habits.get((role, model.name), guess)
        seconds = habit.seconds or guess.seconds  # what came by batches was not timed
        each = min(habit.output_tokens * (to_make / calls if calls else 1), model.max_tokens)
        rest, prefix = prompt
        short = too_short(self.prices, model.name, prefix.tokens)
        usage = (
            rest + prefix.usage(cached=prefix.shared and not short) + Usage(output_tokens=int(each * calls))
        )
        basis = f"{each:,.0f} output tokens a call, " + (
            f"mean of {habit.measured:,} stored" if habit.measured else "a guess: none stored yet"
        )
        basis += ", half price by batches" if self.batch else ""
        return Part(
            name=name,
            model=model.name,
            stored=stored,
            to_make=to_make,
            calls=calls,
            cost=self._cost(model.name, usage, calls),
            seconds=0 if self.batch else seconds * to_make / self.manifest.eval.concurrency,
            basis=basis,
            caching=prefix.words(short) if calls else "",
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
    """What many calls have in common: `number` of them, `tokens` long on average, in `calls` in all.

    One that is not `shared` is not asked to be cached.
    """

    name: str
    tokens: int
    number: int
    calls: int
    shared: bool = True

    def usage(self, *, cached: bool) -> Usage:
        """The first call of each writes it, the others read it; all send it where it is not cached."""
        if not cached:
            return Usage(input_tokens=self.tokens * self.calls)
        return Usage(
            cache_write_tokens=self.tokens * self.number,
            cache_read_tokens=self.tokens * (self.calls - self.number),
        )

    def words(self, short: str) -> str:
        """Say what the cache does, or why it does nothing; `short` says that it is too short."""
        if not self.shared:
            return f"{self.name}: not cached, as each is asked about once"
        if short:
            return f"{self.name}: {short}"
        read = self.calls - self.number
        told = (
            f"written {_times(self.number)}, read {_times(read)}" if read else "written, and read by nobody"
        )
        return f"{self.name}: about {self.tokens:,} tokens, {told}"


def _free(name: str, stored: int, to_make: int, why: str) -> Part:
    return Part(name=name, model="", stored=stored, to_make=to_make, cost=0.0, seconds=0, basis=why)


def _joined(one: Part, other: Part) -> Part:
    """Put two models of one grader together."""
    costs = (one.cost, other.cost)
    return Part(
        name=one.name,
        model=f"{one.model} + {other.model}",
        stored=one.stored + other.stored,
        to_make=one.to_make + other.to_make,
        calls=one.calls + other.calls,
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
        seconds=one.seconds + other.seconds,
        basis=one.basis if one.basis == other.basis else f"{one.basis}; {other.basis}",
        caching="; ".join(dict.fromkeys(each.caching for each in (one, other) if each.caching)),
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _tokens(characters: float) -> int:
    return round(characters / CHARACTERS_PER_TOKEN)
