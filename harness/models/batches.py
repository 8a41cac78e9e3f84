"""The Message Batches API: batches go out whole, their state is asked for, results come by way of a file."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from harness.errors import CallError
from harness.models.batchwire import ResultReader, lines, path_of, read_batch, read_page
from harness.models.faults import PassingError
from harness.models.messages import PATIENT, RetryPolicy
from harness.planning.batches import Result, Standing

if TYPE_CHECKING:
    from harness.models.sdk import Client

T = TypeVar("T")

_PATH = "/v1/messages/batches"
_CONNECTIONS = 4
_UNSURE = frozenset({"connection", "timeout", "server", "unreadable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is taken from a server. `size` is in bytes of a file of results, for each request in it.

    A file with results missing is fetched `downloads` times in all; one download may take `seconds`.
    """

    page: int = 100
    pages: int = 100
    downloads: int = 3
    seconds: float = 4 * 3600.0
    size: int = 4 * 2**20


BOUNDS = Bounds()


@asynccontextmanager
async def open_office(
    *, base_url: str, key: str, key_variable: str, policy: RetryPolicy = PATIENT, bounds: Bounds = BOUNDS
) -> AsyncIterator["BatchOffice"]:
    """Open a connection for batches; as with `connect`, `key_variable` only serves the hints of errors."""
    from harness.models.sdk import Client  # noqa: PLC0415 - as in `messages`

    client = Client(
        base_url=base_url,
        key=key,
        key_variable=key_variable,
        connections=_CONNECTIONS,
        seconds=policy.attempt_seconds,
        connect_seconds=policy.connect_seconds,
    )
    async with client:
        yield BatchOffice(client, ResultReader(key_variable, client.redacted), policy, bounds)


class BatchOffice:
    """Takes batches and gives their results; `open_office` makes it.

    Every method tries again for as long as the policy allows, then raises CallError; AccessError at once.
    The address of the results in a batch's state is not used: a key goes to the base URL and nowhere else.
    """

    def __init__(self, client: "Client", reader: ResultReader, policy: RetryPolicy, bounds: Bounds) -> None:
        self._client = client
        self._reader = reader
        self._policy = policy
        self._bounds = bounds

    async def newest(self) -> str:
        """Name the newest batch of the account; empty where it never had one."""
        page, _ = await self._patiently(partial(self._page, "?limit=1"))
        return page[0].id if page else ""

    async def since(self, mark: str) -> Sequence[Standing]:
        """Give the batches that are newer than that one, the newest first; all of them where it is empty."""
        found: list[Standing] = []
        query = f"?limit={self._bounds.page}"
        after = ""
        for _ in range(self._bounds.pages):
            page, more = await self._patiently(partial(self._page, query + after))
            ids = [each.id for each in page]
            if mark in ids:
                return [*found, *page[: ids.index(mark)]]
            found += page
            if not (more and page):
                break
            after = f"&after_id={ids[-1]}"
        return found

    async def create(self, pieces: Sequence[bytes]) -> Standing | None:
        """Send a batch, once; `None` where nobody can say whether it arrived.

        A refusal that names a reason to wait is waited for: nothing was taken then.
        """
        body = b'{"requests":[' + b",".join(pieces) + b"]}"

        async def once() -> Standing | None:
            try:
                return read_batch(await self._within(self._client.put(_PATH, body)))
            except PassingError as passing:
                if passing.error.kind in _UNSURE:
                    return None
                raise

        return await self._patiently(once)

    async def standing(self, batch: str) -> Standing:
        """Say how far a batch is."""

        async def once() -> Standing:
            return read_batch(await self._within(self._client.get(path_of(batch))))

        return await self._patiently(once)

    async def results(self, standing: Standing) -> Iterator[tuple[str, Result]]:
        """Fetch what came of each request into a file, and read it from there.

        A file that holds fewer results than the batch has requests is fetched again, a few times.
        """
        for tries in range(1, self._bounds.downloads + 1):
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it to the end
            try:
                await self._patiently(partial(self._fetch, standing, file))
            except BaseException:
                file.close()
                raise
            file.seek(0)
            if tries == self._bounds.downloads or sum(1 for _ in lines(file)) >= standing.requests:
                break
            file.close()
        file.seek(0)
        return self._reader.results(file)

    async def _fetch(self, standing: Standing, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()
        most = (standing.requests + 1) * self._bounds.size
        fetching = self._client.download(f"{path_of(standing.id)}/results", file, most=most)
        await self._within(fetching, self._bounds.seconds)

    async def _page(self, query: str) -> tuple[list[Standing], bool]:
        return read_page(await self._within(self._client.get(_PATH + query)))

    async def _within(self, asking: Awaitable[T], seconds: float | None = None) -> T:
        """Await one attempt, but not for ever: the HTTP client's timeout is per read."""
        limit = seconds or self._policy.attempt_seconds
        try:
            async with asyncio.timeout(limit):
                return await asking
        except TimeoutError:
            raise PassingError(CallError("timeout", f"no whole answer within {limit:g} s")) from None

    async def _patiently(self, asking: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer, a failure for good, or no patience left."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self._policy.attempts) | stop_before_delay(self._policy.seconds),
            wait=self._wait,
            reraise=True,
        )
        try:
            found: T = await retrying(asking)
        except PassingError as passing:
            failure = passing.error
        else:
            return found
        words = f"{failure.message} (gave up after attempt {retrying.statistics['attempt_number']})"
        raise CallError(failure.kind, words, hint=failure.hint)

    def _wait(self, state: RetryCallState) -> float:
        policy, error = self._policy, state.outcome.exception() if state.outcome else None
        if isinstance(error, PassingError) and error.after is not None:
            seconds = min(error.after, policy.longest_retry_after)
        else:
            seconds = min(policy.first_wait * 2 ** (state.attempt_number - 1), policy.longest_wait)
        return seconds + random.uniform(0, policy.first_wait)  # noqa: S311 - not a secret
