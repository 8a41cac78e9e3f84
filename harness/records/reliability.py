"""What attempts at one case tell: pass@k, pass^k and what flickers."""

from dataclasses import dataclass

from harness.records.estimates import Estimate
from harness.records.record import Record


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
