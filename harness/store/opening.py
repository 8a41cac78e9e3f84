"""Open a store: make it, bring its schema up to date, refuse one from a newer version or by others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import StoreError
from harness.store import sqlite
from harness.store.address import Address, Place
from harness.store.store import WRITING, Store
from harness.store.tables import MIGRATIONS, answers, runs, versions
from harness.store.trouble import DAMAGED, broken

Say = Callable[[str], None]

_MAKES_ONE = "`harness demo` or `harness run EVAL` makes one"


def _nothing(_words: str) -> None:
    pass


@contextmanager
def open_store(where: Place, *, create: bool = True, say: Say = _nothing) -> Iterator[Store]:
    """Open the store that is there, and close it at the end of the block.

    `say` hears, from any thread, that the store is locked by another program and is waited for. Raises
    StoreError where there is none and `create` is false, where the file or database is not a store or cannot
    be reached, and where a newer version of the harness wrote it. What is not ours is never written to.
    """
    shown = str(where)
    told = partial(say, f"waiting for the store: another program has locked {shown}")
    engine = _connected(where, told, create=create)
    try:
        with engine.connect() as connection:
            version = _version(connection, shown)
        if version == 0 and not create:
            empty = "this database is empty" if isinstance(where, Address) else "this file is empty"
            msg = f"{shown}: {empty}, there is no store in it yet"
            raise StoreError(msg, hint=_MAKES_ONE)
        if version < len(MIGRATIONS):
            if isinstance(where, Path):
                sqlite.set_up(engine, told)
            _migrate(engine, shown)
        yield Store(engine, shown)
    except SQLAlchemyError as error:
        raise broken(shown, error) from None
    finally:
        engine.dispose()


def _connected(where: Place, told: Callable[[], None], *, create: bool) -> Engine:
    if isinstance(where, Address):
        from harness.store import postgres  # noqa: PLC0415 - a store in a file never needs it

        return postgres.connected(where)
    path = where.absolute()  # SQLite gives some bare names, such as :memory:, a meaning of their own
    if path.exists():
        sqlite.close_to_others(path)
    elif create:
        sqlite.make(path)
    else:
        msg = f"{where}: there is no store yet"
        raise StoreError(msg, hint=_MAKES_ONE)
    return sqlite.connected(path, told)


def _version(connection: Connection, where: str) -> int:
    """Read the schema's version, 0 for an empty file; StoreError where the file is not ours to use."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return 0
    if versions.name not in names:
        msg = f"{where}: this is a database, but not a store of the harness"
        raise StoreError(msg, hint="name another place with --store; a store wants a database to itself")
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


def _migrate(engine: Engine, where: str) -> None:
    """Bring a store up to date; another process may do the same at this moment."""
    with engine.execution_options(begin=WRITING).begin() as connection:
        version = _version(connection, where)
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute(versions.delete())
        connection.execute(versions.insert().values(version=len(MIGRATIONS)))
