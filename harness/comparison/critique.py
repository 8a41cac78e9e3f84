"""A rubric judged by a run: criteria that say nothing, repeat another, or flip from attempt to attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.records.outcomes import Failed, Outcome
from harness.records.record import Record
from harness.statistics.gate import holm
from harness.statistics.paired import paired

FEWEST_CASES = 6
"""A criterion that fewer cases ask is not measurable."""

Place = tuple[str, str]
"""A criterion: its dimension and its id."""

_Answer = tuple[str, str, int]
_Met = Mapping[_Answer, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criticised(Record):
    """What a run says of one criterion, over all its graded answers.

    `met` of `asked` answers met it. `twins` names the criteria that have the same verdict on every answer
    that both were asked of, `opposites` those that always have the other one. `flipping` counts the cases,
    of `repeated` with several attempts in an arm, whose attempts disagree. `difference` is candidate minus
    base in points, with its p adjusted over the criteria that moved (Holm); both `None` for one run.
    """

    dimension: str
    criterion: str
    cases: int
    asked: int
    met: int
    twins: tuple[str, ...] = ()
    opposites: tuple[str, ...] = ()
    flipping: int = 0
    repeated: int = 0
    difference: float | None = None
    p: float | None = None

    @property
    def measurable(self) -> bool:
        """Whether enough cases ask it."""
        return self.cases >= FEWEST_CASES

    @property
    def constant(self) -> bool:
        """Whether all answers met it, or none did: it moves no comparison."""
        return self.met in {0, self.asked}


def critique(arms: Sequence[Sequence[Outcome]], *, seed: int) -> tuple[Criticised, ...]:
    """Judge each criterion by one run's outcomes, or by two: the first is the base.

    Criteria that fewer than six cases ask are listed, with nothing said beyond their counts. A criterion that
    is always or never met has no twins: it would agree with any other of its kind.
    """
    verdicts = [_verdicts(str(number), arm) for number, arm in enumerate(arms)]
    whole: dict[Place, dict[_Answer, bool]] = {}
    for of_arm in verdicts:
        for place, met in of_arm.items():
            whole.setdefault(place, {}).update(met)
    measured = [place for place, met in whole.items() if _measurable(met)]
    same, opposite = _twins({place: whole[place] for place in measured})
    moved = _moved(verdicts, measured, seed=seed) if len(verdicts) > 1 else {}
    return tuple(
        _criticised(place, met, same.get(place, ()), opposite.get(place, ()), moved.get(place))
        for place, met in whole.items()
    )


def _verdicts(arm: str, outcomes: Sequence[Outcome]) -> dict[Place, dict[_Answer, bool]]:
    found: dict[Place, dict[_Answer, bool]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            continue
        answer = (arm, outcome.trial.case, outcome.trial.attempt)
        for verdict in outcome.verdicts:
            if verdict.met is not None:
                found.setdefault((verdict.dimension, verdict.criterion), {})[answer] = verdict.met
    return found


def _cases(met: _Met) -> set[str]:
    return {case for _, case, _ in met}


def _measurable(met: _Met) -> bool:
    return len(_cases(met)) >= FEWEST_CASES


def _constant(met: _Met) -> bool:
    return len(set(met.values())) == 1


def _twins(
    whole: Mapping[Place, _Met],
) -> tuple[Mapping[Place, tuple[str, ...]], Mapping[Place, tuple[str, ...]]]:
    """Find pairs of varying criteria that always say the same, and that always say the opposite."""
    same: dict[Place, tuple[str, ...]] = {}
    opposite: dict[Place, tuple[str, ...]] = {}
    varying = {place: met for place, met in whole.items() if not _constant(met)}
    for (one, first), (other, second) in combinations(varying.items(), 2):
        shared = first.keys() & second.keys()
        if len({case for _, case, _ in shared}) < FEWEST_CASES:
            continue
        agreeing = sum(first[answer] is second[answer] for answer in shared)
        for found, wanted in ((same, len(shared)), (opposite, 0)):
            if agreeing == wanted:
                found[one] = (*found.get(one, ()), other[1])
                found[other] = (*found.get(other, ()), one[1])
    return same, opposite


def _moved(
    arms: Sequence[Mapping[Place, _Met]], places: Sequence[Place], *, seed: int
) -> dict[Place, tuple[float, float]]:
    """Compare the share of attempts that met it case by case; p values adjusted over the criteria that moved.

    The test holds the sizes of the differences fixed, so one that moved nowhere could never be found, and
    leaving it out of the adjustment costs nothing (Tarone 1990, Biometrics 46, 515-522).
    """
    base, candidate = arms
    raw: dict[Place, tuple[float, float]] = {}
    moving: list[Place] = []
    for place in places:
        before, after = _shares(base.get(place, {})), _shares(candidate.get(place, {}))
        shared = sorted(before.keys() & after.keys())
        if len(shared) >= FEWEST_CASES:
            found = paired([after[case] - before[case] for case in shared], seed=seed)
            raw[place] = (found.difference, found.p)
            moving += [place] if found.changed else []
    adjusted = dict(zip(moving, holm([raw[place][1] for place in moving]), strict=True))
    return {place: (difference, adjusted.get(place, p)) for place, (difference, p) in raw.items()}


def _shares(met: _Met) -> dict[str, float]:
    """Give each case's share of attempts that met it, in points."""
    by_case: dict[str, list[bool]] = {}
    for (_, case, _), value in met.items():
        by_case.setdefault(case, []).append(value)
    return {case: 100 * sum(values) / len(values) for case, values in by_case.items()}


def _criticised(
    place: Place,
    met: _Met,
    same: tuple[str, ...],
    opposite: tuple[str, ...],
    moved: tuple[float, float] | None,
) -> Criticised:
    attempts: dict[tuple[str, str], list[bool]] = {}
    for (arm, case, _), value in met.items():
        attempts.setdefault((arm, case), []).append(value)
    several = {where: values for where, values in attempts.items() if len(values) > 1}
    return Criticised(
        dimension=place[0],
        criterion=place[1],
        cases=len(_cases(met)),
        asked=len(met),
        met=sum(met.values()),
        twins=same,
        opposites=opposite,
        flipping=len({where for where, values in several.items() if len(set(values)) > 1}),
        repeated=len(several),
        difference=None if moved is None else moved[0],
        p=None if moved is None else moved[1],
    )
