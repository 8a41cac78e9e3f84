"""How fast, and how politely, does a run go behind a limit that it does not know?

    make bench-limits                       or: python benchmarks/limits.py [--calls 1000] [--json]

A server on 127.0.0.1 takes 300 ms for an answer and refuses with 429 what is above its limit. The engine's own
client (the SDK, retries, the limiter) makes all the calls, up to 50 in flight, once where the server sends
`anthropic-ratelimit-*` headers and once where it sends nothing, not even `retry-after`. Wall time runs from the first request to
the last answer; ideal is what nobody could go below: the burst that the limit allows at once, the rest as fast
as it refills. No call may fail.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from limits import Allowance, Limits, ideal
from loopback import KEY, Body, Loopback

from harness.errors import CallError
from harness.models.messages import Pace, connect
from harness.models.pricing import shipped_prices
from harness.planning.model import API_VERSION, Model
from harness.records.outcomes import Message, Request

LATENCY = 0.3
CEILING = 50
TOKENS = (100, 112)
"""Tokens of a request, and of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One limit, with or without headers, and what came of all the calls."""

    limit: str
    headers: bool
    calls: int
    failed: int
    refused: int
    wall: float
    ideal: float


def limits() -> Iterator[tuple[str, dict[str, Allowance], int | None]]:
    """Name the limits that are tried: requests, tokens in, tokens out, and requests at once."""
    yield "40 requests/s, bursts of 40", {"requests": Allowance(40, 40)}, None
    yield "240,000 input tokens/min", {"input-tokens": Allowance(4000, 4000)}, None
    yield "240,000 output tokens/min", {"output-tokens": Allowance(4000, 4000)}, None
    yield "16 requests in flight", {}, 16


def measured(
    name: str, buckets: dict[str, Allowance], in_hand: int | None, *, told: bool, calls: int
) -> Measured:
    """Make all calls behind one limit."""
    behind = Limits(buckets=buckets, in_hand=in_hand, told=told)
    with Loopback(latency=LATENCY, limits=behind, reply=_reply) as server:
        failed, wall = asyncio.run(_made(server.url, calls))
    least = ideal(behind, calls, ceiling=CEILING, latency=LATENCY, tokens=TOKENS)
    return Measured(
        limit=name, headers=told, calls=calls, failed=failed, refused=behind.refused, wall=wall, ideal=least
    )


def _reply(_: Body) -> str:
    return "a" * 400


async def _made(url: str, calls: int) -> tuple[int, float]:
    pace = Pace(concurrency=CEILING)
    async with connect(base_url=url, key=KEY, pace=pace, prices=shipped_prices()) as model:
        began = time.perf_counter()
        failed = sum(await asyncio.gather(*(_failed(model, url, number) for number in range(calls))))
        return failed, time.perf_counter() - began


async def _failed(model: Model, url: str, number: int) -> bool:
    request = Request(
        provider="anthropic",
        base_url=url,
        api_version=API_VERSION,
        model="claude-sonnet-5-5",
        max_tokens=1000,
        system="s" * 200,
        messages=(Message(role="user", parts=("q" * 200,)),),
        sample=str(number),
    )
    try:
        await model.answer(request)
    except CallError:
        return True
    return False


def _row(found: Measured) -> str:
    refused = 100 * found.refused / found.calls
    headers = "yes" if found.headers else "no"
    numbers = f"{found.failed} | {refused:.1f} % | {found.wall:.1f} | {found.ideal:.1f}"
    return f"| {found.limit} | {headers} | {numbers} | {found.wall / found.ideal:.2f} |"


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--calls", type=int, default=1000)
    options.add_argument("--json", action="store_true", help="print data instead of a table")
    chosen = options.parse_args()
    if not chosen.json:
        print("| limit | headers | failed | 429s per call | wall, s | ideal, s | wall / ideal |")
        print("|---|---|---:|---:|---:|---:|---:|")
    for told in (True, False):
        for name, buckets, in_hand in limits():
            found = measured(name, buckets, in_hand, told=told, calls=chosen.calls)
            print(json.dumps(asdict(found)) if chosen.json else _row(found), flush=True)


if __name__ == "__main__":
    main()
