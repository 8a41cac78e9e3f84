"""Two runs paired by case under one grader: differences, gates, flips, and what to make of them."""

from collections.abc import Mapping, Sequence

from harness.comparison import caveats, wording
from harness.comparison.findings import LEVEL, Finding, finding
from harness.comparison.flips import flips
from harness.comparison.pairing import Pairs, graded_attempts, mean_of, missing_points, pairs
from harness.records.inputs import Case, Eval, Gate, Rubric
from harness.records.outcomes import Outcome
from harness.records.results import OVERALL, Arm, CaseScores, Comparison, Difference, GateResult
from harness.statistics.estimates import NOTHING
from harness.statistics.gate import gates
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
    """Compare what one grader made of two runs, over the cases that both graded.

    Attempts are averaged inside a case first. Outcomes of cases that are not in `cases` are not compared
    but named in `unpaired`. A dimension without a single pair has estimates of n = 0, no p and no bounds,
    and a caveat says so. Every draw is seeded by `eval.seed`; the order of cases and outcomes changes no
    number. `level` is the p at or below which a difference is better or worse.
    """
    names = (OVERALL, *(rubric.dimension for rubric in rubrics))
    before, after = (_known(arm.outcomes[grader], cases) for arm in (base, candidate))
    matched = [pairs(before, after, dimension=name) for name in names]
    margin = eval.gate.margin if eval.gate else _MARGIN
    findings = [
        finding(found, margin=margin, seed=eval.seed, level=level) for found in matched if found.cases
    ]
    unpaired = _unpaired(matched[0], [*base.outcomes[grader], *candidate.outcomes[grader]], cases)
    planned = [(kept, arm.run.manifest.eval.attempts) for arm, kept in ((base, before), (candidate, after))]
    missing = missing_points(planned, cases=cases, rubrics=rubrics)
    absent = [found.dimension for found in matched if not found.cases]
    return Comparison(
        grader=grader,
        base=base.label,
        candidate=candidate.label,
        differences=_differences(findings, names),
        gates=_gates(findings, eval.gate, names[1:]),
        cases=_case_scores(before, after, cases=cases, names=names),
        flips=flips(before, after, cases=cases, rubrics=rubrics),
        unpaired=unpaired,
        missing_points=missing,
        headline=wording.headline(findings, base=base.label, candidate=candidate.label),
        caveats=(
            *caveats.of_findings(findings),
            *caveats.of_pairs(unpaired, absent, missing_points=missing),
            *caveats.of_arms(base, candidate, grader=grader),
        ),
        seed=eval.seed,
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


def _gates(
    findings: Sequence[Finding], gate: Gate | None, dimensions: Sequence[str]
) -> tuple[GateResult, ...]:
    """Decide the gated dimensions together, so that looking at several does not fail more often by chance."""
    if gate is None:
        return ()
    suites: Mapping[str, Suite | Unavailable] = {found.dimension: found.suite for found in findings}
    nothing = Unavailable(reason="no case was graded in both arms")
    return gates(
        {name: suites.get(name, nothing) for name in gate.dimensions or dimensions}, margin=gate.margin
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
