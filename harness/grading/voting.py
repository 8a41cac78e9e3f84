"""From votes to a verdict: what most of them say, or what the dearer judge says instead."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from operator import add
from typing import Protocol

from harness.grading.canary import relied_on
from harness.grading.seats import Seat
from harness.records.inputs import CANARY, Criterion
from harness.records.outcomes import Usage, Verdict, Vote


class Ballot(Protocol):
    """One seat's verdict on one criterion; `verdict` is `None` while there is none."""

    @property
    def dimension(self) -> str:
        """The dimension that the criterion belongs to."""

    @property
    def criterion(self) -> Criterion:
        """The criterion."""

    @property
    def seat(self) -> Seat | None:
        """Whose verdict it is; `None` for a grader that asks no model."""

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, where there is one."""


def decided(ballots: Iterable[Ballot]) -> list[Verdict]:
    """Give one verdict for each criterion of one answer, in the order in which criteria first occur.

    Nothing is given of a criterion while it is not known what most of *all* its votes say, or while whoever
    regrades it has not answered. The votes of a judge whose canary did not hold are open.
    """
    by_place: dict[tuple[str, str], list[Ballot]] = {}
    for ballot in _trusted(ballots):
        by_place.setdefault((ballot.dimension, ballot.criterion.id), []).append(ballot)
    found = (_decided(of_place) for of_place in by_place.values())
    return [verdict for verdict in found if verdict is not None]


def polled(ballots: Iterable[Ballot]) -> list[Verdict]:
    """Give the same as if nothing had been regraded."""
    return decided(ballot for ballot in ballots if not _regrades(ballot))


@dataclass(frozen=True, slots=True)
class _Trusted:
    """A ballot with its verdict as far as the canary of who gave it lets it count."""

    dimension: str
    criterion: Criterion
    seat: Seat | None
    verdict: Verdict | None


def _trusted(ballots: Iterable[Ballot]) -> Iterator[Ballot]:
    """Take the canaries out, and with them what judges said whose canary did not hold or is not there yet."""
    cast = list(ballots)
    canaries = {ballot.seat: ballot.verdict for ballot in cast if ballot.dimension == CANARY}
    of_model = {seat.model: verdict for seat, verdict in canaries.items() if seat is not None}
    for each in cast:
        if each.dimension == CANARY:
            continue
        verdict = each.verdict
        if each.seat is not None and each.seat.model in of_model and verdict is not None:
            canary = of_model[each.seat.model]
            verdict = None if canary is None else relied_on(verdict, canary)
        yield _Trusted(each.dimension, each.criterion, each.seat, verdict)


def _decided(ballots: Sequence[Ballot]) -> Verdict | None:
    if len(ballots) == 1:
        return ballots[0].verdict
    voting = [ballot for ballot in ballots if not _regrades(ballot)]
    cast = [ballot for ballot in ballots if ballot.verdict is not None]
    last = next((ballot for ballot in ballots if _regrades(ballot)), None)
    chosen = _majority(voting) if last is None else last.verdict
    if chosen is None:
        return None
    usage = reduce(add, (ballot.verdict.usage for ballot in cast if ballot.verdict), Usage())
    return replace(
        chosen,
        cost=_sum(ballot.verdict.cost for ballot in cast if ballot.verdict),
        seconds=sum(ballot.verdict.seconds for ballot in cast if ballot.verdict),
        votes=tuple(_vote(ballot) for ballot in voting if ballot.verdict is not None),
        regraded_by="" if last is None or last.seat is None else last.seat.model.name,
        **asdict(usage),
    )


def _majority(voting: Sequence[Ballot]) -> Verdict | None:
    """Give the first vote of the majority of all; open where all have voted and there is none."""
    given = [ballot.verdict for ballot in voting if ballot.verdict is not None]
    for met in (True, False):
        agreeing = [verdict for verdict in given if verdict.met is met]
        if 2 * len(agreeing) > len(voting):
            return agreeing[0]
    if len(given) < len(voting):
        return None
    counted = [sum(verdict.met is met for verdict in given) for met in (True, False)]
    reason = (
        f"no majority of {len(voting)} votes: {counted[0]} met, {counted[1]} not met, "
        f"{len(voting) - sum(counted)} could not be used"
    )
    return replace(given[0], met=None, quote="", reason=reason)


def _vote(ballot: Ballot) -> Vote:
    verdict, seat = ballot.verdict, ballot.seat
    name = "" if seat is None else seat.model.name
    if verdict is None:
        return Vote(model=name, met=None)
    return Vote(model=name, met=verdict.met, quote=verdict.quote, reason=verdict.reason)


def _regrades(ballot: Ballot) -> bool:
    return ballot.seat is not None and ballot.seat.regrades


def _sum(costs: Iterable[float | None]) -> float | None:
    known = list(costs)
    return None if None in known else sum(cost or 0.0 for cost in known)
