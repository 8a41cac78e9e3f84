"""The shape of results.json, for programs that read it; `harness schema report` gives it as JSON Schema.

What differs from the records of a report: scores are points everywhere, answers stand once under their keys,
and cases and rubrics stand once, not again with every arm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.records.comparisons import Comparison, GateResult, Ranking
from harness.records.estimates import Estimate, Spread
from harness.records.inputs import Case, Eval, Rubric
from harness.records.outcomes import Usage, Verdict
from harness.records.preferences import Preferences
from harness.records.record import Record
from harness.records.reliability import Reliability
from harness.records.results import Caching, Counts
from harness.records.runs import GraderInfo, Revision, Spending, Stopping
from harness.records.trust import Agreement, Correction, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedScore(Record):
    """One dimension of one trial. `value` and `raw` (before it is cut to 0..100) are points."""

    value: float
    raw: float
    met_points: float
    positive_points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedTrial(Record):
    """The agent answered and every criterion has a verdict."""

    outcome: Literal["graded"]
    case: str
    attempt: int
    key: str
    """The answer's key in `answers`."""
    verdicts: tuple[Verdict, ...]
    scores: Mapping[str, PublishedScore]
    """By dimension."""
    overall: float
    """Points: the mean of the dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UngradedTrial(Record):
    """The agent answered, but some verdict could not be read: there is no overall score."""

    outcome: Literal["ungraded"]
    case: str
    attempt: int
    key: str
    verdicts: tuple[Verdict, ...]
    scores: Mapping[str, PublishedScore]
    """The dimensions that are complete all the same."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTrial(Record):
    """There is no answer."""

    outcome: Literal["failed"]
    case: str
    attempt: int
    key: str
    kind: str
    """A short stable word, such as `timeout`."""
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRun(Record):
    """What an arm was made from. Times are ISO 8601 in UTC."""

    id: str
    created_at: str
    finished_at: str
    revision: Revision
    graders: tuple[GraderInfo, ...]
    model_version: str
    files: Mapping[str, str]
    """SHA-256 of each dataset and rubric file."""
    harness_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArm(Record):
    """One run as a report shows it. Mappings are by grader, those of money by `agent` and grader."""

    label: str
    role: Literal["base", "candidate"]
    run: PublishedRun | None
    """Null where another tool made the scores."""
    counts: Mapping[str, Counts]
    scores: Mapping[str, Mapping[str, Estimate]]
    """By grader, then by dimension, `overall` among them."""
    words: float | None
    usage: Usage
    costs: Mapping[str, float | None]
    """US dollars; null where no price is known."""
    spending: tuple[Spending, ...]
    seconds: float | None
    caching: Mapping[str, Caching]
    trials: Mapping[str, tuple[GradedTrial | UngradedTrial | FailedTrial, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAnswer(Record):
    """What a model returned. `cost` is in US dollars, null where no price is known."""

    text: str
    stop_reason: str
    model: str
    usage: Usage
    cost: float | None
    seconds: float
    retries: int
    request_id: str
    words: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport(Record):
    """All that a report says. Scores are points, 0 to 100; differences are candidate minus base."""

    format: Literal[1]
    """Grows when a reader of this file would have to change."""
    name: str
    eval_name: str
    eval: Eval | None
    created_at: str
    command: str
    """Makes this report again."""
    graders: tuple[GraderInfo, ...]
    """The first one decides."""
    dimensions: tuple[str, ...]
    cases: tuple[Case, ...]
    rubrics: tuple[Rubric, ...]
    arms: tuple[PublishedArm, ...]
    """The base, then the candidates."""
    comparisons: tuple[Comparison, ...]
    rankings: tuple[Ranking, ...]
    reliabilities: tuple[Reliability, ...]
    gates: tuple[GateResult, ...]
    spreads: tuple[Spread, ...]
    preferences: tuple[Preferences, ...]
    """What a judge preferred of two answers beside each other."""
    agreements: tuple[Agreement, ...]
    trusts: tuple[Trust, ...]
    corrections: tuple[Correction, ...]
    notes: tuple[str, ...]
    provenance: tuple[tuple[str, str], ...]
    stopping: Stopping | None
    answers: Mapping[str, PublishedAnswer]
    """By key; trials refer to them."""
