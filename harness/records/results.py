"""What people read: the report, and the arms in it.

All scores are points, 0 to 100; a difference is candidate minus base.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.records.comparisons import Comparison, GateResult, Ranking
from harness.records.estimates import Estimate, Spread
from harness.records.inputs import Case, Rubric
from harness.records.outcomes import Outcome, Usage
from harness.records.preferences import Preferences
from harness.records.record import Record
from harness.records.reliability import Reliability
from harness.records.runs import GraderInfo, Run, Spending, Stopping
from harness.records.trust import Agreement, Correction, Trust


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
    sequential comparison chose them. `preferences` are those of each candidate where the eval asks for them.
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
    preferences: tuple[Preferences, ...] = ()
