"""The store: what is kept is on disk, what is looked up is what was kept, damage is named."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.assembling import Failure
from harness.errors import StoreError
from harness.records.estimates import Estimate
from harness.records.outcomes import Answer, Usage, Verdict
from harness.records.runs import Look, Stopping
from harness.store.address import Place
from harness.store.opening import open_store
from harness.store.store import Store
from harness.store.tables import MIGRATIONS
from making import calibration, manifest, run
from postgres import Cluster

AT = "2026-11-22T00:00:00.000Z"
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\ufffe01"))
ANSWERS = st.builds(
    Answer,
    text=TEXT,
    stop_reason=st.sampled_from(["end_turn", "refusal"]),
    usage=st.builds(Usage, input_tokens=st.integers(0, 10**9)),
    cost=st.none() | st.floats(0, 1e6),
    seconds=st.floats(0, 1e4),
    retries=st.integers(0, 9),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".harness" / "store.db"


@given(answer=ANSWERS, met=st.none() | st.booleans(), quote=TEXT)
def test_what_is_kept_is_what_is_found(
    tmp_path_factory: pytest.TempPathFactory, answer: Answer, met: bool | None, quote: str
) -> None:
    verdict = Verdict(dimension="security", criterion="c", met=met, quote=quote, cost=None)
    with open_store(tmp_path_factory.mktemp("store") / "s.db") as store:
        store.keep_answer("k", answer, asked_model="m", at=AT)
        store.keep_verdicts("judge", [("v", verdict)], asked_model="", at=AT)
        assert store.answers(["k", "unknown"]) == {"k": answer}
        assert store.verdicts(["v", "unknown"]) == {"v": verdict}


@given(text=TEXT)
def test_postgresql_gives_back_any_text_as_it_was(kept: Store, text: str) -> None:
    key = f"k{hash(text)}"
    verdict = Verdict(dimension="d" * 300, criterion=text, met=None, quote=text)
    kept.keep_answer(key, Answer(text=text), asked_model="m" * 300, at=AT)
    kept.keep_verdicts("judge", [(key, verdict)], asked_model="", at=AT)
    assert kept.answers([key])[key].text == text
    assert kept.verdicts([key]) == {key: verdict}


@pytest.fixture(scope="module")
def kept(cluster: Cluster) -> Iterator[Store]:
    with open_store(cluster.fresh()) as store:
        yield store


def test_what_is_kept_is_there_for_another_process_at_once(path: Path) -> None:
    with open_store(path) as store:
        store.keep_answer("k", Answer(text="kept"), asked_model="m", at=AT)
        look = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('select text from answers'))"
        found = subprocess.run(
            [
                sys.executable,
                "-c",
                look,
                str(path),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    assert found.stdout == "('kept',)\n"


def test_a_stored_answer_stays_as_it_is(place: Place) -> None:
    with open_store(place) as store:
        for text in ("first", "second"):
            store.keep_answer("k", Answer(text=text), asked_model="m", at=AT)
        assert store.answers(["k"])["k"].text == "first"


@pytest.mark.parametrize(
    ("first", "second", "stays"), [(None, True, True), (True, False, True), (False, None, False)]
)
def test_only_an_ungraded_verdict_gives_way(
    place: Place, first: bool | None, second: bool | None, stays: bool | None
) -> None:
    with open_store(place) as store:
        for met in (first, second):
            verdict = Verdict(dimension="d", criterion="c", met=met, reason=str(met))
            store.keep_verdicts("judge", [("v", verdict)], asked_model="", at=AT)
        assert store.verdicts(["v"])["v"].met is stays


def test_more_keys_than_one_query_takes_are_all_found(place: Place) -> None:
    given_verdicts = [(str(i), Verdict(dimension="d", criterion="c", met=True)) for i in range(1700)]
    with open_store(place) as store:
        store.keep_verdicts("signals", given_verdicts, asked_model="", at=AT)
        assert len(store.verdicts([key for key, _ in given_verdicts])) == 1700


def test_a_run_is_found_with_all_it_was_made_from(place: Place) -> None:
    begun = run(manifest())
    with open_store(place) as store:
        store.begin(begun)
        assert store.load(begun.id) == begun
        store.finish(begun.id, at=AT)
        store.finish(begun.id, at="later")
        assert store.load(begun.id).finished_at == AT
        store.begin(begun)
        assert [(row.id, row.finished_at) for row in store.list()] == [(begun.id, AT)]


def test_failures_are_those_of_the_last_try(place: Place) -> None:
    begun = run(manifest())
    failure = Failure(case="queues", attempt=1, stage="answer", kind="timeout", message="slow", hint="wait")
    with open_store(place) as store:
        store.begin(begun)
        for _ in range(2):
            store.fail(begun.id, failure, at=AT)
        assert store.failures(begun.id) == (failure,)
        store.begin(begun)
        assert store.failures(begun.id) == ()


def test_habits_are_means_by_role_and_the_model_that_was_asked(place: Place) -> None:
    with open_store(place) as store:
        for key, tokens in (("a", 100), ("b", 300)):
            answer = Answer(text="", usage=Usage(output_tokens=tokens), seconds=tokens / 100)
            store.keep_answer(key, answer, asked_model="claude-sonnet-5-5", at=AT)
        judged = Verdict(dimension="d", criterion="c", met=True, output_tokens=40, seconds=0.5)
        store.keep_verdicts("judge", [("v", judged)], asked_model="claude-sonnet-5-5", at=AT)
        store.keep_verdicts("signals", [("w", judged)], asked_model="", at=AT)
        assert store.habits() == {
            ("agent", "claude-sonnet-5-5"): (200.0, 2.0, 2),
            ("judge", "claude-sonnet-5-5"): (40.0, 0.5, 1),
        }


@pytest.mark.parametrize(
    ("first", "second", "sum_"), [(0.25, 0.5, 0.75), (None, 0.5, None), (0.25, None, None)]
)
def test_what_was_paid_for_a_verdict_that_gave_way_stays_paid(
    place: Place, first: float | None, second: float | None, sum_: float | None
) -> None:
    with open_store(place) as store:
        for met, cost in ((None, first), (True, second)):
            verdict = Verdict(dimension="d", criterion="c", met=met, cost=cost, output_tokens=10)
            store.keep_verdicts("judge", [("v", verdict)], asked_model="m", at=AT)
        assert (store.verdicts(["v"])["v"].cost, store.verdicts(["v"])["v"].output_tokens) == (sum_, 20)


def test_the_run_asked_for_last_is_listed_last(place: Place) -> None:
    first, second = run(manifest(prompt="a")), run(manifest(prompt="b"))
    with open_store(place) as store:
        for begun, at in ((first, "1"), (second, "2"), (first, "3")):
            store.begin(replace(begun, created_at=at))
        assert [row.id for row in store.list()] == [second.id, first.id]
        assert store.load(first.id).created_at == "1"


def test_only_its_owner_can_read_a_store(path: Path) -> None:
    with open_store(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_that_others_could_read_is_closed_to_them_when_it_is_opened(path: Path) -> None:
    old = os.umask(0)
    try:
        path.parent.mkdir()
        sqlite3.connect(path).close()
        path.touch(0o644)
        with open_store(path) as store:
            store.keep_answer("k", Answer(text="kept"), asked_model="m", at=AT)
            found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert found == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


def test_the_folder_that_is_made_for_a_store_is_its_owner_s_alone(path: Path) -> None:
    with open_store(path):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_looking_makes_no_store(path: Path) -> None:
    with pytest.raises(StoreError, match="no store yet"), open_store(path, create=False):
        pass
    assert not path.exists()


def test_verdicts_of_a_store_from_before_their_prompts_were_counted_stay_as_they_were(path: Path) -> None:
    old, new = (Verdict(dimension="security", criterion="c", met=True, output_tokens=7) for _ in range(2))
    with open_store(path) as store:
        store.keep_verdicts("judge", [("old", old)], asked_model="m", at=AT)
    with sqlite3.connect(path) as connection:
        for name in ("input_tokens", "cache_write_tokens", "cache_read_tokens"):
            connection.execute(f"alter table verdicts drop column {name}")
        connection.execute("update schema_version set version = 1")
    new = replace(new, input_tokens=3, cache_write_tokens=2, cache_read_tokens=1)
    with open_store(path) as store:
        store.keep_verdicts("judge", [("new", new)], asked_model="m", at=AT)
        assert store.verdicts(["old", "new"]) == {"old": old, "new": new}


def test_a_store_from_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    with open_store(path):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("update schema_version set version = ?", [len(MIGRATIONS) + 1])
    connection.close()
    with pytest.raises(StoreError, match="newer harness"), open_store(path):
        pass


@pytest.mark.parametrize(
    "content", [b"not a database at all, only text" * 50, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_file_that_is_no_store_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=str(path)), open_store(path):
        pass
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"), open_store(tmp_path / "file" / "store.db"):
        pass


def test_an_answer_survives_a_kill(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from harness.records.outcomes import Answer\n"
        "from harness.store.opening import open_store\n"
        f"with open_store(Path({str(path)!r})) as store:\n"
        "    for i in range(50):\n"
        "        store.keep_answer(str(i), Answer(text='x' * 5000), asked_model='m', at='t')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False, env=dict(os.environ))
    assert killed.returncode == -9
    with open_store(path) as store:
        assert store.sizes()["answers"] == 50


def test_a_name_that_sqlite_has_a_meaning_for_is_a_file_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store(Path(":memory:")) as store:
        store.keep_answer("k", Answer(text="kept"), asked_model="m", at=AT)
    with open_store(Path(":memory:"), create=False) as store:
        assert store.answers(["k"])["k"].text == "kept"


# ------------------------------------------------------------------ calibrations


def test_a_calibration_is_found_by_its_grader_and_the_newest_replaces_the_older(place: Place) -> None:
    mine, shipped = calibration(9, 1, labels="mine.jsonl"), calibration(5, 5)
    newer = replace(shipped, created_at="2026-11-24T00:00:00.000Z")
    with open_store(place) as store:
        for found in (mine, shipped, newer):
            store.keep_calibration(found)
        assert store.calibration("h", "mine.jsonl") == mine
        assert store.calibration("h", "labels.jsonl") == newer
        assert store.calibration("h") == newer
        assert store.calibration("another") is None


def test_a_calibration_of_another_version_counts_as_none(path: Path) -> None:
    with open_store(path) as store:
        store.keep_calibration(calibration(9, 1))
    with sqlite3.connect(path) as damaged:
        damaged.execute("update calibrations set calibration = '{}'")
    with open_store(path) as store:
        assert store.calibration("h") is None


def test_a_store_of_version_1_gains_the_calibrations_and_keeps_the_rest(path: Path) -> None:
    with open_store(path) as store:
        store.keep_answer("k", Answer(text="kept"), asked_model="m", at=AT)
    with sqlite3.connect(path) as old:
        old.execute("drop table calibrations")
        old.execute("update schema_version set version = 1")
    with open_store(path) as store:
        assert store.calibration("h") is None
        assert store.answers(["k"])["k"].text == "kept"


STOPPING = Stopping(
    base="b",
    candidate="c",
    ran=("queues",),
    left=("caches",),
    looks=(
        Look(
            cases=1,
            graded=1,
            difference=9.0,
            p=0.002,
            level=0.003,
            conditional_power=0.9,
            word="better",
        ),
    ),
    saved=12,
    interval=Estimate(mean=9.0, low=1.0, high=17.0, n=1, method="subset means, over all looks"),
)


def test_how_a_run_was_stopped_is_kept_until_it_is_asked_for_anew(place: Place) -> None:
    begun = run(manifest())
    with open_store(place) as store:
        store.begin(begun)
        store.stop(begun.id, STOPPING)
        loaded = store.load(begun.id)
        assert loaded.stopping == STOPPING
        assert [case.id for case in loaded.cases] == ["queues"]
        assert [row.stopped for row in store.list()] == ["stopped early at case 1 of 2"]
        store.begin(begun)
        assert store.load(begun.id) == begun
        assert [row.stopped for row in store.list()] == [""]


def test_a_finished_run_has_all_its_cases_however_it_was_looked_at(place: Place) -> None:
    begun = run(manifest())
    with open_store(place) as store:
        store.begin(begun)
        store.stop(begun.id, STOPPING)
        store.finish(begun.id, at=AT)
        assert len(store.load(begun.id).cases) == 2
        assert [row.stopped for row in store.list()] == [""]


def test_a_store_of_version_one_is_brought_up_to_date_and_keeps_its_runs(path: Path) -> None:
    begun = run(manifest())
    with open_store(path) as store:
        store.begin(begun)
    with sqlite3.connect(path) as connection:
        connection.execute("alter table runs drop column stopping")
        connection.execute("update schema_version set version = 1")
    connection.close()
    with open_store(path) as store:
        assert store.load(begun.id) == begun
        store.stop(begun.id, STOPPING)
        assert store.load(begun.id).stopping == STOPPING


def test_what_was_not_timed_does_not_count_for_the_mean_time(place: Place) -> None:
    with open_store(place) as store:
        for key, seconds in (("a", 0.0), ("b", 30.0), ("c", 50.0)):
            store.keep_answer(key, Answer(text="x", seconds=seconds), asked_model="m", at=AT)
        store.keep_answer("d", Answer(text="x"), asked_model="untimed", at=AT)
        assert store.habits() == {("agent", "m"): (0.0, 40.0, 3), ("agent", "untimed"): (0.0, 0.0, 1)}
