"""Each case as the page shows it: the answers side by side, and every criterion with its evidence."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.records.comparisons import Comparison, Flip
from harness.records.estimates import OVERALL
from harness.records.inputs import Case, Criterion
from harness.records.outcomes import Answer, Failed, Outcome, Ungraded, Verdict
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import selection, words
from harness.reporting.answers import LONGEST, Quote, rendered
from harness.reporting.packing import Packer, packer, samples
from harness.reporting.templating import filled
from harness.reporting.untrusted import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Record):
    """A verdict on one attempt; `said` holds each grader that gave it with its reason.

    A quote that was found in the answer stands there alone: `href` leads to it, and the page's script puts
    its words beside the verdict. `quote` holds the words of one that was not found.
    """

    attempt: int
    word: str
    sign: str
    quote: str
    said: tuple[tuple[str, str], ...]
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """One criterion over all arms; `gains` holds the effect in points per candidate whose answer flipped.

    `general` is its place among the criteria of the `general` ones, `None` for one of this case alone: what
    recurs in every case stands once in the page.
    """

    id: str
    general: int | None
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
class Sum(Record):
    """One arm's score in points (`None` where not graded) and its gain over the base."""

    label: str
    score: float | None
    gain: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Record):
    """One arm's attempts, below their sum."""

    sum: Sum
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView(Record):
    """One case as the page embeds it: the line that is always there, and `packed` what it unfolds to.

    `facts` is what the page filters and sorts by: `tags`, `states`, `score` (the lowest of any arm in
    points), and per dimension of the report the number of `flips` and the `gains` of each candidate in
    points, overall's first.
    """

    id: str
    title: str
    sums: tuple[Sum, ...]
    flips: int
    states: tuple[str, ...]
    facts: Mapping[str, object]
    packed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Views(Record):
    """All cases, and the packer that they were packed with."""

    cases: tuple[CaseView, ...]
    packer: Packer


def general(report: Report) -> tuple[Criterion, ...]:
    """Give the criteria that apply to every case, in the order in which `Row.general` counts them."""
    return tuple(criterion for rubric in report.rubrics for criterion in rubric.criteria)


def views(report: Report) -> Views:
    """Give every case in the report's order; of what they unfold to, one at a time is held unpacked."""
    told = list(_told(report))
    packing = packer([_view(told[place])[1] for place in samples(len(told))])
    return Views(cases=tuple(_packed(packing, *_view(each)) for each in told), packer=packing)


def _packed(packing: Packer, view: CaseView, body: str) -> CaseView:
    return replace(view, packed=packing.pack(body))


def _told(report: Report) -> Iterator["_Told"]:
    arms, decided = selection.arms(report), selection.deciding(report)
    trials = [_by_case(arm) for arm in arms]
    scores = [selection.case_scores(arm, selection.decider(report)) for arm in arms]
    flips: dict[str, list[tuple[str, Flip]]] = {}
    for comparison in decided:
        for flip in comparison.flips:
            flips.setdefault(flip.case, []).append((comparison.candidate, flip))
    gains = _gains(decided)
    of_all = {rubric.dimension: rubric.criteria for rubric in report.rubrics}
    recurring = [(rubric.dimension, each.id) for rubric in report.rubrics for each in rubric.criteria]
    numbers = {place: number for number, place in enumerate(recurring)}
    for number, case in enumerate(report.cases):
        yield _Told(
            case=case,
            anchor=f"q{number}",
            arms=tuple(arm.label for arm in arms),
            trials=tuple(each.get(case.id, {}) for each in trials),
            scores=tuple(each.get(case.id, {}).get(OVERALL) for each in scores),
            flips=tuple(flips.get(case.id, ())),
            gains=gains.get(case.id, {}),
            general=numbers,
            criteria={
                dimension: (*of_all.get(dimension, ()), *case.criteria.get(dimension, ()))
                for dimension in report.dimensions
            },
        )


_Trials = Mapping[str, Mapping[int, Outcome]]
"""Per grader, the outcomes of one case by attempt."""

_Places = dict[tuple[int, int, str], str]
"""The id of each quote that was found in an answer, by arm, attempt and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told(Record):
    """All that is told about one case; `trials` and `scores` are in the order of `arms`."""

    case: Case
    anchor: str
    arms: tuple[str, ...]
    trials: tuple[_Trials, ...]
    scores: tuple[float | None, ...]
    flips: tuple[tuple[str, Flip], ...]
    gains: Mapping[str, Sequence[float]]
    general: Mapping[tuple[str, str], int]
    criteria: Mapping[str, tuple[Criterion, ...]]


def _by_case(arm: Arm) -> Mapping[str, _Trials]:
    found: dict[str, dict[str, dict[int, Outcome]]] = {}
    for grader, outcomes in arm.outcomes.items():
        for outcome in outcomes:
            by_grader = found.setdefault(outcome.trial.case, {})
            by_grader.setdefault(grader, {})[outcome.trial.attempt] = outcome
    return found


def _gains(comparisons: Sequence[Comparison]) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Give by case and dimension what each candidate gained over the base, where both are graded."""
    found: dict[str, dict[str, list[float]]] = {}
    for comparison in comparisons:
        for scores in comparison.cases:
            for dimension, before in scores.base.items():
                after = scores.candidate.get(dimension)
                if before is not None and after is not None:
                    gained = round(after - before, 1)
                    found.setdefault(scores.case, {}).setdefault(dimension, []).append(gained)
    return found


def _view(told: _Told) -> tuple[CaseView, str]:
    """Give a case not packed yet, and the HTML that it unfolds to."""
    places: _Places = {}
    columns = tuple(_column(told, place, places) for place in range(len(told.arms)))
    outcomes = [outcome for trials in told.trials for each in trials.values() for outcome in each.values()]
    states = tuple(
        state
        for state, kind in (("failed", Failed), ("ungraded", Ungraded))
        if any(isinstance(outcome, kind) for outcome in outcomes)
    )
    body = filled(
        "case.html",
        id=told.case.id,
        tags=[visible(tag) for tag in told.case.tags],
        question=visible(told.case.question)[:LONGEST],
        attempts=sorted({outcome.trial.attempt for outcome in outcomes}),
        columns=columns,
        blocks=tuple(_blocks(told, places)),
    )
    view = CaseView(
        id=told.case.id,
        title=visible(told.case.title or told.case.id),
        sums=tuple(column.sum for column in columns),
        flips=len(told.flips),
        states=states,
        facts=_facts(told, states),
        packed="",
    )
    return view, body


def _facts(told: _Told, states: Sequence[str]) -> Mapping[str, object]:
    known = [score for score in told.scores if score is not None]
    flips = Counter(flip.dimension for _, flip in told.flips)
    return {
        "tags": [visible(tag) for tag in told.case.tags],
        "states": list(states),
        "score": round(min(known), 1) if known else None,
        "flips": [flips[dimension] for dimension in told.criteria],
        "gains": [told.gains.get(dimension, ()) for dimension in (OVERALL, *told.criteria)],
    }


# ------------------------------------------------------------------ answers


def _column(told: _Told, place: int, places: _Places) -> Column:
    trials, score, base = told.trials[place], told.scores[place], told.scores[0]
    attempts = sorted({attempt for each in trials.values() for attempt in each})
    gain = None if place == 0 or score is None or base is None else score - base
    return Column(
        sum=Sum(label=told.arms[place], score=score, gain=gain),
        panels=tuple(_panel(told, place, attempt, places) for attempt in attempts),
    )


def _panel(told: _Told, place: int, attempt: int, places: _Places) -> Panel:
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
    quotes = _quotes(outcomes, f"{told.anchor}-{place}-{attempt}")
    html, marked = rendered(first.answer.text, quotes)
    places |= {(place, attempt, quote.text): quote.id for quote in quotes if quote.id in marked}
    return Panel(attempt=attempt, html=html, facts=_said_of(first.answer), problems=problems)


def _quotes(outcomes: Mapping[str, Outcome], anchor: str) -> Sequence[Quote]:
    """Give each distinct quote once; graders that quote the same words share the mark."""
    verdicts = (
        verdict
        for outcome in outcomes.values()
        for verdict in (() if isinstance(outcome, Failed) else outcome.verdicts)
    )
    texts = dict.fromkeys(verdict.quote for verdict in verdicts if verdict.quote)
    return [Quote(id=f"{anchor}-{number}", text=text) for number, text in enumerate(texts)]


def _said_of(answer: Answer) -> tuple[str, ...]:
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


def _blocks(told: _Told, places: _Places) -> Iterator[Block]:
    for dimension, criteria in told.criteria.items():
        verdicts = [_by_criterion(trials, dimension) for trials in told.trials]
        if criteria:
            rows = tuple(_row(told, dimension, each, (verdicts, places)) for each in criteria)
            yield Block(dimension=dimension, rows=rows)


_Given = Sequence[tuple[str, int, Verdict]]
"""The verdicts on one criterion of one arm, each with its grader and attempt."""


def _by_criterion(trials: _Trials, dimension: str) -> Mapping[str, _Given]:
    found: dict[str, list[tuple[str, int, Verdict]]] = {}
    for grader, each in trials.items():
        for attempt, outcome in each.items():
            for verdict in () if isinstance(outcome, Failed) else outcome.verdicts:
                if verdict.dimension == dimension:
                    found.setdefault(verdict.criterion, []).append((grader, attempt, verdict))
    return found


def _row(
    told: _Told,
    dimension: str,
    criterion: Criterion,
    known: tuple[Sequence[Mapping[str, _Given]], _Places],
) -> Row:
    verdicts, places = known
    gains = [
        (candidate, flip.gain)
        for candidate, flip in told.flips
        if (flip.dimension, flip.criterion) == (dimension, criterion.id)
    ]
    cells = [
        tuple(_marks(given.get(criterion.id, ()), place, places)) for place, given in enumerate(verdicts)
    ]
    return Row(
        id=criterion.id,
        general=told.general.get((dimension, criterion.id)),
        text=visible(criterion.text),
        points=criterion.points,
        cells=tuple(cells),
        gains=tuple(gains),
    )


def _marks(given: _Given, place: int, places: _Places) -> Iterator[Mark]:
    """Give the verdicts by attempt; graders that say the same with the same words share one."""
    agreeing: dict[tuple[int, bool | None, str], list[tuple[str, str]]] = {}
    for grader, attempt, verdict in given:
        key = (attempt, verdict.met, verdict.quote)
        agreeing.setdefault(key, []).append((grader, _reason(verdict)))
    for (attempt, met, quote), said in sorted(agreeing.items(), key=lambda item: item[0][0]):
        word, sign = _WORDS[met]
        target = places.get((place, attempt, quote), "")
        yield Mark(
            attempt=attempt,
            word=word,
            sign=sign,
            quote="" if target else visible(quote),
            said=tuple(said),
            href=f"#{target}" if target else "",
        )


def _reason(verdict: Verdict) -> str:
    """Give the reason, and what it was decided from where that is more than one vote."""
    return visible(" · ".join(filter(None, (verdict.reason, words.behind(verdict)))))


_WORDS = {
    True: ("met", "\N{CHECK MARK}"),
    False: ("not met", "\N{BALLOT X}"),
    None: ("ungraded", "?"),
}
