"""A store in PostgreSQL: opened, shared, refused and lost, each said plainly and no password with it."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from front_door import Door
from harness.errors import InputError, StoreError
from harness.records.outcomes import Answer
from harness.store.address import Address, place
from harness.store.claims import Worker
from harness.store.opening import open_store
from harness.store.tables import MIGRATIONS
from loopback import Loopback
from postgres import PASSWORD, Cluster
from town import Minds, settle, town

AT = "2026-11-23T00:00:00.000Z"


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("postgresql://ann:secret@db.example.org:5433/evals", "postgresql://ann@db.example.org:5433/evals"),
        ("postgres://ann@db/evals", "postgres://ann@db/evals"),
        ("postgresql://db/evals?sslmode=verify-full", "postgresql://db/evals?sslmode=verify-full"),
        ("postgresql://db/evals?user=ann&password=secret", "postgresql://db/evals?user=ann"),
        ("postgresql:///evals?host=/run/postgresql", "postgresql:///evals?host=/run/postgresql"),
        ("postgresql://ann:s%40c@db/evals#secret", "postgresql://ann@db/evals"),
    ],
)
def test_an_address_is_shown_without_its_password(typed: str, shown: str) -> None:
    found = place(typed)
    assert isinstance(found, Address)
    assert str(found) == shown
    assert "secret" not in repr(found)


@pytest.mark.parametrize("typed", ["store.db", "/tmp/s.db", "a:b.db", ".harness/store.db"])  # noqa: S108 - not opened
def test_whatever_is_no_address_is_a_file(typed: str) -> None:
    assert place(typed) == Path(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "mysql://ann:secret@db/evals",
        "sqlite:///secret.db",
        "postgresql://ann:secret@db",
        "postgresql://ann:secret@db:port/evals",
        "postgresql://ann:p@secret@db/evals",
        "postgresql://ann:secret@[db/evals",
    ],
)
def test_an_address_of_no_use_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(InputError, match="address") as caught:
        place(typed)
    assert "secret" not in str(caught.value)


# ------------------------------------------------------------------ opening


@pytest.fixture
def empty(cluster: Cluster) -> Address:
    return cluster.fresh()


def test_looking_makes_no_store(cluster: Cluster, empty: Address) -> None:
    with pytest.raises(StoreError, match="no store in it yet"), open_store(empty, create=False):
        pass
    assert cluster.sql(empty, "select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def test_several_who_open_a_new_store_at_once_make_one(cluster: Cluster, empty: Address) -> None:
    def open_it(number: int) -> None:
        with open_store(empty) as store:
            store.keep_answer(str(number), Answer(text="kept"), asked_model="m", at=AT)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(open_it, range(6)))
    assert cluster.sql(empty, "select version from schema_version") == [(len(MIGRATIONS),)]
    assert cluster.sql(empty, "select count(*) from answers") == [(6,)]


def test_a_store_from_a_newer_version_is_refused_and_left_alone(cluster: Cluster, empty: Address) -> None:
    with open_store(empty):
        pass
    newer = len(MIGRATIONS) + 1
    cluster.sql(empty, "update schema_version set version = version + 1")
    with pytest.raises(StoreError, match="newer harness"), open_store(empty):
        pass
    assert cluster.sql(empty, "select version from schema_version") == [(newer,)]


def test_a_database_of_others_is_refused_and_left_alone(cluster: Cluster, empty: Address) -> None:
    cluster.sql(empty, "create table guests (name text)")
    with pytest.raises(StoreError, match="not a store of the harness"), open_store(empty):
        pass
    assert cluster.sql(empty, "select tablename from pg_tables where schemaname = 'public'") == [("guests",)]


def test_a_store_may_have_a_schema_of_its_own_beside_others(cluster: Cluster, empty: Address) -> None:
    cluster.sql(empty, "create table guests (name text)", "create schema evals")
    with open_store(Address(f"{empty.url}?options=-csearch_path%3Devals")) as store:
        store.keep_answer("k", Answer(text="kept"), asked_model="m", at=AT)
    assert cluster.sql(empty, "select text from evals.answers") == [("kept",)]


def test_a_wrong_password_is_said_and_not_shown(cluster: Cluster) -> None:
    wrong = cluster.address("postgres", password="wr0ng-one")  # noqa: S106 - as the name says
    with pytest.raises(StoreError, match="password authentication failed") as caught, open_store(wrong):
        pass
    assert "PGPASSWORD" in caught.value.hint
    assert "wr0ng-one" not in str(caught.value)


def test_a_password_may_come_from_the_environment(empty: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with open_store(Address(str(empty))) as store:
        assert store.list() == ()


def test_a_database_that_is_not_there_is_said_with_what_makes_it(cluster: Cluster) -> None:
    with pytest.raises(StoreError, match="does not exist") as caught, open_store(cluster.address("nowhere")):
        pass
    assert "createdb" in caught.value.hint


def test_a_server_that_is_down_is_said() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = Address(f"postgresql://ann@127.0.0.1:{closed.getsockname()[1]}/evals")
        with pytest.raises(StoreError, match="refused") as caught, open_store(address):
            pass
    assert "is the server running" in caught.value.hint


def test_a_user_who_may_not_make_tables_is_told(cluster: Cluster, empty: Address) -> None:
    cluster.sql(empty, "create user reader password 'r3ads-only'")
    with (
        pytest.raises(StoreError, match="permission denied") as caught,
        open_store(Address(empty.url.replace(f"ann:{PASSWORD}", "reader:r3ads-only"))),
    ):
        pass
    assert "make tables" in caught.value.hint


# ------------------------------------------------------------------ sharing


def test_of_many_who_want_the_same_keys_at_once_each_key_has_one_maker(empty: Address) -> None:
    keys = [str(number) for number in range(40)]
    ready = threading.Barrier(4)

    def claim(start: int) -> list[str]:
        mine: list[str] = []
        with open_store(empty) as store:
            worker = Worker(id=f"worker-{start}", place=f"machine-{start}")
            ready.wait()
            for key in keys[start:] + keys[:start]:
                with store.writing() as connection:
                    (taken,) = worker.claim(connection, [[key]])
                mine += taken.ours
        return mine

    with ThreadPoolExecutor(4) as threads:
        made = [key for mine in threads.map(claim, (0, 10, 20, 30)) for key in mine]
    assert sorted(made) == sorted(keys)


def test_a_connection_that_the_server_ends_is_said_and_what_was_kept_stays(
    cluster: Cluster, empty: Address
) -> None:
    with open_store(empty) as store:
        store.keep_answer("a", Answer(text="kept"), asked_model="m", at=AT)
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'harness'"
        cluster.sql(empty, ended)
        with pytest.raises(StoreError, match=r"connection|terminat") as caught:
            store.keep_answer("b", Answer(text="lost"), asked_model="m", at=AT)
        assert "goes on from there" in caught.value.hint
    with open_store(empty) as store:
        assert set(store.answers(["a", "b"])) == {"a"}


# ------------------------------------------------------------------ through the front door


@pytest.fixture
def shared(door: Door, server: Loopback, empty: Address) -> Iterator[Door]:
    """A project whose store is in PostgreSQL, by the environment."""
    door.eval(server.url)
    door.environ["HARNESS_STORE"] = empty.url
    yield door
    assert not (door.root / ".harness").exists()


def test_a_run_is_kept_there_and_costs_nothing_again(shared: Door, server: Loopback) -> None:
    first = shared.run("run", "small")
    asked = server.count()
    again = shared.run("run", "small")
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert server.count() == asked > 0
    assert len(shared.run("list", "--json").data) == 1


def test_the_password_is_nowhere_in_what_is_written(shared: Door, empty: Address) -> None:
    done = shared.run("run", "small", "--store", empty.url)
    listed = shared.run("report", shared.run("list", "--json").data[0]["id"], "--store", empty.url)
    files = [path.read_bytes() for path in (shared.root / "reports").rglob("*") if path.is_file()]
    assert files
    for text in (done.out, done.err, listed.out, listed.err):
        assert PASSWORD not in text
    assert not any(PASSWORD.encode() in content for content in files)


def test_a_server_that_goes_down_in_mid_run_ends_it_with_words_and_the_next_run_goes_on(
    door: Door, cluster: Cluster, empty: Address
) -> None:
    door.cases(*(f"case-{number}" for number in range(12)))
    door.environ["HARNESS_STORE"] = empty.url
    with Loopback(latency=0.05) as server, ThreadPoolExecutor(1) as aside:
        door.eval(server.url, concurrency=2)
        running = aside.submit(door.run, "run", "small")
        while server.count() < 8:
            time.sleep(0.01)
        cluster.stop()
        broken = running.result()
        cluster.start()
        done = door.run("run", "small")
    assert broken.code == 2, broken.err
    assert "Traceback" not in broken.err
    assert "goes on from there" in broken.err
    assert done.code == 0, done.err


def test_without_the_driver_it_is_said_what_to_install(door: Door, server: Loopback) -> None:
    door.eval(server.url)
    (door.root / "hide" / "psycopg").mkdir(parents=True)
    (door.root / "hide" / "psycopg" / "__init__.py").write_text("raise ModuleNotFoundError('psycopg')")
    door.environ["PYTHONPATH"] = str(door.root / "hide")
    found = door.run("list", "--store", "postgresql://ann@127.0.0.1/evals")
    assert found.code == 2
    assert "agent-prompt-harness[postgres]" in found.err


def test_looking_at_a_store_in_a_file_loads_no_driver() -> None:
    script = (
        "import sys, tempfile; from pathlib import Path; from harness.store.opening import open_store\n"
        "with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / 's.db') as store:\n"
        "    store.list()\n"
        "print([name for name in sys.modules if 'psycopg' in name or 'postgresql' in name])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_nights_are_spent_accepted_and_kept_there(door: Door, empty: Address) -> None:
    door.environ["HARNESS_STORE"] = empty.url
    with town(Minds()) as server:
        settle(door, server.url, attempts=2)
        first = door.run("nightly", "small", "--night", "one", "--allow-inconclusive")
        asked = server.count()
        again = door.run("nightly", "small", "--night", "one", "--allow-inconclusive")
        assert (first.code, again.code) == (0, 0), first.err + again.err
        assert server.count() == asked > 0
        accepted = door.run("accept", "live", "--why", "it is as it should be")
        second = door.run("nightly", "small", "--night", "two", "--allow-inconclusive", "--json")
    assert (accepted.code, second.code) == (0, 0), accepted.err + second.err
    assert server.count() > asked
    assert door.run("store", "check").out.startswith("whole: ")
