"""The duels of two runs: which answers are put beside each other, under which keys, and what that takes."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.grading.labels import text_hash
from harness.grading.preferring import PREFERRING_VERSION, SYSTEM, Shown
from harness.planning.keys import briefing_hash, digest, question_hash
from harness.planning.plan import GUESS_AGENT, GUESS_JUDGE, Habit, Part, Plan
from harness.planning.prefixes import CHARACTERS_PER_TOKEN
from harness.planning.prices import PriceTable
from harness.planning.work import Job
from harness.records.inputs import Case, ModelSpec, Pairwise
from harness.records.outcomes import Usage
from harness.records.preferences import Preference
from harness.records.runs import Manifest

PAIRWISE = "pairwise"
"""What this part of a run is called where calls, costs and habits are told apart."""

_ORDERS = 2


class Rack(Protocol):
    """Where preferences are looked up by content key; unknown keys are left out."""

    def preferences(self, keys: Sequence[str]) -> Mapping[str, Preference]:
        """Return the stored preferences among these keys."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One order in which two answers are shown, and the key of what the judge says of it."""

    shown: Shown
    key: str


@dataclass(frozen=True, slots=True)
class Duel:
    """Both answers to one attempt at a case; `asks` is empty where they are equal, else base first."""

    case: Case
    attempt: int
    asks: tuple[Ask, ...]


def duels(pairwise: Pairwise, base: Iterable[Job], candidate: Iterable[Job]) -> Iterator[Duel]:
    """Pair the answers of two runs by case and attempt; what either has not answered is left out."""
    answers = {(job.case.id, job.trial.attempt): job.answer.text for job in base if job.answer}
    for job in candidate:
        before = answers.get((job.case.id, job.trial.attempt))
        if before is not None and job.answer is not None:
            after = job.answer.text
            shown = (Shown(job.case, before, after), Shown(job.case, after, before))
            orders = shown if before != after else ()
            asks = tuple(Ask(each, preference_key(pairwise, each)) for each in orders)
            yield Duel(job.case, job.trial.attempt, asks)


def preference_key(pairwise: Pairwise, shown: Shown) -> str:
    """Name a preference by judge, question and both texts in their order; revisions are not in it."""
    model, case = pairwise.model, shown.case
    return digest(
        {
            "grader": [PAIRWISE, PREFERRING_VERSION],
            "model": [model.provider, model.base_url, model.name, model.max_tokens, model.effort],
            "criterion": pairwise.criterion,
            "question": question_hash(case),
            "briefing": briefing_hash(case),
            "first": text_hash(shown.first),
            "second": text_hash(shown.second),
        }
    )


def missing(found: Iterable[Duel], rack: Rack) -> dict[str, Ask]:
    """Give what is still to be asked, each question once."""
    asks = {ask.key: ask for duel in found for ask in duel.asks}
    stored = rack.preferences(list(asks))
    return {key: ask for key, ask in asks.items() if key not in stored}


@dataclass(frozen=True, slots=True)
class Rates:
    """What calls cost and usually take, on a day."""

    prices: PriceTable
    habits: Mapping[tuple[str, str], Habit]
    on: dt.date


def plan_of_duels(
    manifests: tuple[Manifest, Manifest], work: tuple[Sequence[Job], Sequence[Job]], rack: Rack, rates: Rates
) -> Plan:
    """Say what comparing these two runs answer by answer would take; an answer that is not there differs."""
    base, candidate = manifests
    pairwise = candidate.eval.pairwise
    if pairwise is None:
        msg = "the eval asks for no pairwise comparison"
        raise ValueError(msg)
    found = list(duels(pairwise, *work))
    left = missing(found, rack)
    asks = {ask.key for duel in found for ask in duel.asks}
    unknown = _ORDERS * (min(map(len, work)) - len(found))
    length = sum(len(a.shown.case.question) + len(a.shown.first) + len(a.shown.second) for a in left.values())
    if unknown:
        length += unknown * _expected(work[1], rates.habits, candidate.eval.model)
    part = _part(pairwise.model, (len(asks) - len(left), len(left) + unknown), length, rates, candidate)
    label = f"{candidate.revision.label} against {base.revision.label}"
    cases, attempts = len(candidate.cases), candidate.eval.attempts
    return Plan(label=label, trials=0, cases=cases, attempts=attempts, parts=(part,))


def _expected(work: Sequence[Job], habits: Mapping[tuple[str, str], Habit], model: ModelSpec) -> int:
    """Give the characters of a question with two answers that nobody has seen yet."""
    habit = habits.get(("agent", model.name), GUESS_AGENT)
    answer = min(habit.output_tokens, model.max_tokens) * CHARACTERS_PER_TOKEN
    questions = sum(len(job.case.question) for job in work)
    return round(questions / max(1, len(work)) + _ORDERS * answer)


def _part(
    model: ModelSpec, counts: tuple[int, int], characters: int, rates: Rates, manifest: Manifest
) -> Part:
    stored, to_make = counts
    habit = rates.habits.get((PAIRWISE, model.name), GUESS_JUDGE)
    written = min(habit.output_tokens, model.max_tokens)
    cost: float | None = 0.0
    if to_make:
        prompt = (len(SYSTEM) + characters / to_make) / CHARACTERS_PER_TOKEN
        each = Usage(input_tokens=round(prompt), output_tokens=round(written))
        price = rates.prices.cost(model.name, each, rates.on)
        cost = None if price is None else price * to_make
    known = f"mean of {habit.measured:,} stored" if habit.measured else "a guess: none stored yet"
    return Part(
        name="pairwise preferences",
        model=model.name,
        stored=stored,
        to_make=to_make,
        cost=cost,
        seconds=(habit.seconds or GUESS_JUDGE.seconds) * to_make / manifest.eval.concurrency,
        basis=f"{written:,.0f} output tokens a call, {known}",
    )
