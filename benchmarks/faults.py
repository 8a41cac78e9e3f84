"""What can go wrong on the wire, and what becomes of it: every fault that the tests' server can play.

    python benchmarks/faults.py

For each fault a run of 40 calls, 8 in flight, through the SDK as always, against the server on 127.0.0.1.
Most faults meet the first ten requests and are over then; a few never end, so that the end of patience shows.
Waits begin at a twentieth of a second, and an attempt may take three seconds, so that the table is made soon.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from harness.errors import AccessError, CallError, HarnessError
from harness.models.messages import Pace, RetryPolicy, connect
from harness.models.pricing import shipped_prices
from harness.planning.model import API_VERSION, Model
from harness.records.outcomes import Answer, Message, Request
from loopback import KEY, Loopback

CALLS = 40
POLICY = RetryPolicy(attempts=8, attempt_seconds=3.0, first_wait=0.05, longest_wait=0.2)

PASSING = (
    *("408", "409", "429", "429,retry-after=1", "429,code=ramp_limit_exceeded", "500", "502", "503", "504"),
    *("529", "400,x-should-retry=true", "html200", "null200", "empty200", "blank200", "cut200", "wrong200"),
    *("error200", "reset", "fin", "reset-body", "fin-body", "slow,seconds=5", "trickle,seconds=5", "garbage"),
    *("bomb,status=500", "endless,status=500"),
)
"""Each meets ten requests."""
LASTING = (
    *("400", "404", "413", "429,x-should-retry=false", "500,x-should-retry=false", "bomb", "endless"),
    *("refusal", "max_tokens"),
)
"""Each meets ten requests, and no retry would mend it."""
ENDLESS = (
    *("401", "402", "403", "429,code=enforced_spend_limit_reached", "429,code=contract_spend_limit_reached"),
    *("reset", "html200", "404", "503"),
)
"""Each meets every request."""


async def made(url: str) -> list[Answer | Exception]:
    """Make all calls; what became of each."""
    pace = Pace(concurrency=8)
    async with connect(base_url=url, key=KEY, pace=pace, prices=shipped_prices(), policy=POLICY) as model:
        ended: list[HarnessError] = []
        tasks = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_outcome(model, number)) for number in range(CALLS)]
        except* HarnessError as errors:
            ended = [error for error in errors.exceptions if isinstance(error, HarnessError)]
    return list(ended[:1]) if ended else [task.result() for task in tasks]


async def _outcome(model: Model, number: int) -> Answer | CallError:
    try:
        return await model.answer(_request(number))
    except CallError as error:
        return error


def _request(number: int) -> Request:
    return Request(
        provider="anthropic",
        base_url="",
        api_version=API_VERSION,
        model="claude-sonnet-5-5",
        max_tokens=500,
        system="Be brief.",
        messages=(Message(role="user", parts=(f"Question {number}?",)),),
        sample="1",
    )


def row(server: Loopback, fault: str, often: str) -> str:
    """Inject one fault into one run and say what happened."""
    server.forget()
    began = time.perf_counter()
    found = asyncio.run(made(server.at(fault if often == "always" else f"{fault},times=10")))
    seconds = time.perf_counter() - began
    return f"| `{fault}` | {often} | {_words(found)} | {server.count()} | {seconds:.1f} |"


def _words(found: Sequence[Answer | Exception]) -> str:
    ended = next((error for error in found if isinstance(error, HarnessError)), None)
    if ended is not None:
        why = "access refused" if isinstance(ended, AccessError) else "nobody ever answered"
        return f"the run ends: {why}, exit {ended.exit_code}"
    answers = [answer for answer in found if isinstance(answer, Answer)]
    parts = [f"{len(answers)} answers"]
    if retries := sum(answer.retries for answer in answers):
        parts.append(f"{retries} retries")
    stops = Counter(answer.stop_reason for answer in answers if answer.stop_reason != "end_turn")
    parts += [f"{count} of them `{stop}`" for stop, count in stops.items()]
    kinds = Counter(error.kind for error in found if isinstance(error, CallError))
    parts += [f"{count} failed: `{kind}`" for kind, count in kinds.items()]
    return ", ".join(parts)


def main() -> None:
    """Print the matrix, a row as soon as it is there."""
    print("| the server's fault | how often | what happened | requests | seconds |")
    print("|---|---|---|---:|---:|")
    with Loopback() as server:
        asyncio.run(made(server.url))  # importing the SDK is no fault
        for faults, often in ((PASSING, "10 times"), (LASTING, "10 times"), (ENDLESS, "always")):
            for fault in faults:
                print(row(server, fault, often), flush=True)


if __name__ == "__main__":
    main()
