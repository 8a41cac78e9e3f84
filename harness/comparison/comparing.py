"""Two runs or more paired by case under one grader: differences, gates, flips, and what to make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.comparison import caveats, wording
from harness.comparison.criteria import Asked, asked_criteria, told
from harness.comparison.families import adjusted
from harness.comparison.findings import LEVEL, Finding, finding
from harness.comparison.flips import flips
from harness.comparison.gating import gates_between
from harness.comparison.lengths import length_moved, longer
from harness.comparison.pairing import Pairs, graded_attempts, mean_of, missing_points, pairs
from harness.comparison.spreads import spreads_between
from harness.records.comparisons import CaseScores, Comparison, CriterionDifference, Difference
from harness.records.estimates import OVERALL
from harness.records.inputs import Case, Eval, Gate, Rubric
from harness.records.outcomes import Outcome
from harness.records.results import Arm
from harness.statistics.estimates import NOTHING
from harness.statistics.length import at_equal_length
from harness.statistics.suite import Suite, Unavailable

_MARGIN = Gate().margin


def compare(  # noqa: PLR0913 - what is compared, by whom, under which rule
    base: Arm,
    candidate: Arm,
    *,
    grader: str,
    eval: Eval,  # noqa: A002 - the house word for it; nothing here evaluates code
    cases: Sequence[Case],
    rubrics: Sequence[Rubric],
    level: float = LEVEL,
) -> Comparison:
    """Compare what one grader made of two runs; see `compare_all`."""
    (found,) = compare_all(
        base, [candidate], grader=grader, eval=eval, cases=cases, rubrics=rubrics, level=level
    )
    return found


def compare_all(  # noqa: PLR0913 - as in compare
    base: Arm,
    candidates: Sequence[Arm],
    *,
    grader: str,
    eval: Eval,  # noqa: A002 - as in compare
    cases: Sequence[Case],
    rubrics: Sequence[Rubric],
    level: float = LEVEL,
) -> tuple[Comparison, ...]:
    """Compare what one grader made of each candidate with the base, over the cases that both graded.

    Attempts are averaged inside a case first. Three families of questions are each adjusted for asking all of
    it at once: overall over the candidates, the dimensions over dimensions and candidates, the criteria over
    criteria and candidates. Outcomes of cases that are not in `cases` are not compared but named in
    `unpaired`. A dimension without a single pair has estimates of n = 0, no p and no bounds, and a caveat
    says so. Every draw is seeded by `eval.seed`; the order of cases and outcomes changes no number. `level`
    is the p at or below which a difference is better or worse.
    """
    names = (OVERALL, *(rubric.dimension for rubric in rubrics))
    asked = _Question(grader=grader, eval=eval, cases=cases, rubrics=rubrics, names=names, level=level)
    sides = [_side(base, candidate, asked) for candidate in candidates]
    return tuple(_told(side, asked) for side in _criteria_together(_findings_together(sides, asked), asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked of every candidate alike."""

    grader: str
    eval: Eval
    cases: Sequence[Case]
    rubrics: Sequence[Rubric]
    names: Sequence[str]
    level: float

    @property
    def clusters(self) -> Mapping[str, str]:
        return {case.id: case.cluster for case in self.cases if case.cluster}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One candidate beside the base: outcomes of known cases, and what was found in them."""

    base: Arm
    candidate: Arm
    before: Sequence[Outcome]
    after: Sequence[Outcome]
    matched: Sequence[Pairs]
    findings: Sequence[Finding]
    asked: Sequence[Asked]
    criteria: tuple[CriterionDifference, ...] = ()


def _side(base: Arm, candidate: Arm, asked: _Question) -> _Side:
    before, after = (_known(arm.outcomes[asked.grader], asked.cases) for arm in (base, candidate))
    matched = [pairs(before, after, dimension=name) for name in asked.names]
    gate, seed = asked.eval.gate, asked.eval.seed
    findings = []
    for found in matched:
        if found.cases:
            margin = gate.margin_of(found.dimension) if gate else _MARGIN
            one = finding(found, margin=margin, seed=seed, level=asked.level, clusters=asked.clusters)
            if length_moved(base, candidate):
                words = longer(before, after, dimension=found.dimension, cases=found.cases)
                one = replace(one, equal_length=at_equal_length(found.differences, words))
            findings.append(one)
    return _Side(
        base=base,
        candidate=candidate,
        before=before,
        after=after,
        matched=matched,
        findings=findings,
        asked=asked_criteria(before, after, cases=asked.cases, rubrics=asked.rubrics, seed=seed),
    )


def _findings_together(sides: Sequence[_Side], asked: _Question) -> list[_Side]:
    judged = _together([side.findings for side in sides], clusters=asked.clusters, seed=asked.eval.seed)
    return [replace(side, findings=findings) for side, findings in zip(sides, judged, strict=True)]


def _together(
    sides: Sequence[Sequence[Finding]], *, clusters: Mapping[str, str], seed: int
) -> list[list[Finding]]:
    """Adjust overall over the candidates, and the dimensions over dimensions and candidates."""
    found = [(number, one) for number, findings in enumerate(sides) for one in findings]
    families = (
        [each for each in found if each[1].dimension == OVERALL],
        [each for each in found if each[1].dimension != OVERALL],
    )
    judged: dict[tuple[int, str], Finding] = {}
    for family in families:
        together = adjusted([one.question for _, one in family], clusters=clusters, seed=seed)
        for (number, one), p in zip(family, together, strict=True):
            judged[number, one.dimension] = replace(one, p_adjusted=p, family=len(family))
    return [[judged[number, one.dimension] for one in findings] for number, findings in enumerate(sides)]


def _criteria_together(sides: Sequence[_Side], asked: _Question) -> list[_Side]:
    """Adjust the criteria over criteria and candidates; one that cannot be measured takes no part."""
    questions = [one.question for side in sides for one in side.asked if one.question is not None]
    together = iter(adjusted(questions, clusters=asked.clusters, seed=asked.eval.seed))
    family = len(questions)
    return [
        replace(
            side,
            criteria=tuple(
                told(
                    one,
                    p_adjusted=next(together) if one.measured else None,
                    family=family,
                    level=asked.level,
                )
                for one in side.asked
            ),
        )
        for side in sides
    ]


def _told(side: _Side, asked: _Question) -> Comparison:
    base, candidate, findings = side.base, side.candidate, side.findings
    everything = [*base.outcomes[asked.grader], *candidate.outcomes[asked.grader]]
    unpaired = _unpaired(side.matched[0], everything, asked.cases)
    planned = [
        (side.before, base.made.manifest.eval.attempts),
        (side.after, candidate.made.manifest.eval.attempts),
    ]
    missing = missing_points(planned, cases=asked.cases, rubrics=asked.rubrics)
    absent = [found.dimension for found in side.matched if not found.cases]
    said = _said(findings, arms=(base.label, candidate.label), names=asked.names, clusters=asked.clusters)
    return replace(
        said,
        grader=asked.grader,
        gates=gates_between(findings, side.after, gate=asked.eval.gate, dimensions=asked.names[1:]),
        cases=_case_scores(side.before, side.after, cases=asked.cases, names=asked.names),
        flips=flips(side.before, side.after, cases=asked.cases, rubrics=asked.rubrics),
        unpaired=unpaired,
        missing_points=missing,
        caveats=(
            *said.caveats,
            *caveats.of_pairs(unpaired, absent, missing_points=missing),
            *caveats.of_arms(base, candidate, grader=asked.grader),
        ),
        seed=asked.eval.seed,
        criteria=side.criteria,
    )


def of_pairs(
    matched: Sequence[Pairs],
    *,
    arms: tuple[str, str],
    gate: Gate | None,
    seed: int,
    clusters: Mapping[str, str],
) -> Comparison:
    """Decide every dimension from paired scores alone, whoever made them; `overall` comes first.

    `arms` labels base and candidate. What needs more than pairs (who graded, what is missing, the scores of
    cases without a pair) is left to the caller; there are no flips and no criteria, and a gate has no floors.
    """
    names = [found.dimension for found in matched]
    margin = gate.margin if gate else _MARGIN
    alone = [finding(found, margin=margin, seed=seed, clusters=clusters) for found in matched if found.cases]
    (findings,) = _together([alone], clusters=clusters, seed=seed)
    said = _said(findings, arms=arms, names=names, clusters=clusters)
    return replace(said, gates=gates_between(findings, (), gate=gate, dimensions=names[1:]), seed=seed)


def _said(
    findings: Sequence[Finding], *, arms: tuple[str, str], names: Sequence[str], clusters: Mapping[str, str]
) -> Comparison:
    """Put down what the numbers say, before anything is said of where they come from."""
    base, candidate = arms
    return Comparison(
        grader="",
        base=base,
        candidate=candidate,
        differences=_differences(findings, names),
        gates=(),
        cases=(),
        flips=(),
        headline=wording.headline(findings, base=base, candidate=candidate),
        caveats=tuple(caveats.of_findings(findings)),
        seed=0,
        spreads=spreads_between(findings, clusters),
    )


def _known(outcomes: Sequence[Outcome], cases: Sequence[Case]) -> list[Outcome]:
    ids = {case.id for case in cases}
    return [outcome for outcome in outcomes if outcome.trial.case in ids]


def _differences(findings: Sequence[Finding], names: Sequence[str]) -> tuple[Difference, ...]:
    told = {found.dimension: _difference(found) for found in findings}
    return tuple(told.get(name) or _nothing(name) for name in names)


def _difference(found: Finding) -> Difference:
    return Difference(
        dimension=found.dimension,
        base=found.base,
        candidate=found.candidate,
        difference=found.paired.estimate,
        p=found.paired.p,
        changed=found.paired.changed,
        mde=found.paired.mde,
        suite=found.suite.estimate() if isinstance(found.suite, Suite) else None,
        suite_missing=found.suite.reason if isinstance(found.suite, Unavailable) else "",
        verdict=found.verdict,
        sentence=wording.sentence(found),
        p_method=found.paired.p_method,
        p_adjusted=found.p_adjusted,
        family=found.family,
        clusters=found.paired.clusters,
        clustered=found.paired.robust,
        length_adjusted=found.equal_length,
    )


def _nothing(name: str) -> Difference:
    reason = "no case was graded in both arms"
    return Difference(
        dimension=name,
        base=NOTHING,
        candidate=NOTHING,
        difference=NOTHING,
        p=None,
        changed=0,
        mde=None,
        suite=None,
        suite_missing=reason,
        verdict="cannot tell",
        sentence=f"Cannot tell: {reason} on {name}.",
    )


def _case_scores(
    base: Sequence[Outcome], candidate: Sequence[Outcome], *, cases: Sequence[Case], names: Sequence[str]
) -> tuple[CaseScores, ...]:
    before = {name: graded_attempts(base, name) for name in names}
    after = {name: graded_attempts(candidate, name) for name in names}
    return tuple(
        CaseScores(
            case=case.id,
            base={name: _mean(before[name].get(case.id)) for name in names},
            candidate={name: _mean(after[name].get(case.id)) for name in names},
        )
        for case in cases
    )


def _mean(attempts: tuple[float, ...] | None) -> float | None:
    return None if attempts is None else mean_of(attempts)


def _unpaired(overall: Pairs, outcomes: Sequence[Outcome], cases: Sequence[Case]) -> tuple[str, ...]:
    """Name the cases without an overall score in both arms, then those that nobody asked for."""
    ids = [case.id for case in cases]
    paired = set(overall.cases)
    strangers = {outcome.trial.case for outcome in outcomes} - set(ids)
    return (*(name for name in ids if name not in paired), *sorted(strangers))
