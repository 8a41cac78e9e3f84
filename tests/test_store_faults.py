"""A store in trouble, through the front door: it is said what is wrong, and nothing that was kept is lost."""

import io
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import chdir, closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from front_door import Door, Finished
from harness.cli.main import main
from harness.store.tables import MIGRATIONS
from loopback import Body, Loopback


@dataclass
class Kept:
    """A project whose store holds one finished run of two cases, and the server it asked."""

    door: Door
    server: Loopback

    @property
    def store(self) -> Path:
        return self.door.root / ".harness" / "store.db"

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.store)) as connection, connection:
            return [row for statement in statements for row in connection.execute(statement)]

    def look(self, *arguments: str) -> Finished:
        """Use the command line in this process, which costs no start; for what asks no model."""
        with (
            chdir(self.door.root),
            redirect_stdout(io.StringIO()) as out,
            redirect_stderr(io.StringIO()) as err,
        ):
            code = main(arguments)
        return Finished(code, out.getvalue(), err.getvalue())

    def more(self) -> None:
        """Give the next run something to make."""
        self.door.cases("queues", "caches", "logins")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Loopback]]:
    with Loopback() as server:
        door = Door(tmp_path_factory.mktemp("ready") / "project")
        door.eval(server.url)
        assert door.run("run", "small").code == 0
        yield door.root, server


@pytest.fixture
def kept(ready: tuple[Path, Loopback], tmp_path: Path) -> Kept:
    root, server = ready
    shutil.copytree(root, tmp_path / "project")
    server.forget()
    return Kept(Door(tmp_path / "project"), server)


def command(door: Door, *arguments: str, prefix: Sequence[str] = (), limit: int = 0) -> Finished:
    """Run `harness` below another command, or with a limit in bytes on every file it writes."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [*prefix, sys.executable, "-m", "harness", *arguments],
        cwd=door.root,
        env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limited if limit else None,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def refused(done: Finished, *words: str) -> None:
    """It ended as what a person can mend, saying so."""
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    for word in ("error: ", "hint: ", *words):
        assert word in done.err, done.err


# ------------------------------------------------------------------ the disk


def test_a_full_disk_ends_the_run_and_what_was_kept_is_found_again(door: Door) -> None:
    with Loopback(reply=lambda _: "Validate input. " * 2000) as server:
        door.cases(*(f"case-{number}" for number in range(30)))
        model = {"name": "claude-sonnet-5-5", "max_tokens": 20_000, "base_url": server.url}
        door.eval(server.url, model=model, graders=[{"kind": "signals"}], concurrency=1, budget=100)
        refused(command(door, "run", "small", limit=400_000), "what was kept is safe")
        asked = server.count()
        assert 0 < asked < 30
        done = door.run("run", "small")
        assert done.code == 0, done.err
        assert server.count() <= 30 + 2  # one was in flight, and one was not written any more


@contextmanager
def _only_readable(path: Path) -> Iterator[list[str]]:
    """Take away the right to write; root keeps it but for what the yielded command takes from it."""
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        yield ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    finally:
        path.parent.chmod(0o700)


def test_a_store_that_is_moved_away_in_mid_run_ends_the_run_before_more_is_paid(door: Door) -> None:
    store, elsewhere = door.root / ".harness", door.root / "elsewhere"

    def reply(_: Body) -> str:
        if server.count() == 3:
            store.rename(elsewhere)
        return "Use a queue."

    with Loopback(reply=reply) as server:
        door.eval(server.url, graders=[{"kind": "signals"}], concurrency=1)
        door.cases(*(f"case-{number}" for number in range(8)))
        done = door.run("run", "small")
        assert done.code == 2, done.err
        assert "moved or deleted while it was in use" in done.err
        asked = server.count()
        assert asked in {3, 4}  # a trial in hand may ask before the loss is seen at the next commit
        elsewhere.rename(store)
        assert door.run("run", "small").code == 0
        assert server.count() == asked + 6


def test_a_read_only_store_is_an_error_and_stays_as_it_is(kept: Kept) -> None:
    kept.more()
    before = kept.store.read_bytes()
    with _only_readable(kept.store) as prefix:
        done = command(kept.door, "run", "small", prefix=prefix)
    refused(done, str(kept.store))
    assert kept.store.read_bytes() == before
    assert kept.server.count() == 0


def test_only_its_owner_may_read_a_store_whatever_the_umask(kept: Kept) -> None:
    kept.store.unlink()
    old = os.umask(0)
    try:
        kept.door.run("run", "small")
    finally:
        os.umask(old)
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept.store.parent.iterdir()] == [0o600]


# ------------------------------------------------------------------ locks


@contextmanager
def _locked(store: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(store, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("begin immediate")
        yield connection


def test_a_locked_store_is_waited_for_and_it_is_said_so(kept: Kept) -> None:
    kept.more()
    with _locked(kept.store) as connection:
        threading.Timer(5, lambda: connection.execute("rollback")).start()
        done = kept.door.run("run", "small")
    assert done.code == 0, done.err
    assert "waiting for the store: another program has locked" in done.err


def test_a_store_that_stays_locked_is_an_error_in_the_end(kept: Kept) -> None:
    with _locked(kept.store):
        done = kept.door.run("run", "small")
    refused(done, "waiting for the store", "database is locked", "another program")


# ------------------------------------------------------------------ damage


def test_a_file_that_was_cut_or_overwritten_is_named(kept: Kept) -> None:
    data = kept.store.read_bytes()
    for damaged in (b"not a database" * 1000, data[:5000], data[:4096] + b"\xa5" * (len(data) - 4096)):
        kept.store.write_bytes(damaged)
        for arguments in (("list",), ("run", "small"), ("report", "working")):
            refused(kept.look(*arguments), str(kept.store))


COLUMNS = [
    ("answers", "text"),
    ("answers", "cost"),
    ("answers", "output_tokens"),
    ("verdicts", "met"),
    ("verdicts", "quote"),
    ("runs", "manifest"),
    ("runs", "label"),
    ("runs", "asked_at"),
    ("spending", "cost"),
    ("schema_version", "version"),
]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_value_of_another_kind_is_named_with_its_column(kept: Kept, table: str, column: str) -> None:
    kept.sql(f"update {table} set {column} = x'ff00'")  # noqa: S608 - our own names
    refused(kept.look("report", "working"), "damaged", table)


def test_text_where_a_number_or_a_record_must_be_is_damage_too(kept: Kept) -> None:
    for statement in ("update runs set manifest = '{}'", "update schema_version set version = 'two'"):
        kept.sql(statement)
        refused(kept.look("report", "working"), "damaged")


def test_a_schema_version_that_is_no_single_number_is_damage(kept: Kept) -> None:
    for statement in ("insert into schema_version values (1)", "delete from schema_version"):
        kept.sql(statement)
        refused(kept.look("run", "small"), "schema_version must be one number")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("drop table answers", "no table answers"),
        ("drop table verdicts", "no such table: verdicts"),
        ("drop table claims", "no such table: claims"),
        ("alter table answers drop column stop_reason", "no such column"),
        ("alter table verdicts drop column quote", "verdicts"),
    ],
)
def test_a_missing_table_or_column_is_named(kept: Kept, statement: str, words: str) -> None:
    kept.sql(statement)
    kept.more()
    refused(kept.door.run("run", "small"), words, "something else has written to it")


# ------------------------------------------------------------------ other versions, other databases


def test_a_store_of_a_newer_version_is_refused_and_left_alone(kept: Kept) -> None:
    kept.sql(f"update schema_version set version = {len(MIGRATIONS) + 1}")  # noqa: S608 - a number
    for arguments in (("list",), ("run", "small")):
        refused(kept.look(*arguments), "a newer harness wrote it")


def test_a_store_of_the_first_version_is_brought_up_to_date(kept: Kept) -> None:
    for table in ("spending", "workers", "claims"):
        kept.sql(f"drop table {table}")
    kept.sql("update schema_version set version = 1")
    kept.more()
    done = kept.door.run("run", "small")
    assert done.code == 0, done.err
    assert (kept.server.count(judge=False), kept.server.count(judge=True)) == (1, 2)


@pytest.mark.parametrize("arguments", [("list",), ("report", "working"), ("run", "small")])
def test_a_database_of_others_is_refused_and_not_written_to(kept: Kept, arguments: tuple[str, ...]) -> None:
    foreign = kept.door.root / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection, connection:
        connection.execute("create table addresses (name text)")
    before = foreign.read_bytes()
    refused(kept.look(*arguments, "--store", str(foreign)), "not a store of the harness")
    assert foreign.read_bytes() == before


def test_looking_into_an_empty_file_leaves_it_empty(kept: Kept) -> None:
    empty = kept.door.root / "empty.db"
    empty.touch()
    refused(kept.look("list", "--store", str(empty)), "empty")
    assert empty.read_bytes() == b""
    assert kept.door.run("run", "small", "--store", str(empty)).code == 0


# ------------------------------------------------------------------ the clock


def test_a_clock_that_went_back_changes_no_order_and_stops_nothing(kept: Kept) -> None:
    ahead = "2099-01-01T00:00:00.000Z"
    kept.sql(
        f"update runs set created_at = '{ahead}', asked_at = '{ahead}', finished_at = '{ahead}'",  # noqa: S608 - ours
        "update answers set created_at = '2099'",
        "update verdicts set created_at = '2099'",
        "insert into workers values ('w', 'elsewhere', 1, 7)",
    )
    kept.more()
    done = kept.door.run("run", "small")
    assert done.code == 0, done.err
    rows = kept.door.run("list", "--json").data
    assert [row["created_at"] == ahead for row in rows] == [True, False]
    assert rows[1]["asked_at"] > ahead
    assert kept.door.run("report", "working").code == 0
    assert (kept.server.count(judge=False), kept.server.count(judge=True)) == (1, 2)


def test_a_run_killed_while_it_writes_leaves_a_sound_store(door: Door) -> None:
    with Loopback() as server:
        door.cases(*(f"case-{number}" for number in range(60)))
        door.eval(server.url, graders=[{"kind": "signals"}])
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "small"],
            cwd=door.root,
            env={"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": door.key},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while server.count() < 20 and process.poll() is None:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with closing(sqlite3.connect(door.root / ".harness" / "store.db")) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
