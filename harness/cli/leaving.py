"""Leave at once on Ctrl-C or SIGTERM: where nothing is in flight, and what is on disk is whole."""

import contextlib
import os
import signal
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"  # progress hides it


def listen() -> None:
    """Leave at once on either signal, from now on; for a process that is ours, not for a library's caller."""
    for number in SIGNALS:
        signal.signal(number, leave_at_once)


def leave_at_once(_number: int = 0, _frame: FrameType | None = None) -> NoReturn:
    """End the process here and now, without a traceback from whatever it was doing."""
    with contextlib.suppress(OSError):
        os.write(2, (_SHOW_CURSOR if os.isatty(2) else b"") + b"stopped\n")
    os._exit(INTERRUPTED)
