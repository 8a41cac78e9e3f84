"""A store in one file: made for its owner alone, and written to by one at a time."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from harness.errors import StoreError
from harness.store.store import WRITING

_QUIET_SECONDS = 2.0  # how long SQLite itself waits for another program's lock; only then it is worth a word
_BUSY_SECONDS = 20.0  # a run holds the lock for milliseconds; whoever holds it so long will not let go
_OWNER_ONLY = 0o600


def make(path: Path) -> None:
    """Create the file so that only its owner can read it: answers may be confidential."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
    except OSError as error:
        msg = f"{path}: the store cannot be made: {error.strerror}"
        raise StoreError(msg, hint="name another place with --store") from None


def close_to_others(path: Path) -> None:
    """Take a store away from other accounts' eyes that was made, copied or restored too openly.

    SQLite gives the files beside it the rights of the store itself. One that belongs to somebody else, or
    lies where rights cannot be set, stays as it is.
    """
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with contextlib.suppress(OSError):
            if name.stat().st_mode & 0o077:
                name.chmod(_OWNER_ONLY)


def connected(path: Path, told: Callable[[], None]) -> Engine:
    """Connect so that a transaction that writes takes its lock at once, and waits for it where it must.

    One that reads first and then finds another's changes below it would fail without waiting. SQLite goes on
    writing to a file that was moved or deleted meanwhile, where nobody will find it; here that is an error.
    """
    opened = _identity(path)
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": _QUIET_SECONDS})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # SQLAlchemy begins, not the driver
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get("begin", "BEGIN")
        if statement == WRITING and _identity(path) != opened:
            msg = f"{path}: the store was moved or deleted while it was in use"
            raise StoreError(msg, hint="put it back if you can; what is not in it is asked and paid again")
        if statement:
            _patiently(lambda: connection.exec_driver_sql(statement), told)

    return engine


def set_up(engine: Engine, told: Callable[[], None]) -> None:
    """Let readers and a writer work at once; the file remembers it."""
    with engine.execution_options(begin="").connect() as connection:
        _patiently(lambda: connection.exec_driver_sql("PRAGMA journal_mode=WAL"), told)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _patiently(attempt: Callable[[], object], told: Callable[[], None]) -> None:
    """Try until another program lets go of its lock, but not for ever."""
    begun, waiting = time.monotonic(), False
    while True:
        try:
            attempt()
        except OperationalError as error:
            waited = time.monotonic() - begun
            if not _locked(error) or waited >= _BUSY_SECONDS:
                raise
            if not waiting and waited >= _QUIET_SECONDS:
                waiting = True
                told()
            time.sleep(0.01)  # some locks are refused at once, whatever the timeout
        else:
            return


def _locked(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
