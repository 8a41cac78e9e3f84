"""What a grader's errors do to a score, and what is left when labels correct them.

A grader that says *met* too often raises every score and shrinks every difference, and no number of cases
removes that. Labels on some of its verdicts measure the error; both corrections here carry what the labels do
not tell into the interval. The case is the unit: verdicts of one case err together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.records.estimates import Estimate
from harness.statistics import student
from harness.statistics.estimates import TOLERANCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PPI = "PPI++ over cases"
YOUDEN = "difference / (sensitivity + specificity - 1)"

_FEWEST_CASES = 2
_LEAST_YOUDEN = 0.1
"""Below, the grader hardly tells met from not met, and dividing by so little says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One verdict: its case, the grader's word, the label's where there is one, and what a yes is worth.

    `worth` is in points of the arm's mean score, negative for what a good answer avoids: the worths of the
    met verdicts add up to the score.
    """

    case: str
    worth: float
    met: bool
    label: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """An arm's mean score corrected by labels, with each case's share of its error.

    `bias` is grader minus labels over the labelled verdicts, in points of the whole score.
    """

    raw: float
    corrected: float
    bias: float
    influence: Mapping[str, float]
    bias_influence: Mapping[str, float]
    labelled: int
    verdicts: int

    def estimate(self) -> Estimate:
        """Give the corrected score with its t interval over cases, cut at 100."""
        found = interval(self.corrected, self.influence, method=PPI)
        return found if found.high is None else replace(found, high=min(100.0, found.high))

    def bias_estimate(self) -> Estimate:
        """Give how many points too many the grader sees, with its t interval over cases."""
        return interval(self.bias, self.bias_influence, method="labels over cases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often a grader says met of what the label calls met, and not met of what it calls not met."""

    sensitivity: float
    specificity: float
    influence: Mapping[str, float]

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1: the factor by which such errors shrink every difference."""
        return self.sensitivity + self.specificity - 1

    def estimate(self) -> Estimate:
        """Give Youden's index, 0 to 1, with its t interval over cases."""
        return interval(self.youden, self.influence, method="labels over cases")


def level(marks: Sequence[Marked]) -> Level | None:
    """Correct a mean score by the labels on some of its verdicts; `None` without a labelled case or two.

    PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453): the mean of the labels, plus `power` times
    what the grader sees in the unlabelled verdicts beyond the labelled ones, with the power that makes the
    variance least. Where all is labelled, that is the labels' own mean. The labelled verdicts must be a
    random part of all.
    """
    cases = {mark.case for mark in marks if mark.label is not None}
    if len(cases) < _FEWEST_CASES:
        return None
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    total = len(marks)
    worth = np.array([mark.worth for mark in marks]) * total
    seen = worth * np.array([mark.met for mark in marks])
    known = np.array([mark.label is not None for mark in marks])
    truth = worth * np.array([bool(mark.label) for mark in marks])
    names = [mark.case for mark in marks]
    labelled, rest = int(known.sum()), int((~known).sum())
    power = _power(truth[known], seen[known], labelled, rest)
    gap = truth[known] - power * seen[known]
    filled = power * seen[~known]
    corrected = float(gap.mean() + (filled.mean() if rest else 0.0))
    bias = seen[known] - truth[known]
    parts = np.zeros(total)
    parts[known] = (gap - gap.mean()) / labelled
    if rest:
        parts[~known] = (filled - filled.mean()) / rest
    biases = np.zeros(total)
    biases[known] = (bias - bias.mean()) / labelled
    return Level(
        raw=float(seen.mean()),
        corrected=corrected,
        bias=float(bias.mean()),
        influence=_by_case(names, parts),
        bias_influence=_by_case(
            [name for name, is_known in zip(names, known, strict=True) if is_known], biases[known]
        ),
        labelled=labelled,
        verdicts=total,
    )


def rates(marks: Sequence[Marked]) -> Rates | None:
    """Measure sensitivity and specificity over labelled verdicts; `None` where one has nothing to count."""
    pairs = [(mark.case, mark.met, mark.label) for mark in marks if mark.label is not None]
    yes = [(case, float(met)) for case, met, label in pairs if label]
    no = [(case, float(not met)) for case, met, label in pairs if not label]
    if not yes or not no or len({case for case, _, _ in pairs}) < _FEWEST_CASES:
        return None
    sensitivity, specificity = (sum(right for _, right in part) / len(part) for part in (yes, no))
    influence: dict[str, float] = {}
    for part, share in ((yes, sensitivity), (no, specificity)):
        for case, right in part:
            influence[case] = influence.get(case, 0.0) + (right - share) / len(part)
    return Rates(sensitivity=sensitivity, specificity=specificity, influence=influence)


def divided(differences: Mapping[str, float], found: Rates) -> Estimate | None:
    """Undo the shrinking of a difference by errors that do not depend on the arm.

    `differences` holds candidate minus base per case, in points. Delta method over cases: each case moves the
    difference and, where its verdicts are labelled, Youden's index too. `None` where the index is so small
    that nothing can be said.
    """
    index = found.youden
    if index < _LEAST_YOUDEN or not differences:
        return None
    difference = math.fsum(differences.values()) / len(differences)
    influence = {case: (value - difference) / len(differences) / index for case, value in differences.items()}
    for case, value in found.influence.items():
        influence[case] = influence.get(case, 0.0) - difference * value / index**2
    return interval(difference / index, influence, method=YOUDEN)


def apart(base: Level, candidate: Level) -> Estimate:
    """Give the difference of two corrected levels, which holds also where the errors differ by arm."""
    return _apart(candidate.corrected - base.corrected, base.influence, candidate.influence, method=PPI)


def bias_apart(base: Level, candidate: Level) -> Estimate:
    """Give by how many points more the grader flatters the candidate than the base."""
    return _apart(
        candidate.bias - base.bias, base.bias_influence, candidate.bias_influence, method="labels over cases"
    )


def interval(value: float, influence: Mapping[str, float], *, method: str) -> Estimate:
    """Give a value with its t interval from each case's influence on it; none where no case moves it."""
    n = len(influence)
    square = math.fsum(part * part for part in influence.values()) * n / (n - 1) if n > 1 else 0.0
    if square <= TOLERANCE**2:
        return Estimate(mean=value, low=None, high=None, n=n, method=method)
    half = student.quantile(0.975, n - 1) * math.sqrt(square)
    return Estimate(mean=value, low=value - half, high=value + half, n=n, method=method)


def _apart(
    value: float, base: Mapping[str, float], candidate: Mapping[str, float], *, method: str
) -> Estimate:
    names = {**base, **candidate}
    both = {case: candidate.get(case, 0.0) - base.get(case, 0.0) for case in names}
    return interval(value, both, method=method)


def _power(truth: "Floats", seen: "Floats", labelled: int, rest: int) -> float:
    """Give the weight of the grader's word that makes the variance least, kept within 0..1."""
    import numpy as np  # noqa: PLC0415 - a tenth of a second that only draws need

    spread = float(seen.var(ddof=1)) if labelled > 1 else 0.0
    if not rest or spread <= 0:
        return 0.0
    together = float(np.cov(truth, seen, ddof=1)[0, 1])
    return min(1.0, max(0.0, together / ((1 + labelled / rest) * spread)))


def _by_case(names: Sequence[str], parts: "Floats") -> Mapping[str, float]:
    found: dict[str, float] = {}
    for name, part in zip(names, parts.tolist(), strict=True):
        found[name] = found.get(name, 0.0) + part
    return found
