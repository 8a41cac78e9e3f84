"""Nightly runs: what they are held against, what they found, and what was accepted as the baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.records.comparisons import GateResult
from harness.records.inputs import Criterion
from harness.records.record import Record, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel(Record):
    """One answer and one criterion whose verdict is known; judged afresh, it tells whether the judge moved.

    Everything that the judge sees is in it, so that an edited dataset or rubric leaves it as it is.
    """

    id: str
    question: str
    answer: str
    dimension: str
    criterion: Criterion
    met: bool
    guidance: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        """Refuse what no judge could be asked."""
        if not self.question.strip():
            refuse("question must say what was asked, got nothing")
        if self.criterion.checks:
            refuse("criterion may have no checks: code decides them, and no judge is asked")

    @property
    def key(self) -> str:
        """What no two sentinels of a file may share."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Regraded(Record):
    """What a night's judge said of the sentinels: counts of items.

    `up` says met where not met is known, `down` the reverse; `ungraded` has no verdict.
    """

    items: int
    met: int
    up: int
    down: int
    ungraded: int

    @property
    def score(self) -> float | None:
        """Share of the graded items that were met, in points; `None` where none was graded."""
        graded = self.items - self.ungraded
        return 100 * self.met / graded if graded else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightArm(Record):
    """One of a night's two runs: which prompt, its mean scores in points, the models that say they answered.

    `run` is its id, the larger one's where the night was topped up. `at` is when it was begun.
    """

    run: str
    at: str
    prompt_hash: str
    commit: str
    scores: Mapping[str, float]
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift(Record):
    """One series of nightly scores before a night and since, in points, with a two-sided p; `None`: unknown.

    `series` is `live`, `control`, `live - control` or `sentinels`.
    """

    series: str
    before: float
    since: float
    nights_before: int
    nights_since: int
    p: float | None


Cause = Literal["judge", "model", "prompt", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Record):
    """What most likely moved a score, in words, since which night, and the evidence for it."""

    cause: Cause
    words: str
    since: str
    evidence: tuple[Shift, ...] = ()
    facts: tuple[str, ...] = ()


Confirmation = Literal["", "confirmed", "not confirmed", "known", "not affordable", "incomplete"]
"""What came of trying a FAIL again on fresh attempts; `known`: it was confirmed on an earlier night."""

HOLDS, REGRESSION, INCONCLUSIVE, INCOMPLETE, BUDGET = 0, 1, 4, 5, 6
"""How a night can end, as exit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightResult(Record):
    """One night of one eval. `code` is its exit code, `words` what it came to in a sentence.

    `ground` holds the hashes of what must be equal for two nights to be compared. `alarms` says which scores
    have fallen over the nights; `failed` names the dimensions whose gate failed. `baseline` compares with the
    accepted run. `told` is what whoever is to be woken was last told: the code as text, empty for nothing.
    """

    eval: str
    night: str
    at: str
    code: int
    words: str
    live: NightArm | None = None
    control: NightArm | None = None
    sentinels: Regraded | None = None
    ground: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    topped_up: bool = False
    gates: tuple[GateResult, ...] = ()
    failed: tuple[str, ...] = ()
    confirmation: Confirmation = ""
    alarms: tuple[str, ...] = ()
    attribution: Attribution | None = None
    baseline: str = ""
    notes: tuple[str, ...] = ()
    told: str = ""

    @property
    def counts(self) -> bool:
        """Whether its scores may stand in a trend: all was run, and enough of it graded."""
        return self.live is not None and self.code in {HOLDS, REGRESSION, INCONCLUSIVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(Record):
    """A run that somebody accepted as the baseline: by whom, when, and why.

    `since` is when the run was begun: nights before it no longer count in the trend. `commit` is the one its
    prompt was read at, empty outside a repository.
    """

    eval: str
    run: str
    commit: str
    prompt_hash: str
    since: str
    at: str
    by: str
    why: str

    def __post_init__(self) -> None:
        """Refuse an acceptance without a reason."""
        if not self.why.strip():
            refuse("why must say why the run was accepted, got nothing")
