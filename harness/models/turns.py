"""Turns on an account: who waits to send a call, and who may go next. The limiter decides, this waits."""

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.pacing.limiter import FULL, Call, Limiter, Ticket

_NOW = 0.0
_IN_A_ROW = 24  # requests that may go before whoever rests; a long queue must not keep answers from the disk


@dataclass(order=True, slots=True)
class _Waiter:
    number: int
    call: Call = field(compare=False)
    turn: asyncio.Future[Ticket] = field(compare=False)


class Turns:
    """Hands out leave to send, the oldest call of each model first: a refused one goes before new ones.

    Nobody sleeps alone: whoever was refused waits here like everybody else, and the limiter lets them go
    one after the other.
    """

    def __init__(self, limiter: Limiter, clock: Callable[[], float] = time.monotonic) -> None:
        self.limiter = limiter
        self.clock = clock
        self._queues: dict[str, list[_Waiter]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._rest = asyncio.Event()  # set while nobody more may go for now
        self._rest.set()
        self._in_a_row = 0
        self._calls = 0

    def call(self, model: str, size: int, most_output: int) -> Call:
        """Begin a call: `size` bytes of request, and at most so many tokens of answer."""
        self._calls += 1
        return Call(self._calls, model, size, most_output)

    async def take(self, call: Call) -> Ticket:
        """Wait for leave to send one attempt of this call."""
        self.limiter.back(call)
        waiter = _Waiter(call.number, call, asyncio.get_running_loop().create_future())
        heapq.heappush(self._queues.setdefault(call.model, []), waiter)
        self.go_on()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.limiter.returned(waiter.turn.result())
            self.go_on()
            raise

    def go_on(self) -> None:
        """Let whoever may go, one after the other, and set an alarm for the next; called at every change.

        One of each model in each turn of the event loop, so that its request is on the wire before the next
        is put together: sent in one burst they would be answered in one, and every burst waits for itself.
        """
        if self._rest.is_set():
            self._step()

    def _next(self) -> None:
        """Go on in the next turn of the loop; what breaks here reaches those who wait, not the loop's log."""
        try:
            self._step()
        except Exception as error:  # noqa: BLE001 - a bug, for whoever waits; else they would wait for ever
            self._rest.set()
            waiting = [waiter for queue in self._queues.values() for waiter in queue]
            for waiter in waiting:
                if not waiter.turn.done():
                    waiter.turn.set_exception(error)

    def _step(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        soonest = min((self._first(queue) for queue in self._queues.values()), default=FULL)
        if soonest == _NOW:
            self._in_a_row += 1
            if self._in_a_row % _IN_A_ROW == 0:
                self._rest.set()  # lets all go on who wait for it now
            self._rest.clear()
            asyncio.get_running_loop().call_soon(self._next)
            return
        self._rest.set()
        if soonest < FULL:
            self._alarm = asyncio.get_running_loop().call_later(soonest, self.go_on)

    async def rest(self) -> None:
        """Wait until all have gone who may go now: what else is to be done can be done while they are out.

        For whoever holds an answer, so that no signal ends this wait with an exception: it ends the next one.
        That is why there must be no `asyncio.timeout` around it: it would take the signal for its own.
        """
        try:
            await self._rest.wait()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
                task.cancel()

    def _first(self, queue: list[_Waiter]) -> float:
        """Let a model's first caller go if the limiter allows; seconds until it allows the next, or _NOW."""
        while queue and queue[0].turn.done():  # its task was cancelled
            heapq.heappop(queue)
        if not queue:
            return FULL
        now, first = self.clock(), queue[0]
        seconds = self.limiter.wait(now, first.call)
        if seconds > 0:
            return seconds
        heapq.heappop(queue)
        first.turn.set_result(self.limiter.start(now, first.call))
        return _NOW
