"""What a report's grader got wrong by its labels, and the numbers without that."""

from collections.abc import Iterator, Mapping, Sequence

from harness.comparison.pairing import pairs
from harness.grading.labels import Labels, text_hash
from harness.grading.scoring import criteria_of, positive_points
from harness.records.estimates import OVERALL
from harness.records.inputs import Case, GraderSpec, Rubric
from harness.records.outcomes import Failed, Graded, Outcome
from harness.records.results import Arm, Report
from harness.records.trust import CorrectedDifference, CorrectedLevel, Correction
from harness.reporting.words import interval, points, signed
from harness.statistics.correction import Level, Marked, apart, bias_apart, divided, level, rates


def corrections(report: Report, labels: Mapping[str, Labels]) -> tuple[Correction, ...]:
    """Correct every dimension and overall for each grader that names labels, where enough is labelled.

    A grader that only looks labels up has nothing to correct. Two labelled cases an arm are the least.
    """
    manifest = report.base.made.manifest
    found = []
    for spec in manifest.eval.graders:
        if spec.kind != "labels" and spec.labels in labels:
            for name in (OVERALL, *report.dimensions):
                one = _correction(report, spec, labels[spec.labels], name)
                if one is not None:
                    found.append(one)
    return tuple(found)


def favours(found: Sequence[Correction], *, grader: str, base: str) -> Iterator[str]:
    """Say where a grader errs for one arm more than for the base, beyond what the labels leave to chance.

    Such errors make a difference out of nothing, and no number of cases takes them away.
    """
    for one in found:
        for row in one.differences if one.grader == grader else ():
            bias, corrected = row.bias, row.by_labels
            if bias.low is None or bias.high is None or bias.low <= 0 <= bias.high:
                continue
            who, other = (row.candidate, base) if bias.low > 0 else (base, row.candidate)
            more = points(abs(bias.mean or 0.0))
            yield (
                f"By the labels, the {grader} grader flatters {who} by {more} points more than {other} on "
                f"{one.dimension} ({row.candidate} minus {base}: {interval(bias, sign=True)}). Corrected by "
                f"them the difference is {signed(corrected.mean)} ({interval(corrected, sign=True)}), not "
                f"{signed(row.raw.mean)}; verdict and gate go by the grader."
            )


def _correction(report: Report, spec: GraderSpec, labels: Labels, name: str) -> Correction | None:
    arms = (report.base, *report.candidates)
    marks = {arm.label: list(_marks(arm, report, spec.kind, labels, name)) for arm in arms}
    levels = {label: found for label, of_arm in marks.items() if (found := level(of_arm)) is not None}
    if not levels:
        return None
    base = report.base.label
    return Correction(
        grader=spec.kind,
        dimension=name,
        labels=spec.labels,
        in_sample=spec.in_sample,
        arms=tuple(_level(label, found, marks[label]) for label, found in levels.items()),
        differences=tuple(
            _difference(report, candidate, spec.kind, name, (marks, levels))
            for candidate in report.candidates
            if base in levels and candidate.label in levels
        ),
    )


def _level(label: str, found: Level, marks: Sequence[Marked]) -> CorrectedLevel:
    measured = rates(marks)
    return CorrectedLevel(
        arm=label,
        labelled=found.labelled,
        verdicts=found.verdicts,
        raw=found.raw,
        corrected=found.estimate(),
        bias=found.bias_estimate(),
        sensitivity=measured.sensitivity if measured else None,
        specificity=measured.specificity if measured else None,
    )


def _difference(
    report: Report,
    candidate: Arm,
    grader: str,
    name: str,
    known: tuple[Mapping[str, Sequence[Marked]], Mapping[str, Level]],
) -> CorrectedDifference:
    marks, levels = known
    base = report.base
    matched = pairs(base.outcomes[grader], candidate.outcomes[grader], dimension=name)
    pooled = rates([*marks[base.label], *marks[candidate.label]])
    one, other = levels[base.label], levels[candidate.label]
    return CorrectedDifference(
        candidate=candidate.label,
        raw=next(
            difference.difference
            for comparison in report.comparisons
            if comparison.grader == grader and comparison.candidate == candidate.label
            for difference in comparison.differences
            if difference.dimension == name
        ),
        by_labels=apart(one, other),
        by_rates=divided(dict(zip(matched.cases, matched.differences, strict=True)), pooled)
        if pooled
        else None,
        youden=pooled.estimate() if pooled else None,
        bias=bias_apart(one, other),
    )


def _marks(arm: Arm, report: Report, grader: str, labels: Labels, name: str) -> Iterator[Marked]:
    """Yield every verdict behind an arm's mean score, with what a yes adds to that mean in points."""
    cases = {case.id: case for case in report.cases}
    counted = [
        outcome
        for outcome in arm.outcomes[grader]
        if outcome.trial.case in cases and not isinstance(outcome, Failed) and _complete(outcome, name)
    ]
    attempts: dict[str, int] = {}
    for outcome in counted:
        attempts[outcome.trial.case] = attempts.get(outcome.trial.case, 0) + 1
    for outcome in counted:
        case = outcome.trial.case
        share = 100 / (attempts[case] * len(attempts))
        worths = _worths(cases[case], report.rubrics, name)
        text = text_hash(outcome.answer.text)
        for verdict in outcome.verdicts:
            place = (verdict.dimension, verdict.criterion)
            if place in worths and verdict.met is not None:
                label = labels.by_key.get((text, *place))
                yield Marked(
                    case=case,
                    worth=share * worths[place],
                    met=verdict.met,
                    label=None if label is None else label.met,
                )


def _complete(outcome: Outcome, name: str) -> bool:
    if name == OVERALL:
        return isinstance(outcome, Graded)
    return not isinstance(outcome, Failed) and name in outcome.scores


def _worths(case: Case, rubrics: Sequence[Rubric], name: str) -> Mapping[tuple[str, str], float]:
    """Give the part of one answer's score that each criterion is worth, before cutting to 0..1."""
    whole = positive_points(case, rubrics)
    return {
        (dimension, criterion.id): criterion.points
        / whole[dimension]
        / (len(rubrics) if name == OVERALL else 1)
        for dimension, criterion in criteria_of(case, rubrics)
        if name in {OVERALL, dimension}
    }
