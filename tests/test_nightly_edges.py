"""The baseline among commits, the webhook, and what the store keeps of nights."""

from dataclasses import replace
from pathlib import Path

import pytest

from front_door import Door
from harness import git
from harness.errors import InputError, StoreError
from harness.nightly.baseline import baseline
from harness.nightly.notifying import NotifyError, address, due, post
from harness.records.nights import Acceptance
from harness.reporting.nights import headline, message, worst
from harness.store.nights import Nights
from harness.store.opening import open_store
from hook import Hook
from test_attributing import night


def acceptance(commit: str = "", *, at: str = "2026-11-01", **changed: str) -> Acceptance:
    settings = {"eval": "small", "run": "r", "prompt_hash": "p", "since": at, "by": "Ada", "why": "so"}
    return Acceptance(**{**settings, "commit": commit, "at": at, **changed})


# ------------------------------------------------------------------ the baseline


@pytest.fixture
def history(door: Door) -> dict[str, str]:
    """Three commits on main, and one on a branch that left main after the second."""
    found = {}
    door.git("init")
    for name in ("one", "two", "three"):
        door.git("commit", "--allow-empty", "-m", name)
        found[name] = git.commit(door.root)
        if name == "two":
            door.git("branch", "side")
    door.git("checkout", "-q", "side")
    door.git("commit", "--allow-empty", "-m", "aside")
    found["aside"] = git.commit(door.root)
    return found


@pytest.mark.parametrize(
    ("at", "accepted", "chosen"),
    [
        ("main", ("one", "two"), "two"),
        ("main", ("two", "one"), "two"),
        ("main", ("one", "three"), "three"),
        ("side", ("one", "three"), "one"),  # three is no ancestor
        ("side", ("two", "aside"), "two"),  # aside is not on the default branch
        ("main", ("aside",), None),
        ("main", (), None),
    ],
)
def test_the_baseline_is_the_accepted_run_at_the_closest_ancestor_on_the_default_branch(
    door: Door, history: dict[str, str], at: str, accepted: tuple[str, ...], chosen: str | None
) -> None:
    door.git("checkout", "-q", at)
    known = [acceptance(history[name], run=name, at=f"2026-11-0{n}") for n, name in enumerate(accepted, 1)]
    found = baseline(known, door.root)
    assert (found and found.run) == chosen


def test_of_two_acceptances_at_one_commit_the_newer_counts(door: Door, history: dict[str, str]) -> None:
    known = [acceptance(history["two"], run=run, at=f"2026-11-0{n}") for n, run in ((1, "old"), (2, "new"))]
    found = baseline(known, door.root)
    assert found is not None
    assert found.run == "new"


def test_outside_a_repository_the_newest_acceptance_counts(tmp_path: Path) -> None:
    known = [acceptance(run="old", at="2026-11-01"), acceptance(run="new", at="2026-11-02")]
    found = baseline(known, tmp_path)
    assert found is not None
    assert found.run == "new"


# ------------------------------------------------------------------ the webhook


@pytest.mark.parametrize(("codes", "posts"), [([], 1), ([503], 2), ([500, 429, 503], 4)])
def test_the_webhook_is_tried_four_times_at_most(hook: Hook, codes: list[int], posts: int) -> None:
    hook.codes = list(codes)
    post(hook.url, {"text": "hi"}, pause=0.0)
    assert len(hook.bodies) == posts


@pytest.mark.parametrize(("codes", "posts"), [([500] * 4, 4), ([404], 1), ([302], 1)])
def test_a_webhook_that_does_not_take_it_is_an_error_without_its_secret(
    hook: Hook, codes: list[int], posts: int
) -> None:
    hook.codes = list(codes)
    with pytest.raises(NotifyError) as caught:
        post(hook.url, {"text": "hi"}, pause=0.0)
    assert len(hook.bodies) == posts
    assert f"it answered {codes[-1]}" in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_webhook_that_is_not_there_is_an_error(hook: Hook) -> None:
    gone = hook.url.replace(str(hook.server_port), "1")
    with pytest.raises(NotifyError, match="cannot be reached"):
        post(gone, {"text": "hi"}, pause=0.0)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://127.0.0.1/x", "https://", "hooks.example.org", "http://[::1"]
)
def test_only_https_or_this_machine_is_told(url: str) -> None:
    with pytest.raises(InputError) as caught:
        address(url)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "code", "news"),
    [
        ((), 0, False),
        ((), 1, True),
        (("1",), 1, False),
        (("1", ""), 1, False),
        (("1",), 0, True),
        (("1", "0"), 0, False),
        (("",), 5, True),  # telling it failed the night before
    ],
)
def test_only_a_change_of_state_is_news(told: tuple[str, ...], code: int, news: bool) -> None:
    nights = [replace(night(day, 70.0), told=words) for day, words in enumerate(told)]
    assert due(night(20, 70.0), nights, code) is news


def test_a_message_keeps_the_marks_of_chats_from_acting() -> None:
    result = replace(night(0, 70.0), code=1, words="<!channel> a & b")
    found = message([result], night="n1")
    assert "• small: REGRESSION. &lt;!channel&gt; a &amp; b" in str(found["text"])
    assert found["evals"] == [{"eval": "small", "code": 1, "state": "REGRESSION"}]


@pytest.mark.parametrize(
    ("codes", "one"),
    [((), 0), ((0, 4), 4), ((4, 1), 1), ((1, 5), 5), ((5, 6), 6), ((6, 3), 3), ((3, 2, 0), 2)],
)
def test_the_worst_of_several_evals_is_the_exit_code(codes: tuple[int, ...], one: int) -> None:
    assert worst(codes) == one


@pytest.mark.parametrize(
    ("codes", "untold", "said"),
    [
        ((0, 0), False, "holds"),
        ((0, 4), False, "inconclusive"),
        ((1, 5, 1), False, "incomplete, REGRESSION"),
        ((1,), True, "REGRESSION, nobody was told"),
        ((0,), True, "holds, nobody was told"),
    ],
)
def test_the_headline_names_all_that_is_not_well(codes: tuple[int, ...], untold: bool, said: str) -> None:
    assert headline([replace(night(0, 70.0), code=code) for code in codes], untold=untold) == said


# ------------------------------------------------------------------ the store


def test_a_night_is_kept_once_and_acceptances_all(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db") as store:
        kept = Nights(store)
        first, second = night(0, 70.0), night(1, 71.0)
        for each in (second, first, replace(first, words="again")):
            kept.keep(each)
        assert [each.words for each in kept.of("small")] == ["again", ""]
        assert kept.of("other") == ()
        for at in ("2026-11-02", "2026-11-01"):
            kept.accept(acceptance(at=at))
        assert [each.at for each in kept.accepted("small")] == ["2026-11-01", "2026-11-02"]


def test_a_night_that_cannot_be_read_is_damage_and_no_crash(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db") as store:
        kept = Nights(store)
        kept.keep(night(0, 70.0))
        with store.writing() as connection:
            connection.exec_driver_sql("update nights set result = '{}'")
        with pytest.raises(StoreError, match="cannot be read"):
            kept.of("small")
