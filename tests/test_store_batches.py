"""The register of batches: a request is in one batch at most, whoever writes, and none is forgotten."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.grading.inquiry import Inquiry
from harness.planning.batches import Item, Posting
from harness.records.outcomes import Answer, Trial, Verdict
from harness.store.address import Place
from harness.store.batches import Batches
from harness.store.opening import open_store
from harness.store.store import Store
from harness.store.tables import MIGRATIONS

AT = "2026-11-22T00:00:00.000Z"


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with open_store(place) as opened:
        yield opened


def item(key: str, grader: str = "") -> Item:
    return Item(key=key, model="m", trial=Trial(case="queues", attempt=1, key=key), grader=grader)


def posting(name: str, **more: object) -> Posting:
    usual = Posting(
        name=name, base_url="http://x", key_variable="A_API_KEY", requests=2, mark="b0", created_at=AT
    )
    return replace(usual, **more)  # type: ignore[arg-type]


def test_what_is_noted_is_found_before_anything_was_sent(store: Store) -> None:
    register = Batches(store)
    assert register.note(posting("one"), [item("a"), item("b")]) == {"a", "b"}
    assert register.posting("one") == posting("one")
    assert register.find(["a", "b", "c"]) == {"a": "one", "b": "one"}
    assert register.under_way() == {"a", "b"}
    assert register.items("one") == {each.custom_id: each for each in (item("a"), item("b"))}


def test_a_request_is_in_one_batch_at_most(store: Store) -> None:
    register = Batches(store)
    register.note(posting("one"), [item("a"), item("b")])
    assert register.note(posting("two"), [item("b"), item("c")]) == {"c"}
    assert register.posting("two").requests == 1
    assert register.find(["b"]) == {"b": "one"}


def test_what_comes_back_waits_with_all_that_is_known_of_it(store: Store) -> None:
    register = Batches(store)
    judged = replace(item("a", "judge"), inquiry=Inquiry(tries=1, fault="no quote", cost=None), returns=1)
    register.note(posting("one"), [item("a"), item("b"), item("c")])
    register.close([item("b")], [judged])
    assert register.find(["a", "b", "c"]) == {"a": judged, "c": "one"}
    assert list(register.items("one").values()) == [item("c")]
    assert register.note(posting("two"), [judged]) == {"a"}


def test_a_batch_that_is_settled_leaves_its_items_waiting(store: Store) -> None:
    register = Batches(store)
    register.note(posting("one"), [item("a")])
    register.sent("one", "msgbatch_1")
    register.settle("one", at=AT)
    assert register.find(["a"]) == {"a": item("a")}
    assert register.known() == {"msgbatch_1"}


def test_a_foreign_batch_is_remembered_as_such(store: Store) -> None:
    register = Batches(store)
    register.note(posting("one"), [item("a")])
    register.sent("one", "theirs")
    register.disown(register.posting("one"))
    assert (register.posting("one").id, register.posting("one").foreign) == ("", ("theirs",))
    assert register.known() == set()


def test_what_is_kept_already_is_tidied_away_but_for_open_verdicts(store: Store) -> None:
    register = Batches(store)
    register.note(posting("one"), [item("a"), item("b", "judge"), item("c", "judge")])
    register.note(posting("two"), [item("d")])
    store.keep_answer("a", Answer(text="x"), asked_model="m", at=AT)
    closed = Verdict(dimension="d", criterion="c", met=True)
    given = [("b", closed), ("c", replace(closed, met=None))]
    store.keep_verdicts("judge", given, asked_model="m", at=AT)
    register.tidy(at=AT)
    assert register.under_way() == {"c", "d"}


def test_many_items_fit(store: Store) -> None:
    register = Batches(store)
    items = [item(str(number)) for number in range(2_000)]
    keys = {each.key for each in items}
    assert register.note(posting("one"), items) == keys
    assert register.find([each.key for each in items]) == dict.fromkeys(keys, "one")
    assert len(register.items("one", [each.custom_id for each in items])) == len(items)
    register.close(items, [])
    assert register.under_way() == set()


def test_a_store_from_before_batches_gets_them_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with open_store(path) as store:
        store.keep_answer("k", Answer(text="kept"), asked_model="m", at=AT)
    (step,) = (step for step in MIGRATIONS if "Message Batches" in (step.__doc__ or ""))
    with sqlite3.connect(path) as connection:
        connection.execute("drop table batches")
        connection.execute("drop table batch_items")
    connection.close()
    with open_store(path) as store:
        with store.writing() as connected:
            step(connected)
        assert store.answers(["k"])["k"].text == "kept"
        assert Batches(store).note(posting("one"), [item("a")]) == {"a"}
