"""Open a store: make the file, bring its schema up to date, refuse one from a newer version."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import StoreError
from harness.store.store import Store, broken
from harness.store.tables import MIGRATIONS, versions

_BUSY_SECONDS = 30


@contextmanager
def open_store(path: Path, *, create: bool = True) -> Iterator[Store]:
    """Open the store at this path, and close it at the end of the block.

    Raises StoreError where there is none and `create` is false, where the file is not a store, and
    where a newer version of the harness wrote it.
    """
    where = str(path)
    path = path.absolute()  # SQLite gives some bare names, such as :memory:, a meaning of their own
    if not path.exists():
        if not create:
            msg = f"{where}: there is no store yet"
            raise StoreError(msg, hint="`harness demo` or `harness run EVAL` makes one")
        _make(path)
    engine = _engine(path)
    try:
        with engine.begin() as connection:
            _migrate(connection, where)
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


def _engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _migrate(connection: Connection, where: str) -> None:
    version = 0
    if inspect(connection).has_table(versions.name):
        version = connection.execute(select(versions.c.version)).scalar_one()
    if version > len(MIGRATIONS):
        msg = f"{where}: version {version}, and this harness knows versions up to {len(MIGRATIONS)}"
        raise StoreError(msg, hint="a newer harness wrote it; update this one")
    if version == len(MIGRATIONS):
        return
    for step in MIGRATIONS[version:]:
        step(connection)
    connection.execute(versions.delete())
    connection.execute(versions.insert().values(version=len(MIGRATIONS)))
