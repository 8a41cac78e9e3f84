"""Who may send when: one after the other, and what was answered outlives whoever stops the run."""

import asyncio

import pytest

from harness.models.turns import Turns
from harness.pacing.limiter import Limiter

pytestmark = pytest.mark.anyio


async def test_each_has_sent_before_the_next_one_s_turn_comes() -> None:
    turns, told = Turns(Limiter(ceiling=3)), list[str]()

    async def send(name: str) -> None:
        await turns.take(turns.call("m", 1, 1))
        told.append(f"{name} builds")
        await asyncio.sleep(0)  # what aiohttp takes until a request is written
        told.append(f"{name} writes")

    await asyncio.gather(*(send(name) for name in "abc"))
    assert told.index("a writes") < told.index("c builds")
    assert turns.limiter.in_flight == 3


async def test_whoever_rests_waits_for_those_who_may_go() -> None:
    turns, gone = Turns(Limiter(ceiling=5)), list[int]()

    async def send(number: int) -> None:
        await turns.take(turns.call("m", 1, 1))
        gone.append(number)

    senders = [asyncio.create_task(send(number)) for number in range(8)]
    await asyncio.sleep(0)
    await turns.rest()
    assert gone == [0, 1, 2, 3, 4]  # the other three may not go yet, and are not waited for
    for sender in senders:
        sender.cancel()


async def test_a_queue_that_never_ends_keeps_no_answer_from_the_disk() -> None:
    turns = Turns(Limiter(ceiling=500))
    turns.limiter.concurrency.limit = 500
    senders = [asyncio.create_task(turns.take(turns.call("m", 1, 1))) for _ in range(500)]
    await asyncio.sleep(0)
    await turns.rest()
    assert 20 < turns.limiter.in_flight < 30
    await asyncio.gather(*senders)


async def test_a_limiter_that_breaks_ends_the_wait_of_all() -> None:
    turns = Turns(Limiter(ceiling=5))
    senders = [asyncio.create_task(turns.take(turns.call("m", 1, 1))) for _ in range(4)]
    await asyncio.sleep(0)
    turns.limiter.wait = lambda *_: 1 / 0  # type: ignore[method-assign] # a bug
    told = await asyncio.gather(*senders, return_exceptions=True)
    assert [type(each) for each in told[2:]] == [ZeroDivisionError] * 2
    await turns.rest()


async def test_an_answer_is_handed_over_before_a_stop_takes_effect() -> None:
    turns, kept = Turns(Limiter(ceiling=5)), list[str]()

    async def run() -> None:
        waiting = [asyncio.create_task(turns.take(turns.call("m", 1, 1))) for _ in range(5)]
        await asyncio.sleep(0)
        await turns.rest()
        kept.append("answer")
        await asyncio.gather(*waiting)
        await asyncio.sleep(0)
        kept.append("went on")

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not turns._rest.is_set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kept == ["answer"]
    assert task.cancelling() == 1
