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


LookWord = Literal["better", "worse", "futile", "go on", "no decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Record):
    """One look at a sequential comparison, after `cases` of its cases, `graded` of them in both arms.

    `level` is the two-sided p at or below which this look decides. `conditional_power` is the chance that
    the last look decides if the trend stays as seen, `None` at the last look itself. `futile` stops because
    that chance is small; `no decision` is a last look that did not decide.
    """

    cases: int
    graded: int
    difference: float | None
    p: float | None
    level: float
    conditional_power: float | None
    word: LookWord


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping(Record):
    """How a sequential comparison went: the looks, the cases that were run, and those left out on purpose.

    `base` and `candidate` are run ids, `ran` and `left` case ids in the seeded order they were drawn in.
    `saved` counts the paid calls that the cases in `left` would have taken. `interval` is overall's repeated
    interval, which holds at whichever look one stops; `None` where there is none.
    """

    base: str
    candidate: str
    ran: tuple[str, ...]
    left: tuple[str, ...]
    looks: tuple[Look, ...]
    saved: int
    interval: "Estimate | None" = None

    @property
    def early(self) -> bool:
        """Whether cases were left out."""
        return bool(self.left)

    @property
    def words(self) -> str:
        """What happened, in a few words."""
        planned = len(self.ran) + len(self.left)
        if not self.early:
            return f"went to the last of {planned} cases"
        return f"stopped early at case {len(self.ran)} of {planned}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """One execution. The id is derived from what was asked, so asking the same again is the same run.

    Times are ISO 8601 in UTC; `finished_at` is empty while a run is incomplete. `stopping` says which cases a
    sequential comparison left out on purpose.
    """

    id: str
    manifest: Manifest
    created_at: str
    finished_at: str = ""
    stopping: Stopping | None = None

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases that were to be run: all, but for those that a sequential comparison left out."""
        if self.stopping is None or self.finished_at:
            return self.manifest.cases
        left = frozenset(self.stopping.left)
        return tuple(case for case in self.manifest.cases if case.id not in left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending(Record):
    """What one part of a run was to cost and did, over all commands that worked on it.

    `part` is `agent` or a grader's kind. `estimate` and `cost` are US dollars: what the plan said when the
    run was first begun (`None` where no price was known), and what all calls came to that were answered,
    also where the reply could not be used. `unpriced` of the `calls` have no price and are not in `cost`.
    """

    part: str
    estimate: float | None
    calls: int = 0
    unpriced: int = 0
    cost: float = 0.0


# ------------------------------------------------------------------ estimates


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Record):
    """A mean in points with its interval and n; what cannot be had is `None`.

    `seed` is that of the random draw behind the interval, `None` where nothing was drawn.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    confidence: float = 0.95
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult(Record):
    """One gate of one dimension on the suite target, bounds one-sided.

    Relative (`floor is None`): the candidate may lose no more than `margin` against the base, `low` and
    `high` bound the difference, and `certifiable` is the smallest margin that this suite could have
    certified. Absolute: the score itself must be `floor` or more, `low` and `high` bound that score, and
    `certifiable` is how far above the floor it would have to lie to pass four times in five. `p` is the
    one-sided p of a loss, adjusted over all gates decided together. `attempts_needed` is `None` where more
    attempts cannot help. INCONCLUSIVE with `low is None` means that the gate is not available, and `words`
    says why.
    """

    dimension: str
    margin: float
    result: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    low: float | None
    high: float | None
    certifiable: float | None
    attempts_needed: int | None
    words: str
    floor: float | None = None
    n: int = 0
    confidence: float = 0.95
    method: str = ""
    p: float | None = None


VerdictWord = Literal["better", "worse", "no worse", "cannot tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Record):
    """How one dimension (or `overall`) moved between two revisions under one grader.

    `difference` targets *cases like these*; `suite` targets *this suite* and is `None` when it is not
    available, with the reason in `suite_missing`. `p` is two-sided for no difference, by itself, and
    `p_method` says how it was had; `p_adjusted` holds for the whole family of `family` questions asked at
    once and is `None` where only one was asked: the verdict goes by it. `changed` counts cases whose score
    moved; `mde` is the difference that this many cases would find with 80 % power.

    `clusters` counts the sources that the cases come from, 0 where each case is its own; `clustered` is then
    the t interval with cluster-robust errors, from ten clusters on, beside the one that decides.
    `length_adjusted` is the difference at equal length of answers, where length moved.
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
    p_method: str = ""
    p_adjusted: float | None = None
    family: int = 1
    clusters: int = 0
    clustered: Estimate | None = None
    length_adjusted: Estimate | None = None

    @property
    def p_decides(self) -> float | None:
        """The p that the verdict goes by: adjusted where several questions were asked."""
        return self.p if self.p_adjusted is None else self.p_adjusted


Moved = Literal["more often", "less often", "cannot tell", "not measurable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionDifference(Record):
    """How often one criterion was met by either revision, over the cases that ask it.

    `base` and `candidate` are shares in points (0 to 100), means over cases; `points` is what it is worth,
    negative for what a good answer avoids. `p_adjusted` holds for all criteria (and candidates) looked at
    together, `family` of them. A criterion that was always met or never, by both, is not measurable.
    """

    dimension: str
    criterion: str
    text: str
    points: float
    base: float
    candidate: float
    difference: Estimate
    p: float | None
    p_adjusted: float | None
    family: int
    changed: int
    moved: Moved
    p_method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(Record):
    """Where the uncertainty of a mean comes from, and what would shrink it most.

    `of` says what the mean is of: `score` or `difference`. The standard deviations are in points: `case` from
    case to case, `attempt` from answer to answer of one case, `judge` from grading to grading of one answer
    (`None` unless answers were graded more than once). `attempt` is `None` with one attempt a case: it is
    part of `case` then. `half_width` is that of a 95 % t interval over `n` cases with `attempts` each;
    `more_cases` and `more_attempts` (with the half-width each would give) cost the same number of answers.
    """

    dimension: str
    of: Literal["score", "difference"]
    n: int
    attempts: float
    case: float
    attempt: float | None
    judge: float | None
    half_width: float
    more_cases: tuple[int, float] | None
    more_attempts: tuple[int, float] | None
    advice: str
    method: str = "nested analysis of variance"


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
    criteria: tuple[CriterionDifference, ...] = ()
    spreads: tuple[Spread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank(Record):
    """One revision's place among all that were compared, by its overall score.

    `score` is over the cases that all of them have graded. `p_adjusted` is that of its difference to the
    best, over all pairs; `tied` says that it cannot be told from the best (of which it is true by itself).
    """

    label: str
    score: Estimate
    behind: float
    p_adjusted: float | None
    tied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(Record):
    """All revisions of a report by one grader, the best first, and in words who cannot be told from it."""

    grader: str
    n: int
    ranks: tuple[Rank, ...]
    words: str
    method: str
    seed: int


# ------------------------------------------------------------------ reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Record):
    """How reliably something passes, in points: once at least, and every time, of 1, 2, … attempts.

    `at_least_once[k - 1]` is pass@k and `every_time[k - 1]` is pass^k, each the mean over `n` cases (or over
    the criteria of one case) of an unbiased estimate; they end at the fewest attempts that any of them has.
    The intervals are over cases, and not there for a single case.
    """

    at_least_once: tuple[float, ...]
    every_time: tuple[float, ...]
    n: int
    least_intervals: tuple[Estimate, ...] = ()
    every_intervals: tuple[Estimate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionReliability(Record):
    """How reliably one criterion is passed; one with negative points passes when it is not met."""

    dimension: str
    criterion: str
    text: str
    repeated: Repeated
    flaky: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker(Record):
    """A criterion of a case that some attempts passed and others did not."""

    dimension: str
    criterion: str
    passed: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReliability(Record):
    """How reliably the criteria of one case are passed, its overall scores, and the criteria that flicker."""

    case: str
    repeated: Repeated
    lowest: float | None
    highest: float | None
    flickers: tuple[Flicker, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability(Record):
    """One arm under one grader: how much of what it can do it does every time.

    `whole` is over every criterion of every case. `cases` holds all of them; the flaky ones, those with a
    criterion that flickers, come first.
    """

    arm: str
    grader: str
    whole: Repeated
    criteria: tuple[CriterionReliability, ...]
    cases: tuple[CaseReliability, ...]

    @property
    def flaky(self) -> tuple[CaseReliability, ...]:
        """Cases that pass a criterion in some attempts and not in others."""
        return tuple(case for case in self.cases if case.flickers)


# ------------------------------------------------------------------ agreement


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


# ------------------------------------------------------------------ what a grader's errors do


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

    `run` is `None` where another tool made the scores: there are no outcomes, words or costs then.
    `costs` maps `agent` and each grader kind to US dollars, `None` where no price is known;
    these are what the stored calls cost when they were made. `spending` is what this run itself was to
    cost and did. `seconds` is the median of the answers that were timed. `caching` has the same keys as
    `costs`, but for those who asked no model.
    """

    run: Run | None
    label: str
    counts: Mapping[str, Counts]
    outcomes: Mapping[str, tuple[Outcome, ...]]
    scores: Mapping[str, tuple[tuple[str, Estimate], ...]]
    words: float | None
    usage: Usage
    costs: Mapping[str, float | None]
    seconds: float | None
    spending: tuple[Spending, ...] = ()
    caching: Mapping[str, Caching] = field(default_factory=dict)

    @property
    def made(self) -> Run:
        """The run that made it; raises ValueError where another tool made the scores."""
        if self.run is None:
            msg = f"{self.label} holds scores that no run of the harness made"
            raise ValueError(msg)
        return self.run


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Record):
    """All that a report says. `candidates` and `comparisons` are empty for a report on one run.

    There is one comparison per candidate and grader; the first grader decides, the others are second
    opinions. `gates` and `spreads` are those of a single run, by the grader that decides; a comparison holds
    its own. `rankings` are there for two candidates or more. `created_at` is the newest run's time, so equal
    content gives an equal report. `cases` are those that all arms were to run; `stopping` says how a
    sequential comparison chose them.
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
    trusts: tuple[Trust, ...] = ()
    notes: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    rankings: tuple[Ranking, ...] = ()
    reliabilities: tuple[Reliability, ...] = ()
    gates: tuple[GateResult, ...] = ()
    spreads: tuple[Spread, ...] = ()
    stopping: Stopping | None = None
    corrections: tuple[Correction, ...] = ()
