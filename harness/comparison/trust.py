"""Whether a grader may decide: by how far it agrees with labels, and what is said where it may not."""

from collections.abc import Iterable
from dataclasses import replace

from harness.records.calibrations import Calibration
from harness.records.comparisons import Comparison, GateResult
from harness.records.inputs import Gate
from harness.records.trust import Trust, TrustLevel
from harness.reporting.words import share

USE = 0.80
TENTATIVE = 0.667
"""Krippendorff's customary bounds for alpha (Content Analysis, 2004, chapter 11)."""


FEWEST = 30
"""Labelled verdicts below which an alpha shows nothing: 30 that are all right leave room for one wrong in ten
(the rule of three), which, where half of them are met, is an alpha of 0.80."""


def level(alpha: float | None, n: int, *, in_sample: bool) -> TrustLevel:
    """Say what an alpha over `n` verdicts allows. In sample it is flattered: no more than tentative use."""
    if alpha is None or alpha < TENTATIVE or n < FEWEST:
        return "too low"
    return "use" if alpha >= USE and not in_sample else "tentative"


def trust(kind: str, calibration: Calibration | None, *, eval_name: str) -> Trust:
    """Say how far a grader may decide; `eval_name` is what its calibration is asked for with."""
    if kind in {"labels", "checks"}:  # what others are measured against, and what leaves nothing to judge
        return Trust(grader=kind, level="labels")
    if calibration is None:
        remedy = f"`harness calibrate {eval_name}` measures how far it agrees with labels"
        words = f"The {kind} grader is uncalibrated: {remedy}, and reports then quote it."
        return Trust(grader=kind, level="uncalibrated", words=words, remedy=remedy)
    found = calibration.overall
    allowed = level(found.alpha, found.n, in_sample=calibration.in_sample)
    more = f"label more answers, for {FEWEST} verdicts at least"
    remedy = more if found.n < FEWEST else "mend its criteria, or let another grader decide"
    return Trust(
        grader=kind,
        level=allowed,
        alpha=found.alpha,
        words=_words(kind, calibration, allowed),
        remedy=remedy if allowed == "too low" else "",
    )


def applied(found: Comparison, trusted: Trust, gate: Gate | None) -> Comparison:
    """Add what the calibration says to a comparison, and undo gates that its grader may not decide."""
    gates = permitted(found.gates, trusted, gate)
    return replace(found, gates=gates, caveats=(*found.caveats, *caveats(found.gates, trusted, gate)))


def caveats(gates: tuple[GateResult, ...], trusted: Trust, gate: Gate | None) -> Iterable[str]:
    """Quote the calibration, and say so where gates are decided in spite of it."""
    if trusted.words:
        yield trusted.words
    if gates and not trusted.may_gate and gate is not None and gate.allow_uncalibrated:
        yield "It may decide the gate all the same, because the eval says `gate.allow_uncalibrated: true`."


def permitted(gates: tuple[GateResult, ...], trusted: Trust, gate: Gate | None) -> tuple[GateResult, ...]:
    """Leave gates as they are decided, or undecided where their grader may not decide them."""
    if trusted.may_gate or gate is None or gate.allow_uncalibrated:
        return gates
    return tuple(_refused(gates, trusted))


def _refused(gates: Iterable[GateResult], trusted: Trust) -> Iterable[GateResult]:
    why = _why_not(trusted)
    for gate in gates:
        words = (
            f"the {trusted.grader} grader {why}, so it may not decide the gate on {gate.dimension}: "
            f"{trusted.remedy}; or allow it with `gate.allow_uncalibrated: true`"
        )
        yield replace(gate, result="INCONCLUSIVE", attempts_needed=None, words=words)


def _why_not(trusted: Trust) -> str:
    if trusted.level == "uncalibrated":
        return "is uncalibrated"
    high = trusted.alpha is not None and trusted.alpha >= TENTATIVE
    return "was calibrated on too few labels" if high else "agrees with the labels too little"


def _words(kind: str, found: Calibration, allowed: TrustLevel) -> str:
    measure = found.overall
    if measure.alpha is None:
        figures = "alpha cannot be measured on them"
    else:
        bounds = ""
        if measure.alpha_low is not None and measure.alpha_high is not None:
            bounds = f" ({share(measure.alpha_low)} to {share(measure.alpha_high)} over cases)"
        figures = f"alpha {share(measure.alpha)}{bounds}, AC1 {share(measure.ac1)}"
    means = {
        "use": f"at {USE:.2f} or above it may decide a gate",
        "tentative": f"tentative: {_why_tentative(measure.alpha)}",
        "too low": f"{_why_too_low(measure.n)} it should not decide a gate",
    }
    sample = ", in sample" if found.in_sample else ""
    return (
        f"The {kind} grader was calibrated on {measure.n:,} labelled verdicts of {found.labels} "
        f"(by {found.labelled_by}){sample}: {figures}; {means[allowed]}."
    )


def _why_tentative(alpha: float | None) -> str:
    if alpha is not None and alpha >= USE:
        return "the grader was written while looking at these labels, which flatters it"
    return f"between {TENTATIVE} and {USE:.2f}"


def _why_too_low(n: int) -> str:
    return f"with fewer than {FEWEST} labels" if n < FEWEST else f"below {TENTATIVE}"
