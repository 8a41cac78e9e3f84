"""Calls through the real limiter against limits, by a clock that costs nothing."""

import heapq
from dataclasses import dataclass, field
from typing import Self

from allowances import Limits
from harness.pacing.limiter import Call, Limiter, Ticket
from harness.pacing.quotas import Quota, quotas

EPOCH = 1_800_000_000.0
Event = tuple[float, int, Ticket, tuple[Quota, ...] | None, int]
"""When a reply comes, its number, whose it is, what it says of the limits (`None`: a 429), which attempt."""


@dataclass
class Simulation:
    """Calls through a Limiter against Limits, by a clock that costs nothing."""

    limits: Limits
    ceiling: int = 50
    latency: float = 0.3
    max_rate: float | None = None
    tokens: tuple[int, int] = (100, 100)
    size: int = 400
    clock: float = EPOCH
    wall: float = 0.0
    limiter: Limiter = field(init=False)
    starts: list[float] = field(default_factory=list)
    most: int = 0

    def run(self, calls: int) -> Self:
        """Answer that many calls, however often each is refused; `wall` is what it took."""
        began = self.clock
        self.limiter = Limiter(ceiling=self.ceiling, max_rate=self.max_rate)
        queue = [(n, 0) for n in range(calls)]
        events: list[Event] = []
        while queue or events:
            wait = self._start(queue, events)
            moments = [events[0][0]] if events else []
            if queue and wait != float("inf"):
                moments.append(self.clock + wait)
            self.clock = max(self.clock, min(moments))
            while events and events[0][0] <= self.clock:
                self._finish(heapq.heappop(events), queue)
        self.wall = self.clock - began
        return self

    def _start(
        self,
        queue: list[tuple[int, int]],
        events: list[Event],
    ) -> float:
        while queue:
            number, attempt = queue[0]
            call = Call(number, "m", self.size, 1000)
            wait = self.limiter.wait(self.clock, call)
            if wait:
                return wait
            heapq.heappop(queue)
            ticket = self.limiter.start(self.clock, call)
            self.starts.append(self.clock)
            self.most = max(self.most, self.limiter.in_flight)
            amounts = {"requests": 1.0, "input-tokens": self.tokens[0], "output-tokens": self.tokens[1]}
            if self.limits.admits(self.clock, amounts):
                found = quotas(self.limits.headers(self.clock), now=self.clock)
                heapq.heappush(events, (self.clock + self.latency, len(self.starts), ticket, found, attempt))
            else:
                heapq.heappush(events, (self.clock + 0.002, len(self.starts), ticket, None, attempt))
        return float("inf")

    def _finish(self, event: Event, queue: list[tuple[int, int]]) -> None:
        _, _, ticket, found, attempt = event
        if found is None:
            told = quotas(self.limits.headers(self.clock), now=self.clock)
            self.limiter.told(ticket, self.clock, told)
            after = float(self.limits.retry_after) if self.limits.retry_after else None
            self.limiter.refused(ticket, self.clock, after=after, reset=0.0)
            heapq.heappush(queue, (ticket.call.number, attempt + 1))
        else:
            self.limits.left()
            self.limiter.told(ticket, self.clock, found)
            self.limiter.succeeded(ticket, self.clock, tokens=self.tokens, clean=attempt == 0)
