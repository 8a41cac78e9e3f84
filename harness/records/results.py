"""What people read: runs, estimates, comparisons, agreement, and the report that holds them.

All scores in this module are points, 0 to 100; a difference is candidate minus base.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.records.inputs import Agent, Case, Eval, Rubric
from harness.records.outcomes import Outcome, Usage
from harness.records.record import Record

OVERALL = "overall"

# ------------------------------------------------------------------ runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Record):
    """One version of an agent's prompt and where it came from.

    `label` is short and unique in a report (`HEAD`, `working`, `rigorous`). `commit` is the full hash the
    file was read at, or of HEAD for a working file; empty outside a repository. `dirty` says whether
    the working file differs from HEAD; `None` where that cannot be known.
    """

    label: str
    path: str
    commit: str = ""
    dirty: bool | None = None
    agent: Agent


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderInfo(Record):
    """A grader as it was when it graded. `version` changes whenever its verdicts could."""

    kind: str
    version: str
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Record):
    """Everything a run was made from; keys, scores and reports follow from it and the store alone.

    `model_version` is the API version, or the hash of the recorded answers. `files` maps each dataset
    and rubric path to the SHA-256 of its bytes.
    """

    eval_name: str
    eval: Eval
    revision: Revision
    cases: tuple[Case, ...]
    rubrics: tuple[Rubric, ...]
    graders: tuple[GraderInfo, ...]
    model_version: str
    files: Mapping[str, str] = field(default_factory=dict)
    harness_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """One execution. The id is derived from what was asked, so asking the same again is the same run.

    Times are ISO 8601 in UTC; `finished_at` is empty while a run is incomplete.
    """

    id: str
    manifest: Manifest
    created_at: str
    finished_at: str = ""


# ------------------------------------------------------------------ estimates


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Record):
    """A mean in points with its interval and n; what cannot be had is `None`."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult(Record):
    """The non-inferiority gate of one dimension on the suite target, bounds one-sided.

    `low` and `high` are the one-sided 95 % bounds on the difference; `certifiable` is the smallest margin
    that this suite could have certified; `attempts_needed` is `None` where more attempts cannot
    help. INCONCLUSIVE with `low is None` means that the gate is not available, and `words` says why.
    """

    dimension: str
    margin: float
    result: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    low: float | None
    high: float | None
    certifiable: float | None
    attempts_needed: int | None
    words: str


VerdictWord = Literal["better", "worse", "no worse", "cannot tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Record):
    """How one dimension (or `overall`) moved between two revisions under one grader.

    `difference` targets *cases like these*; `suite` targets *this suite* and is `None` when
    it is not available, with the reason in `suite_missing`. `p` is two-sided for no difference;
    `changed` counts cases whose score moved; `mde` is the difference that this many cases would find
    with 80 % power.
    """

    dimension: str
    base: Estimate
    candidate: Estimate
    difference: Estimate
    p: float | None
    changed: int
    mde: float | None
    suite: Estimate | None
    suite_missing: str
    verdict: VerdictWord
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip(Record):
    """A criterion of a case that the two revisions' answers met differently often.

    `base` and `candidate` are shares of graded attempts that met it, 0..1; `points` is the criterion's.
    `gain` is the effect on the dimension's score of that case, in points; negative is a loss.
    """

    case: str
    dimension: str
    criterion: str
    text: str
    points: float
    base: float
    candidate: float
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScores(Record):
    """The mean score per dimension and overall of one case in both arms; `None` where not graded."""

    case: str
    base: Mapping[str, float | None]
    candidate: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Record):
    """Two runs paired by case under one grader. `differences` begins with `overall`."""

    grader: str
    base: str
    candidate: str
    differences: tuple[Difference, ...]
    gates: tuple[GateResult, ...]
    cases: tuple[CaseScores, ...]
    flips: tuple[Flip, ...]
    unpaired: tuple[str, ...] = ()
    missing_points: float = 0.0
    headline: str
    caveats: tuple[str, ...] = ()
    seed: int


# ------------------------------------------------------------------ agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Record):
    """How far a grader's verdicts agree with labels. Shares in 0..1; `None` where not measurable.

    `scope` says which verdicts were counted (`all`, `general`, or a criterion id), `in_sample` whether the
    grader was written while looking at these labels.
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


# ------------------------------------------------------------------ the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(Record):
    """The three denominators and what is missing between them, in trials."""

    planned: int
    answered: int
    graded: int
    ungraded: int
    failed: int
    refused: int = 0
    cut: int = 0

    @property
    def missing_share(self) -> float:
        """Share of planned trials that failed or stayed ungraded; 1 when nothing was planned."""
        return 1.0 if self.planned == 0 else (self.planned - self.graded) / self.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching(Record):
    """What the API's prompt cache did for the calls of one role: tokens of their prompts, and money.

    `saved` is in US dollars at the prices of the day of the run, negative where more was written than
    read, `None` where no price is known. `why` says why nothing was read, where that can be said.
    """

    prompt_tokens: int
    read_tokens: int
    saved: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Record):
    """One run as a report shows it: per grader its counts, outcomes and estimates.

    `costs` maps `agent` and each grader kind to US dollars, `None` where no price is known;
    these are what the stored calls cost when they were made. `seconds` is the median of an answer.
    `caching` has the same keys as `costs`, but for those who asked no model.
    """

    run: Run
    label: str
    counts: Mapping[str, Counts]
    outcomes: Mapping[str, tuple[Outcome, ...]]
    scores: Mapping[str, tuple[tuple[str, Estimate], ...]]
    words: float | None
    usage: Usage
    costs: Mapping[str, float | None]
    seconds: float | None
    caching: Mapping[str, Caching] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Record):
    """All that a report says. `candidates` and `comparisons` are empty for a report on one run.

    There is one comparison per candidate and grader; the first grader decides, the others are
    second opinions. `created_at` is the newest run's time, so equal content gives an equal report.
    """

    name: str
    eval_name: str
    created_at: str
    command: str
    graders: tuple[GraderInfo, ...]
    dimensions: tuple[str, ...]
    cases: tuple[Case, ...]
    rubrics: tuple[Rubric, ...]
    base: Arm
    candidates: tuple[Arm, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    notes: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
