"""A server that says nothing: whoever waits should hear of it long before a call's time is up."""

import asyncio
from collections.abc import Callable

_LONGER = 4  # times as long until it is said once more


class Silence:
    """Says how many seconds nobody has answered, until the first reply of any kind ends that for good."""

    def __init__(self, seconds: float, say: Callable[[float], None]) -> None:
        """It is said after so many seconds, and again after ever longer times."""
        self._seconds, self._say = seconds, say
        self._alarm: asyncio.TimerHandle | None = None
        self._over = False

    def begun(self) -> None:
        """A call has been sent."""
        if self._alarm is None and not self._over:
            self._wait(self._seconds, self._seconds)

    def over(self) -> None:
        """There was a reply, or nobody waits for one any more."""
        self._over = True
        if self._alarm is not None:
            self._alarm.cancel()

    def _wait(self, seconds: float, total: float) -> None:
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._told, total)

    def _told(self, total: float) -> None:
        self._say(total)
        self._wait((_LONGER - 1) * total, _LONGER * total)
