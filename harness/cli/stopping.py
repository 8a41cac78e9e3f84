"""Ctrl-C and SIGTERM during a run: calls are cancelled, what has arrived is committed, claims are given up.

A second signal leaves at once; that loses no more than the milliseconds that a power cut would.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from harness.cli.leaving import SIGNALS, leave_at_once

T = TypeVar("T")


def until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; the first signal ends it cleanly, and KeyboardInterrupt says so."""
    with _handlers_kept(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_stoppable(work))


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back what a loop takes away when it closes."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError):  # elsewhere than in the main thread signals are not ours
                signal.signal(number, handler)


async def _stoppable(work: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if stopped:
            leave_at_once()
        stopped = True
        task.cancel()

    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, other threads
        for number in SIGNALS:
            loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if stopped:
            raise KeyboardInterrupt from None
        raise


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Take the faster event loop where there is one."""
    if sys.platform == "win32":
        return None
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - not installed everywhere
    except ImportError:
        return None
    return new_event_loop
