"""What goes on between us and the servers, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.pacing.limiter import Limiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """An attempt failed and is made again: where, what kind of failure, in what words, after what pause."""

    place: str
    kind: str
    message: str
    hint: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Nobody at a place has answered anything for so many seconds; each call is given `patience` seconds."""

    place: str
    seconds: float
    in_flight: int
    patience: float


def _nobody(_: Retry | Quiet) -> None:
    pass


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Traffic:
    """The accounts in use, as they are now.

    `tell` hears the first retry of each kind at each place, and of places that have not answered at all.
    `idle` is called once, if the first calls are waited for: there is time for what will be needed later.
    """

    tell: Callable[[Retry | Quiet], None] = _nobody
    idle: Callable[[], None] = _nothing
    retries: int = 0
    _limiters: list[Limiter] = field(default_factory=list)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def join(self, limiter: Limiter) -> None:
        """Take in one more account."""
        self._limiters.append(limiter)

    def waiting(self) -> None:
        """Take in that the first calls are sent, and that no reply has come for a moment."""
        idle, self.idle = self.idle, _nothing
        idle()

    def retried(self, retry: Retry) -> None:
        """Count a retry, and tell it if it is the first of its kind."""
        self.retries += 1
        if (retry.place, retry.kind) not in self._told:
            self._told.add((retry.place, retry.kind))
            self.tell(retry)

    @property
    def in_flight(self) -> int:
        """Calls in flight now."""
        return sum(limiter.in_flight for limiter in self._limiters)

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return sum(limiter.concurrency.limit for limiter in self._limiters)

    @property
    def refusals(self) -> int:
        """Replies with status 429 so far."""
        return sum(limiter.refusals for limiter in self._limiters)

    def held(self, now: float) -> float:
        """Seconds for which a server's refusals hold some calls back; 0 or less for none. Monotonic time."""
        return max((limiter.held(now) for limiter in self._limiters), default=0.0)
