"""Numbers and verdicts in the form that every report shows them."""

from collections.abc import Mapping, Sequence

from harness.records.comparisons import GateResult, VerdictWord
from harness.records.estimates import Estimate
from harness.records.outcomes import Verdict
from harness.records.results import Caching
from harness.records.trust import Correction

_MINUS = "\N{MINUS SIGN}"
_CORRECTED = (
    "By labels: what the grader sees, set right by the labels on these very answers; it holds also where the "
    "grader errs differently in the two arms. By rates: the difference over sensitivity + specificity − 1, "
    "where it errs alike. Scores are not cut to 0..100 here. The verdict above goes by the grader alone."
)
_BLOCKS = "▁▂▃▄▅▆▇█"
_ABSENT = "\N{EN DASH}"

_LEAST_DOLLARS = 0.0001

MARKS: dict[VerdictWord, str] = {
    "better": "\N{BLACK UP-POINTING TRIANGLE}",
    "worse": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "no worse": "\N{BLACK CIRCLE}",
    "cannot tell": "?",
}
"""A shape for each verdict, so that colour never carries it alone."""


def points(value: float | None, digits: int = 1) -> str:
    """Give a number of points; a dash where there is none."""
    return _ABSENT if value is None else f"{_unsigned_zero(value, digits):.{digits}f}".replace("-", _MINUS)


def signed(value: float | None, digits: int = 1) -> str:
    """Give a difference with its sign, zero without one.

    >>> signed(3.14), signed(-0.04)
    ('+3.1', '0.0')
    """
    if value is None:
        return _ABSENT
    rounded = _unsigned_zero(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", _MINUS) if rounded else f"{rounded:.{digits}f}"


def interval(estimate: Estimate | None, *, sign: bool = False) -> str:
    """Give the bounds of an estimate as `12.0 to 14.5`; words where it has none."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return "no interval"
    shown = signed if sign else points
    return f"{shown(estimate.low)} to {shown(estimate.high)}"


def percent(share: float | None) -> str:
    """Give a share of 0..1 as a whole percentage; a dash where there is none."""
    return _ABSENT if share is None else f"{share:.0%}"


def met(share: float) -> str:
    """Say how often a criterion was met, in words where it was always or never.

    >>> met(1.0), met(0.5), met(0.0)
    ('met', 'met in 50%', 'not met')
    """
    if share in {0.0, 1.0}:
        return "met" if share else "not met"
    return f"met in {percent(share)}"


def share(value: float | None) -> str:
    """Give a coefficient with two decimals; a dash where there is none."""
    return points(value, 2)


def p_value(p: float | None) -> str:
    """Give a p-value, finer close to .05 where the third digit decides; a dash where there is none.

    >>> p_value(0.0502), p_value(0.0602), p_value(0.0001)
    ('0.0502', '0.060', '< 0.001')
    """
    if p is None:
        return _ABSENT
    if p < 0.001:
        return "< 0.001"
    return f"{p:.4f}" if abs(p - 0.05) < 0.005 else f"{p:.3f}"


def gated(gate: GateResult) -> str:
    """Name a gate: the dimension, and its floor where it has one."""
    return gate.dimension if gate.floor is None else f"{gate.dimension} ≥ {gate.floor:g}"


def dollars(cost: float | None) -> str:
    """Give a cost; `unknown` where no price is known, which is never the same as nothing."""
    if cost is None:
        return "unknown"
    if 0 < cost < _LEAST_DOLLARS:
        return f"under ${_LEAST_DOLLARS}"
    return f"${cost:.4f}" if 0 < cost < 0.1 else f"${cost:,.2f}"


def cached(arms: Sequence[Mapping[str, Caching]]) -> str:
    """Say what the prompt cache did for all calls together; nothing where no model was asked.

    >>> cached([{"agent": Caching(prompt_tokens=1000, read_tokens=900, saved=0.5)}])
    'Prompt cache: 90% of 1,000 prompt tokens were read from it, which saved $0.50.'
    """
    found = [each for arm in arms for each in arm.values()]
    prompts, read = sum(each.prompt_tokens for each in found), sum(each.read_tokens for each in found)
    if not prompts:
        return ""
    told = f"Prompt cache: {percent(read / prompts)} of {count(prompts)} prompt tokens were read from it"
    saved = [each.saved for each in found]
    total = sum(each or 0.0 for each in saved)
    if None in saved:
        told += "; what that saved is unknown."
    elif abs(total) < 0.00005:
        told += "."
    else:
        told += f", which saved {dollars(total)}." if total > 0 else f", which cost {dollars(-total)} more."
    reasons = dict.fromkeys(each.why for each in found if each.why)
    return " ".join((told, *reasons))


def count(number: float | None) -> str:
    """Give a whole number with thousands apart; a dash where there is none."""
    return _ABSENT if number is None else f"{number:,.0f}"


def many(number: int, noun: str, plural: str = "") -> str:
    """Give a count with its noun: `1 case`, `1,200 cases`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def behind(verdict: Verdict) -> str:
    """Say what a verdict was decided from, where that is more than one vote; empty where it is not."""
    votes, agreed = len(verdict.votes), verdict.agreed
    if verdict.regraded_by:
        against = f" against {votes - agreed} of {many(votes, 'vote')}" if votes > agreed else ""
        return f"regraded by {verdict.regraded_by}{against}"
    return f"{agreed} of {votes} votes" if votes > 1 else ""


def seconds(duration: float | None) -> str:
    """Give a duration in seconds; a dash where there is none."""
    return _ABSENT if duration is None else f"{duration:.1f} s"


def moment(time: str) -> str:
    """Give an ISO 8601 time in UTC to the minute; anything else as it is.

    >>> moment("2026-03-01T02:00:07.091Z")
    '2026-03-01 02:00 UTC'
    """
    return f"{time[:10]} {time[11:16]} UTC" if time[10:11] == "T" and time.endswith("Z") else time


def sparkline(values: Sequence[float]) -> str:
    """Draw values as a line of blocks, from the least to the largest; all alike are drawn in the middle.

    >>> sparkline([1, 2, 3])
    '▁▄█'
    """
    low, high = min(values), max(values)
    if high == low:
        return _BLOCKS[3] * len(values)
    return "".join(_BLOCKS[int((value - low) / (high - low) * 7)] for value in values)


def correcting(found: Sequence[Correction]) -> str:
    """Say how corrected numbers came about, and what they do not hold."""
    parts = [_CORRECTED]
    if any(each.in_sample for each in found):
        parts.append(
            "In sample: a grader here was written while looking at these labels, which flatters it: "
            "it errs more on other answers."
        )
    if all(arm.labelled == arm.verdicts for each in found for arm in each.arms):
        parts.append("Every verdict is labelled, so what is corrected by labels is the labels' own score.")
    return " ".join(parts)


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does.

    >>> listed(("a", "b", "c"))
    'a, b and c'
    """
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _unsigned_zero(value: float, digits: int) -> float:
    return round(value, digits) + 0.0
