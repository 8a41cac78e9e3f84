"""Scores that another tool made: the rows of a file, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """One score of one attempt at one case as it stands in a file; `score` is `None` where none was given."""

    line: int
    case: str
    score: float | None
    attempt: str = ""
    dimension: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(Record):
    """All scores of one file in points, by dimension (`overall` first) and case, one number per attempt.

    `trials` counts attempts over all cases, `graded` those that have an overall score. `dimensions` is empty
    where the file tells none apart. `clusters` names the source of each case that has one. `digest` is the
    SHA-256 of the file.
    """

    label: str
    path: str
    digest: str = ""
    dimensions: tuple[str, ...]
    scores: Mapping[str, Mapping[str, tuple[float, ...]]]
    cases: tuple[str, ...]
    trials: int
    graded: int
    clusters: Mapping[str, str] = field(default_factory=dict)
