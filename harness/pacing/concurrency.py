"""How many calls may be in flight: doubled while all is well, fewer when a server refuses.

The scheme is TCP's: slow start, additive growth once the ceiling has been felt, one cut for each burst of
refusals. Calls that a burst refused were all started before its first refusal came back, so only a refusal of
a call that was started after a cut is news.
"""

import math

START = 24
"""Calls in flight at the beginning, where the ceiling allows as many."""
COOLDOWN = 15.0
"""Seconds without growth after a cut, at least."""

_CUT = 0.8
_DEEPEST_CUT = 0.5  # where a refusal shows how many are borne
_QUICK = 2.0  # seconds for an answer, up to which it shows soon whether that was right
_GROWTH = 0.05
_RECENT = 0.2  # weight of the newest answer in the running mean
_SATURATED = 0.8  # a limit that was not used up says nothing of what the server would bear
_ROUND = 4


class Concurrency:
    """The limit on calls in flight, between 1 and `ceiling`; time is handed in, in seconds."""

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.limit = min(START, ceiling)
        self._cut_at: float | None = None
        self._quiet_until = -math.inf
        self._clean = self._peak = self._borne = 0
        self._seconds = math.inf

    def started(self, in_flight: int) -> None:
        """Note how many are in flight, the call that has just been started among them."""
        self._peak = max(self._peak, in_flight)

    def answered(self, place: int, seconds: float) -> None:
        """Note that a call was answered after so many seconds, which made it `place` in flight."""
        self._borne = max(self._borne, place)
        before = self._seconds if math.isfinite(self._seconds) else seconds
        self._seconds = before + _RECENT * (seconds - before)

    def crowded(self, place: int) -> bool:
        """Whether a refusal of the call that made it `place` in flight is likely to be about their number.

        So many were never borne before. Where answers take long it is not believed: it would take as long to
        find out that it was about the rate, with too few calls in flight meanwhile.
        """
        return place > self._borne and self._seconds <= _QUICK

    def succeeded(self, now: float) -> None:
        """Count a success at the first attempt; a round of them, with the limit used up, lets it grow."""
        if self.limit == self.ceiling or now < self._quiet_until:
            return
        self._clean += 1
        if self._clean >= max(self.limit, _ROUND):
            if self._peak >= _SATURATED * self.limit:
                more = self.limit if self._cut_at is None else max(1, math.floor(self.limit * _GROWTH))
                self.limit = min(self.ceiling, self.limit + more)
            self._begin_round()

    def refused(self, now: float, *, started: float, place: int, cooldown: float) -> None:
        """Take in a 429 for a call started at `started`, which made it `place` calls in flight.

        The cut is a fifth, and a half at most where it is likely to be `crowded`; or to one below that place
        where this is less: so many were borne. The server wants quiet for `cooldown` seconds.
        """
        if self._cut_at is None or started > self._cut_at:
            below = min(self.limit, place) - 1
            cut = _DEEPEST_CUT if self.crowded(place) else _CUT
            self.limit = max(1, math.floor(self.limit * cut), below)
            self._cut_at = now
        self._quiet_until = max(self._quiet_until, now + max(COOLDOWN, cooldown))
        self._begin_round()

    def broke(self) -> None:
        """Take in a call that failed for another reason: no cut, but no growth from this round either."""
        self._begin_round()

    def _begin_round(self) -> None:
        self._clean = self._peak = 0
