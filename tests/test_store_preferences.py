"""Preferences in the store: read as they were kept, never made of damage, replaced only where open."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.records.preferences import Preference
from harness.store.changes import Changes
from harness.store.opening import open_store
from harness.store.store import Store

AT = "2026-11-23T05:00:00.000Z"
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
PREFERENCES = st.builds(
    Preference,
    winner=st.sampled_from(["first", "second", "tie", None]),
    first_quote=TEXT,
    second_quote=TEXT,
    reason=TEXT,
    cost=st.none() | st.floats(0, 10),
    seconds=st.floats(0, 100),
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
)


def keep(store: Store, key: str, preference: Preference) -> None:
    changes = Changes()
    changes.preference(key, preference, asked_model="judge", at=AT)
    store.keep(changes)


@given(PREFERENCES)
def test_what_is_read_is_what_was_kept(tmp_path_factory: pytest.TempPathFactory, found: Preference) -> None:
    with open_store(tmp_path_factory.mktemp("store") / "store.db") as store:
        keep(store, "k", found)
        assert store.preferences(["k", "other"]) == {"k": found}


def test_one_that_was_left_open_gives_way_and_what_it_cost_stays_paid(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db") as store:
        keep(store, "k", Preference(winner=None, reason="unreadable", cost=0.25, output_tokens=10))
        keep(store, "k", Preference(winner="tie", reason="alike", cost=0.5, output_tokens=20))
        keep(store, "k", Preference(winner="first", reason="late"))
        (found,) = store.preferences(["k"]).values()
    assert (found.winner, found.reason, found.cost, found.output_tokens) == ("tie", "alike", 0.75, 30)


@pytest.mark.parametrize(("column", "value"), [("winner", "B"), ("reason", b"blob"), ("seconds", "long")])
def test_no_preference_is_made_of_damage(tmp_path: Path, column: str, value: object) -> None:
    path = tmp_path / "store.db"
    with open_store(path) as store:
        keep(store, "k", Preference(winner="tie"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"update preferences set {column} = ?", [value])  # noqa: S608 - our own names
        connection.commit()
    with open_store(path) as store, pytest.raises(StoreError, match="damaged"):
        store.preferences(["k"])


def test_a_store_from_before_there_were_preferences_gains_them_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("drop table preferences")
        connection.execute("update schema_version set version = 6")
        connection.commit()
    with open_store(path) as store:
        keep(store, "k", Preference(winner="second"))
        assert store.preferences(["k"])["k"].winner == "second"


def test_what_a_preference_usually_takes_is_known_to_the_next_plan(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db") as store:
        for number, tokens in enumerate((10, 30)):
            keep(store, str(number), Preference(winner="tie", output_tokens=tokens, seconds=2.0))
        assert store.habits()["pairwise", "judge"] == (20.0, 2.0, 2)
