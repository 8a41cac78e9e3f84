"""The top of the page: each candidate's verdict, its gates, and what every grader says."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.comparison import asides
from harness.records.comparisons import Difference, GateResult, VerdictWord
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import selection, words
from harness.reporting.untrusted import visible

_URGENT = ("FAIL", "INCONCLUSIVE", "PASS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar(Record):
    """One difference on a line of 200 units, zero at 100; `low` and `high` are `None` without interval."""

    dimension: str
    verdict: VerdictWord
    numbers: str
    low: float | None
    mean: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """One candidate's verdict by the grader that decides, and how its gates stand, those that fail first."""

    candidate: str
    word: VerdictWord
    headline: str
    bars: tuple[Bar, ...]
    gates: tuple[GateResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Record):
    """What every grader says of one dimension of one candidate, in the order of the graders."""

    candidate: str
    dimension: str
    differences: tuple[Difference | None, ...]


def verdicts(report: Report) -> Iterator[Verdict]:
    """Give each candidate's verdict; all bars have one scale."""
    compared = selection.deciding(report)
    reach = max([10.0, *(_reach(each) for comparison in compared for each in comparison.differences)])
    for comparison in compared:
        yield Verdict(
            candidate=comparison.candidate,
            word=selection.overall(comparison).verdict,
            headline=visible(comparison.headline),
            bars=tuple(_bar(difference, reach) for difference in comparison.differences),
            gates=tuple(sorted(comparison.gates, key=lambda gate: _URGENT.index(gate.result))),
        )


def gated(report: Report) -> list[tuple[str, tuple[GateResult, ...]]]:
    """Give each candidate's gates, or those of a single run."""
    decided = [(comparison.candidate, comparison.gates) for comparison in selection.deciding(report)]
    return [(label, gates) for label, gates in (*decided, (report.base.label, report.gates)) if gates]


def asides_of(report: Report) -> Iterator[str]:
    """Say who ranks first, what flickers between attempts, and what would tell more."""
    decider = selection.decider(report)
    yield from (each.words for each in report.rankings if each.grader == decider)
    yield from (asides.reliable(each) for each in report.reliabilities if each.grader == decider)
    decided = ((comparison.candidate, comparison.spreads) for comparison in selection.deciding(report))
    for label, spreads in (*decided, (report.base.label, report.spreads)):
        yield from (f"{label}, {spread.dimension}: {spread.advice}." for spread in spreads[:1])


def opinions(report: Report) -> tuple[Opinion, ...]:
    """Give the graders side by side; nothing where there is only one."""
    if len(report.graders) < 2:
        return ()
    found = {
        (comparison.candidate, comparison.grader, difference.dimension): difference
        for comparison in report.comparisons
        for difference in comparison.differences
    }
    return tuple(
        Opinion(
            candidate=comparison.candidate,
            dimension=difference.dimension,
            differences=tuple(
                found.get((comparison.candidate, grader.kind, difference.dimension))
                for grader in report.graders
            ),
        )
        for comparison in selection.deciding(report)
        for difference in comparison.differences
    )


def _reach(difference: Difference) -> float:
    estimate = difference.difference
    bounds = (estimate.low, estimate.mean, estimate.high) if estimate.n else ()
    return max((abs(bound) for bound in bounds if bound is not None), default=0.0)


def _bar(difference: Difference, reach: float) -> Bar:
    estimate = difference.difference
    low, mean, high = (
        None if value is None or not estimate.n else round(100 + 96 * value / reach, 1)
        for value in (estimate.low, estimate.mean, estimate.high)
    )
    numbers = f"{words.signed(estimate.mean)} ({words.interval(estimate, sign=True)})"
    return Bar(
        dimension=difference.dimension,
        verdict=difference.verdict,
        numbers=numbers if estimate.n else "no case graded in both",
        low=low,
        mean=mean,
        high=high,
    )
