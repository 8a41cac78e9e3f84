"""The verdict in sentences that a tired engineer understands, each with its numbers, its n and its target."""

from collections.abc import Sequence

from harness.comparison.findings import Finding
from harness.records.comparisons import VerdictWord
from harness.records.estimates import OVERALL
from harness.reporting.words import listed, many, p_value, signed
from harness.statistics.estimates import FEWEST_CASES
from harness.statistics.length import BEYOND
from harness.statistics.suite import Suite

_ORDER: tuple[VerdictWord, ...] = ("worse", "better", "no worse", "cannot tell")


def sentence(found: Finding) -> str:
    """Say what one dimension did, on what evidence, and, if that is not enough, what it would take."""
    moved = (
        f"{found.verdict.capitalize()}: {found.dimension} went from {found.base.mean:.1f} "
        f"to {found.candidate.mean:.1f}, {signed(found.difference)} points ({evidence(found)})"
    )
    match found.verdict:
        case "better" | "worse":
            parts = [moved, _suite_interval(found)]
        case "no worse":
            parts = [moved, _suite_bound(found)]
        case "cannot tell":
            # Significant by itself, it lacks no evidence: it is one of several questions.
            parts = [moved, "" if found.paired.p <= found.level else _wanting(found), _suite_bound(found)]
    return "; ".join(part for part in (*parts, _at_equal_length(found)) if part) + "."


def headline(findings: Sequence[Finding], *, base: str, candidate: str) -> str:
    """Say the verdict of the whole comparison: overall first, then each dimension by what it did."""
    if not findings:
        return f"Nothing can be said of {candidate} against {base}: no case was graded in both."
    whole = [found for found in findings if found.dimension == OVERALL]
    parts = [f for f in findings if f.dimension != OVERALL]
    sentences = [_overall(found, base=base, candidate=candidate) for found in whole]
    if not whole:
        sentences = [f"{candidate} against {base}: no case was graded in every dimension in both."]
    for word in _ORDER:
        named = [f"{f.dimension} ({signed(f.difference)})" for f in parts if f.verdict == word]
        if named:
            sentences.append(f"{word.capitalize()} on {listed(named)}.")
    return " ".join(sentences)


def evidence(found: Finding) -> str:
    """Name the target, the cases, the interval and p; the same words wherever a difference stands."""
    p = f"p {probability(found.p)}" + _adjusted(found)
    interval, n = found.paired.estimate, f"n = {found.n}"
    if found.paired.clusters:
        n += f" from {found.paired.clusters} clusters"
    if interval.low is None or interval.high is None:
        return f"cases like these, {n}, {p}; all moved alike, so there is no interval"
    bounds = f"{signed(interval.low)} to {signed(interval.high)}"
    return f"cases like these, {n}: 95 % interval {bounds}, {p}"


def probability(p: float) -> str:
    """Write a p value with its sign of comparison."""
    value = p_value(p)
    return value if value.startswith("<") else f"= {value}"


def _adjusted(found: Finding) -> str:
    """Say that p holds for several questions, and what it would be of this one alone if that matters."""
    if found.p_adjusted is None:
        return ""
    alone = f", {probability(found.paired.p).removeprefix('= ')} by itself"
    asked = "candidates" if found.dimension == OVERALL else "questions"
    return f" adjusted for {found.family} {asked}{alone if found.paired.p <= found.level < found.p else ''}"


def _at_equal_length(found: Finding) -> str:
    """Give the difference at equal length of answers beside the raw one, where length moved."""
    estimate = found.equal_length
    if estimate is None:
        return ""
    if estimate.method == BEYOND:
        return "length moved the same way in every case, so what equal length would give cannot be told"
    bounds = f"{signed(estimate.low)} to {signed(estimate.high)}"
    return f"at equal length of answers it would be {signed(estimate.mean)} ({bounds})"


def _overall(found: Finding, *, base: str, candidate: str) -> str:
    if found.verdict == "cannot tell":
        opening = f"Cannot tell whether {candidate} is better or worse than {base} overall"
    elif found.verdict == "no worse":
        opening = (
            f"{candidate} is no worse than {base} overall by more than {found.margin:g} points on this suite"
        )
    else:
        opening = f"{candidate} is {found.verdict} than {base} overall"
    return f"{opening}: {signed(found.difference)} points ({evidence(found)})."


def _wanting(found: Finding) -> str:
    """Say why the data do not decide, and what would."""
    n, mde = found.n, found.paired.mde
    if found.paired.units_changed < FEWEST_CASES:
        return _too_few(found)
    if mde is None:
        return ""
    power = f"{n} cases find a true difference of {mde:.1f} points four times in five"
    needed = found.paired.cases_needed(found.margin)
    if needed is None or needed <= n:
        return power
    return f"{power}, and to find {found.margin:g} it takes about {needed}"


def _too_few(found: Finding) -> str:
    changed, of_all, what = found.paired.changed, found.n, "cases"
    if found.paired.clusters:
        changed, of_all, what = found.paired.units_changed, found.paired.clusters, "clusters of cases"
    elif of_all < FEWEST_CASES:
        few = many(of_all, "case")
        return f"with {few} no p under 0.05 is possible, it takes at least {FEWEST_CASES} that change"
    few = f"only {changed} of {of_all} {what} changed" if changed else f"none of {of_all} {what} changed"
    return f"{few}, and below {FEWEST_CASES} no p under 0.05 is possible"


def _suite_interval(found: Finding) -> str:
    if not isinstance(found.suite, Suite):
        return ""
    estimate = found.suite.estimate()
    return f"on this suite alone the 95 % interval is {signed(estimate.low)} to {signed(estimate.high)}"


def _suite_bound(found: Finding) -> str:
    """Say how much this suite may have lost, and how that stands to the margin."""
    if not isinstance(found.suite, Suite):
        return ""
    low = found.suite.low()
    if low >= 0:
        return "on this suite nothing is lost (one-sided 95 % bound)"
    inside = "inside" if low > -found.margin else "beyond"
    worse = "lower, but " if low > -found.margin and found.suite.high() < 0 else ""
    return (
        f"on this suite it is {worse}at most {-low:.1f} points lower (one-sided 95 % bound), "
        f"{inside} the margin of {found.margin:g}"
    )
