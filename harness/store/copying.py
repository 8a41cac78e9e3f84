"""Copy one store into another, of any kind: a team's into a file, a file into a team's, two into one."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Table, select

from harness.store.inserts import if_missing
from harness.store.rows import sound
from harness.store.store import Store
from harness.store.tables import claims, metadata, runs, versions, workers

_OF_THE_MOMENT = frozenset(
    {versions, workers, claims}
)  # of the store itself, and of who is at work on it now


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Of one table: how many rows were read, and how many of them the other store did not have."""

    table: str
    rows: int
    new: int


def copy(source: Store, target: Store) -> Iterator[Copied]:
    """Copy what the target does not have, table by table; what it has stays as it is.

    Reads the source as it is when this begins, and a part of it at a time. Runs come last, so that a copy
    which is cut short holds no run without its answers; copying again goes on from there.
    """
    with source.snapshot() as reading:
        for table in kept_tables():
            rows = new = 0
            insert = if_missing(table, target.dialect).execution_options(preserve_rowcount=True)
            for part in reading.execute(select(table)).partitions():
                values = [dict(sound(row, table)) for row in part]
                with target.writing() as writing:
                    new += writing.execute(insert, values).rowcount
                rows += len(values)
            yield Copied(table=table.name, rows=rows, new=new)


def kept_tables() -> tuple[Table, ...]:
    """Name the tables whose rows are worth keeping, runs last."""
    return (*(t for t in metadata.sorted_tables if t not in _OF_THE_MOMENT and t is not runs), runs)
