"""A server's rate, learned from its refusals alone.

Between two moments at which a server refused, it let through just what it allows in that time, however
large a burst it bears: the bucket was empty at both. So what was accepted, over the time, is its rate.
"""

from dataclasses import dataclass

from harness.pacing.bucket import Bucket

_SLACK = 0.97  # a little less than measured, so that the server's bucket fills again
_GUESS = 2.0  # growth in a second, as long as there was only one refusal and the rate is a guess
_TRUST = 8.0  # a rate that was measured over a second doubles in so many: short measurements err
_LONGEST = 8.0  # seconds; after more than so many, a limit that was lifted is found in about a minute
_ENOUGH = 8  # calls, and
_WINDOW = 0.5  # seconds: fewer measure nothing
_LONGEST_GROWTH = 60.0  # seconds at once, whatever a clock has done meanwhile
_CUT = 0.8
_BURST = 0.1  # seconds' worth that may go at once
_LEAST = 1 / 60  # of a call in a second: however wrong an estimate, it does not end the run


@dataclass(frozen=True, slots=True)
class Mark:
    """One call's place in what is spent: when it was started, after how much, and its own amount."""

    started: float
    spent: float
    amount: float


class Learned:
    """The rate at which a server accepts something: requests, or tokens; unknown until it refuses."""

    def __init__(self, now: float) -> None:
        self.spent = 0.0
        self._calls = 0
        self._since, self._base, self._paused = now, 0.0, 0.0
        self._bucket: Bucket | None = None
        self._growth = _GUESS
        self._bound = False
        self._grown = now

    @property
    def rate(self) -> float | None:
        """A second; `None` while nothing was refused."""
        return self._bucket.rate if self._bucket else None

    def wait(self, now: float, amount: float) -> float:
        """Seconds until `amount` may be spent."""
        if self._bucket is None:
            return 0.0
        seconds = self._bucket.wait(now, amount)
        self._bound = self._bound or seconds > 0
        return seconds

    def spend(self, now: float, amount: float) -> Mark:
        """Count what goes out; a rate that holds calls back grows meanwhile."""
        mark = Mark(now, self.spent, amount)
        self.spent += amount
        self._calls += 1
        if self._bucket is not None:
            if self._bound:
                grown = self._growth ** min(now - self._grown, _LONGEST_GROWTH)
                self._set(self._bucket.rate * grown, mark, now)
            self._bound, self._grown = False, now
            self._bucket.spend(now, amount)
        return mark

    def correct(self, amount: float) -> None:
        """Add what a call took beyond its estimate; negative where it took less."""
        self.spent += amount
        if self._bucket is not None:
            self._bucket.level -= amount

    def refused(self, mark: Mark, now: float, *, until: float, fresh: bool, measures: bool) -> None:
        """Take in the refusal of the call of this mark; nothing will go out before `until`.

        One that `measures` ends a stretch of time, if enough was accepted in it; the first of a burst is
        `fresh`, and begins a pause.
        """
        if measures and self._measure(mark, now):
            self._since, self._base, self._calls, self._paused = until, self.spent, 0, 0.0
        elif mark.started >= self._since:
            self._base += mark.amount
            self._calls -= 1
            self._paused += until - now if fresh else 0.0

    def _measure(self, mark: Mark, now: float) -> bool:
        """Set the rate by what was accepted up to this mark; whether that was enough to be a measurement."""
        seconds = mark.started - self._since - self._paused
        accepted = max(mark.spent - self._base, 0.0)
        enough = self._calls > _ENOUGH and seconds >= _WINDOW and accepted > 0
        first = self._bucket is None
        if self._bucket is None:
            rate = max(accepted, mark.amount) / max(seconds, _WINDOW)
        elif enough:
            rate = _SLACK * accepted / seconds
        else:  # it bounds what the rate can be
            most = (accepted + _ENOUGH * mark.amount) / max(seconds, _WINDOW)
            rate = min(_CUT * self._bucket.rate, most)
        if not first:
            self._growth = 2 ** (1 / (_TRUST * min(max(seconds, _WINDOW), _LONGEST)))
        self._set(rate, mark, now)
        self._grown = now
        return first or enough

    def _set(self, rate: float, mark: Mark, now: float) -> None:
        if self._bucket is None:
            self._bucket = Bucket(rate, 0.0, 0.0, now)
        self._bucket.wait(now, 0)  # refills at the old rate up to now
        self._bucket.rate = max(rate, _LEAST * mark.amount)
        self._bucket.depth = max(mark.amount, _BURST * rate)
