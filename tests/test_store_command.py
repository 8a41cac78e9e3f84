"""`harness store`: copied, checked and pruned through the front door, in a file and in PostgreSQL."""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from front_door import Door
from harness.cli.main import main
from harness.errors import StoreError
from harness.records.runs import Run
from harness.store.address import Place, place
from harness.store.opening import open_store
from harness.store.pruning import Keep, over, prune
from harness.store.store import Listed, Store
from harness.store.tables import metadata
from loopback import Loopback
from postgres import Cluster

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Loopback]]:
    """Two runs of two cases, one of which they share; 3 answers and 6 verdicts by a judge."""
    with Loopback() as server:
        door = Door(tmp_path_factory.mktemp("store") / "project")
        door.cases("queues", "caches")
        door.eval(server.url)
        assert door.run("run", "small").code == 0
        door.cases("caches", "logins")
        assert door.run("run", "small").code == 0
        yield door, server


@pytest.fixture
def store(project: tuple[Door, Loopback], tmp_path: Path) -> Path:
    """A copy of that project's store, to do with as one likes."""
    copied = tmp_path / "copied.db"
    with (
        closing(sqlite3.connect(project[0].root / ".harness" / "store.db")) as old,
        closing(sqlite3.connect(copied)) as new,
    ):
        old.backup(new)
    return copied


def age(store: Path, days: int) -> None:
    """Make the older of the two runs that old."""
    at = (dt.datetime.now(dt.UTC) - dt.timedelta(days=days)).isoformat().replace("+00:00", "Z")
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(
            "update runs set asked_at = ? where id = (select id from runs order by asked_at limit 1)", (at,)
        )


def rows(where: Place) -> dict[str, Sequence[object]]:
    """Read everything that is worth keeping."""
    with open_store(where) as opened, opened.snapshot() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in metadata.sorted_tables
        }


# ------------------------------------------------------------------ copy


def test_a_store_goes_to_postgresql_and_back_and_is_the_same(
    store: Path, tmp_path: Path, cluster: Cluster
) -> None:
    team, back = cluster.fresh(), tmp_path / "back.db"
    assert main(["store", "copy", str(store), team.url]) == 0
    assert main(["store", "copy", team.url, str(back)]) == 0
    assert rows(store) == rows(team) == rows(back)
    assert main(["store", "check", team.url]) == 0


def test_copying_again_adds_nothing_and_what_is_there_stays(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.db"
    assert main(["store", "copy", str(store), str(other)]) == 0
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("update answers set text = 'mine'")
        connection.execute("delete from verdicts where key = (select min(key) from verdicts)")
    capsys.readouterr()
    assert main(["store", "copy", str(store), str(other), "--json"]) == 0
    assert '"table": "verdicts",\n    "rows": 6,\n    "new": 1' in capsys.readouterr().out
    assert main(["store", "copy", str(store), str(other)]) == 0
    assert "0 rows are new" in capsys.readouterr().err
    with closing(sqlite3.connect(other)) as connection:
        texts = {text for (text,) in connection.execute("select text from answers")}
    assert texts == {"mine"}


def test_a_run_goes_on_in_a_copied_store_without_a_call(
    project: tuple[Door, Loopback], store: Path, cluster: Cluster
) -> None:
    door, server = project
    team = cluster.fresh()
    assert main(["store", "copy", str(store), team.url]) == 0
    asked = server.count()
    assert door.run("run", "small", "--store", team.url).code == 0
    assert server.count() == asked


def test_a_copy_says_where_there_is_nothing_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["store", "copy", str(tmp_path / "none.db"), str(tmp_path / "new.db")]) == 2
    assert "there is no store yet" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_not_copied_into_itself(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = f"{store.parent}/../{store.parent.name}/{store.name}"
    assert main(["store", "copy", str(store), same]) == 2
    assert "into itself" in capsys.readouterr().err


def test_a_copy_shows_no_password(store: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    team = cluster.fresh()
    assert main(["store", "copy", str(store), team.url]) == 0
    assert main(["store", "prune", team.url, "--keep-runs", "1"]) == 0
    said = capsys.readouterr()
    assert team.url.split(":")[2].split("@")[0] not in said.out + said.err


# ------------------------------------------------------------------ check


def test_a_store_that_is_whole_is_said_to_be(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "check", str(store)]) == 0
    assert capsys.readouterr().out == "whole: 2 runs, 3 answers and 6 verdicts\n"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update answers set seconds = 'soon'", "answers.seconds holds a value of type str in 3 rows"),
        ("update verdicts set met = 'yes'", "verdicts.met holds a value of type str"),
        ("update runs set id = 'another' where id = (select min(id) from runs)", "2 rows of"),
        ("update runs set manifest = '{}'", "the manifest of run"),
        ("delete from runs", "spending: 4 rows of runs that are not there"),
    ],
)
def test_damage_is_found_and_named(
    store: Path, damage: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(damage)
    assert main(["store", "check", str(store)]) == 2
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update answers set text = text || '!'", "4 verdicts not there under the keys"),
        ("delete from answers", "2 answers not there"),
        (
            "update runs set id = 'another'; update spending set run = 'another'",
            "not the hash of its manifest",
        ),
    ],
)
def test_what_runs_were_made_from_is_looked_for_by_keys_computed_anew(
    store: Path, change: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("delete from runs where id = (select id from runs order by asked_at limit 1)")
        connection.execute("delete from spending where run not in (select id from runs)")
        connection.executescript(change)
    assert main(["store", "check", str(store)]) == 0
    assert said in " ".join(capsys.readouterr().out.split())


def test_pages_that_were_overwritten_are_found(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(store.read_bytes())
    content[-4096:] = b"\x55" * 4096
    store.write_bytes(content)
    assert main(["store", "check", str(store)]) == 2
    said = capsys.readouterr()
    assert "the file:" in said.out or "damaged" in said.err


# ------------------------------------------------------------------ prune


def test_without_a_yes_it_is_shown_what_would_go_and_nothing_goes(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    age(store, 40)
    before = rows(store)
    assert main(["store", "prune", str(store), "--keep", "30d"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "1 run would be removed, with 1 answer and 2 verdicts that only they need" in said
    assert "Nothing has gone yet: --yes removes it." in said
    assert rows(store) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_another_run_needs_stays_and_the_store_is_whole(
    store: Path, kind: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    age(store, 40)
    where: Place = store
    if kind == "postgresql":
        where = request.getfixturevalue("cluster").fresh()
        assert main(["store", "copy", str(store), getattr(where, "url", "")]) == 0
    name = getattr(where, "url", str(where))
    assert main(["store", "prune", name, "--keep", "30d", "--yes"]) == 0
    assert main(["store", "prune", name, "--keep", "30d", "--yes"]) == 0
    assert "nothing to remove: 1 run stays" in capsys.readouterr().err
    assert main(["store", "check", name]) == 0
    assert "whole: 1 run, 2 answers and 4 verdicts" in capsys.readouterr().out


def test_an_accepted_baseline_stays_however_old(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    age(store, 400)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(
            "insert into acceptances select eval, asked_at, id, '{}' from runs order by asked_at limit 1"
        )
    assert main(["store", "prune", str(store), "--keep", "30d", "--yes"]) == 0
    assert "nothing to remove: 2 runs stay" in capsys.readouterr().err


class Asked(Store):
    """A store of which somebody asks again for each run that is looked at."""

    def load(self, run: str) -> Run:
        found = super().load(run)
        self.begin(replace(found, created_at="2099-01-01T00:00:00.000Z"))
        return found


def test_a_run_that_begins_while_it_is_looked_for_keeps_all_there(store: Path, cluster: Cluster) -> None:
    age(store, 40)
    team = cluster.fresh()
    assert main(["store", "copy", str(store), team.url]) == 0
    for where in (store, team):
        before = rows(where)
        with open_store(where) as opened:
            asked, keep = Asked(opened._engine, "store"), Keep(age=dt.timedelta(days=30))
            with pytest.raises(StoreError, match="nothing was removed"):
                prune(asked, keep, dt.datetime.now(dt.UTC), really=True)
        after = rows(where)
        assert [(name, len(found)) for name, found in after.items()] == [
            (name, len(found)) for name, found in before.items()
        ]


def test_the_room_is_given_back(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("update verdicts set reason = ?", ("x" * 100_000,))
    before = store.stat().st_size
    age(store, 40)
    assert main(["store", "prune", str(store), "--keep", "30d", "--yes"]) == 0
    assert store.stat().st_size < before * 0.8


def test_it_must_be_said_what_stays(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "prune", str(store)]) == 2
    assert main(["store", "prune", str(store), "--keep", "soon"]) == 2
    said = capsys.readouterr().err
    assert "say what is to stay" in said
    assert "not an age such as 30d" in said


def _listed(number: int, eval_name: str, days: int, *, finished: bool) -> Listed:
    at = (NOW - dt.timedelta(days=days)).isoformat().replace("+00:00", "Z")
    end = at if finished else ""
    return Listed(
        id=str(number),
        eval=eval_name,
        label="l",
        prompt_hash="p",
        created_at=at,
        asked_at=at,
        finished_at=end,
    )


RUNS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60), st.booleans()), max_size=12).map(
    lambda found: [
        _listed(number, name, days, finished=finished)
        for number, (name, days, finished) in enumerate(sorted(found, key=lambda run: -run[1]))
    ]
)


@given(listed=RUNS, days=st.none() | st.integers(1, 60), newest=st.none() | st.integers(1, 5), data=st.data())
def test_a_run_goes_only_if_nothing_keeps_it(
    listed: list[Listed], days: int | None, newest: int | None, data: st.DataObject
) -> None:
    pinned = frozenset(data.draw(st.sets(st.sampled_from([row.id for row in listed] or ["none"]))))
    keep = Keep(age=None if days is None else dt.timedelta(days=days), runs=newest)
    going = over(listed, keep, pinned, NOW)
    for row in listed:
        younger = [each for each in listed[listed.index(row) + 1 :] if each.eval == row.eval]
        age_ = (NOW - dt.datetime.fromisoformat(row.asked_at)).days
        kept = (
            row.id in pinned
            or (days is not None and age_ <= days)
            or (newest is not None and len(younger) < newest)
            or (not row.finished_at and age_ <= 2)
        )
        assert (row in going) is not kept


def test_a_place_may_be_an_address_everywhere(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    url = cluster.fresh().url
    with open_store(place(url)):
        pass
    assert main(["list", "--json", "--store", url]) == 0
    assert capsys.readouterr().out == "[]\n"
