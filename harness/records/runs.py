"""Runs: what one is made from, how far it went, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.records.estimates import Estimate
from harness.records.inputs import Agent, Case, Eval, Rubric
from harness.records.record import Record


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
    """A grader as it was when it graded. `version` changes whenever its verdicts could.

    `canary` says whether judges had a canary; `screening` is the version of the rules by which answers that
    say nothing were held back, 0 for none.
    """

    kind: str
    version: str
    model: str = ""
    canary: bool = False
    screening: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Record):
    """Everything a run was made from; keys, scores and reports follow from it and the store alone.

    `model_version` is the API version, or the hash of the recorded answers. `files` maps each dataset
    and rubric path to the SHA-256 of its bytes. `draw` names the draw that the answers belong to, such as
    `night/2026-11-23/live`: runs of different draws share no answer. Empty: the draw of every day.
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
    draw: str = ""


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
    interval: Estimate | None = None

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
