"""Which criteria moved: how often each was met before and after, over the cases that ask it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.comparison.families import Question
from harness.comparison.flips import met_shares
from harness.grading.scoring import criteria_of
from harness.records.comparisons import CriterionDifference, Moved
from harness.records.estimates import Estimate
from harness.records.inputs import Case, Criterion, Rubric
from harness.records.outcomes import Outcome
from harness.statistics.estimates import FEWEST_CASES, mean
from harness.statistics.paired import Paired, paired_together

_Shares = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One criterion with its cases: the shares in points that met it, before and after, by case id.

    `measured` is `None` where it was always met or never.
    """

    dimension: str
    criterion: Criterion
    shares: Mapping[str, _Shares]
    measured: Paired | None

    @property
    def question(self) -> Question | None:
        """What a family of questions needs of it, if it can be measured."""
        if self.measured is None:
            return None
        return Question(differences={c: b - a for c, (a, b) in self.shares.items()}, p=self.measured.p)


def asked_criteria(
    base: Sequence[Outcome],
    candidate: Sequence[Outcome],
    *,
    cases: Sequence[Case],
    rubrics: Sequence[Rubric],
    seed: int,
) -> tuple[Asked, ...]:
    """Measure every criterion that both arms have graded in six cases or more, in the order of the rubrics.

    With fewer no p under .05 is possible; the flips list those case by case.
    """
    before, after = met_shares(base), met_shares(candidate)
    found: dict[tuple[str, str], tuple[Criterion, dict[str, _Shares]]] = {}
    for case in sorted(cases, key=lambda case: case.id):
        for dimension, criterion in criteria_of(case, rubrics):
            address = (case.id, dimension, criterion.id)
            if address in before and address in after:
                _, shares = found.setdefault((dimension, criterion.id), (criterion, {}))
                shares[case.id] = (100 * before[address], 100 * after[address])
    kept = {name: each for name, each in found.items() if len(each[1]) >= FEWEST_CASES}
    clusters = {case.id: case.cluster for case in cases}
    measured = _measured({name: shares for name, (_, shares) in kept.items()}, clusters, seed)
    order = [rubric.dimension for rubric in rubrics]
    return tuple(
        Asked(dimension=name[0], criterion=criterion, shares=shares, measured=measured.get(name))
        for name, (criterion, shares) in sorted(kept.items(), key=lambda item: order.index(item[0][0]))
    )


def told(asked: Asked, *, p_adjusted: float | None, family: int, level: float) -> CriterionDifference:
    """Put a measured criterion into the record that reports hold; it moved where p is at `level` or below."""
    measured, n = asked.measured, len(asked.shares)
    nothing = Estimate(mean=0.0, low=None, high=None, n=n, method="not measurable: one class")
    return CriterionDifference(
        dimension=asked.dimension,
        criterion=asked.criterion.id,
        text=asked.criterion.text,
        points=asked.criterion.points,
        base=mean([before for before, _ in asked.shares.values()]),
        candidate=mean([after for _, after in asked.shares.values()]),
        difference=measured.estimate if measured else nothing,
        p=measured.p if measured else None,
        p_method=measured.p_method if measured else "",
        p_adjusted=p_adjusted,
        family=family,
        changed=measured.changed if measured else 0,
        moved=_moved(measured, p_adjusted, level) if measured else "not measurable",
    )


def _moved(measured: Paired, p_adjusted: float | None, level: float) -> Moved:
    if (measured.p if p_adjusted is None else p_adjusted) > level:
        return "cannot tell"
    return "more often" if measured.difference > 0 else "less often"


def _measured(
    asked: Mapping[tuple[str, str], Mapping[str, _Shares]], clusters: Mapping[str, str], seed: int
) -> Mapping[tuple[str, str], Paired]:
    """Measure from one draw all criteria that were asked of the same cases."""
    alike: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for name, shares in asked.items():
        if not _one_class(shares):
            alike.setdefault(tuple(shares), []).append(name)
    found: dict[tuple[str, str], Paired] = {}
    for cases, names in alike.items():
        columns = [[after - before for before, after in asked[name].values()] for name in names]
        sources = [clusters.get(case, "") for case in cases]
        found |= zip(names, paired_together(columns, seed=seed, clusters=sources), strict=True)
    return found


def _one_class(shares: Mapping[str, _Shares]) -> bool:
    """Say whether it was never met by anybody, or always by both."""
    return {share for pair in shares.values() for share in pair} in ({0.0}, {100.0})
