"""What a verdict does not say: honest sentences, each printed only when it applies."""

from collections.abc import Sequence

from harness.comparison import regrades
from harness.comparison.findings import Finding
from harness.comparison.kin import kin
from harness.comparison.lengths import length_moved
from harness.records.results import Arm, Counts
from harness.reporting.words import listed, many
from harness.statistics.estimates import FEWEST_CASES
from harness.statistics.paired import OF_CLUSTERS, SUBSETS
from harness.statistics.suite import Unavailable

_CASES = ("cases", "pseudo-cases")

_GRADERS = {
    "signals": (
        "The signals grader is free and deterministic: it matches phrases and understands nothing; "
        "read its agreement with the labels beside this verdict."
    ),
    "labels": "These verdicts were looked up in a file of labels; nothing was graded anew.",
    "judge": "The judge is a model and errs; the intervals do not hold its errors.",
    "scores": "The scores were made by another tool and are taken as they are, right or wrong.",
}


def of_findings(findings: Sequence[Finding]) -> list[str]:
    """Say what the statistics assume, and which target is missing and why."""
    found = _suites_missing(findings)
    few = [f for f in findings if 0 < f.paired.units_changed < FEWEST_CASES]
    if few:
        where = listed([f.dimension for f in few])
        units, added = ("clusters of cases", "pseudo-clusters") if few[0].paired.clusters else _CASES
        found.append(
            f"Fewer than {FEWEST_CASES} {units} changed on {where}: no p under 0.05 is possible there, "
            f"and the interval is wide on purpose (two {added})."
        )
    if any(f.p_adjusted is not None and f.p_adjusted > f.paired.p for f in findings):
        found.append(
            "Several questions were asked at once, and each p is adjusted for that; the intervals are not, "
            "each speaks for itself alone."
        )
    clusters = max((f.paired.clusters for f in findings), default=0)
    if clusters:
        found.append(
            f"The cases come from {clusters} clusters, and the verdict counts those: cases from one source "
            "resemble each other and tell less than as many from different ones."
        )
    if any(f.paired.estimate.method in (SUBSETS, OF_CLUSTERS[SUBSETS]) for f in findings):
        found.append(
            "The test assumes that differences scatter about evenly around their mean: a few cases that "
            "broke outright can mislead it, so read what moved."
        )
    return found


def of_arms(base: Arm, candidate: Arm, *, grader: str) -> list[str]:
    """Say what differs between the two runs beside the prompt, and who graded."""
    before, after = base.counts[grader], candidate.counts[grader]
    found = []
    if _lost(before) or _lost(after):
        uneven = _lost(before) != _lost(after)
        found.append(
            f"Trials that failed or stayed ungraded are left out: {_missing(base.label, before)}; "
            f"{_missing(candidate.label, after)}."
            + (" The arms differ in this, so what is left may not be alike." if uneven else "")
        )
    if any((before.cut, before.refused, after.cut, after.refused)):
        found.append(
            f"Answers cut at the token limit or refused are graded as they stand: "
            f"{_stopped(base.label, before)}; {_stopped(candidate.label, after)}."
        )
    if base.words and candidate.words and length_moved(base, candidate):
        found.append(
            f"Answers went from {base.words:,.0f} to {candidate.words:,.0f} words on average: length is "
            "confounded with the revision, and a longer answer has more chances to meet a criterion."
        )
    if grader in _GRADERS:
        found.append(_GRADERS[grader])
    return [*found, *regrades.caveats(base, grader), *_of_kin(base, grader)]


def of_pairs(unpaired: Sequence[str], absent: Sequence[str], *, missing_points: float) -> list[str]:
    """Say which cases and dimensions could not be compared; `absent` names dimensions without any pair."""
    found = []
    if unpaired:
        shown = [*unpaired[:5], *([f"{len(unpaired) - 5} more"] if len(unpaired) > 5 else [])]
        verb = "is" if len(unpaired) == 1 else "are"
        found.append(
            f"{many(len(unpaired), 'case').capitalize()} {verb} not graded in both arms in every dimension "
            f"and left out where so: {listed(shown)}."
        )
    if missing_points > 0:
        found.append(
            f"{100 * missing_points:.1f} % of the points that could be earned in both arms are ungraded."
        )
    if absent:
        found.append(f"No case was graded in both arms on {listed(absent)}: there is no comparison of it.")
    return found


def _of_kin(arm: Arm, grader: str) -> list[str]:
    """Say it where who judges and who answers are the same model, or of one family."""
    if arm.run is None:
        return []
    found = kin(arm.run.manifest.eval, grader)
    alike = "That holds for both revisions alike, so it moves scores more than differences."
    return [f"{found} {alike}"] if found else []


def _suites_missing(findings: Sequence[Finding]) -> list[str]:
    """Join the dimensions that lack the suite target for the same reason into one sentence."""
    reasons: dict[str, list[str]] = {}
    for found in findings:
        if isinstance(found.suite, Unavailable):
            reasons.setdefault(found.suite.reason, []).append(found.dimension)
    opening = "A verdict on this suite alone, which a gate would need, is not available"
    return [f"{opening}{_where(names, findings)}: {reason}." for reason, names in reasons.items()]


def _where(names: Sequence[str], findings: Sequence[Finding]) -> str:
    return "" if len(names) == len(findings) else f" for {listed(names)}"


def _lost(counted: Counts) -> int:
    return counted.planned - counted.graded


def _missing(label: str, counted: Counts) -> str:
    never = counted.planned - counted.answered - counted.failed
    parts = [
        f"{counted.failed} failed",
        f"{counted.ungraded} ungraded",
        *([f"{never} not run"] if never > 0 else []),
    ]
    return f"{label} {listed(parts)} of {counted.planned}"


def _stopped(label: str, counted: Counts) -> str:
    return f"{label} {counted.cut} cut and {counted.refused} refused of {counted.answered}"
