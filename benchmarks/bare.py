"""The same work without a harness: a loop over cases, two calls each, nothing stored, nothing reported.

    python benchmarks/bare.py sdk-aiohttp URL --cases 2000      also: sdk-httpx2, raw

This is the least that the work costs with the SDK (`messages.create`, one client, on either of its
transports), and with plain aiohttp under it (`raw`).
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from work import AGENT_MODEL, CRITERION, JUDGE_MODEL, KEY, PROMPT, SCHEMA, question

Ask = Callable[[dict[str, Any]], Awaitable[str]]


async def work(ask: Ask, cases: int, concurrency: int) -> int:
    """Ask the agent, then the judge, with so many cases in hand; return how many verdicts were a yes."""
    numbers = iter(range(cases))
    met = 0

    async def worker() -> None:
        nonlocal met
        for number in numbers:
            asked = question(number)
            answer = await ask(_agent(asked))
            verdict = json.loads(await ask(_judge(asked, answer)))
            met += verdict["met"]

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
    return met


def _agent(asked: str) -> dict[str, Any]:
    return {
        "model": AGENT_MODEL,
        "max_tokens": 500,
        "system": PROMPT,
        "messages": [{"role": "user", "content": asked}],
    }


def _judge(asked: str, answer: str) -> dict[str, Any]:
    text = f"<question>{asked}</question>\n<answer>{answer}</answer>\nIs this met? {CRITERION}"
    return {
        "model": JUDGE_MODEL,
        "max_tokens": 400,
        "system": "You decide whether an answer meets a criterion.",
        "messages": [{"role": "user", "content": text}],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }


async def with_sdk(transport: str, url: str, cases: int, concurrency: int) -> int:
    """Work through the SDK, as its documentation shows it."""
    import anthropic  # noqa: PLC0415 - `raw` must not pay for it

    kind = anthropic.DefaultAioHttpClient if transport == "aiohttp" else anthropic.DefaultAsyncHttpxClient
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=url, http_client=kind()) as client:

        async def ask(body: dict[str, Any]) -> str:
            message = await client.messages.create(**body)
            return "".join(block.text for block in message.content if block.type == "text")

        return await work(ask, cases, concurrency)


async def with_aiohttp(url: str, cases: int, concurrency: int) -> int:
    """Work through plain HTTP: the floor under every client."""
    import aiohttp  # noqa: PLC0415 - the SDK loads it by itself, and httpx2 needs none

    headers = {"authorization": f"Bearer {KEY}", "anthropic-version": "2026-10-21"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(body: dict[str, Any]) -> str:
            async with session.post(f"{url}/v1/messages", json=body) as response:
                message = await response.json()
                return "".join(block["text"] for block in message["content"])

        return await work(ask, cases, concurrency)


def main() -> None:
    """Do the work once and make sure that all of it was done."""
    options = argparse.ArgumentParser(description="Two calls per case, and nothing else.")
    options.add_argument("client", choices=("sdk-aiohttp", "sdk-httpx2", "raw"))
    options.add_argument("url")
    options.add_argument("--cases", type=int, default=500)
    options.add_argument("--concurrency", type=int, default=50)
    chosen = options.parse_args()
    many = (chosen.url, chosen.cases, chosen.concurrency)
    work = with_aiohttp(*many) if chosen.client == "raw" else with_sdk(chosen.client[4:], *many)
    met = asyncio.run(work)
    if met != chosen.cases:
        options.exit(1, f"{met} of {chosen.cases} cases were done\n")


if __name__ == "__main__":
    main()
