"""Which parts of a report to show first, and where the words behind a verdict stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.records.comparisons import Comparison, Difference, Flip
from harness.records.estimates import OVERALL
from harness.records.outcomes import Failed, Graded, Verdict
from harness.records.record import Record
from harness.records.results import Arm, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Record):
    """The words that a grader quoted for a criterion, and whose answer they stand in."""

    arm: str
    attempt: int
    quote: str


Place = tuple[str, str, str]
"""Case, dimension and criterion: a criterion id alone may recur in another dimension."""


def case_ids(report: Report) -> tuple[str, ...]:
    """Name the cases in the report's order; scores from elsewhere bring no cases but those compared."""
    if report.base.run is not None:
        return tuple(case.id for case in report.cases)
    compared = (scores.case for comparison in report.comparisons for scores in comparison.cases)
    return tuple(dict.fromkeys(compared))


def moved_most(comparison: Comparison, number: int) -> tuple[tuple[str, float], ...]:
    """Name the cases whose overall score moved most, with the change in points, losses before equal gains."""
    moves = [
        (scores.case, after - before)
        for scores in comparison.cases
        if (before := scores.base.get(OVERALL)) is not None
        and (after := scores.candidate.get(OVERALL)) is not None
        and after != before
    ]
    return tuple(sorted(moves, key=lambda move: (-abs(move[1]), move[1], move[0]))[:number])


def decider(report: Report) -> str:
    """Give the kind of the grader that decides: the first one."""
    return report.graders[0].kind if report.graders else ""


def arms(report: Report) -> tuple[Arm, ...]:
    """Give the base, then the candidates."""
    return (report.base, *report.candidates)


def deciding(report: Report) -> tuple[Comparison, ...]:
    """Give one comparison per candidate, by the grader that decides, in the order of the candidates."""
    return by_grader(report, decider(report))


def by_grader(report: Report, grader: str) -> tuple[Comparison, ...]:
    """Give one comparison per candidate by this grader, in the order of the candidates."""
    places = {arm.label: place for place, arm in enumerate(report.candidates)}
    chosen = [comparison for comparison in report.comparisons if comparison.grader == grader]
    return tuple(sorted(chosen, key=lambda comparison: places.get(comparison.candidate, len(places))))


def second_opinions(report: Report) -> tuple[Comparison, ...]:
    """Give the comparisons by all graders but the first."""
    return tuple(comparison for grader in report.graders[1:] for comparison in by_grader(report, grader.kind))


def overall(comparison: Comparison) -> Difference:
    """Give the difference that the verdict is about."""
    return comparison.differences[0]


def telling(comparison: Comparison) -> tuple[Flip, ...]:
    """Give the flips with the largest effect on a case first, losses before gains of the same size."""
    return tuple(
        sorted(
            comparison.flips,
            key=lambda flip: (-abs(flip.gain), flip.gain, flip.case, flip.dimension, flip.criterion),
        )
    )


def spread(flips: Sequence[Flip], number: int) -> tuple[tuple[Flip, ...], tuple[Flip, ...]]:
    """Split off the first few flips, no criterion twice among them; the rest stay in order."""
    first: dict[tuple[str, str], Flip] = {}
    for flip in flips:
        if len(first) < number:
            first.setdefault((flip.dimension, flip.criterion), flip)
    chosen = tuple(first.values())
    return chosen, tuple(flip for flip in flips if not any(flip is one for one in chosen))


def caveats(report: Report) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Give each caveat of the deciding grader once with the candidates it holds for.

    Those for all candidates come first and name none.
    """
    compared = deciding(report)
    found: dict[str, list[str]] = {}
    for comparison in compared:
        for caveat in comparison.caveats:
            found.setdefault(caveat, []).append(comparison.candidate)
    told = [(() if len(names) == len(compared) else tuple(names), caveat) for caveat, names in found.items()]
    return tuple(sorted(told, key=lambda each: each[0]))


def verdicts(arm: Arm, grader: str) -> Mapping[Place, tuple[tuple[int, Verdict], ...]]:
    """Give each criterion's verdicts by attempt, of every trial that has an answer."""
    found: defaultdict[Place, list[tuple[int, Verdict]]] = defaultdict(list)
    for outcome in arm.outcomes.get(grader, ()):
        if not isinstance(outcome, Failed):
            for verdict in outcome.verdicts:
                place = (outcome.trial.case, verdict.dimension, verdict.criterion)
                found[place].append((outcome.trial.attempt, verdict))
    return {place: tuple(sorted(pairs, key=lambda pair: pair[0])) for place, pairs in found.items()}


def quotes(report: Report, comparison: Comparison) -> Mapping[Place, Evidence]:
    """Give for each flip the words of the answer that met the criterion, where a grader quoted any."""
    by_label = {arm.label: arm for arm in arms(report)}
    found: dict[Place, Evidence] = {}
    for label in (comparison.base, comparison.candidate):
        known = verdicts(by_label[label], comparison.grader)
        for flip in comparison.flips:
            if (flip.base > flip.candidate) == (label == comparison.base):
                place = (flip.case, flip.dimension, flip.criterion)
                met = [pair for pair in known.get(place, ()) if pair[1].met and pair[1].quote]
                if met:
                    found[place] = Evidence(arm=label, attempt=met[0][0], quote=met[0][1].quote)
    return found


def case_scores(arm: Arm, grader: str) -> Mapping[str, Mapping[str, float]]:
    """Give each case's mean score in points over its attempts, per dimension and overall, where graded."""
    found: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for outcome in arm.outcomes.get(grader, ()):
        if isinstance(outcome, Failed):
            continue
        for dimension, score in outcome.scores.items():
            found[outcome.trial.case][dimension].append(100 * score.value)
        if isinstance(outcome, Graded):
            found[outcome.trial.case][OVERALL].append(100 * outcome.overall)
    return {
        case: {dimension: fmean(values) for dimension, values in scores.items()}
        for case, scores in found.items()
    }
