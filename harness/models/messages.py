"""Any server that speaks the Messages API, asked patiently: at its own pace, with retries and deadlines."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from harness.errors import AccessError, CallError, IncompleteError, InputError
from harness.models.faults import PassingError
from harness.models.silence import Silence
from harness.models.turns import Turns
from harness.models.wire import read_reply, wire
from harness.pacing.limiter import Call, Limiter, Ticket
from harness.pacing.outlook import Outlook
from harness.pacing.quotas import quotas
from harness.pacing.traffic import Quiet, Retry, Traffic
from harness.planning.model import Model
from harness.planning.prices import PriceTable
from harness.records.outcomes import Answer, Request

if TYPE_CHECKING:
    from harness.models.sdk import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to try one call, in seconds where not a count.

    A call is given up after so many `attempts` that broke, or so many `refusals` (429: the server is well but
    busy), and no retry begins later than `seconds` after the first attempt. A server's `retry-after` is
    honoured up to `longest_retry_after`; without one the wait doubles from `first_wait` to `longest_wait`,
    with jitter. After a 429 a call has no wait of its own: it queues, and the limiter paces the queue.
    When nobody has answered anything for `quiet_seconds`, that is told.
    """

    attempts: int = 8
    refusals: int = 30
    seconds: float = 1800.0
    attempt_seconds: float = 600.0
    connect_seconds: float = 30.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 120.0
    quiet_seconds: float = 15.0


PATIENT = RetryPolicy()
_LULL = 0.03
"""Seconds without any reply after which a server is taken to leave us time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How hard one account may be asked: calls in flight and calls started a second, at most."""

    concurrency: int
    max_rate: float | None = None
    traffic: Traffic = field(default_factory=Traffic)


@asynccontextmanager
async def connect(
    *,
    base_url: str,
    key: str,
    pace: Pace,
    prices: PriceTable,
    key_variable: str = "ANTHROPIC_API_KEY",
    policy: RetryPolicy = PATIENT,
) -> AsyncIterator[Model]:
    """Open one connection for all who share an account, and one limiter for all its calls.

    `key` is the secret itself, `key_variable` the name of the variable it came from, for the hints of
    errors. Raises AccessError for a key that cannot be sent, InputError for an impossible address.
    """
    _check(base_url, key, key_variable)
    from harness.models.sdk import Client  # noqa: PLC0415 - what finds all in the store needs it not

    client = Client(
        base_url=base_url,
        key=key,
        key_variable=key_variable,
        connections=pace.concurrency,
        seconds=policy.attempt_seconds,
        connect_seconds=policy.connect_seconds,
    )
    async with client:
        messages = Messages(client, place=base_url, pace=pace, prices=prices, policy=policy)
        try:
            yield messages
        finally:
            messages.over()


class Messages:
    """An open connection to a server that speaks the Messages API; `connect` makes it."""

    def __init__(
        self, client: "Client", *, place: str, pace: Pace, prices: PriceTable, policy: RetryPolicy
    ) -> None:
        self._client = client
        self._place = place
        self._turns = Turns(Limiter(ceiling=pace.concurrency, max_rate=pace.max_rate))
        self._traffic = pace.traffic
        self._traffic.join(self._turns.limiter)
        self._prices = prices
        self._policy = policy
        self._silence = Silence(policy.quiet_seconds, self._quiet)
        self._lull = Silence(_LULL, lambda _: pace.traffic.waiting())
        self._outlooks: dict[str, Outlook] = {}
        self._in_hand = 0
        self._ended: AccessError | None = None

    async def answer(self, request: Request) -> Answer:
        """Ask until there is an answer, a failure for good, or no patience left.

        Raises IncompleteError when nobody ever answered and all fail alike: that is no server of ours.
        """
        body = _encoded(request)
        call = self._turns.call(request.model, len(body), request.max_tokens)
        tried = _Tried()
        failure: CallError | None = None
        self._in_hand += 1
        try:
            answer = await self._patiently(request, body, call, tried)
        except PassingError as passing:
            words = f"{passing.error.message} (gave up after attempt {tried.all})"
            failure = CallError(passing.error.kind, words, hint=passing.error.hint)
        except CallError as error:
            self._doubt(call, error)
            raise
        except AccessError as error:
            self._ended = error
            raise
        else:
            self._outlook(call).answered()
        finally:
            self._in_hand -= 1
            self._turns.limiter.back(call)
            self._turns.go_on()
        if failure is not None:
            raise failure
        await self._turns.rest()  # what becomes of the answer can wait until the next requests are out
        return replace(answer, retries=tried.all - 1)

    def over(self) -> None:
        """Somebody has answered, or nobody is waited for any more."""
        self._silence.over()
        self._lull.over()

    async def _patiently(self, request: Request, body: bytes, call: Call, tried: "_Tried") -> Answer:
        """Try once, and hand what failed in passing to tenacity as the first of its attempts.

        What it takes to set up its machinery, a tenth of all that a call costs, few calls then pay.
        """
        failed: list[PassingError] = []
        try:
            return await self._attempt(request, body, call, tried)
        except PassingError as passing:
            failed.append(passing)

        async def attempt() -> Answer:
            if failed:
                raise failed.pop()
            return await self._attempt(request, body, call, tried)

        answer: Answer = await self._retrying(call, tried)(attempt)
        return answer

    async def _attempt(self, request: Request, body: bytes, call: Call, tried: "_Tried") -> Answer:
        ticket = await self._turns.take(call)
        if self._ended is not None:  # nobody who waited for the slot of a call refused for good asks again
            self._turns.limiter.returned(ticket)
            raise self._ended
        tried.all += 1
        started = time.perf_counter()
        try:
            answer, headers = await self._asked(request, body, started)
        except PassingError as passing:
            self._failed(ticket, passing)
            tried.refused += passing.refused
            raise
        except BaseException:
            self._turns.limiter.returned(ticket)
            raise
        self._told(ticket, headers)
        usage = answer.usage
        tokens = (usage.input_tokens + usage.cache_write_tokens, usage.output_tokens)
        self._turns.limiter.succeeded(ticket, self._turns.clock(), tokens=tokens, clean=tried.all == 1)
        return answer

    async def _asked(self, request: Request, body: bytes, started: float) -> tuple[Answer, Mapping[str, str]]:
        self._silence.begun()
        self._lull.begun()
        try:
            # The HTTP client's timeout is per read; a trickling answer never trips it.
            async with asyncio.timeout(self._policy.attempt_seconds):
                got = await self._client.post(body)
        except TimeoutError:
            words = f"no whole answer within {self._policy.attempt_seconds:g} s"
            raise PassingError(CallError("timeout", words)) from None
        finally:
            self.over()  # from here on failures speak for themselves
        reply = read_reply(got.headers.get("content-type", ""), got.body)
        answer = Answer(
            text=reply.text,
            stop_reason=reply.stop_reason,
            model=reply.model,
            usage=reply.usage,
            cost=self._prices.cost(request.model, reply.usage, on=datetime.now(UTC).date()),
            seconds=time.perf_counter() - started,
            request_id=got.headers.get("request-id", ""),
        )
        return answer, got.headers

    def _failed(self, ticket: Ticket, passing: PassingError) -> None:
        limiter, now = self._turns.limiter, self._turns.clock()
        reset = self._told(ticket, passing.headers)
        if passing.refused:
            after = passing.after
            capped = None if after is None else min(after, self._policy.longest_retry_after)
            limiter.refused(ticket, now, after=capped, reset=reset)
        else:
            limiter.broke(ticket)
        self._turns.go_on()

    def _told(self, ticket: Ticket, headers: Mapping[str, str]) -> float:
        """Pass on what a reply says of the limits; seconds until all of them are whole again."""
        found = quotas(headers, now=time.time())
        self._turns.limiter.told(ticket, self._turns.clock(), found)
        return max((quota.reset for quota in found), default=0.0)

    # ------------------------------------------------------------------ retries

    def _retrying(self, call: Call, tried: "_Tried") -> AsyncRetrying:
        def spent(state: RetryCallState) -> bool:
            broken = tried.all - tried.refused
            few = broken < self._policy.attempts and tried.refused < self._policy.refusals
            # From the first attempt on, which tenacity did not see begin.
            late = time.monotonic() - tried.began + state.upcoming_sleep >= self._policy.seconds
            return not few or late

        def told(state: RetryCallState) -> None:
            passing = state.outcome.exception() if state.outcome else None
            if isinstance(passing, PassingError):
                self._again(call, passing, state.upcoming_sleep)

        return AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=spent,
            wait=self._wait,
            before_sleep=told,
            reraise=True,
        )

    def _again(self, call: Call, passing: PassingError, seconds: float) -> None:
        """Say that an attempt failed, unless there is no use in another."""
        error = passing.error
        self._doubt(call, error)
        if passing.refused:
            seconds = max(seconds, self._turns.limiter.held(self._turns.clock()))
        self._traffic.retried(
            Retry(place=self._place, kind=error.kind, message=error.message, hint=error.hint, seconds=seconds)
        )

    def _doubt(self, call: Call, error: CallError) -> None:
        if self._outlook(call).hopeless(call.number, error.kind, self._in_hand):
            msg = f"{self._place} has answered none of the first calls, and all fail alike: {error.message}"
            raise IncompleteError(
                msg, hint=error.hint or f"check base_url: is {self._place} the right server?"
            )

    def _quiet(self, seconds: float) -> None:
        in_flight, patience = self._turns.limiter.in_flight, self._policy.attempt_seconds
        self._traffic.tell(Quiet(place=self._place, seconds=seconds, in_flight=in_flight, patience=patience))

    def _outlook(self, call: Call) -> Outlook:
        return self._outlooks.setdefault(call.model, Outlook())

    def _wait(self, state: RetryCallState) -> float:
        policy = self._policy
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, PassingError) and error.refused:
            return 0.0
        if isinstance(error, PassingError) and error.after is not None:
            seconds = min(error.after, policy.longest_retry_after)
        else:
            seconds = min(policy.first_wait * 2 ** (state.attempt_number - 1), policy.longest_wait)
        # Without jitter, all who were turned away together come back together.
        return seconds + random.uniform(0, policy.first_wait)  # noqa: S311 - not a secret


@dataclass(slots=True)
class _Tried:
    """Attempts at one call: all of them, and those that the server refused for now."""

    all: int = 0
    refused: int = 0
    began: float = field(default_factory=time.monotonic)


def _encoded(request: Request) -> bytes:
    try:
        return json.dumps(wire(request), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        kind, words = "bad-request", "the prompt holds half a character (a lone surrogate)"
        hint = "mend the escape in the dataset or the agent file"
        raise CallError(kind, words, hint=hint) from None


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
