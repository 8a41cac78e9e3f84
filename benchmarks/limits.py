"""How fast, and how politely, does a run go behind a limit that it does not know?

    python benchmarks/limits.py [--calls 1000] [--json]

A server on 127.0.0.1 takes 300 ms for an answer and refuses with 429 what is above its limit. The engine's
own client (the SDK, retries, the limiter) makes all the calls, up to 50 in flight, once where the server
sends `anthropic-ratelimit-*` headers and once where it sends nothing, not even `retry-after`. Wall time runs
from the first request to the last answer; ideal is what nobody could go below: the burst that the limit
allows at once, the rest as fast as it refills. What an answer took on average shows how busy the machine was:
0.30 s is idle.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from allowances import Allowance, Limits, ideal  # the tests' own, from the folder just named
from harness.errors import CallError
from harness.models.messages import Pace, connect
from harness.models.pricing import shipped_prices
from harness.planning.model import API_VERSION, Model
from harness.records.outcomes import Message, Request
from loopback import KEY, Body, Loopback

LATENCY = 0.3
CEILING = 50
TOKENS = (100, 112)
"""Tokens of a request, and of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One limit, with or without headers, and what came of all the calls; seconds where not a count."""

    limit: str
    headers: bool
    calls: int
    failed: int
    refused: int
    answer: float
    wall: float
    ideal: float


def limits(*, told: bool) -> Iterator[tuple[str, Limits]]:
    """Name the limits that are tried: requests, tokens in, tokens out, and requests at once."""
    a_second = {
        "40 requests/s, bursts of 40": ("requests", 40),
        "240,000 input tokens/min": ("input-tokens", 4000),
        "240,000 output tokens/min": ("output-tokens", 4000),
    }
    for name, (kind, rate) in a_second.items():
        yield name, Limits(buckets={kind: Allowance(rate, rate)}, told=told)
    yield "16 requests in flight", Limits(in_hand=16, told=told)


def measured(name: str, limits: Limits, calls: int) -> Measured:
    """Make all calls behind one limit."""
    with Loopback(latency=LATENCY, limits=limits, reply=_reply) as server:
        taken = asyncio.run(_made(server.url, calls))
        wall = time.time() - server.requests[0].at
    done = [seconds for seconds in taken if seconds is not None]
    return Measured(
        limit=name,
        headers=limits.told,
        calls=calls,
        failed=calls - len(done),
        refused=limits.refused,
        answer=fmean(done),
        wall=wall,
        ideal=ideal(limits, calls, ceiling=CEILING, latency=LATENCY, tokens=TOKENS),
    )


def _reply(_: Body) -> str:
    return "a" * 400


async def _made(url: str, calls: int) -> list[float | None]:
    pace = Pace(concurrency=CEILING)
    async with connect(base_url=url, key=KEY, pace=pace, prices=shipped_prices()) as model:
        return await asyncio.gather(*(_seconds(model, url, number) for number in range(calls)))


async def _seconds(model: Model, url: str, number: int) -> float | None:
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
        return (await model.answer(request)).seconds
    except CallError:
        return None


def _row(found: Measured) -> str:
    refused = 100 * found.refused / found.calls
    headers = "yes" if found.headers else "no"
    numbers = f"{found.failed} | {refused:.1f} % | {found.answer:.2f} | {found.wall:.1f} | {found.ideal:.1f}"
    return f"| {found.limit} | {headers} | {numbers} | {found.wall / found.ideal:.2f} |"


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--calls", type=int, default=1000)
    options.add_argument("--json", action="store_true", help="print data instead of a table")
    chosen = options.parse_args()
    if not chosen.json:
        print(
            "| limit | headers | failed | 429s per call | an answer, s | wall, s | ideal, s | wall / ideal |"
        )
        print("|---|---|---:|---:|---:|---:|---:|---:|")
    for told in (True, False):
        for name, behind in limits(told=told):
            found = measured(name, behind, chosen.calls)
            print(json.dumps(asdict(found)) if chosen.json else _row(found), flush=True)


if __name__ == "__main__":
    main()
