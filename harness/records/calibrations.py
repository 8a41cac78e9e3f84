"""How far a grader can be trusted: what it said beside what labels say of the same answers."""

from dataclasses import dataclass

from harness.records.estimates import Estimate
from harness.records.inputs import Case
from harness.records.outcomes import Answer
from harness.records.record import Record
from harness.records.runs import GraderInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Record):
    """One answer that can be labelled, or graded beside its labels; `revision` says whose prompt made it."""

    name: str
    revision: str
    case: Case
    attempt: int
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(Record):
    """One labelled verdict and the grader's on the same answer; `met is None` means ungraded."""

    answer: str
    revision: str
    case: str
    dimension: str
    criterion: str
    label: bool
    label_quote: str = ""
    met: bool | None
    quote: str = ""
    reason: str = ""

    @property
    def right(self) -> bool:
        """Whether the grader said what the label says."""
        return self.met is self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Record):
    """Agreement within one scope: a criterion, or several pooled.

    The four counts are over graded verdicts. `raw`, `sensitivity` and `specificity` are rates in points with
    intervals; `balanced_accuracy`, `kappa`, `ac1` and `alpha` are coefficients of at most 1, `None` where not
    measurable. The bounds of alpha leave one case out at a time. `note` says what a reader must know.
    """

    scope: str
    dimension: str = ""
    both_met: int
    false_met: int
    false_unmet: int
    both_unmet: int
    ungraded: int
    raw: Estimate
    sensitivity: Estimate
    specificity: Estimate
    balanced_accuracy: float | None
    kappa: float | None
    ac1: float | None
    alpha: float | None
    alpha_low: float | None = None
    alpha_high: float | None = None
    note: str = ""

    @property
    def n(self) -> int:
        """Graded verdicts."""
        return self.both_met + self.false_met + self.false_unmet + self.both_unmet

    @property
    def measurable(self) -> bool:
        """Whether the labels hold both classes: else a grader that always says the same looks perfect."""
        return bool(self.both_met + self.false_unmet) and bool(self.both_unmet + self.false_met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lean(Record):
    """How the grader errs on the answers of one revision.

    `lean` is how many points more often it says met than the labels do. `against` is that minus the lean on
    the first revision, over the cases that both answered: `None` for the first itself.
    """

    revision: str
    measure: Measure
    lean: float
    against: Estimate | None
    p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold(Record):
    """One case on its own, and what is left without it; coefficients over the general criteria."""

    case: str
    n: int
    raw: float | None
    balanced_accuracy: float | None
    ac1: float | None
    alpha_without: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut(Record):
    """Agreement case by case, averaged, over the general criteria whose labels hold both classes.

    Each case is a fold of its own. The means and their t intervals over cases are coefficients of at most 1;
    a case whose labels are all alike has no balanced accuracy and is not in that mean.
    """

    balanced_accuracy: Estimate
    ac1: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Record):
    """How far one grader agrees with one file of labels. Stored under `grader_hash`, quoted by reports.

    `labelled_by` says who labelled, `labels_alpha` how far the annotators agree with each other before
    anyone settled it. `pooled` begins with all criteria. `not_found` counts labels on answers that are not
    here, `not_asked` labels on criteria that the eval does not have. `cost` is in US dollars.
    """

    eval_name: str
    grader: GraderInfo
    grader_hash: str
    in_sample: bool
    labels: str
    labels_version: str
    labelled_by: str
    labels_alpha: float | None
    answers: int
    not_found: int
    not_asked: int
    pooled: tuple[Measure, ...]
    criteria: tuple[Measure, ...]
    revisions: tuple[Lean, ...]
    cases: tuple[Fold, ...]
    wrong: tuple[Compared, ...]
    cost: float | None
    created_at: str
    held_out: HeldOut | None = None

    @property
    def overall(self) -> Measure:
        """All criteria pooled."""
        return self.pooled[0]

    @property
    def bias(self) -> float:
        """The largest difference between two revisions' leans, in points."""
        leans = [each.lean for each in self.revisions]
        return max(leans) - min(leans) if leans else 0.0
