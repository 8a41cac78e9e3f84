"""The real SDK against the loopback's Message Batches: what goes out, what comes back, what faults become."""

import io
import json
import traceback
from collections.abc import Mapping
from typing import Any

import pytest

from harness.errors import AccessError, CallError
from harness.models.batches import BatchOffice, Bounds, open_office
from harness.models.batchwire import ResultReader, encode, lines
from harness.models.messages import RetryPolicy
from harness.models.wire import wire
from harness.planning.batches import Result, Returned, Standing
from harness.planning.model import API_VERSION
from harness.records.outcomes import Answer, Message, Request
from loopback import KEY, Loopback

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(attempts=3, seconds=20, attempt_seconds=10, first_wait=0.01, longest_wait=0.05)
ASKED = Request(
    provider="anthropic",
    base_url="",
    api_version=API_VERSION,
    model="claude-sonnet-5-5",
    max_tokens=500,
    system="You are an engineer.",
    messages=(Message(role="user", parts=("Design a login.",)),),
    sample="1",
)


def opened(server: Loopback, key: str = KEY, **bounds: int) -> Any:
    told = {"base_url": server.url, "key": key, "key_variable": "SOME_API_KEY"}
    return open_office(**told, policy=QUICK, bounds=Bounds(**bounds))


async def sent(office: BatchOffice, *ids: str) -> Standing:
    standing = await office.create([encode(each, ASKED) for each in ids])
    assert standing is not None
    return standing


async def brought(office: BatchOffice, standing: Standing) -> Mapping[str, Result]:
    looked = await office.standing(standing.id)
    assert looked.ended
    return dict(await office.results(looked))


async def test_a_request_in_a_batch_is_the_request_of_a_single_call(server: Loopback) -> None:
    async with opened(server) as office:
        standing = await sent(office, "one")
        assert (standing.ended, standing.requests, standing.done) == (False, 1, 0)
        found = await brought(office, standing)
    (batch,) = server.batches.created
    assert batch.requests == [{"custom_id": "one", "params": json.loads(json.dumps(wire(ASKED)))}]
    assert isinstance(found["one"], Answer)
    assert found["one"].stop_reason == "end_turn"
    assert found["one"].usage.output_tokens > 0


async def test_results_are_found_by_id_in_whatever_order_they_come(server: Loopback) -> None:
    ids = [f"id{number}" for number in range(50)]
    async with opened(server) as office:
        found = await brought(office, await sent(office, *ids))
    assert sorted(found) == sorted(ids)
    assert list(found) != ids


async def test_only_a_line_feed_ends_a_line() -> None:
    text = "one\u2028two\u0085three\x0cfour\x1dfive"
    message = {
        "type": "message",
        "model": "m",
        "stop_reason": "end_turn",
        "content": [{"type": "text", "text": text}],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    line = {"custom_id": "a", "result": {"type": "succeeded", "message": message}}
    sent_ = json.dumps(line, ensure_ascii=False) + "\r\n\n" + json.dumps({**line, "custom_id": "b"})
    read = dict(ResultReader("SOME_API_KEY", str).results(io.BytesIO(sent_.encode())))
    assert [each.text for each in read.values() if isinstance(each, Answer)] == [text, text]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"custom_id": 1, "result": {"type": "expired"}}',
        b'{"custom_id": "a"}',
        b"\xff",
    ],
)
async def test_a_line_that_says_nothing_is_skipped(line: bytes) -> None:
    good = b'{"custom_id": "b", "result": {"type": "expired"}}'
    assert [name for name, _ in ResultReader("K", str).results(io.BytesIO(line + b"\n" + good))] == ["b"]


@pytest.mark.parametrize(
    ("result", "kind", "again"),
    [
        ({"type": "expired"}, "expired", True),
        ({"type": "canceled"}, "canceled", True),
        ({"type": "new"}, "unreadable", True),
        ({"type": "succeeded", "message": None}, "unreadable", True),
        ({"type": "succeeded", "message": {"type": "message", "content": "x"}}, "unreadable", True),
        ({"type": "errored", "error": {"error": {"type": "overloaded_error"}}}, "overloaded", True),
        ({"type": "errored", "error": {"error": {"type": "api_error", "message": "x"}}}, "server", True),
        ({"type": "errored", "error": {"error": {"type": "invalid_request_error"}}}, "bad-request", False),
        ({"type": "errored", "error": {"type": "invalid_request_error"}}, "bad-request", False),
        ({"type": "errored", "error": {"error": {"type": "not_found_error"}}}, "not-found", False),
        ({"type": "errored", "error": None}, "server", True),
        ({"type": "errored"}, "server", True),
    ],
)
async def test_each_end_of_a_request_is_told_apart(result: object, kind: str, again: bool) -> None:
    line = json.dumps({"custom_id": "a", "result": result}).encode()
    ((_, read),) = ResultReader("SOME_API_KEY", str).results(io.BytesIO(line))
    assert isinstance(read, Returned)
    assert (read.kind, read.again) == (kind, again)


@pytest.mark.parametrize("kind", ["billing_error", "authentication_error", "permission_error"])
async def test_a_refusal_of_access_is_one_also_for_a_single_request(kind: str) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "no"}}
    line = json.dumps({"custom_id": "a", "result": {"type": "errored", "error": error}}).encode()
    ((_, read),) = ResultReader("SOME_API_KEY", str).results(io.BytesIO(line))
    assert isinstance(read, AccessError)
    assert "SOME_API_KEY" in read.hint


async def test_a_line_beyond_all_reason_is_skipped() -> None:
    file = io.BytesIO(b"a" * 35 + b"\nshort\n" + b"b" * 10 + b"\nend")
    assert list(lines(file, longest=10)) == [b"short\n", b"end"]


@pytest.mark.parametrize("fault", ["fin-body", "reset-body", "reset", "529", "500", "429,retry-after=0.01"])
@pytest.mark.parametrize("place", ["poll", "results", "list"])
async def test_what_passes_is_waited_out(server: Loopback, place: str, fault: str) -> None:
    async with opened(server) as office:
        standing = await sent(office, "one", "two")
        server.batches.faults[place] = [fault]
        assert sorted(await brought(office, standing)) == ["one", "two"]
        assert await office.newest() == standing.id
    assert server.batches.faults[place] == []


@pytest.mark.parametrize("fault", ["reset-body", "fin", "500", "504"])
async def test_nobody_knows_whether_a_creation_arrived_whose_reply_is_lost(
    server: Loopback, fault: str
) -> None:
    server.batches.faults["create"] = [fault]
    async with opened(server) as office:
        assert await office.create([encode("one", ASKED)]) is None
    assert server.batches.asked["create"] == 1


@pytest.mark.parametrize("fault", ["429,retry-after=0.01", "529"])
async def test_a_creation_that_was_turned_away_is_made_again(server: Loopback, fault: str) -> None:
    server.batches.faults["create"] = [fault]
    async with opened(server) as office:
        assert await office.create([encode("one", ASKED)]) is not None
    assert len(server.batches.created) == 1


async def test_batches_after_a_mark_are_listed_over_many_pages(server: Loopback) -> None:
    async with opened(server, page=2) as office:
        made = [(await sent(office, f"id{number}")).id for number in range(5)]
        assert [each.id for each in await office.since(made[0])] == made[:0:-1]
        assert [each.id for each in await office.since("")] == made[::-1]
        assert await office.since(made[-1]) == []


async def test_a_file_that_is_cut_without_a_word_is_fetched_again(server: Loopback) -> None:
    async with opened(server) as office:
        standing = await office.standing((await sent(office, "one", "two")).id)
        (batch,) = server.batches.created
        whole, batch.results = batch.results, (batch.results or [])[:1]
        found = dict(await office.results(standing))
        assert len(found) == 1
        assert server.batches.asked["results"] == 3
        batch.results = whole
        assert len(dict(await office.results(standing))) == 2


async def test_a_file_without_end_is_refused(server: Loopback) -> None:
    async with opened(server, size=100) as office:
        standing = await office.standing((await sent(office, "one")).id)
        with pytest.raises(CallError, match="more than 200 bytes"):
            await office.results(standing)


async def test_the_key_goes_to_no_address_that_a_batch_names(server: Loopback) -> None:
    """The loopback names another host as `results_url`; nothing listens there."""
    async with opened(server) as office:
        assert await brought(office, await sent(office, "one"))
        with pytest.raises(CallError, match="no id of a batch"):
            await office.standing("../../v1/messages")


async def test_a_refused_key_is_an_access_error_and_stands_in_no_trace(server: Loopback) -> None:
    wrong = "wrong-key-0123456789"
    with pytest.raises(AccessError) as caught:
        async with opened(server, wrong) as office:
            await office.newest()
    assert wrong not in "".join(traceback.format_exception(caught.value))


async def test_a_cut_download_keeps_no_request_in_its_trace(server: Loopback) -> None:
    async with opened(server) as office:
        standing = await office.standing((await sent(office, "one")).id)
        server.batches.faults["results"] = ["reset-body"] * 3
        with pytest.raises(CallError) as caught:
            await office.results(standing)
    assert caught.value.kind == "connection"
    assert caught.value.__context__ is None or not hasattr(caught.value.__context__, "request")
