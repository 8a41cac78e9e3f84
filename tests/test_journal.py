"""The journal: groups reach the disk in order, and whoever waits hears of a fault."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.records.outcomes import Answer
from harness.store.claims import Worker
from harness.store.journal import Journal
from harness.store.opening import open_store
from harness.store.store import Store

pytestmark = pytest.mark.anyio
AT = "2026-11-23T00:00:00.000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


def put(journal: Journal, key: str) -> None:
    journal.changes.answer(key, Answer(text=key), asked_model="m", at=AT)


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - ours
        return int(found)


async def test_committed_means_on_disk_for_others_too(store: Store, path: Path) -> None:
    async with Journal(store, Worker()) as journal:
        for number in range(50):
            put(journal, str(number))
            await journal.committed()
            assert rows(path, "answers") == number + 1


async def test_what_comes_together_goes_together_and_is_told_afterwards_in_order(
    store: Store, path: Path
) -> None:
    told: list[tuple[int, int]] = []
    async with Journal(store, Worker()) as journal:

        async def one(number: int) -> None:
            put(journal, str(number))
            journal.then(lambda: told.append((number, rows(path, "answers"))))
            await journal.committed()

        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(one(number))
    assert told == [(number, 100) for number in range(100)]


async def test_leaving_commits_what_nobody_waited_for_and_gives_up_all_claims(
    store: Store, path: Path
) -> None:
    async with Journal(store, Worker()) as journal:
        await journal.take(["a", "b"])
        assert (rows(path, "claims"), rows(path, "workers")) == (2, 1)
        put(journal, "a")
    assert [rows(path, table) for table in ("answers", "claims", "workers")] == [1, 0, 0]


async def test_a_result_gives_its_claim_up_as_it_is_kept_and_so_does_what_is_dropped(
    store: Store, path: Path
) -> None:
    async with Journal(store, Worker()) as journal:
        await journal.take(["a", "b", "c"])
        put(journal, "a")
        journal.drop(["b"])
        await journal.committed()
        assert rows(path, "claims") == 1


async def test_a_run_that_makes_nothing_writes_nothing(store: Store, path: Path) -> None:
    async with Journal(store, Worker()) as journal:
        told: list[str] = []
        journal.then(lambda: told.append("done"))
        await journal.committed()
    assert (told, rows(path, "workers")) == (["done"], 0)


async def test_whoever_waits_hears_of_a_fault_and_nothing_is_told_as_kept(store: Store, path: Path) -> None:
    told: list[str] = []
    with closing(sqlite3.connect(path)) as connection:
        refusal = "select raise(abort, 'database or disk is full')"
        connection.execute(f"create trigger full before insert on answers begin {refusal}; end")

    async def at_work() -> None:
        async with Journal(store, Worker()) as journal:
            put(journal, "a")
            journal.then(lambda: told.append("a"))
            waiting = [asyncio.create_task(journal.committed()), asyncio.create_task(journal.take(["x"]))]
            found = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(each) for each in found] == [StoreError, StoreError]
            with pytest.raises(StoreError):
                put(journal, "b")
            with pytest.raises(StoreError):
                await journal.take(["y"])

    with pytest.raises(StoreError, match="disk is full"):
        await at_work()
    assert told == []


async def test_a_cancelled_wait_breaks_no_other(store: Store) -> None:
    async with Journal(store, Worker()) as journal:
        put(journal, "a")
        first, second = (asyncio.create_task(journal.committed()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert first.cancelled()
    assert store.sizes()["answers"] == 1
