"""What a server allows: requests and tokens by the minute with a burst, and requests in hand at once.

The same limits stand behind the loopback server, in real time, and behind the simulated one of the tests.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self


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


def ideal(limits: Limits, calls: int, *, ceiling: int, latency: float, tokens: Sequence[int]) -> float:
    """Seconds that nobody could go below: bursts at once, the rest as fast as the limits refill."""
    per = {"requests": 1.0, "input-tokens": float(tokens[0]), "output-tokens": float(tokens[1])}
    bounds = [calls * latency / min(ceiling, limits.in_hand or ceiling)]
    bounds += [(calls * per[k] - b.depth) / b.rate + latency for k, b in limits.buckets.items()]
    return max(bounds)
