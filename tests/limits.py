"""What a server allows: requests and tokens by the minute with a burst, and requests in hand at once.

The same limits stand behind the loopback server, in real time, and behind the simulated one of the tests.
"""

import datetime as dt
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from harness.pacing.limiter import Call, Limiter, Ticket
from harness.pacing.quotas import Quota, quotas

EPOCH = 1_800_000_000.0


@dataclass
class Allowance:
    """A bucket of `rate` units a second that holds `depth` of them, full at first."""

    rate: float
    depth: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.depth

    def refilled(self, now: float) -> Self:
        if self.at == 0:
            self.at = now
        self.level = min(self.depth, self.level + self.rate * max(0.0, now - self.at))
        self.at = max(now, self.at)
        return self


@dataclass
class Limits:
    """The limits of a server, by the names that its headers have; `told`: whether it sends those headers."""

    buckets: dict[str, Allowance] = field(default_factory=dict)
    in_hand: int | None = None
    told: bool = False
    retry_after: str = ""
    busy: int = 0
    refused: int = 0

    def admits(self, now: float, amounts: dict[str, float]) -> bool:
        """Take a request in and charge it, or refuse it whole; `left` must follow if it was taken in."""
        full = self.in_hand is not None and self.busy >= self.in_hand
        short = any(self.buckets[k].refilled(now).level < amounts[k] for k in self.buckets)
        if full or short:
            self.refused += 1
            return False
        self.busy += 1
        for kind, bucket in self.buckets.items():
            bucket.level -= amounts[kind]
        return True

    def left(self) -> None:
        self.busy -= 1

    def headers(self, now: float) -> dict[str, str]:
        """What a reply says of them now; `now` in seconds since 1970."""
        found = {}
        for kind, bucket in self.buckets.items() if self.told else ():
            whole = (bucket.depth - bucket.refilled(now).level) / bucket.rate
            reset = dt.datetime.fromtimestamp(now + whole, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            found[f"anthropic-ratelimit-{kind}-limit"] = str(round(bucket.rate * 60))
            found[f"anthropic-ratelimit-{kind}-remaining"] = str(max(0, int(bucket.level)))
            found[f"anthropic-ratelimit-{kind}-reset"] = reset
        return found


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
        events: list[tuple[float, int, Ticket, tuple[Quota, ...] | None, int]] = []
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
        events: list[tuple[float, int, Ticket, tuple[Quota, ...] | None, int]],
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

    def _finish(
        self, event: tuple[float, int, Ticket, tuple[Quota, ...] | None, int], queue: list[tuple[int, int]]
    ) -> None:
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


def ideal(limits: Limits, calls: int, *, ceiling: int, latency: float, tokens: Sequence[int]) -> float:
    """Seconds that nobody could go below: bursts at once, the rest as fast as the limits refill."""
    per = {"requests": 1.0, "input-tokens": float(tokens[0]), "output-tokens": float(tokens[1])}
    bounds = [calls * latency / min(ceiling, limits.in_hand or ceiling)]
    bounds += [(calls * per[k] - b.depth) / b.rate + latency for k, b in limits.buckets.items()]
    return max(bounds)
