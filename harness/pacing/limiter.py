"""One limiter for all calls to an account: how many at once, and how fast.

Pure: whoever drives it tells it the time and what became of each call. `harness.models.turns` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.pacing.bucket import Bucket
from harness.pacing.concurrency import Concurrency
from harness.pacing.lane import Lane, Spending
from harness.pacing.quotas import Quota

FULL = float("inf")
"""To wait for a call in flight to end, which no clock can tell."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call with all its attempts: its place in the queue, its model, and what bounds its tokens."""

    number: int
    model: str
    size: int
    most_output: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to send one attempt, the `place`th in flight then; it is given back exactly once."""

    call: Call
    lane: Lane
    spending: Spending
    place: int


class Limiter:
    """Says when a call may start, and learns from what becomes of it.

    `ceiling` bounds the calls in flight, `max_rate` the calls started a second.
    """

    def __init__(self, *, ceiling: int, max_rate: float | None = None) -> None:
        self.concurrency = Concurrency(ceiling)
        self.in_flight = self.refusals = 0
        self._lanes: dict[str, Lane] = {}
        self._stalled: set[int] = set()
        self._ceiling = Bucket(max_rate, 1.0, 1.0, 0.0) if max_rate else None

    def wait(self, now: float, call: Call) -> float:
        """Seconds until this call may start: 0 for now, FULL while all slots are taken."""
        if self.in_flight + len(self._stalled) >= self.concurrency.limit:
            return FULL
        lane = self._lane(call, now)
        seconds = lane.wait(now, lane.estimate(call.size, call.most_output))
        return max(seconds, self._ceiling.wait(now, 1.0)) if self._ceiling else seconds

    def start(self, now: float, call: Call) -> Ticket:
        """Let a call start, as `wait` has allowed."""
        self.in_flight += 1
        self.concurrency.started(self.in_flight)
        if self._ceiling:
            self._ceiling.spend(now, 1.0)
        lane = self._lane(call, now)
        amounts = lane.estimate(call.size, call.most_output)
        return Ticket(call, lane, lane.start(now, call.size, amounts), self.in_flight)

    def succeeded(self, ticket: Ticket, now: float, *, tokens: tuple[int, int], clean: bool) -> None:
        """Take in an answer: tokens in (without cache reads) and out, and whether no attempt came before."""
        self.in_flight -= 1
        self._stalled.clear()
        ticket.lane.succeeded(ticket.spending, *tokens)
        self.concurrency.answered(ticket.place, now - ticket.spending.started)
        if clean:
            self.concurrency.succeeded(now)

    def told(self, ticket: Ticket, now: float, found: Sequence[Quota]) -> None:
        """Take in what a reply's headers say; before what became of the call."""
        ticket.lane.told(ticket.spending, found, now)

    def refused(self, ticket: Ticket, now: float, *, after: float | None, reset: float) -> None:
        """Take in a 429; seconds that the server asks to wait, and until its limits are whole again."""
        self.in_flight -= 1
        self.refusals += 1
        # What was refused for too many at once measures no rate.
        crowded = self.concurrency.crowded(ticket.place)
        ticket.lane.refused(ticket.spending, now, after, measures=not crowded)
        cooldown = max(after or 0.0, reset)
        started = ticket.spending.started
        self.concurrency.refused(now, started=started, place=ticket.place, cooldown=cooldown)

    def broke(self, ticket: Ticket) -> None:
        """Take in an attempt that failed otherwise and is to be tried again after a pause.

        It keeps its slot in the pause, until any call succeeds: a server that is down is then not asked by
        one new call after the other, and a call that always fails takes no slot from those that do not.
        """
        self.in_flight -= 1
        self._stalled.add(ticket.call.number)
        self.concurrency.broke()

    def back(self, call: Call) -> None:
        """Give up the slot that a broken call has kept: its pause is over, or it is."""
        self._stalled.discard(call.number)

    def returned(self, ticket: Ticket) -> None:
        """Take back a ticket whose call says nothing of the limits: cancelled, or failed for good."""
        del ticket
        self.in_flight -= 1

    def held(self, now: float) -> float:
        """Seconds for which refusals hold the most patient lane; 0 where none is held."""
        return max((lane.held_until - now for lane in self._lanes.values()), default=0.0)

    def _lane(self, call: Call, now: float) -> Lane:
        lane = self._lanes.get(call.model)
        if lane is None:
            lane = self._lanes[call.model] = Lane(now)
        return lane
