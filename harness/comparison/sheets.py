"""Two files of scores that another tool made: the same verdict and report, without what only a run has."""

from collections.abc import Sequence
from dataclasses import replace

from harness.assembling import slug
from harness.comparison import caveats
from harness.comparison.comparing import of_pairs
from harness.comparison.pairing import matched, mean_of
from harness.errors import InputError
from harness.records.comparisons import CaseScores, Comparison
from harness.records.estimates import OVERALL, Estimate
from harness.records.inputs import Gate
from harness.records.outcomes import Usage
from harness.records.results import Arm, Counts, Report
from harness.records.runs import GraderInfo
from harness.records.sheets import Sheet
from harness.reporting.words import many
from harness.statistics.clusters import level
from harness.statistics.estimates import NOTHING

KIND = "scores"
"""What stands where a run names its grader."""


def report(
    base: Sheet,
    candidate: Sheet,
    *,
    command: str,
    gate: Gate | None,
    seed: int,
    about: Sequence[tuple[str, str]],
) -> Report:
    """Compare two sheets and report it; `about` is appended to the provenance.

    Raises InputError when the sheets do not tell the same dimensions apart, or a case belongs to another
    cluster in each: their overall scores would not be comparable.
    """
    _check_same(base, candidate)
    arms = [_arm(one, other) for one, other in ((base, candidate), (candidate, base))]
    return Report(
        name=slug(f"scores--{base.label}..{candidate.label}"),
        eval_name="scores",
        created_at="",
        command=command,
        graders=(GraderInfo(kind=KIND, version=""),),
        dimensions=base.dimensions,
        cases=(),
        rubrics=(),
        base=arms[0],
        candidates=(arms[1],),
        comparisons=(_compare(base, candidate, arms, gate=gate, seed=seed),),
        provenance=(*(_source(each) for each in (base, candidate)), *about, ("seed", str(seed))),
    )


def _check_same(base: Sheet, candidate: Sheet) -> None:
    if set(base.dimensions) != set(candidate.dimensions):
        told = [", ".join(sheet.dimensions) or "none" for sheet in (base, candidate)]
        both = f"{base.path} and {candidate.path}"
        msg = f"{both} must tell the same dimensions apart, got {' against '.join(told)}"
        raise InputError(msg)
    for case in sorted(base.clusters.keys() & candidate.clusters.keys()):
        here, there = base.clusters[case], candidate.clusters[case]
        if here != there:
            msg = f"{case} belongs to cluster {here!r} in {base.path} and to {there!r} in {candidate.path}"
            raise InputError(msg)


def _compare(
    base: Sheet, candidate: Sheet, arms: Sequence[Arm], *, gate: Gate | None, seed: int
) -> Comparison:
    names = (OVERALL, *base.dimensions)
    paired = [matched(base.scores[name], candidate.scores[name], dimension=name) for name in names]
    clusters = {**base.clusters, **candidate.clusters}
    told = of_pairs(paired, arms=(base.label, candidate.label), gate=gate, seed=seed, clusters=clusters)
    cases = tuple(dict.fromkeys((*base.cases, *candidate.cases)))
    both = set(paired[0].cases)
    unpaired = tuple(case for case in cases if case not in both)
    absent = [found.dimension for found in paired if not found.cases]
    return replace(
        told,
        grader=KIND,
        cases=tuple(
            CaseScores(case=case, base=_means(base, case), candidate=_means(candidate, case))
            for case in cases
        ),
        unpaired=unpaired,
        caveats=(
            *told.caveats,
            *caveats.of_pairs(unpaired, absent, missing_points=0.0),
            *caveats.of_arms(*arms, grader=KIND),
        ),
    )


def _means(sheet: Sheet, case: str) -> dict[str, float | None]:
    found = {name: scores.get(case) for name, scores in sheet.scores.items()}
    return {name: None if attempts is None else mean_of(attempts) for name, attempts in found.items()}


def _arm(sheet: Sheet, other: Sheet) -> Arm:
    """Sum one sheet up; cases that only the other one has are planned here and were not run."""
    lacking = len(set(other.cases) - set(sheet.cases))
    counted = Counts(
        planned=sheet.trials + lacking,
        answered=sheet.trials,
        graded=sheet.graded,
        ungraded=sheet.trials - sheet.graded,
        failed=0,
    )
    return Arm(
        run=None,
        label=sheet.label,
        counts={KIND: counted},
        outcomes={},
        scores={KIND: tuple((name, _estimate(sheet, name)) for name in (OVERALL, *sheet.dimensions))},
        words=None,
        usage=Usage(),
        costs={},
        seconds=None,
    )


def _estimate(sheet: Sheet, name: str) -> Estimate:
    scored = sheet.scores[name]
    sources = [sheet.clusters.get(case, "") for case in sorted(scored)]
    return level([mean_of(scored[case]) for case in sorted(scored)], sources) if scored else NOTHING


def _source(sheet: Sheet) -> tuple[str, str]:
    counted = (
        f"{many(len(sheet.cases), 'case')}, {many(sheet.trials, 'attempt')}, {sheet.graded} with a score"
    )
    return f"scores of {sheet.label}", f"{sheet.path}: {counted}, SHA-256 {sheet.digest}"
