"""What one arm does every time, what only sometimes: pass@k, pass^k and the cases that flicker."""

from collections.abc import Callable, Mapping, Sequence

from harness.comparison.flips import Address
from harness.comparison.pairing import graded_attempts
from harness.grading.scoring import criteria_of
from harness.records.estimates import OVERALL, Estimate
from harness.records.inputs import Case, Criterion, Rubric
from harness.records.outcomes import Failed, Outcome
from harness.records.reliability import CaseReliability, CriterionReliability, Flicker, Reliability, Repeated
from harness.records.results import Arm
from harness.statistics.clusters import level
from harness.statistics.repeats import at_least_once, curves, every_time

_Tally = tuple[int, int]


def reliability(
    arm: Arm, *, grader: str, cases: Sequence[Case], rubrics: Sequence[Rubric]
) -> Reliability | None:
    """Measure how reliably one arm passes each criterion; `None` unless something was attempted twice.

    A criterion passes where it is met, one with negative points where it is not. What was graded in one
    attempt alone shows nothing of this and is left out.
    """
    criteria = {(case.id, d, c.id): c for case in cases for d, c in criteria_of(case, rubrics)}
    tallies = _tallies(arm.outcomes[grader], criteria)
    if not tallies:
        return None
    clusters = {case.id: case.cluster for case in cases}
    scores = graded_attempts(arm.outcomes[grader], OVERALL)
    by_case: dict[str, dict[Address, _Tally]] = {}
    for address, tally in tallies.items():
        by_case.setdefault(address[0], {})[address] = tally
    known = [_case(case, own, scores.get(case, ())) for case, own in by_case.items()]
    return Reliability(
        arm=arm.label,
        grader=grader,
        whole=_repeated(list(tallies.values()), [clusters[address[0]] or address[0] for address in tallies]),
        criteria=_criteria(tallies, criteria, clusters),
        cases=tuple(sorted(known, key=lambda found: -len(found.flickers))),
    )


def _tallies(outcomes: Sequence[Outcome], criteria: Mapping[Address, Criterion]) -> Mapping[Address, _Tally]:
    """Count (passed, attempts) per criterion of a case, where there are two attempts or more."""
    found: dict[Address, _Tally] = {}
    for outcome in outcomes:
        for verdict in () if isinstance(outcome, Failed) else outcome.verdicts:
            address = (outcome.trial.case, verdict.dimension, verdict.criterion)
            if verdict.met is not None and address in criteria:
                passed, attempts = found.get(address, (0, 0))
                passes = verdict.met == (criteria[address].points > 0)
                found[address] = (passed + passes, attempts + 1)
    return {address: found[address] for address in criteria if found.get(address, (0, 0))[1] > 1}


def _criteria(
    tallies: Mapping[Address, _Tally], criteria: Mapping[Address, Criterion], clusters: Mapping[str, str]
) -> tuple[CriterionReliability, ...]:
    """Put the cases of each criterion together, the least reliable first."""
    grouped: dict[tuple[str, str], list[Address]] = {}
    for address in tallies:
        grouped.setdefault(address[1:], []).append(address)
    found = [
        CriterionReliability(
            dimension=dimension,
            criterion=name,
            text=criteria[addresses[0]].text,
            repeated=_repeated(
                [tallies[address] for address in addresses], [clusters[address[0]] for address in addresses]
            ),
            flaky=sum(_flickers(tallies[address]) for address in addresses),
        )
        for (dimension, name), addresses in grouped.items()
    ]
    return tuple(sorted(found, key=lambda each: -each.flaky))


def _case(case: str, own: Mapping[Address, _Tally], scores: Sequence[float]) -> CaseReliability:
    return CaseReliability(
        case=case,
        repeated=_repeated(list(own.values())),
        lowest=min(scores, default=None),
        highest=max(scores, default=None),
        flickers=tuple(
            Flicker(dimension=dimension, criterion=name, passed=tally[0], attempts=tally[1])
            for (_, dimension, name), tally in own.items()
            if _flickers(tally)
        ),
    )


def _flickers(tally: _Tally) -> bool:
    passed, attempts = tally
    return 0 < passed < attempts


def _repeated(tallies: Sequence[_Tally], sources: Sequence[str] = ()) -> Repeated:
    """Put curves together, with intervals over cases where `sources` names the case or cluster of each."""
    least, every = curves(tallies)
    return Repeated(
        at_least_once=least,
        every_time=every,
        n=len(tallies),
        least_intervals=_intervals(at_least_once, tallies, sources),
        every_intervals=_intervals(every_time, tallies, sources),
    )


def _intervals(
    chance: Callable[[int, int, int], float], tallies: Sequence[_Tally], sources: Sequence[str]
) -> tuple[Estimate, ...]:
    if not sources:
        return ()
    ks = range(1, min(attempts for _, attempts in tallies) + 1)
    return tuple(
        level([100 * chance(passed, attempts, k) for passed, attempts in tallies], sources) for k in ks
    )
