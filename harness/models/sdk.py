"""The Anthropic SDK, which nothing else touches. Importing this module costs about two seconds."""

import time
from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import BinaryIO, Self, TypeVar, cast

import httpx2
from anthropic import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    AsyncStream,
    DefaultAsyncHttpxClient,
    RequestOptions,
)

from harness.errors import CallError
from harness.models.faults import PassingError, Refused, judged
from harness.planning.model import API_VERSION

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}
)
_SHORTEST_SECRET = 8

T = TypeVar("T")


class Client:
    """One HTTP client with one key: posts a body, gives the raw reply, and turns every fault into ours.

    No exception of the SDK leaves this class, not even as a context: each holds the request, and so the key.
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: str,
        key_variable: str,
        connections: int,
        seconds: float,
        connect_seconds: float,
    ) -> None:
        self._key = key
        self._key_variable = key_variable
        self._base_url = base_url
        local = httpx2.URL(base_url).host in _LOCAL
        # A proxy from the environment is for the world outside; the SDK would use it for 127.0.0.1 too.
        http = httpx2.AsyncClient if local else DefaultAsyncHttpxClient
        self._sdk = AsyncAnthropic(
            api_key=key,  # explicit, so that no profile, token or other variable is looked for
            base_url=base_url,
            max_retries=0,
            open_telemetry=False,
            http_client=http(
                limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
                timeout=httpx2.Timeout(seconds, connect=connect_seconds),
                follow_redirects=False,
                trust_env=not local,
                event_hooks={"request": [self._only_ours]},
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._sdk.close()

    async def post(self, body: Mapping[str, object]) -> httpx2.Response:
        """Send one request, once; the reply has a status of success but has not been read.

        Raises AccessError, CallError, or PassingError where another attempt may help.
        """
        # Not `messages.create`: it warns of old models on every call, refuses a large max_tokens
        # without streaming, and accepts any JSON, even none, as a message.
        asking = self._sdk.post("/v1/messages", body=dict(body), cast_to=httpx2.Response)
        return await self._tried(asking)

    async def _only_ours(self, request: httpx2.Request) -> None:
        """Let nothing out that is not in the answer key: ANTHROPIC_CUSTOM_HEADERS adds keys and betas."""
        for name in set(request.headers) - _PLAIN_HEADERS:
            del request.headers[name]
        request.headers["authorization"] = f"Bearer {self._key}"
        request.headers["anthropic-version"] = API_VERSION

    def _judged(self, error: APIStatusError) -> Exception:
        reply = Refused(
            status=error.status_code,
            type=str(error.type or ""),
            code=error.error_code or "",
            message=self._redacted(error.api_message or error.response.text),
            headers=error.response.headers,
        )
        return judged(reply, key_variable=self._key_variable, now=time.time())

    def _disconnected(self, error: APIConnectionError) -> CallError:
        cause = error.__cause__ or error
        words = f"{type(cause).__name__}: {cause}".removesuffix(": ")
        hint = f"check that {self._base_url} can be reached from here"
        return CallError("connection", self._redacted(words), hint=hint)

    async def put(self, path: str, content: bytes) -> bytes:
        """Post JSON that is written already; gives the reply's body, otherwise as `post`."""
        options = RequestOptions(headers={"content-type": "application/json"})
        asking = self._sdk.post(path, content=content, cast_to=httpx2.Response, options=options)
        return (await self._tried(asking)).content

    async def get(self, path: str) -> bytes:
        """Get what is at a path below the base URL; otherwise as `put`."""
        return (await self._tried(self._sdk.get(path, cast_to=httpx2.Response))).content

    async def download(self, path: str, into: BinaryIO, *, most: int) -> None:
        """Write what is at a path into a file as it arrives, at most that many bytes; otherwise as `get`."""
        asking = self._sdk.get(path, cast_to=httpx2.Response, stream=True, stream_cls=AsyncStream[object])
        # With this `cast_to` the SDK hands over the response itself, unread, whatever its types say.
        response = cast("httpx2.Response", await self._tried(asking))
        left = most
        failure: CallError | PassingError | None = None
        try:
            async for piece in response.aiter_bytes():
                left -= len(piece)
                if left < 0:
                    failure = CallError("too-large", f"{self._base_url} sent more than {most:,} bytes")
                    break
                into.write(piece)
        except httpx2.HTTPError as error:
            words = f"{type(error).__name__}: {error}".removesuffix(": ")
            failure = PassingError(CallError("connection", f"cut off: {self._redacted(words)}"))
        finally:
            await response.aclose()
        if failure is not None:
            raise failure

    def redacted(self, text: str) -> str:
        """Take the key out of words by others, for whoever reads them elsewhere."""
        return self._redacted(text)

    async def _tried(self, asking: Awaitable[T]) -> T:
        """Await one request; raises as `post` does."""
        try:
            return await asking
        except APIStatusError as error:
            failure = self._judged(error)
        except APITimeoutError:
            failure = PassingError(CallError("timeout", f"{self._base_url} did not answer in time"))
        except APIConnectionError as error:
            failure = PassingError(self._disconnected(error))
        raise failure  # here, outside the handlers, so that the SDK's exception is not kept as a context

    def _redacted(self, text: str) -> str:
        """Take the key out of words by others; gateways have been seen to repeat it."""
        return text.replace(self._key, "[key]") if len(self._key) >= _SHORTEST_SECRET else text
