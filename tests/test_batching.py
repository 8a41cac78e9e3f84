"""A run by batches, against a scripted office and a real store: nothing is lost, nothing is sent twice."""

import asyncio
import datetime as dt
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest

from harness.batching.desk import Desk, Sent, Settled, Verdicts
from harness.batching.running import Arm, run_by_batches
from harness.errors import AccessError, CallError, IncompleteError
from harness.grading.graders import SignalsGrader
from harness.judge import Judge
from harness.planning.batches import Item, Limits, Patience, Result, Returned, Standing
from harness.planning.keys import run_id
from harness.planning.model import API_VERSION
from harness.records.inputs import GraderSpec
from harness.records.outcomes import Answer, Failed, Request
from harness.records.runs import Manifest
from harness.runner import Done, Event, Grader, Marked, Unmarked
from harness.store.batches import Batches
from harness.store.opening import open_store
from making import JUDGE, case, criterion, manifest, rubric

CASES = [case(str(number)) for number in range(5)]
RUBRICS = [rubric("security", criterion("validate"), criterion("threat"))]
TEXT = "Validate input. Always."
GOOD = json.dumps({"quote": "Validate input.", "reason": "because", "met": True})
AT = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
AGAIN = Returned(kind="expired", message="expired", again=True)
QUICK = Patience(first=0, longest=0, grace=0)

Reply = Callable[[Request], Result]


class KilledError(Exception):
    """The process ended here."""


def usual(request: Request) -> Result:
    return Answer(text=GOOD if request.schema else TEXT)


Happened = TypeVar("Happened", bound=Event)


@dataclass
class Server:
    """What the API remembers while our processes come and go."""

    reply: Reply = usual
    batches: dict[str, dict[str, Request]] = field(default_factory=dict)
    slow: int = 0

    def sent(self) -> Counter[str]:
        return Counter(custom_id for batch in self.batches.values() for custom_id in batch)


@dataclass
class Scripted:
    """An office in one process; `step` may end that process before or after whatever it does."""

    server: Server
    step: Callable[[], None] = lambda: None
    lose: int = 0
    pending: dict[bytes, tuple[str, Request]] = field(default_factory=dict)

    def encode(self, custom_id: str, request: Request) -> bytes:
        self.pending[custom_id.encode()] = (custom_id, request)
        return custom_id.encode()

    async def newest(self) -> str:
        self.step()
        return next(reversed(self.server.batches), "")

    async def since(self, mark: str) -> Sequence[Standing]:
        self.step()
        names = list(reversed(self.server.batches))
        return [self.look(name) for name in names[: names.index(mark) if mark else None]]

    async def create(self, pieces: Sequence[bytes]) -> Standing | None:
        self.step()
        name = f"b{len(self.server.batches)}"
        self.server.batches[name] = dict(self.pending[piece] for piece in pieces)
        self.step()
        self.lose -= 1
        return None if self.lose >= 0 else self.look(name)

    async def standing(self, batch: str) -> Standing:
        self.step()
        self.server.slow -= 1
        return replace(self.look(batch), ended=self.server.slow < 0)

    async def results(self, standing: Standing) -> Iterator[tuple[str, Result]]:
        self.step()
        asked = self.server.batches[standing.id]
        return iter([(name, self.server.reply(request)) for name, request in reversed(asked.items())])

    def look(self, name: str) -> Standing:
        return Standing(id=name, ended=False, requests=len(self.server.batches[name]), done=0)


@dataclass
class Process:
    """One process after the other on one store; `events` and `news` are those of all."""

    path: Path
    server: Server
    asked: Sequence[Manifest]
    limits: Limits = field(default_factory=Limits)
    patience: Patience = QUICK
    now: dt.datetime = AT
    events: list[Event] = field(default_factory=list)
    news: list[object] = field(default_factory=list)
    paid: list[tuple[str, float | None]] = field(default_factory=list)

    def run(self, step: Callable[[], None] = lambda: None, lose: int = 0) -> None:
        office = Scripted(self.server, step, lose)
        with open_store(self.path) as store:
            at = AT.isoformat()

            def keep(item: Item, result: Answer | Verdicts) -> None:
                step()
                if isinstance(result, Answer):
                    store.keep_answer(item.key, result, asked_model=item.model, at=at)
                else:
                    store.keep_verdicts(item.grader, result, asked_model=item.model, at=at)
                step()

            async def opened(_account: object) -> Scripted:
                return office

            desk = Desk(
                register=Batches(store),
                office=opened,
                encode=office.encode,
                answers=store.answers,
                keep=keep,
                cost=lambda _model, _usage: 0.5,
                paid=lambda item, cost: self.paid.append((item.grader, cost)),
                clock=lambda: self.now,
                name=lambda: uuid.uuid4().hex,
                tell=self.news.append,
                patience=self.patience,
                limits=self.limits,
            )
            judge = Judge(models={JUDGE: _Nobody()}, api_version=API_VERSION, secret=b"s")
            made: dict[str, Grader] = {"judge": judge, "signals": SignalsGrader()}

            def happened(event: Event) -> None:
                self.events.append(event)
                if isinstance(event, Marked):
                    store.keep_verdicts(event.grader, event.verdicts, asked_model="", at=at)

            arms = [
                Arm(
                    run=run_id(each),
                    manifest=each,
                    model=_Nobody(),
                    graders={info.kind: made[info.kind] for info in each.graders},
                    shelf=store,
                    keep=happened,
                )
                for each in self.asked
            ]
            asyncio.run(run_by_batches(arms, desk))

    def of(self, kind: type[Happened]) -> list[Happened]:
        return [event for event in self.events if isinstance(event, kind)]

    def stored(self) -> tuple[int, int, int]:
        """Answers, verdicts, and items that are still in play."""
        with open_store(self.path) as store:
            sizes = store.sizes()
            return sizes["answers"], sizes["verdicts"], len(Batches(store).under_way())


class _Nobody:
    async def answer(self, request: Request) -> Answer:
        msg = f"nobody is asked directly: {request}"
        raise AssertionError(msg)


@pytest.fixture
def process(tmp_path: Path) -> Process:
    asked = manifest(CASES, RUBRICS, graders=("judge",))
    return Process(tmp_path / "store.db", Server(), [asked])


def test_verdicts_follow_answers_and_all_of_a_kind_go_together(process: Process) -> None:
    process.run()
    assert [len(batch) for batch in process.server.batches.values()] == [5, 10]
    assert process.stored() == (5, 10, 0)
    assert sorted(process.paid) == [("", 0.5)] * 5 + [("judge", 0.5)] * 10
    assert process.of(Done) == [Done(event.trial, stored=False) for event in process.of(Done)]
    assert len(process.of(Done)) == 5


def test_a_run_that_finds_all_in_the_store_sends_nothing(process: Process) -> None:
    process.run()
    process.events.clear()
    process.run(step=_killed)
    assert [event.stored for event in process.of(Done)] == [True] * 5


def test_runs_that_are_compared_share_their_batches_and_equal_questions_are_asked_once(
    process: Process,
) -> None:
    twin = replace(CASES[0], id="twin")
    other = manifest([*CASES, twin], RUBRICS, graders=("judge",), prompt="Be brief.")
    process.asked = [*process.asked, other]
    process.run()
    assert [len(batch) for batch in process.server.batches.values()] == [10, 10]
    assert len(process.of(Done)) == 11


def test_batches_are_cut_by_the_limits_and_verdicts_do_not_wait_for_all_answers(process: Process) -> None:
    process.limits = Limits(requests=2)
    process.run()
    sizes = [len(batch) for batch in process.server.batches.values()]
    assert sizes[:3] == [2, 2, 1]
    assert sum(sizes) == 15
    assert max(sizes) == 2
    assert set(process.server.sent().values()) == {1}


def test_a_request_that_no_batch_takes_fails_and_the_others_go(process: Process) -> None:
    process.limits = Limits(each=0)
    process.run()
    assert process.server.batches == {}
    assert {event.kind for event in process.of(Failed)} == {"too-large"}
    assert len(process.of(Done)) == 5


def test_free_graders_do_not_wait_for_the_judge(process: Process) -> None:
    process.asked = [manifest(CASES, RUBRICS, graders=("signals", "judge"))]
    process.run()
    first = next(i for i, event in enumerate(process.events) if isinstance(event, Marked))
    assert first < next(i for i, event in enumerate(process.events) if isinstance(event, Done))
    assert process.stored() == (5, 20, 0)


# ------------------------------------------------------------------ what comes back without a result


def fails_first(times: int, how: Result) -> Reply:
    """The first replies about case 3 are these."""
    left = itertools.count()

    def reply(request: Request) -> Result:
        about = request.schema is None and "build 3?" in request.messages[0].parts[0]
        return how if about and next(left) < times else usual(request)

    return reply


@pytest.mark.parametrize("kind", ["expired", "canceled", "overloaded", "unreadable"])
def test_what_came_back_goes_into_the_next_batch(process: Process, kind: str) -> None:
    process.server.reply = fails_first(2, replace(AGAIN, kind=kind))
    process.run()
    assert process.stored() == (5, 10, 0)
    assert max(process.server.sent().values()) == 3
    assert process.of(Failed) == []
    with open_store(process.path) as store:
        keys = [event.trial.key for event in process.of(Done)]
        assert sorted(answer.retries for answer in store.answers(keys).values()) == [0, 0, 0, 0, 2]


def test_what_keeps_coming_back_fails_after_three_batches_and_is_asked_anew_by_the_next_run(
    process: Process,
) -> None:
    process.server.reply = fails_first(3, AGAIN)
    process.run()
    (failed,) = process.of(Failed)
    assert isinstance(failed, Failed)
    assert (failed.trial.case, failed.kind) == ("3", "expired")
    assert "gave up after 3 batches" in failed.message
    assert process.stored() == (4, 8, 0)
    process.run()
    assert process.stored() == (5, 10, 0)


def test_what_the_api_refuses_for_good_fails_at_once(process: Process) -> None:
    process.server.reply = fails_first(9, Returned(kind="bad-request", message="no", again=False))
    process.run()
    (failed,) = process.of(Failed)
    assert isinstance(failed, Failed)
    assert failed.kind == "bad-request"
    assert set(process.server.sent().values()) == {1}


def test_a_judge_that_fails_for_good_leaves_its_verdicts_open(process: Process) -> None:
    process.server.reply = lambda asked: AGAIN if asked.schema else usual(asked)
    process.run()
    assert process.stored() == (5, 0, 0)
    assert len(process.of(Unmarked)) == 5


def test_refused_access_ends_the_run_after_keeping_what_came(process: Process) -> None:
    process.server.reply = fails_first(1, AccessError("credit used up"))
    with pytest.raises(AccessError, match="credit"):
        process.run()
    assert process.stored() == (4, 0, 0)
    process.run()
    assert process.stored() == (5, 10, 0)


def test_a_quote_that_does_not_hold_is_asked_again_with_the_fault_named(process: Process) -> None:
    wrong = json.dumps({"quote": "Encrypt every disk.", "reason": "because", "met": True})
    process.server.reply = lambda asked: (
        Answer(text=wrong) if asked.schema and asked.sample == "1" else usual(asked)
    )
    process.run()
    first, second = list(process.server.batches.values())[1:]
    assert len(first) == len(second) == 10
    assert not first.keys() & second.keys()
    for asked in second.values():
        assert "its quote does not occur in the answer" in asked.messages[0].parts[-1]
    with open_store(process.path) as store:
        keys = [key for event in process.of(Marked) for key, _ in event.verdicts]
        assert all(verdict.cost == 1.0 for verdict in store.verdicts(keys).values())


def test_a_judge_that_is_never_right_leaves_verdicts_ungraded_after_two_batches(process: Process) -> None:
    process.server.reply = lambda asked: Answer(text="Yes!" if asked.schema else TEXT)
    process.run()
    assert [len(batch) for batch in process.server.batches.values()] == [5, 10, 10]
    assert process.stored() == (5, 10, 0)
    assert process.of(Unmarked) == []


# ------------------------------------------------------------------ ends of processes


def _killed() -> None:
    raise KilledError


def after(steps: int) -> Callable[[], None]:
    """A process that ends at that step."""
    left = itertools.count()

    def step() -> None:
        if next(left) == steps:
            raise KilledError

    return step


def forgetful(request: Request) -> Result:
    """A judge by dimension that decides one criterion at a time."""
    if request.schema is None:
        return Answer(text=TEXT)
    return Answer(text=json.dumps({"verdicts": [{"criterion": 1, **json.loads(GOOD)}]}))


def by_dimension(asked: Manifest) -> Manifest:
    spec = GraderSpec(kind="judge", model=JUDGE, mode="dimension")
    return replace(asked, eval=replace(asked.eval, graders=(spec,)))


def test_by_dimension_what_a_reply_leaves_out_goes_into_the_next_batch_by_itself(process: Process) -> None:
    process.asked = [by_dimension(process.asked[0])]
    process.server.reply = forgetful
    process.run()
    assert [len(batch) for batch in process.server.batches.values()] == [5, 5, 5]
    assert process.stored() == (5, 10, 0)
    assert len(process.paid) == 15
    for asked in list(process.server.batches.values())[2].values():
        assert "criterion 1: it was not decided." in asked.messages[0].parts[-1]


@pytest.mark.parametrize("change", [lambda asked: asked, by_dimension])
def test_killed_anywhere_and_taken_up_again_everything_is_sent_once_and_kept(
    tmp_path: Path, change: Callable[[Manifest], Manifest]
) -> None:
    reply = forgetful if change is by_dimension else usual
    for steps in itertools.count():
        asked = change(manifest(CASES[:2], RUBRICS, graders=("judge",)))
        process = Process(tmp_path / f"{steps}.db", Server(reply, slow=1), [asked])
        try:
            process.run(after(steps))
        except KilledError:
            process.run()
            assert process.stored() == (2, 4, 0), steps
            assert set(process.server.sent().values()) == {1}, steps
        else:
            break
    assert steps > 20


@pytest.mark.parametrize("lost", [1, 3])
def test_a_creation_whose_reply_was_lost_is_found_and_not_sent_again(process: Process, lost: int) -> None:
    process.run(lose=lost)
    assert process.stored() == (5, 10, 0)
    assert set(process.server.sent().values()) == {1}


def test_a_batch_that_nobody_lists_stays_written_down_and_is_looked_for_by_the_next_run(
    process: Process,
) -> None:
    late = dict[str, dict[str, Request]]()

    def unseen() -> None:
        late.update(process.server.batches)
        process.server.batches.clear()

    with pytest.raises(IncompleteError, match="was sent 4 times"):
        process.run(unseen, lose=99)
    process.server.batches.update({"b0": late["b0"]})
    process.run()
    assert process.stored() == (5, 10, 0)
    assert set(process.server.sent().values()) == {1}


def test_a_batch_of_somebody_else_is_not_taken_for_ours_in_the_end(process: Process) -> None:
    """Killed before the batch arrived, while another machine sent one of the same size."""
    with pytest.raises(KilledError):
        process.run(after(1))
    assert not process.server.batches
    request = Request(
        provider="anthropic",
        base_url="",
        api_version="",
        model="m",
        max_tokens=1,
        system="",
        messages=(),
        sample="1",
    )
    process.server.batches["theirs"] = {f"other-{number}": request for number in range(5)}
    process.run()
    assert process.stored() == (5, 10, 0)
    del process.server.batches["theirs"]
    assert set(process.server.sent().values()) == {1}


def test_another_run_s_batch_is_waited_for_and_not_sent_again(process: Process) -> None:
    """The first process ends while it polls; the second compares with a further revision."""
    process.server.slow = 99
    with pytest.raises(KilledError):
        process.run(after(5))
    process.server.slow = 0
    other = manifest(CASES[:2], RUBRICS, graders=("judge",), prompt="Be brief.")
    process.asked = [*process.asked, other]
    process.run()
    assert set(process.server.sent().values()) == {1}
    taken = [news for news in process.news if isinstance(news, Sent) and news.again]
    assert len(taken) == 1


def test_what_a_batch_brings_for_a_criterion_that_is_gone_is_kept_all_the_same(process: Process) -> None:
    def verdicts_sent() -> None:
        if len(process.server.batches) == 2:
            raise KilledError

    with pytest.raises(KilledError):
        process.run(verdicts_sent)
    process.asked = [manifest(CASES, [rubric("security", criterion("validate"))], graders=("judge",))]
    process.run()
    assert process.stored() == (5, 10, 0)


def test_a_batch_whose_results_are_gone_is_asked_anew(process: Process) -> None:
    process.server.slow = 99
    with pytest.raises(KilledError):
        process.run(after(4))
    process.server.slow = 0
    process.now = AT + dt.timedelta(days=30)
    process.run()
    assert process.stored() == (5, 10, 0)
    assert [len(batch) for batch in process.server.batches.values()] == [5, 5, 10]


def test_a_clock_that_went_back_changes_nothing(process: Process) -> None:
    process.server.slow = 99
    with pytest.raises(KilledError):
        process.run(after(4))
    process.server.slow = 0
    process.now = AT - dt.timedelta(days=3000)
    process.run()
    assert process.stored() == (5, 10, 0)
    assert set(process.server.sent().values()) == {1}


def test_an_office_that_cannot_be_reached_is_exit_5_and_nothing_is_forgotten(process: Process) -> None:
    def unreachable() -> None:
        kind, words = "connection", "refused"
        raise CallError(kind, words)

    with pytest.raises(IncompleteError, match="refused") as caught:
        process.run(unreachable)
    assert "the same command takes it up again" in caught.value.hint
    process.run()
    assert process.stored() == (5, 10, 0)


def test_the_end_of_a_batch_is_told_with_its_counts(process: Process) -> None:
    process.server.reply = fails_first(1, AGAIN)
    process.run()
    ends = [news for news in process.news if isinstance(news, Settled)]
    assert (ends[0].kept, ends[0].again, ends[0].failed) == (4, 1, 0)
