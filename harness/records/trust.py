"""How far a grader can be trusted: beside another, beside labels, and its scores set right by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.records.estimates import Estimate
from harness.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Record):
    """How far a grader's verdicts agree with labels. Shares in 0..1; `None` where not measurable.

    `scope` says which verdicts were counted (`all`, `general`, or a criterion id), `in_sample` whether the
    grader was written while looking at these labels. `intervals` holds those of `raw`, `sensitivity` and
    `specificity` in points, with the cases as clusters; `n` counts verdicts there.
    """

    grader: str
    scope: str
    n: int
    ungraded: int
    met_by_label: int
    met_by_grader: int
    raw: float | None
    sensitivity: float | None
    specificity: float | None
    balanced_accuracy: float | None
    ac1: float | None
    in_sample: bool
    labels: str
    intervals: Mapping[str, Estimate] = field(default_factory=dict)


TrustLevel = Literal["use", "tentative", "too low", "uncalibrated", "labels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust(Record):
    """How far a grader may decide a gate, by its calibration.

    `use` and `tentative` may; `too low` and `uncalibrated` may not unless the eval allows it; `labels` looks
    verdicts up and needs none. `alpha` is Krippendorff's, `None` without a calibration or where it cannot
    be measured; `words` is the sentence for people, `remedy` what to do where it may not decide.
    """

    grader: str
    level: TrustLevel
    alpha: float | None = None
    words: str = ""
    remedy: str = ""

    @property
    def may_gate(self) -> bool:
        """Whether its verdicts may decide a gate without the eval's leave."""
        return self.level in {"use", "tentative", "labels"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedLevel(Record):
    """One arm's mean score by the grader (`raw`) and corrected by labels, `labelled` of its `verdicts`.

    `raw` is not cut to 0..100 answer by answer, as reported scores are. `bias` is by how many points the
    grader sees too much. Sensitivity and specificity are shares in 0..1, `None` where not measurable.
    """

    arm: str
    labelled: int
    verdicts: int
    raw: float
    corrected: Estimate
    bias: Estimate
    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedDifference(Record):
    """A candidate's difference to the base by the grader, and corrected in two ways.

    `by_labels` holds also where the grader errs differently in the two arms; `by_rates`, the difference over
    `youden` (sensitivity + specificity - 1 of both arms, 0 to 1), only where it errs alike. `bias` is by how
    many points more the grader flatters the candidate than the base. `None` where not measurable.
    """

    candidate: str
    raw: Estimate
    by_labels: Estimate
    by_rates: Estimate | None
    youden: Estimate | None
    bias: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Record):
    """What one grader's errors do to one dimension, measured on labels of this report's own answers."""

    grader: str
    dimension: str
    labels: str
    in_sample: bool
    arms: tuple[CorrectedLevel, ...]
    differences: tuple[CorrectedDifference, ...] = ()
