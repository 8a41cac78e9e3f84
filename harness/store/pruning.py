"""Take old runs out of a store, with the answers and verdicts that no other run needs."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, func, select
from sqlalchemy.schema import CreateTable, DropTable

from harness.errors import StoreError
from harness.planning.regrading import whole
from harness.records.runs import Run
from harness.store.copying import kept_tables
from harness.store.inserts import if_missing
from harness.store.store import WRITING, Listed, Store
from harness.store.tables import answers, batch_items, failures, runs, spending, verdicts

_UNDER_WAY = dt.timedelta(days=2)  # a batch takes up to one; whoever began later may still be at it
_CHUNK = 500

# A table of this connection alone, gone with it: keys of any number without holding them in memory.
_KEYS = Table("pruned_keys", MetaData(), Column("key", String(64), primary_key=True), prefixes=["TEMPORARY"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What stays: runs asked for within `age`, and the newest `runs` of each eval; `None` asks for neither.

    Runs that another table names stay in any case, such as accepted baselines, and so do unfinished ones of
    the last two days.
    """

    age: dt.timedelta | None = None
    runs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What goes: runs, and the answers and verdicts that only they need; `cost` US dollars made these."""

    runs: tuple[Listed, ...]
    stay: int
    answers: int
    verdicts: int
    cost: float


def over(rows: Sequence[Listed], keep: Keep, pinned: frozenset[str], now: dt.datetime) -> tuple[Listed, ...]:
    """Choose the runs that go; `rows` are all runs, the one asked for last at the end."""
    seen = Counter[str]()
    going = []
    for row in reversed(rows):
        seen[row.eval] += 1
        age = now - dt.datetime.fromisoformat(row.asked_at)
        stays = (
            row.id in pinned
            or (keep.runs is not None and seen[row.eval] <= keep.runs)
            or (keep.age is not None and age <= keep.age)
            or (not row.finished_at and age <= _UNDER_WAY)
        )
        if not stays:
            going.append(row)
    return tuple(reversed(going))


def prune(store: Store, keep: Keep, now: dt.datetime, *, really: bool) -> Pruned:
    """Say what would go, and with `really` remove it, in one transaction.

    Answers and verdicts that no run ever asked for stay. Raises StoreError when a run began meanwhile that
    may need what is about to go; then nothing has gone.
    """
    rows = store.list()
    going = over(rows, keep, _pinned(store), now)
    names = frozenset(row.id for row in going)
    with store.connected() as connection:
        with connection.begin():
            connection.execute(DropTable(_KEYS, if_exists=True))
            connection.execute(CreateTable(_KEYS))
        for row in sorted(rows, key=lambda row: row.id not in names) if going else ():
            _note(connection, _keys(store, store.load(row.id)), going=row.id in names)
        with connection.begin():
            in_batches = select(batch_items.c.key)
            connection.execute(delete(_KEYS).where(_KEYS.c.key.in_(in_batches)))
            found = _counted(connection, going, stay=len(rows) - len(going))
        if really and going:
            connection.execution_options(begin=WRITING)
            with connection.begin():
                _unchanged(connection, rows)
                _remove(connection, names)
    if really and going:
        _shrink(store)
    return found


def _pinned(store: Store) -> frozenset[str]:
    """Return the runs that a table names which does not go with them."""
    naming = [t for t in kept_tables() if "run" in t.columns and t not in {failures, spending}]
    with store.snapshot() as connection:
        return frozenset(name for t in naming for name in connection.execute(select(t.c.run)).scalars())


def _keys(store: Store, run: Run) -> Iterator[str]:
    for job in whole(run.manifest, store):
        yield job.trial.key
        yield from (mark.key for mark in job.marks if mark.key)


def _note(connection: Connection, keys: Iterable[str], *, going: bool) -> None:
    """Put down the keys of a run that goes, or strike out those of one that stays."""
    add = if_missing(_KEYS, connection.dialect.name)
    for part in _parts(keys):
        with connection.begin():
            if going:
                connection.execute(add, [{"key": key} for key in part])
            else:
                connection.execute(delete(_KEYS).where(_KEYS.c.key.in_(part)))


def _parts(keys: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for key in keys:
        part.append(key)
        if len(part) == _CHUNK:
            yield part
            part = []
    if part:
        yield part


def _counted(connection: Connection, going: tuple[Listed, ...], *, stay: int) -> Pruned:
    sizes, cost = [], 0.0
    for table in (answers, verdicts):
        query = select(func.count(), func.coalesce(func.sum(table.c.cost), 0.0))
        count, paid = connection.execute(query.where(table.c.key.in_(select(_KEYS.c.key)))).one()
        sizes.append(count)
        cost += paid
    return Pruned(runs=going, stay=stay, answers=sizes[0], verdicts=sizes[1], cost=cost)


def _unchanged(connection: Connection, rows: Sequence[Listed]) -> None:
    known = {(row.id, row.asked_at) for row in rows}
    if {tuple(row) for row in connection.execute(select(runs.c.id, runs.c.asked_at))} != known:
        msg = "a run began while this looked; nothing was removed"
        raise StoreError(msg, hint="run the same command again")


def _remove(connection: Connection, names: frozenset[str]) -> None:
    for table in (answers, verdicts):
        connection.execute(delete(table).where(table.c.key.in_(select(_KEYS.c.key))))
    for part in _parts(sorted(names)):
        for table, column in ((failures, failures.c.run), (spending, spending.c.run), (runs, runs.c.id)):
            connection.execute(delete(table).where(column.in_(part)))


def _shrink(store: Store) -> None:
    """Give the room back; PostgreSQL does so by itself."""
    if store.dialect == "sqlite":
        with store.connected(begin="") as connection:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
