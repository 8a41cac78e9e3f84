"""Two runs beside each other: differences in points, candidate minus base, gates and rankings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.records.estimates import Estimate, Spread
from harness.records.record import Record


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
