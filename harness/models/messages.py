"""Any server that speaks the Messages API, asked patiently: few calls at once, retries, deadlines."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from harness.errors import AccessError, CallError, InputError
from harness.models.faults import PassingError
from harness.models.wire import read_reply, wire
from harness.planning.model import Model
from harness.planning.prices import PriceTable
from harness.records.outcomes import Answer, Request

if TYPE_CHECKING:
    from harness.models.sdk import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to try one call, in seconds where not a count.

    No retry begins later than `seconds` after the first attempt. A server's `retry-after` is honoured up to
    `longest_retry_after`; without one the wait doubles from `first_wait` to `longest_wait`, with jitter.
    """

    attempts: int = 8
    seconds: float = 1800.0
    attempt_seconds: float = 600.0
    connect_seconds: float = 30.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 120.0


PATIENT = RetryPolicy()


@asynccontextmanager
async def connect(
    *,
    base_url: str,
    key: str,
    concurrency: int,
    prices: PriceTable,
    key_variable: str = "ANTHROPIC_API_KEY",
    policy: RetryPolicy = PATIENT,
) -> AsyncIterator[Model]:
    """Open one connection for all who share an account; at most `concurrency` calls are in flight.

    `key` is the secret itself, `key_variable` the name of the variable it came from, for the hints of
    errors. Raises AccessError for a key that cannot be sent, InputError for an impossible address.
    """
    _check(base_url, key, key_variable)
    from harness.models.sdk import Client  # noqa: PLC0415 - two seconds that `--help` must not cost

    client = Client(
        base_url=base_url,
        key=key,
        key_variable=key_variable,
        connections=concurrency,
        seconds=policy.attempt_seconds,
        connect_seconds=policy.connect_seconds,
    )
    async with client:
        yield Messages(client, concurrency=concurrency, prices=prices, policy=policy)


class Messages:
    """An open connection to a server that speaks the Messages API; `connect` makes it."""

    def __init__(
        self, client: "Client", *, concurrency: int, prices: PriceTable, policy: RetryPolicy
    ) -> None:
        self._client = client
        self._slots = asyncio.Semaphore(concurrency)
        self._prices = prices
        self._policy = policy

    async def answer(self, request: Request) -> Answer:
        """Ask until there is an answer, a failure for good, or no patience left."""
        body = wire(request)
        # The slot is kept while waiting to retry: a server that says "too much" is then asked less, not more.
        async with self._slots:
            retrying = self._retrying()
            try:
                answer: Answer = await retrying(self._attempt, request, body)
            except PassingError as passing:
                failure = passing.error
            else:
                return replace(answer, retries=retrying.statistics["attempt_number"] - 1)
        words = f"{failure.message} (gave up after attempt {retrying.statistics['attempt_number']})"
        raise CallError(failure.kind, words, hint=failure.hint)

    async def _attempt(self, request: Request, body: Mapping[str, object]) -> Answer:
        started = time.perf_counter()
        try:
            # The HTTP client's timeout is per read; a trickling answer never trips it.
            async with asyncio.timeout(self._policy.attempt_seconds):
                response = await self._client.post(body)
        except TimeoutError:
            words = f"no whole answer within {self._policy.attempt_seconds:g} s"
            raise PassingError(CallError("timeout", words)) from None
        reply = read_reply(response.headers.get("content-type", ""), response.content)
        return Answer(
            text=reply.text,
            stop_reason=reply.stop_reason,
            model=reply.model,
            usage=reply.usage,
            cost=self._prices.cost(request.model, reply.usage, on=datetime.now(UTC).date()),
            seconds=time.perf_counter() - started,
            request_id=response.headers.get("request-id", ""),
        )

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self._policy.attempts) | stop_before_delay(self._policy.seconds),
            wait=self._wait,
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        policy = self._policy
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, PassingError) and error.after is not None:
            seconds = min(error.after, policy.longest_retry_after)
        else:
            seconds = min(policy.first_wait * 2 ** (state.attempt_number - 1), policy.longest_wait)
        # Without jitter, all who were turned away together come back together.
        return seconds + random.uniform(0, policy.first_wait)  # noqa: S311 - not a secret


def _check(base_url: str, key: str, key_variable: str) -> None:
    address = urlsplit(base_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        msg = f"base_url: must be an http or https address, got {base_url!r}"
        raise InputError(msg, hint="such as https://api.anthropic.com, or http://127.0.0.1:8080")
    if not key:
        msg = f"there is no API key: the environment variable {key_variable} is not set"
        raise AccessError(msg, hint=f"export {key_variable}=…; a server that asks for none takes any text")
    if not key.isascii() or not key.isprintable() or " " in key:
        msg = f"the key in the environment variable {key_variable} holds white space or characters no key has"
        raise AccessError(msg, hint=f"set {key_variable} again, without line ends or spaces")
