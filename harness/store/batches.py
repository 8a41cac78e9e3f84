"""What the store knows of Message Batches: which were sent, and every request that is in one.

A request has one row from the moment its batch is noted until its result is kept, so that it cannot be in
two batches at once, whatever was killed in between and however many runs share the store.
"""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Row, bindparam, delete, exists, or_, select, update
from sqlalchemy.sql.base import Executable

from harness.parsing.reading import from_json, to_json
from harness.planning.batches import Item, Posting
from harness.store.inserts import new
from harness.store.store import Store
from harness.store.tables import answers, batch_items, batches, verdicts

_CHUNK = 500  # keys per query: below every SQLite's limit on bound values
_WAITING = ""  # the batch of a request that has come back and waits for the next one

_SEVERAL = '%"together":[{%'  # quotes in texts are escaped in JSON, so nothing else reads like this
_PUT_BACK = (
    update(batch_items)
    .where(batch_items.c.key == bindparam("of_key"))
    .values(batch=_WAITING, item=bindparam("of_item"))
)


class Batches:
    """The register of batches in one store."""

    def __init__(self, store: Store) -> None:
        """Share the store's connection and its errors."""
        self._store = store

    def tidy(self, *, at: str) -> None:
        """Forget what is kept already: a process may have ended between keeping and forgetting."""
        kept = (
            select(answers.c.key),
            select(verdicts.c.key).where(verdicts.c.met.is_not(None)),
        )
        with self._store.writing() as connection:
            connection.execute(
                delete(batch_items).where(or_(*(batch_items.c.key.in_(keys) for keys in kept)))
            )
            for chunk in _chunks(_whole(connection)):
                connection.execute(delete(batch_items).where(batch_items.c.key.in_(chunk)))
            empty = ~exists().where(batch_items.c.batch == batches.c.name)
            connection.execute(update(batches).where(batches.c.settled_at == "", empty).values(settled_at=at))

    def note(self, posting: Posting, items: Sequence[Item]) -> frozenset[str]:
        """Put down that these items are about to be sent; give the keys that are this batch's now.

        A key that another run has put into a batch meanwhile stays there and must not be sent.
        """
        rows = [
            {"key": each.key, "batch": posting.name, "custom_id": each.custom_id, "item": to_json(each)}
            for each in items
        ]
        with self._store.writing() as connection:
            take = _take(connection.dialect.name)
            for start in range(0, len(rows), _CHUNK):
                connection.execute(take, rows[start : start + _CHUNK])
            ours = select(batch_items.c.key).where(batch_items.c.batch == posting.name)
            taken = frozenset(connection.execute(ours).scalars())
            connection.execute(batches.insert().values(**_values(posting), requests=len(taken)))
        return taken

    def sent(self, name: str, api_id: str) -> None:
        """Put down the API's id of a batch: from now on it can be taken up anywhere."""
        with self._store.writing() as connection:
            connection.execute(update(batches).where(batches.c.name == name).values(id=api_id))

    def disown(self, posting: Posting) -> None:
        """Put down that the batch taken for this one is somebody else's."""
        others = json.dumps([*posting.foreign, posting.id])
        with self._store.writing() as connection:
            connection.execute(
                update(batches).where(batches.c.name == posting.name).values(id="", foreign_ids=others)
            )

    def settle(self, name: str, *, at: str) -> None:
        """Put down that nothing more is expected of a batch; items still in it wait for the next one."""
        with self._store.writing() as connection:
            connection.execute(update(batch_items).where(batch_items.c.batch == name).values(batch=_WAITING))
            connection.execute(update(batches).where(batches.c.name == name).values(settled_at=at))

    def find(self, keys: Sequence[str]) -> Mapping[str, str | Item]:
        """Say of these keys which are in a batch, by its name, and which wait for the next one, as items."""
        found: dict[str, str | Item] = {}
        with self._store.writing() as connection:
            for chunk in _chunks(keys):
                for row in connection.execute(select(batch_items).where(batch_items.c.key.in_(chunk))):
                    found[row.key] = row.batch or from_json(Item, row.item)
        return found

    def under_way(self) -> frozenset[str]:
        """Return the keys of all requests that are in a batch now."""
        with self._store.writing() as connection:
            query = select(batch_items.c.key).where(batch_items.c.batch != _WAITING)
            return frozenset(connection.execute(query).scalars())

    def posting(self, name: str) -> Posting:
        """Return a batch by its name here."""
        with self._store.writing() as connection:
            return _posting(connection.execute(select(batches).where(batches.c.name == name)).one())

    def known(self) -> frozenset[str]:
        """Return the API's ids of all batches that were ever sent from this store."""
        with self._store.writing() as connection:
            return frozenset(connection.execute(select(batches.c.id).where(batches.c.id != "")).scalars())

    def items(self, name: str, custom_ids: Sequence[str] | None = None) -> Mapping[str, Item]:
        """Return the items of a batch by their ids there, without those whose result is kept."""
        query = select(batch_items.c.custom_id, batch_items.c.item).where(batch_items.c.batch == name)
        found: dict[str, Item] = {}
        with self._store.writing() as connection:
            for chunk in [None] if custom_ids is None else _chunks(custom_ids):
                asked = query if chunk is None else query.where(batch_items.c.custom_id.in_(chunk))
                rows = connection.execute(asked)
                found.update((row.custom_id, from_json(Item, row.item)) for row in rows)
        return found

    def close(self, over: Sequence[Item], back: Sequence[Item]) -> None:
        """Forget items that are over, once what became of them is kept; let others wait for a batch."""
        with self._store.writing() as connection:
            for chunk in _chunks([each.key for each in over]):
                connection.execute(delete(batch_items).where(batch_items.c.key.in_(chunk)))
            if back:
                rows = [{"of_key": each.key, "of_item": to_json(each)} for each in back]
                connection.execute(_PUT_BACK, rows)


def _whole(connection: Connection) -> list[str]:
    """Name the requests for several verdicts whose verdicts are all there."""
    query = select(batch_items.c.key, batch_items.c.item).where(batch_items.c.item.like(_SEVERAL))
    wanted = {
        row.key: {each.key for each in from_json(Item, row.item).together}
        for row in connection.execute(query)
    }
    there = set[str]()
    for chunk in _chunks(sorted(set().union(*wanted.values()))):
        stored = select(verdicts.c.key).where(verdicts.c.key.in_(chunk), verdicts.c.met.is_not(None))
        there.update(connection.execute(stored).scalars())
    return [key for key, verdicts_of in wanted.items() if verdicts_of <= there]


def _take(dialect: str) -> Executable:
    """Put requests into a batch, but for those that are in another one."""
    taken = new(batch_items, dialect)
    return taken.on_conflict_do_update(
        index_elements=["key"],
        set_={name: taken.excluded[name] for name in ("batch", "custom_id", "item")},
        where=batch_items.c.batch == _WAITING,
    )


def _chunks(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]


def _values(posting: Posting) -> dict[str, object]:
    return {
        "name": posting.name,
        "id": posting.id,
        "base_url": posting.base_url,
        "key_variable": posting.key_variable,
        "mark": posting.mark,
        "foreign_ids": json.dumps(posting.foreign),
        "created_at": posting.created_at,
        "settled_at": "",
    }


def _posting(row: Row[tuple[object, ...]]) -> Posting:
    return Posting(
        name=row.name,
        base_url=row.base_url,
        key_variable=row.key_variable,
        requests=row.requests,
        mark=row.mark,
        created_at=row.created_at,
        id=row.id,
        foreign=tuple(json.loads(row.foreign_ids)),
    )
