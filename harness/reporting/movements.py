"""What moved between two revisions, as the page shows it: criteria over all cases, flips case by case."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.comparison import asides
from harness.records.comparisons import CriterionDifference, Flip
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import selection
from harness.reporting.packing import Packer
from harness.reporting.templating import filled

_FLIPS_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria(Record):
    """One candidate's criteria over the cases that ask them: what moved beyond chance, then what did not.

    `words` says the same in a sentence.
    """

    candidate: str
    words: str
    moved: tuple[CriterionDifference, ...]
    others: tuple[CriterionDifference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Record):
    """A flip and the words behind it, where a grader quoted any."""

    flip: Flip
    evidence: selection.Evidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips(Record):
    """One candidate's flips, most telling first, no criterion twice; the page folds the other `more` away."""

    candidate: str
    first: tuple[Moved, ...]
    more: int
    packed: str


def criteria(report: Report) -> Iterator[Criteria]:
    """Give each candidate's criteria, losses that survive the correction first, then gains that do."""
    for comparison in selection.deciding(report):
        found = comparison.criteria
        if found:
            yield Criteria(
                candidate=comparison.candidate,
                words=asides.moved(found),
                moved=tuple(sorted((each for each in found if _certain(each)), key=_gain)),
                others=tuple(sorted((each for each in found if not _certain(each)), key=_p)),
            )


def flips(report: Report, packing: Packer) -> Iterator[Flips]:
    """Give each candidate's flips; scores that another tool made have none."""
    for comparison in selection.deciding(report) if report.rubrics else ():
        quotes = selection.quotes(report, comparison)
        first, rest = selection.spread(selection.telling(comparison), _FLIPS_SHOWN)
        yield Flips(
            candidate=comparison.candidate,
            first=tuple(
                Moved(flip=flip, evidence=quotes.get((flip.case, flip.dimension, flip.criterion)))
                for flip in first
            ),
            more=len(rest),
            packed=packing.pack(filled("flips.html", flips=rest)) if rest else "",
        )


def _certain(each: CriterionDifference) -> bool:
    return each.moved in {"more often", "less often"}


def _gain(each: CriterionDifference) -> tuple[float, str]:
    """Sort by what it did to the score: a criterion with negative points gains by being met less often."""
    return ((each.difference.mean or 0.0) * (1 if each.points > 0 else -1), each.criterion)


def _p(each: CriterionDifference) -> tuple[float, str]:
    return (2.0 if each.p_adjusted is None else each.p_adjusted, each.criterion)
