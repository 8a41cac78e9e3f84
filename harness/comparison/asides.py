"""Sentences beside a verdict: who ranks first, what would tell more, what flickers, what moved."""

from collections.abc import Sequence

from harness.records.comparisons import CriterionDifference, Rank
from harness.records.reliability import Reliability
from harness.reporting.words import listed, many, points, signed

_WINNER = "the best of several looks better than it is, so confirm it on fresh cases"
_NAMED = 5


def advice(half_width: float, cases: tuple[int, float], attempts: tuple[int, float] | None) -> str:
    """Say what the same number of further answers would bring, spent on cases or on attempts.

    `cases` and `attempts` are each how many more and the half-width they would give; no attempts where one a
    case does not show how answers scatter.
    """
    if not half_width:
        return "no variation seen, so nothing can be said of what more would bring"
    more, width = cases
    now = f"the mean is known to ±{half_width:.1f} points"
    by_cases = f"{many(more, 'more case')} would make that ±{width:.1f}"
    if attempts is None:
        return f"{now}; {by_cases}; with one attempt a case nobody can say what more attempts would"
    count, other = attempts
    by_attempts = f"{many(count, 'more attempt')} a case, as many answers, ±{other:.1f}"
    return f"{now}; {by_cases}, {by_attempts}: {_dearer(half_width, width, other)}"


def ranked(ranks: Sequence[Rank]) -> str:
    """Say which revision scores best and which of the others cannot be told from it; the best comes first."""
    best, *others = ranks
    tied = [rank for rank in others if rank.tied]
    behind = [f"{rank.label} ({signed(-rank.behind)})" for rank in others if not rank.tied]
    opening = f"{best.label} scores best ({best.score.mean:.1f} over {many(best.score.n, 'case')})"
    if not tied:
        return f"{opening}, beyond chance before {listed(behind)}; {_WINNER}."
    names = listed([rank.label for rank in tied])
    also = f"{opening}, but {names} cannot be told from it over all pairs at once"
    return f"{also}; behind beyond chance: {listed(behind)}; {_WINNER}." if behind else f"{also}; {_WINNER}."


def reliable(found: Reliability) -> str:
    """Say what one arm passes once, sometimes and every time, and which cases flicker."""
    whole, cases = found.whole, found.flaky
    k = len(whole.every_time)
    seen = (
        f"{found.arm} passes {points(whole.every_time[0])} % of its criteria in a single attempt, "
        f"{points(whole.at_least_once[-1])} % at least once in {k} (pass@{k}) and "
        f"{points(whole.every_time[-1])} % every time in {k} (pass^{k})"
    )
    if not cases:
        return f"{seen}; no case flickers."
    named = [f"{case.case} ({many(len(case.flickers), 'criterion', 'criteria')})" for case in cases[:_NAMED]]
    if cases[_NAMED:]:
        named.append(f"{len(cases) - _NAMED} more")
    return f"{seen}; {len(cases)} of {many(len(found.cases), 'case')} flicker: {listed(named)}."


def moved(criteria: Sequence[CriterionDifference]) -> str:
    """Say which criteria are met more or less often, beyond chance over all that were looked at."""
    if not criteria:
        return ""
    looked = f"of {many(len(criteria), 'criterion', 'criteria')} that six cases or more ask"
    told = [one for one in criteria if one.moved in ("more often", "less often")]
    if not told:
        return f"No single criterion moved beyond chance, {looked}."
    named = [
        f"{one.dimension}/{one.criterion} (met in {points(one.base, 0)} %, now {points(one.candidate, 0)} %)"
        for one in sorted(told, key=lambda one: -abs(one.difference.mean or 0.0))
    ]
    return f"Moved beyond chance, {looked}: {listed(named)}."


def _dearer(now: float, by_cases: float, by_attempts: float) -> str:
    """Weigh what cases take off the half-width against what as many attempts do."""
    gained, other = now - by_cases, now - by_attempts
    if gained > other * 1.1:
        share = "almost nothing" if other < gained / 20 else f"{gained / other:.1f} times less"
        return f"spend on cases, attempts bring {share}"
    return "either will do"
