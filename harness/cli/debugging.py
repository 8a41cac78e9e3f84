"""The debug log: what calls were made and what became of them, safe to paste into a bug report."""

import importlib.metadata
import logging
import os
import platform
import sys
from pathlib import Path

from harness.errors import InputError
from harness.reporting.untrusted import visible

_OWNER_ONLY = 0o600


class _Harmless(logging.Formatter):
    """One line for each thing, with nothing in it that acts or opens doors."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(visible(super().format(record)).split())


def log_to(path: Path) -> None:
    """Write from now on what the harness logs to the end of a file that only its owner can read.

    Holds times, sizes, statuses, request ids and rate limits of calls, the versions in use and the command:
    no prompt, no answer, no key. InputError where the file cannot be written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, _OWNER_ONLY))
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise InputError(msg) from None
    handler.setFormatter(_Harmless("%(asctime)s %(relativeCreated)d ms %(name)s: %(message)s"))
    logger = logging.getLogger("harness")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    version = importlib.metadata.version("agent-prompt-harness")
    logger.debug("harness %s, Python %s, %s", version, platform.python_version(), platform.platform())
    logger.debug("command: %s", " ".join(sys.argv[1:]))
