"""Look a store through: is it whole, and is there what its runs were made from?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, and_, func, literal_column, select

from harness.errors import StoreError
from harness.planning.keys import run_id
from harness.planning.regrading import whole
from harness.records.runs import Run
from harness.reporting.words import many
from harness.store.copying import kept_tables
from harness.store.rows import DamagedError, sound
from harness.store.store import Store
from harness.store.tables import batch_items, batches, claims, runs, workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know of a store. A `fault` is damage; a `note` may well be as it should."""

    kind: Literal["fault", "note"]
    words: str


def check(store: Store) -> Iterator[Finding]:
    """Yield all that is wrong with a store, or odd.

    The database itself, as far as SQLite can tell; every value of every row; what rows say of other rows; and
    of each run, that its id is the hash of its manifest and that every answer and verdict it was made from is
    there under the key that is computed for it anew. A verdict's key holds its answer's text, so an answer
    that was changed shows as verdicts that are missing.
    """
    with store.snapshot() as connection:
        yield from _database(store, connection)
        broken = False
        for table in kept_tables():
            for fault in _rows(connection, table):
                broken = True
                yield fault
        yield from _references(connection)
    if not broken:
        for row in store.list():
            yield from _run(store, row.id)


def counts(store: Store) -> dict[str, int]:
    """Count the rows of each table that is worth keeping."""
    with store.snapshot() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in kept_tables()
        }


def _database(store: Store, connection: Connection) -> Iterator[Finding]:
    if store.dialect == "sqlite":
        for (words,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if words != "ok":
                yield Finding(kind="fault", words=f"the file: {words}")


def _rows(connection: Connection, table: Table) -> Iterator[Finding]:
    # As they are on disk: SQLAlchemy would make a truth value of whatever stands in such a column.
    plain: list[ColumnElement[Any]] = [
        literal_column(f'"{column.name}"').label(column.name) for column in table.columns
    ]
    faults: dict[str, int] = {}
    for row in connection.execute(select(*plain).select_from(table)):
        try:
            sound(row, table)
        except DamagedError as error:
            faults[str(error)] = faults.get(str(error), 0) + 1
    for words, count in faults.items():
        yield Finding(kind="fault", words=f"{words} in {many(count, 'row')}")


def _references(connection: Connection) -> Iterator[Finding]:
    for table in kept_tables():
        if table is not runs and "run" in table.columns:
            lost = _lost(connection, table, "run", runs, "id")
            if lost:
                yield Finding(
                    kind="fault", words=f"{table.name}: {many(lost, 'row')} of runs that are not there"
                )
    if lost := _lost(connection, batch_items, "batch", batches, "name"):
        yield Finding(kind="fault", words=f"batch_items: {many(lost, 'row')} of batches that are not there")
    if lost := _lost(connection, claims, "worker", workers, "id"):
        yield Finding(
            kind="note", words=f"{many(lost, 'claim')} of commands that are gone; the next run frees them"
        )


def _lost(connection: Connection, table: Table, column: str, other: Table, key: str) -> int:
    there = select(other.c[key]).where(other.c[key] == table.c[column]).exists()
    query = select(func.count()).select_from(table).where(and_(table.c[column] != "", ~there))
    return connection.execute(query).scalar_one()


def _run(store: Store, name: str) -> Iterator[Finding]:
    try:
        found = store.load(name)
    except StoreError as error:
        yield Finding(kind="fault", words=error.message)
        return
    if run_id(found.manifest) != name:
        words = (
            f"run {name}: its id is not the hash of its manifest: another version wrote it, or it was changed"
        )
        yield Finding(kind="note", words=words)
    if not found.finished_at:
        return
    answers, verdicts = _missing(store, found)
    missing = [many(count, word) for count, word in ((answers, "answer"), (verdicts, "verdict")) if count]
    if missing:
        words = f"run {name}: {' and '.join(missing)} not there under the keys that it asks for; run it again"
        yield Finding(kind="note", words=words)


def _missing(store: Store, found: Run) -> tuple[int, int]:
    """Count the answers and verdicts that a finished run should have, but for what failed."""
    failed = {(each.case, each.attempt) for each in store.failures(found.id)}
    answers = verdicts = 0
    for job in whole(found.manifest, store, frozenset(case.id for case in found.cases)):
        if (job.trial.case, job.trial.attempt) in failed:
            continue
        answers += job.answer is None
        verdicts += sum(mark.verdict is None for mark in job.marks)
    return answers, verdicts
