"""How a verdict came about, step by step, for somebody who never took statistics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.comparison import asides
from harness.comparison.findings import LEVEL
from harness.comparison.pairing import graded_attempts
from harness.comparison.wording import probability
from harness.records.comparisons import CaseScores, Comparison, Difference, GateResult
from harness.records.estimates import OVERALL, Estimate, Spread
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.records.runs import Stopping
from harness.reporting.words import interval, listed, many, points, signed
from harness.statistics.estimates import FEWEST_CASES, NO_VARIATION
from harness.statistics.paired import OF_CLUSTERS, PSEUDO_CASES

_MOVED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Record):
    """One step: what was done, and what came of it here."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Record):
    """How one verdict, or one score, came about; `of` says whose."""

    of: str
    steps: tuple[Step, ...]


def explain(report: Report, dimension: str = OVERALL) -> tuple[Explanation, ...]:
    """Explain each candidate's verdict on one dimension by the grader that decides, or a single run's score.

    Raises `KeyError` for a dimension that the report does not know.
    """
    if dimension not in (OVERALL, *report.dimensions):
        raise KeyError(dimension)
    decider = report.graders[0].kind
    if not report.candidates:
        title = f"{report.base.label}, {dimension}, by {decider}"
        return (Explanation(of=title, steps=tuple(_of_one(report, dimension))),)
    arms = {arm.label: arm for arm in report.candidates}
    return tuple(
        Explanation(
            of=f"{found.candidate} against {found.base}, {dimension}, by {decider}",
            steps=tuple(_of_two(report, found, arms[found.candidate], dimension)),
        )
        for found in report.comparisons
        if found.grader == decider
    )


# ------------------------------------------------------------------ one run


def _of_one(report: Report, dimension: str) -> Iterator[Step]:
    decider = report.graders[0].kind
    attempts = graded_attempts(report.base.outcomes[decider], dimension)
    estimate = dict(report.base.scores[decider])[dimension]
    yield Step(title="What was counted", text=_counted(report.base, decider))
    if not attempts:
        yield Step(title="The score", text=f"There is none: no answer was graded on {dimension}.")
        return
    case, scores = next(iter(attempts.items()))
    yield Step(
        title="One score per case", text=f"{_averaged(dimension)} For example {case}: {_mean_of(scores)}."
    )
    yield Step(title="The score", text=_score(estimate, dimension))
    yield from _spread(report.spreads, dimension)
    yield from _gates(report.gates, dimension)
    yield from _reliable(report, (report.base.label,))


def _score(estimate: Estimate, dimension: str) -> str:
    mean = f"{dimension} is the mean over {many(estimate.n, 'case')}: {points(estimate.mean)} of 100."
    if estimate.low is None:
        return f"{mean} There is no interval ({estimate.method}): nothing shows how far off it may be."
    return (
        f"{mean} Other cases of this kind would give another one. Going by how far these cases differ among "
        f"themselves, the mean over all such cases is put at {interval(estimate)} (95 %, {estimate.method})."
    )


# ------------------------------------------------------------------ two runs


def _of_two(report: Report, found: Comparison, candidate: Arm, dimension: str) -> Iterator[Step]:
    row = next(each for each in found.differences if each.dimension == dimension)
    counted = [_counted(arm, found.grader) for arm in (report.base, candidate)]
    left_out = f" Not graded in both, so left out: {listed(found.unpaired)}." if found.unpaired else ""
    yield Step(title="What was counted", text=" ".join(counted) + left_out)
    if report.stopping is not None:
        yield Step(title="Looking early", text=_looks(report.stopping))
    level = report.stopping.looks[-1].level if report.stopping is not None else LEVEL
    rows = [each for each in found.cases if _moved(each, dimension) is not None]
    if not rows:
        yield Step(title="The verdict", text=row.sentence)
        return
    yield Step(title="One score per case", text=_averages(report, found, rows[0], dimension))
    yield Step(title="One difference per case", text=_differences(rows, row, dimension))
    yield Step(title="Could it be chance?", text=_chance(row, level))
    if row.p_adjusted is not None:
        yield Step(title="Asked several questions", text=_together(row))
    yield Step(title="How large is it?", text=_interval(row))
    yield Step(title="On exactly these cases", text=_suite(row))
    if row.length_adjusted is not None:
        yield Step(title="Longer or shorter answers", text=_length(row.length_adjusted))
    yield Step(title="The verdict", text=_verdict(row, level))
    yield from _gates(found.gates, dimension)
    yield from _spread(found.spreads, dimension)
    yield Step(title="What would change it", text=_change(row))
    yield from _reliable(report, (found.base, found.candidate))


def _averages(report: Report, found: Comparison, row: CaseScores, dimension: str) -> str:
    arms = {arm.label: arm for arm in (report.base, *report.candidates)}
    scores = {
        label: graded_attempts(arms[label].outcomes[found.grader], dimension)[row.case]
        for label in (found.base, found.candidate)
    }
    shown = "; ".join(f"{label} {_mean_of(attempts)}" for label, attempts in scores.items())
    return f"{_averaged(dimension)} For example {row.case}: {shown}."


def _differences(rows: Sequence[CaseScores], row: Difference, dimension: str) -> str:
    moved = sorted((_moved(each, dimension) or 0.0, each.case) for each in rows)
    rose = sum(difference > _MOVED for difference, _ in moved)
    fell = sum(difference < -_MOVED for difference, _ in moved)
    (lowest, worst), (highest, best) = moved[0], moved[-1]
    return (
        "Each case is compared with itself, so hard and easy cases weigh alike: "
        f"{rose} of {len(moved)} rose, {fell} fell, {len(moved) - rose - fell} stayed; "
        f"from {signed(lowest)} ({worst}) to {signed(highest)} ({best}). "
        f"Their mean is the difference: {signed(row.difference.mean)} points."
    )


def _looks(stopping: Stopping) -> str:
    seen = [
        f"after {look.cases} cases p = {look.p:.4f} against {look.level:.4f}"
        for look in stopping.looks
        if look.p is not None
    ]
    opening = "Who looks often enough finds something by chance, so each look had a stricter bound than 0.05"
    return (
        f"{opening}: {listed(seen)} (overall). This comparison {stopping.words}, and all its p values are "
        "held against the bound of its last look."
    )


def _chance(row: Difference, level: float) -> str:
    unit = "cluster of cases from one source" if row.clusters else "case"
    if not row.changed:
        return "No case changed, so there is nothing that chance could have done (p = 1)."
    return (
        f"If the prompts were equally good, each {unit} that rose could as well have fallen by as much. "
        f"So the signs of the differences are flipped and the mean is taken again, over and over "
        f"({row.p_method}). In {_share(row.p)} of them it came out as far from 0 as "
        f"{signed(row.difference.mean)}, or farther: p {probability(row.p or 1.0)}. "
        f"Up to {_bound(level)} counts as more than chance."
    )


def _together(row: Difference) -> str:
    what = "candidates" if row.dimension == OVERALL else "questions (each dimension of each candidate)"
    p = row.p_adjusted or 1.0
    same = " Here that changes nothing." if p == row.p else ""
    return (
        f"{row.family} {what} were put to these cases at once, and who asks often enough finds something "
        "by chance. So what was seen has to beat the most extreme of all of them in each flip: "
        f"p {probability(p)} holds for all together, and the verdict goes by it.{same}"
    )


def _interval(row: Difference) -> str:
    estimate = row.difference
    if estimate.low is None:
        return f"No interval: {NO_VARIATION}, every case moved by the same amount."
    bounds = interval(estimate, sign=True)
    if _few_changed(row):
        return (
            f"Fewer than {FEWEST_CASES} changed, too few to say how far such changes scatter. So two "
            "invented ones are added, one that gained 100 points and one that lost 100, before the usual "
            f"arithmetic: {bounds} (95 %). It is wide on purpose: no change seen is not proof of no change."
        )
    drawn = estimate.method if estimate.seed is None else f"{estimate.method}, seed {estimate.seed}"
    return (
        "Take any value and ask, by the same flips, whether the true difference could be that. "
        f"The values that could are the 95 % interval for cases like these: {bounds} ({drawn})."
    )


def _suite(row: Difference) -> str:
    if row.suite is None:
        return f"How these very cases did, other cases aside, cannot be said: {row.suite_missing}."
    return (
        "Leave other cases aside and ask about these alone. Then all that varies is what the agent says from "
        f"attempt to attempt, and the difference is put at {interval(row.suite, sign=True)} (95 %, "
        f"{row.suite.method}). It is the narrower claim, and the one that a gate goes by."
    )


def _length(adjusted: Estimate) -> str:
    return (
        "Answers changed in length, and a longer answer has more chances to meet a criterion. A straight "
        "line through each case's change of length and of score says what would be left if length stayed: "
        f"{signed(adjusted.mean)} ({interval(adjusted, sign=True)}, {adjusted.method}). "
        "It decides nothing; it says how much of the difference goes with length."
    )


def _verdict(row: Difference, level: float) -> str:
    return (
        f"p up to {_bound(level)} makes it better or worse; else it is no worse if these cases show that no "
        f"more than the margin is lost; else nobody can tell. {row.sentence}"
    )


def _change(row: Difference) -> str:
    if row.mde is None or _few_changed(row):
        enough = f"at least {FEWEST_CASES} {'clusters' if row.clusters else 'cases'} that change"
        return f"It takes {enough} before any verdict of better or worse is possible."
    size = points(abs(row.difference.mean or 0.0))
    found = f"With this many cases a true difference of {points(row.mde)} is found four times in five"
    if row.verdict in ("better", "worse"):
        return f"{found}; the one seen is {size}. New cases or redrawn answers move it within its interval."
    return f"{found}; the one seen is {size}. Four times as many cases find one half as large."


# ------------------------------------------------------------------ both


def _counted(arm: Arm, grader: str) -> str:
    counts, ran, planned = arm.counts[grader], len(arm.made.cases), len(arm.made.manifest.cases)
    cases = many(ran, "case") + ("" if ran == planned else f" of {planned}")
    each = many(arm.made.manifest.eval.attempts, "attempt")
    text = f"{arm.label}: {cases}, {each} each, {counts.graded} of {counts.planned} graded."
    if counts.graded == counts.planned:
        return text
    lost = f"{counts.planned - counts.answered} without an answer and {counts.ungraded} ungraded"
    return f"{text} {lost} are left out; none counts as 0."


def _averaged(dimension: str) -> str:
    of_one = "the share of points that the criteria it meets are worth"
    share = f"{of_one}, averaged over the dimensions" if dimension == OVERALL else of_one
    return f"An answer scores {share}. Attempts at a case are averaged first, so that a case counts once."


def _mean_of(attempts: Sequence[float]) -> str:
    mean = points(sum(attempts) / len(attempts))
    return mean if len(attempts) == 1 else f"{listed([points(score) for score in attempts])}, so {mean}"


def _gates(gates: Sequence[GateResult], dimension: str) -> Iterator[Step]:
    for gate in gates:
        if dimension in (gate.dimension, OVERALL):
            what = "gate on" if gate.floor is None else "floor of"
            yield Step(title=f"The {what} {gate.dimension}: {gate.result}", text=_gate(gate))


def _gate(gate: GateResult) -> str:
    if gate.floor is None:
        rule = "It passes on evidence that no more than the margin is lost, and fails on evidence of a loss"
    else:
        rule = "It passes on evidence that the score is above the floor, and fails on evidence that it is not"
    chance = ""
    if gate.p is not None and gate.result != "PASS":
        chance = f" (here p {probability(gate.p)}, over all gates together)"
    text = f"{rule}{chance}. {_sentence(gate.words)}."
    if gate.certifiable is None or gate.floor is not None:
        return text
    return (
        f"{text} If nothing had changed, a margin of {points(gate.certifiable)} points would pass four times "
        "in five: the smallest that this suite can certify."
    )


def _spread(spreads: Sequence[Spread], dimension: str) -> Iterator[Step]:
    for spread in spreads:
        if spread.dimension == dimension:
            parts = [f"{points(spread.case)} points from case to case"]
            if spread.attempt is not None:
                parts.append(f"{points(spread.attempt)} from attempt to attempt of one case")
            if spread.judge is not None:
                parts.append(f"{points(spread.judge)} from one vote of the judge to another")
            varies = (
                f"The {spread.of} varies by {listed(parts)} (standard deviation{'s' if parts[1:] else ''})."
            )
            yield Step(title="Where the uncertainty comes from", text=f"{varies} {_sentence(spread.advice)}.")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _reliable(report: Report, labels: Sequence[str]) -> Iterator[Step]:
    decider = report.graders[0].kind
    told = [
        asides.reliable(found)
        for found in report.reliabilities
        if found.grader == decider and found.arm in labels
    ]
    if told:
        yield Step(title="How reliably", text=" ".join(told))


def _moved(row: CaseScores, dimension: str) -> float | None:
    before, after = row.base[dimension], row.candidate[dimension]
    return None if before is None or after is None else after - before


def _few_changed(row: Difference) -> bool:
    return row.difference.method in (PSEUDO_CASES, OF_CLUSTERS[PSEUDO_CASES])


def _bound(level: float) -> str:
    return f"{level:.2f}" if level == LEVEL else f"{level:.4f}"


def _share(p: float | None) -> str:
    return "fewer than 1 in 1,000" if (p or 1.0) < 0.001 else f"{100 * (p or 1.0):.1f} %"
