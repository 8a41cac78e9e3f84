"""Open a store: make the file, bring its schema up to date, refuse one from a newer version or by others."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from harness.errors import StoreError
from harness.store.store import DAMAGED, WRITING, Store, broken
from harness.store.tables import MIGRATIONS, answers, runs, versions

_QUIET_SECONDS = 2.0  # how long SQLite itself waits for another program's lock; only then it is worth a word
_BUSY_SECONDS = 20.0  # a run holds the lock for milliseconds; whoever holds it so long will not let go

Say = Callable[[str], None]


def _nothing(_words: str) -> None:
    pass


@contextmanager
def open_store(path: Path, *, create: bool = True, say: Say = _nothing) -> Iterator[Store]:
    """Open the store at this path, and close it at the end of the block.

    `say` hears, from any thread, that the store is locked by another program and is waited for. Raises
    StoreError where there is none and `create` is false, where the file is not a store, and where a newer
    version of the harness wrote it. A file that is not ours is never written to.
    """
    where = str(path)
    path = path.absolute()  # SQLite gives some bare names, such as :memory:, a meaning of their own
    if not path.exists():
        if not create:
            msg = f"{where}: there is no store yet"
            raise StoreError(msg, hint="`harness demo` or `harness run EVAL` makes one")
        _make(path)
    told = partial(say, f"waiting for the store: another program has locked {where}")
    engine = _engine(path, told)
    try:
        with engine.connect() as connection:
            version = _version(connection, where)
        if version == 0 and not create:
            msg = f"{where}: this file is empty, there is no store in it yet"
            raise StoreError(msg, hint="`harness demo` or `harness run EVAL` makes one")
        if version < len(MIGRATIONS):
            _migrate(engine, where, told)
        yield Store(engine, where)
    except SQLAlchemyError as error:
        raise broken(where, error) from None
    finally:
        engine.dispose()


def _make(path: Path) -> None:
    """Create the file so that only its owner can read it: answers may be confidential."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        msg = f"{path}: the store cannot be made: {error.strerror}"
        raise StoreError(msg, hint="name another place with --store") from None


def _engine(path: Path, told: Callable[[], None]) -> Engine:
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


def _version(connection: Connection, where: str) -> int:
    """Read the schema's version, 0 for an empty file; StoreError where the file is not ours to use."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return 0
    if versions.name not in names:
        msg = f"{where}: this is a database, but not a store of the harness"
        raise StoreError(msg, hint="name another place with --store")
    found = list(connection.execute(select(versions.c.version)).scalars())
    if len(found) != 1 or not isinstance(found[0], int) or found[0] < 1:
        msg = f"{where}: damaged: its schema_version must be one number, got {found!r:.100}"
        raise StoreError(msg, hint=DAMAGED)
    if found[0] > len(MIGRATIONS):
        msg = f"{where}: version {found[0]}, and this harness knows versions up to {len(MIGRATIONS)}"
        raise StoreError(msg, hint="a newer harness wrote it; update this one")
    if missing := {answers.name, runs.name} - names:
        msg = f"{where}: damaged: it has no table {' or '.join(sorted(missing))}"
        raise StoreError(msg, hint=DAMAGED)
    return found[0]


def _migrate(engine: Engine, where: str, told: Callable[[], None]) -> None:
    """Bring a store up to date; another process may do the same at this moment."""
    with engine.execution_options(begin="").connect() as connection:
        _patiently(lambda: connection.exec_driver_sql("PRAGMA journal_mode=WAL"), told)
    with engine.execution_options(begin=WRITING).begin() as connection:
        version = _version(connection, where)
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute(versions.delete())
        connection.execute(versions.insert().values(version=len(MIGRATIONS)))
