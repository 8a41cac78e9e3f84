"""Each case as the page shows it: the answers side by side, and every criterion with its evidence."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.records.comparisons import Flip
from harness.records.estimates import OVERALL
from harness.records.inputs import Case, Criterion
from harness.records.outcomes import Answer, Failed, Outcome, Ungraded, Verdict
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import selection, words
from harness.reporting.answers import LONGEST, Quote, rendered
from harness.reporting.untrusted import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Record):
    """A verdict on one attempt; `said` holds each grader that gave it with its reason.

    `href` leads to the quote in the answer, where it was found.
    """

    attempt: int
    word: str
    sign: str
    quote: str
    said: tuple[tuple[str, str], ...]
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """One criterion over all arms; `gains` holds the effect in points per candidate whose answer flipped."""

    id: str
    text: str
    points: float
    cells: tuple[tuple[Mark, ...], ...]
    gains: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Record):
    """The criteria of one dimension."""

    dimension: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(Record):
    """One attempt of one arm: the answer as safe HTML, or why there is none; `facts` stand under it."""

    attempt: int
    html: str
    facts: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Record):
    """One arm's attempts, with its score in points (`None` where not graded) and its gain over the base."""

    label: str
    score: float | None
    gain: float | None
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView(Record):
    """One case, ready for the template. `flipped` and `states` are what the filter looks at."""

    id: str
    title: str
    question: str
    tags: tuple[str, ...]
    attempts: tuple[int, ...]
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    flips: int
    flipped: tuple[str, ...]
    states: tuple[str, ...]


def views(report: Report) -> Iterator[CaseView]:
    """Give every case in the report's order, one at a time."""
    arms = selection.arms(report)
    trials = [_by_case(arm) for arm in arms]
    scores = [selection.case_scores(arm, selection.decider(report)) for arm in arms]
    flips: dict[str, list[tuple[str, Flip]]] = {}
    for comparison in selection.deciding(report):
        for flip in comparison.flips:
            flips.setdefault(flip.case, []).append((comparison.candidate, flip))
    general = {rubric.dimension: rubric.criteria for rubric in report.rubrics}
    for number, case in enumerate(report.cases):
        yield _view(
            _Told(
                case=case,
                anchor=f"q{number}",
                arms=tuple(arm.label for arm in arms),
                trials=tuple(each.get(case.id, {}) for each in trials),
                scores=tuple(each.get(case.id, {}).get(OVERALL) for each in scores),
                flips=tuple(flips.get(case.id, ())),
                criteria={
                    dimension: (*general.get(dimension, ()), *case.criteria.get(dimension, ()))
                    for dimension in report.dimensions
                },
            )
        )


_Trials = Mapping[str, Mapping[int, Outcome]]
"""Per grader, the outcomes of one case by attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told(Record):
    """All that is told about one case; `trials` and `scores` are in the order of `arms`."""

    case: Case
    anchor: str
    arms: tuple[str, ...]
    trials: tuple[_Trials, ...]
    scores: tuple[float | None, ...]
    flips: tuple[tuple[str, Flip], ...]
    criteria: Mapping[str, tuple[Criterion, ...]]


def _by_case(arm: Arm) -> Mapping[str, _Trials]:
    found: dict[str, dict[str, dict[int, Outcome]]] = {}
    for grader, outcomes in arm.outcomes.items():
        for outcome in outcomes:
            by_grader = found.setdefault(outcome.trial.case, {})
            by_grader.setdefault(grader, {})[outcome.trial.attempt] = outcome
    return found


def _view(told: _Told) -> CaseView:
    found: set[str] = set()
    columns = tuple(_column(told, place, found) for place in range(len(told.arms)))
    outcomes = [outcome for trials in told.trials for each in trials.values() for outcome in each.values()]
    return CaseView(
        id=told.case.id,
        title=visible(told.case.title or told.case.id),
        question=visible(told.case.question)[:LONGEST],
        tags=tuple(visible(tag) for tag in told.case.tags),
        attempts=tuple(sorted({outcome.trial.attempt for outcome in outcomes})),
        columns=columns,
        blocks=tuple(
            Block(dimension=dimension, rows=tuple(_row(told, dimension, each, found) for each in criteria))
            for dimension, criteria in told.criteria.items()
            if criteria
        ),
        flips=len(told.flips),
        flipped=tuple(dict.fromkeys(flip.dimension for _, flip in told.flips)),
        states=tuple(
            state
            for state, kind in (("failed", Failed), ("ungraded", Ungraded))
            if any(isinstance(outcome, kind) for outcome in outcomes)
        ),
    )


# ------------------------------------------------------------------ answers


def _column(told: _Told, place: int, found: set[str]) -> Column:
    trials, score, base = told.trials[place], told.scores[place], told.scores[0]
    attempts = sorted({attempt for each in trials.values() for attempt in each})
    return Column(
        label=told.arms[place],
        score=score,
        gain=None if place == 0 or score is None or base is None else score - base,
        panels=tuple(_panel(told, place, attempt, found) for attempt in attempts),
    )


def _panel(told: _Told, place: int, attempt: int, found: set[str]) -> Panel:
    outcomes = {grader: each[attempt] for grader, each in told.trials[place].items() if attempt in each}
    problems = tuple(
        f"Ungraded by {grader}: {visible(outcome.reason)}"
        for grader, outcome in outcomes.items()
        if isinstance(outcome, Ungraded)
    )
    first = next(iter(outcomes.values()))
    if isinstance(first, Failed):
        failure = f"Failed, {visible(first.kind)}: {visible(first.message)}"
        return Panel(attempt=attempt, html="", facts=(), problems=(failure, *problems))
    html, marked = rendered(first.answer.text, _quotes(told, place, attempt))
    found |= marked
    return Panel(attempt=attempt, html=html, facts=_facts(first.answer), problems=problems)


def _quotes(told: _Told, place: int, attempt: int) -> Sequence[Quote]:
    """Give each distinct quote once; graders that quote the same words share the mark."""
    titles: dict[str, list[str]] = {}
    for grader, each in told.trials[place].items():
        outcome = each.get(attempt)
        if outcome is not None and not isinstance(outcome, Failed):
            for verdict in outcome.verdicts:
                if verdict.quote:
                    titles.setdefault(verdict.quote, []).append(f"{verdict.criterion} ({grader})")
    return [
        Quote(id=_quote_id(told, place, attempt, text), text=text, title=", ".join(title))
        for text, title in titles.items()
    ]


def _quote_id(told: _Told, place: int, attempt: int, quote: str) -> str:
    return f"{told.anchor}-{place}-{attempt}-{hashlib.sha256(quote.encode()).hexdigest()[:8]}"


def _facts(answer: Answer) -> tuple[str, ...]:
    stops = {"end_turn": "", "max_tokens": "cut at the token limit", "refusal": "refused"}
    facts = (
        f"{words.count(answer.words)} words",
        stops.get(answer.stop_reason, visible(answer.stop_reason)),
        words.seconds(answer.seconds) if answer.seconds else "",
        words.dollars(answer.cost) if answer.cost else "",
        f"{answer.retries} retries" if answer.retries else "",
    )
    return tuple(fact for fact in facts if fact)


# ------------------------------------------------------------------ criteria


def _row(told: _Told, dimension: str, criterion: Criterion, found: set[str]) -> Row:
    gains = [
        (candidate, flip.gain)
        for candidate, flip in told.flips
        if (flip.dimension, flip.criterion) == (dimension, criterion.id)
    ]
    cells = [tuple(_marks(told, place, (dimension, criterion.id), found)) for place in range(len(told.arms))]
    return Row(
        id=criterion.id,
        text=visible(criterion.text),
        points=criterion.points,
        cells=tuple(cells),
        gains=tuple(gains),
    )


def _marks(told: _Told, place: int, wanted: tuple[str, str], found: set[str]) -> Iterator[Mark]:
    """Give the verdicts by attempt; graders that say the same with the same words share one."""
    agreeing: dict[tuple[int, bool | None, str], list[tuple[str, str]]] = {}
    for grader, each in told.trials[place].items():
        for attempt, outcome in each.items():
            for verdict in () if isinstance(outcome, Failed) else outcome.verdicts:
                if (verdict.dimension, verdict.criterion) == wanted:
                    key = (attempt, verdict.met, verdict.quote)
                    agreeing.setdefault(key, []).append((grader, _reason(verdict)))
    for (attempt, met, quote), said in sorted(agreeing.items(), key=lambda item: item[0][0]):
        word, sign = _WORDS[met]
        target = _quote_id(told, place, attempt, quote)
        yield Mark(
            attempt=attempt,
            word=word,
            sign=sign,
            quote=visible(quote),
            said=tuple(said),
            href=f"#{target}" if target in found else "",
        )


def _reason(verdict: Verdict) -> str:
    """Give the reason, and what it was decided from where that is more than one vote."""
    return visible(" · ".join(filter(None, (verdict.reason, words.behind(verdict)))))


_WORDS = {
    True: ("met", "\N{CHECK MARK}"),
    False: ("not met", "\N{BALLOT X}"),
    None: ("ungraded", "?"),
}
