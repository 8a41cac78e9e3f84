"""What a broken server may send, through the real SDK: bounded in time and memory, and said early."""

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from allowances import Allowance, Limits
from harness.errors import CallError, IncompleteError
from harness.models.messages import Pace, RetryPolicy, connect
from harness.models.pricing import shipped_prices
from harness.models.silence import Silence
from harness.pacing.traffic import Quiet, Retry, Traffic
from harness.planning.model import API_VERSION
from harness.records.outcomes import Answer, Message, Request
from loopback import KEY, Loopback

pytestmark = pytest.mark.anyio

HASTY = RetryPolicy(attempts=6, seconds=30, attempt_seconds=20, first_wait=0.01, longest_wait=0.05)


@pytest.fixture(scope="module")
def shared() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture
def server(shared: Loopback) -> Loopback:
    shared.forget()
    return shared


def request(number: int = 0, model: str = "claude-sonnet-5-5") -> Request:
    return Request(
        provider="anthropic",
        base_url="",
        api_version=API_VERSION,
        model=model,
        max_tokens=500,
        system="Be brief.",
        messages=(Message(role="user", parts=(f"Question {number}?",)),),
        sample="1",
    )


async def ask_many(
    url: str, calls: int, *, policy: RetryPolicy = HASTY, traffic: Traffic | None = None, ceiling: int = 8
) -> list[Answer | BaseException]:
    pace = Pace(concurrency=ceiling, traffic=traffic or Traffic())
    options: Any = {"base_url": url, "key": KEY, "pace": pace, "prices": shipped_prices(), "policy": policy}
    async with connect(**options) as model:
        asked = (model.answer(request(number)) for number in range(calls))
        return await asyncio.gather(*asked, return_exceptions=True)


# ------------------------------------------------------------------ bodies without an end


@pytest.mark.parametrize("fault", ["bomb", "endless"])
async def test_a_reply_without_an_end_is_too_large_at_once_and_fills_no_memory(
    server: Loopback, fault: str
) -> None:
    await ask_many(server.url, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (error,) = await ask_many(server.at(fault), 1)
    assert isinstance(error, CallError)
    assert error.kind == "too-large"
    assert "longer than 32 MB" in error.message
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150 * 1024  # KiB; the bomb is 256 MB, and the limit 32


@pytest.mark.parametrize("fault", ["bomb,status=500,times=1", "endless,status=500,times=1"])
async def test_an_error_without_an_end_is_cut_and_tried_again(server: Loopback, fault: str) -> None:
    (answer,) = await ask_many(server.at(fault), 1)
    assert isinstance(answer, Answer)
    assert answer.retries == 1


async def test_what_is_no_http_is_tried_again(server: Loopback) -> None:
    (answer,) = await ask_many(server.at("garbage,times=2"), 1)
    assert isinstance(answer, Answer)
    assert answer.retries == 2


# ------------------------------------------------------------------ a server that never answers


@pytest.mark.parametrize("fault", ["reset", "html200", "garbage"])
async def test_when_all_first_calls_fail_alike_the_run_ends_early_and_says_where(
    server: Loopback, fault: str
) -> None:
    found = await ask_many(server.at(fault), 8, policy=replace(HASTY, attempts=100))
    ends = [error for error in found if isinstance(error, IncompleteError)]
    assert ends
    assert "answered none of the first calls" in str(ends[0])
    assert server.url in str(ends[0])
    assert ends[0].hint
    assert ends[0].exit_code == 5


async def test_a_single_call_ends_early_too(server: Loopback) -> None:
    (error,) = await ask_many("http://127.0.0.1:9", 1)
    assert isinstance(error, IncompleteError)
    assert "can be reached" in error.hint
    assert server.count() == 0


async def test_a_server_that_is_merely_busy_is_waited_for(server: Loopback) -> None:
    found = await ask_many(server.at("529,times=30"), 8, policy=replace(HASTY, attempts=50))
    assert all(isinstance(answer, Answer) for answer in found)


async def test_a_server_that_goes_away_after_answers_is_waited_out() -> None:
    policy = replace(HASTY, attempts=60, first_wait=0.05, longest_wait=0.1)
    with Loopback() as first:
        port = first.port
        pace = Pace(concurrency=4)
        options: Any = {"base_url": first.url, "key": KEY, "prices": shipped_prices(), "policy": policy}
        async with connect(**options, pace=pace) as model:
            assert (await model.answer(request())).text
            await asyncio.to_thread(first.__exit__, None, None, None)
            asked = [asyncio.create_task(model.answer(request(number))) for number in range(8)]
            await asyncio.sleep(1)
            assert not any(task.done() for task in asked)
            with Loopback(port=port):
                answers = await asyncio.gather(*asked)
    assert all(answer.text for answer in answers)
    assert max(answer.retries for answer in answers) >= 2


async def test_while_a_server_is_down_no_more_calls_are_begun_than_the_limit(server: Loopback) -> None:
    policy = replace(HASTY, attempts=5, first_wait=0.05)
    server.fail("500,times=8")
    found = await ask_many(server.url, 40, policy=policy, ceiling=4)
    assert all(isinstance(answer, Answer) for answer in found)
    asked = [str(seen.body) for seen in server.requests[:8]]
    assert len(set(asked)) <= 4


# ------------------------------------------------------------------ said early


async def test_the_first_retry_of_each_kind_is_told_and_all_are_counted(server: Loopback) -> None:
    heard: list[Retry | Quiet] = []
    traffic = Traffic(tell=heard.append)
    await ask_many(server.at("529,times=3+500,times=2"), 6, traffic=traffic)
    told = [news for news in heard if isinstance(news, Retry)]
    assert len(told) == len(heard)
    assert sorted(retry.kind for retry in told) == ["overloaded", "server"]
    assert all(retry.place.startswith(server.url) for retry in told)
    assert traffic.retries == 5
    assert (traffic.in_flight, traffic.refusals) == (0, 0)


async def test_that_nobody_answers_is_told_ever_more_rarely_until_somebody_does(server: Loopback) -> None:
    told: list[Retry | Quiet] = []
    policy = replace(HASTY, attempt_seconds=30, quiet_seconds=0.05)
    await ask_many(server.at("slow,seconds=0.5,times=3"), 3, policy=policy, traffic=Traffic(tell=told.append))
    assert [news.seconds for news in told if isinstance(news, Quiet)][:2] == [0.05, 0.2]
    assert told[0] == Quiet(
        place=server.at("slow,seconds=0.5,times=3"), seconds=0.05, in_flight=3, patience=30
    )


@pytest.mark.parametrize("replied", [True, False])
async def test_after_the_first_reply_silence_is_no_news(*, replied: bool) -> None:
    told: list[float] = []
    silence = Silence(0.0, told.append)
    silence.begun()
    if replied:
        silence.over()
        silence.begun()
    await asyncio.sleep(0.01)
    silence.over()
    assert (told == []) is replied


# ------------------------------------------------------------------ behind a limit


@pytest.mark.parametrize(
    ("kind", "told"), [("requests", True), ("requests", False), ("input-tokens", True), ("", False)]
)
async def test_behind_an_unknown_limit_no_call_fails_and_few_are_refused(*, kind: str, told: bool) -> None:
    buckets = {kind: Allowance(60, 30) if kind == "requests" else Allowance(900, 450)} if kind else {}
    limits = Limits(buckets=buckets, in_hand=None if kind else 12, told=told)
    with Loopback(latency=0.1, limits=limits) as server:
        found = await ask_many(server.url, 150, policy=RetryPolicy(), ceiling=40)
    assert all(isinstance(answer, Answer) for answer in found)
    assert limits.refused <= 150 * (0.1 if told else 0.35)


async def test_a_rate_of_ones_own_is_kept(server: Loopback) -> None:
    pace = Pace(concurrency=20, max_rate=20)
    options: Any = {"base_url": server.url, "key": KEY, "pace": pace, "prices": shipped_prices()}
    async with connect(**options) as model:
        await asyncio.gather(*(model.answer(request(number)) for number in range(21)))
    times = sorted(seen.at for seen in server.requests)
    assert times[-1] - times[0] > 0.95


async def test_a_cancelled_caller_gives_its_turn_back(server: Loopback) -> None:
    pace = Pace(concurrency=1)
    options: Any = {"base_url": server.at("slow,seconds=5,times=1"), "key": KEY, "pace": pace}
    async with connect(**options, prices=shipped_prices()) as model:
        asked = [asyncio.create_task(model.answer(request(number))) for number in range(3)]
        await asyncio.sleep(0.2)
        asked[0].cancel()
        asked[1].cancel()
        assert (await asked[2]).text
    assert pace.traffic.in_flight == 0


# ------------------------------------------------------------------ cookies


async def test_a_cookie_of_one_reply_reaches_no_other_call() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reply(head.lower(), reader, writer)
        writer.close()

    async def reply(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        body = b'{"type":"error","error":{"type":"api_error","message":"again"}}'
        lines = b"HTTP/1.1 500 -\r\nset-cookie: a=b; path=/\r\ncontent-length: %d\r\n\r\n" % len(body)
        writer.write(lines + body)
        await writer.drain()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        found = await ask_many(f"http://localhost:{port}", 1, policy=replace(HASTY, attempts=3))
    assert isinstance(found[0], CallError)
    assert len(seen) == 3
    assert not any(b"cookie" in head for head in seen)
