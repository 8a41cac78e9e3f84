"""One call per cacheable prefix goes ahead; the others wait for it, and never for nothing or for ever."""

import asyncio
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CallError
from harness.models.leaders import Leaders
from harness.models.wire import wire
from harness.planning.model import Model
from harness.planning.prefixes import prefixes, too_short
from harness.planning.prices import Price, PriceTable, Rates
from harness.records.outcomes import Answer, Message, Request, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

RATES = Rates(input=2, output=10, cache_write=2.5, cache_write_1h=4, cache_read=0.2)
PRICES = PriceTable(
    version=dt.date(2026, 11, 22),
    prices=(Price(model="m", rates=RATES, cache_minimum=512), Price(model="other", rates=RATES)),
)
LONG = "Recommend one design and say what it costs. " * 60


def request(number: int = 1, *, system: str = LONG, parts: tuple[str, ...] = ("How?",)) -> Request:
    return Request(
        provider="anthropic",
        base_url="http://127.0.0.1",
        api_version="v",
        model="m",
        max_tokens=10,
        system=system,
        messages=(Message(role="user", parts=(*parts[:-1], f"{parts[-1]} {number}")),),
        sample="1",
    )


class Held:
    """A model that answers when it is told to; `cached` is what it says of its cache."""

    def __init__(self, *, cached: bool = True) -> None:
        self.asked: list[Request] = []
        self.go, self.four = asyncio.Event(), asyncio.Event()
        self.fail: Callable[[Request], bool] = lambda _: False
        self._usage = Usage(input_tokens=9, cache_write_tokens=700 if cached else 0)

    async def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if len(self.asked) == 4:
            self.four.set()
        await self.go.wait()
        if self.fail(request):
            kind = "timeout"
            raise CallError(kind, "no answer")
        return Answer(text="yes", usage=self._usage)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def begin(group: asyncio.TaskGroup, model: Model, requests: list[Request]) -> list[asyncio.Task[object]]:
    async def ask(each: Request) -> object:
        try:
            return await model.answer(each)
        except CallError as error:
            return error

    return [group.create_task(ask(each)) for each in requests]


pytestmark = pytest.mark.anyio


async def test_the_first_call_of_a_prefix_goes_ahead_and_the_others_follow_its_answer() -> None:
    held = Held()
    async with asyncio.TaskGroup() as group:
        begin(group, Leaders(PRICES).of(held), [request(number) for number in range(5)])
        await settle()
        assert len(held.asked) == 1
        held.go.set()
    assert len(held.asked) == 5


async def test_a_prefix_that_is_readable_is_waited_for_no_more() -> None:
    held = Held()
    held.go.set()
    leaders = Leaders(PRICES).of(held)
    await leaders.answer(request(0))
    held.go.clear()
    async with asyncio.TaskGroup() as group:
        begin(group, leaders, [request(number) for number in range(1, 4)])
        await settle()
        assert len(held.asked) == 4
        held.go.set()


@pytest.mark.parametrize(
    ("system", "parts", "at_once"),
    [
        pytest.param("Be brief.", ("How?",), 4, id="a system prompt too short to cache"),
        pytest.param("", ("How?",), 4, id="no system prompt"),
        pytest.param("Judge.", (LONG, "Is it met?"), 1, id="a judge's long question and answer"),
        pytest.param(LONG, (LONG, "Is it met?"), 1, id="both"),
    ],
)
async def test_only_what_is_long_enough_is_waited_for(
    system: str, parts: tuple[str, ...], at_once: int
) -> None:
    held = Held()
    async with asyncio.TaskGroup() as group:
        begin(group, Leaders(PRICES).of(held), [request(n, system=system, parts=parts) for n in range(4)])
        await settle()
        assert len(held.asked) == at_once
        held.go.set()


async def test_different_prefixes_do_not_wait_for_each_other() -> None:
    held = Held()
    async with asyncio.TaskGroup() as group:
        begin(group, Leaders(PRICES).of(held), [request(system=f"{n} {LONG}") for n in range(4)])
        await settle()
        assert len(held.asked) == 4
        held.go.set()


async def test_when_the_leader_fails_the_next_one_leads() -> None:
    held = Held()
    held.fail = lambda each: each is held.asked[0]
    async with asyncio.TaskGroup() as group:
        replies = begin(group, Leaders(PRICES).of(held), [request(number) for number in range(4)])
        held.go.set()
    assert [isinstance(reply.result(), CallError) for reply in replies] == [True, False, False, False]


async def test_a_leader_that_takes_long_is_not_waited_for_for_ever() -> None:
    held = Held()
    async with asyncio.TaskGroup() as group:
        begin(group, Leaders(PRICES, patience=0.01).of(held), [request(number) for number in range(4)])
        await held.four.wait()
        held.go.set()


async def test_a_server_that_does_not_cache_is_waited_for_once() -> None:
    held = Held(cached=False)
    held.go.set()
    leaders = Leaders(PRICES).of(held)
    await leaders.answer(request(system="first " + LONG))
    held.go.clear()
    async with asyncio.TaskGroup() as group:
        begin(group, leaders, [request(number, system=LONG) for number in range(4)])
        await settle()
        assert len(held.asked) == 5
        held.go.set()


# ------------------------------------------------------------------ which prefixes there are

_PARTS = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4).map(tuple)
_MESSAGES = st.lists(st.builds(Message, role=st.just("user"), parts=_PARTS), min_size=1, max_size=4).map(
    tuple
)


@given(system=st.text(max_size=5), messages=_MESSAGES)
async def test_there_is_a_prefix_for_every_breakpoint_that_is_sent(
    system: str, messages: tuple[Message, ...]
) -> None:
    asked = replace(request(system=system), messages=messages)
    body = str(wire(asked))
    found = list(prefixes(asked))
    assert len(found) == body.count("'cache_control'")
    assert [each.characters for each in found] == sorted(each.characters for each in found)


async def test_equal_beginnings_have_equal_keys_and_others_do_not() -> None:
    keys = {
        tuple(each.key for each in prefixes(asked))
        for asked in (
            request(1, parts=("data", "one")),
            request(2, parts=("data", "two")),
        )
    }
    assert len(keys) == 1
    assert {each.key for each in prefixes(request(system="other"))}.isdisjoint(*keys)
    elsewhere = replace(request(), model="other")
    assert {each.key for each in prefixes(elsewhere)}.isdisjoint(each.key for each in prefixes(request()))


@pytest.mark.parametrize(
    ("model", "tokens", "why"),
    [
        ("m", 512, ""),
        ("m", 511, "about 511 tokens are too few to cache: m caches from 512 on"),
        ("other", 1000, "about 1,000 tokens are too few to cache: other is taken to cache from 1,024 on"),
        ("unheard-of", 1024, ""),
    ],
)
async def test_why_a_prefix_is_not_cached_is_said(model: str, tokens: int, why: str) -> None:
    assert too_short(PRICES, model, tokens) == why
