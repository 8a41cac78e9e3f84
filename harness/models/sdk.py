"""The Anthropic SDK, which nothing else touches. Importing this module costs about two seconds."""

import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar, cast

import aiohttp
import httpx2
from anthropic import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    AsyncStream,
    DefaultAioHttpClient,
)

from harness.errors import CallError
from harness.models.faults import PassingError, Refused, judged
from harness.planning.model import API_VERSION

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PLAIN_HEADERS = ("accept", "accept-encoding", "user-agent")
_SHORTEST_SECRET = 8
_LONGEST_REPLY = 32 * 2**20  # bytes, unpacked; no answer comes near, and an endless one must end somewhere
_LONGEST_ERROR = 2**16  # bytes as sent; its first words are all that anyone reads


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with a status of success: its headers, and its whole body."""

    headers: Mapping[str, str]
    body: bytes


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
        self._headers = {
            "authorization": f"Bearer {key}",
            "anthropic-version": API_VERSION,
            "content-type": "application/json",
        }
        self._sdk = AsyncAnthropic(
            api_key=key,  # explicit, so that no profile, token or other variable is looked for
            base_url=base_url,
            max_retries=0,
            open_telemetry=False,
            http_client=_Http(
                limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
                timeout=httpx2.Timeout(seconds, connect=connect_seconds),
                follow_redirects=False,
                # A proxy from the environment is for the world outside.
                trust_env=not local,
                event_hooks={"request": [self._only_ours], "response": [_short_error]},
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

    async def post(self, body: bytes) -> Reply:
        """Send one request, once, and read the reply to its end.

        Raises AccessError, CallError, or PassingError where another attempt may help.
        """
        # Not `messages.create`: it warns of old models on every call, refuses a large max_tokens
        # without streaming, and accepts any JSON, even none, as a message.
        return await self._tried(self._asked(body))

    async def _asked(self, body: bytes) -> Reply:
        response = await self._sdk.post(
            "/v1/messages", content=body, cast_to=httpx2.Response, stream=True, stream_cls=None
        )
        return Reply(response.headers, await _whole(response))

    async def _only_ours(self, request: httpx2.Request) -> None:
        """Let nothing out that is not in the answer key: ANTHROPIC_CUSTOM_HEADERS adds keys and betas."""
        plain = {name: request.headers[name] for name in _PLAIN_HEADERS if name in request.headers}
        request.headers = httpx2.Headers({**plain, **self._headers})

    def _judged(self, error: APIStatusError) -> Exception:
        reply = Refused(
            status=error.status_code,
            type=str(error.type or ""),
            code=error.error_code or "",
            message=self._redacted(error.api_message or error.response.text),
            headers=error.response.headers,
        )
        return judged(reply, key_variable=self._key_variable, now=time.time())

    def _disconnected(self, cause: BaseException) -> CallError:
        words = f"{type(cause).__name__}: {cause}".removesuffix(": ")
        hint = f"check that {self._base_url} can be reached from here"
        return CallError("connection", self._redacted(words), hint=hint)

    async def put(self, path: str, content: bytes) -> bytes:
        """Post JSON that is written already; gives the reply's body, otherwise as `post`."""
        return await self._tried(
            self._read(
                self._sdk.post(path, content=content, cast_to=httpx2.Response, stream=True, stream_cls=None)
            )
        )

    async def get(self, path: str) -> bytes:
        """Get what is at a path below the base URL; otherwise as `put`."""
        return await self._tried(
            self._read(self._sdk.get(path, cast_to=httpx2.Response, stream=True, stream_cls=None))
        )

    async def _read(self, asking: Awaitable[httpx2.Response]) -> bytes:
        return await _whole(await asking)

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
        except (httpx2.HTTPError, aiohttp.ClientError) as error:  # not OSError: a full disk is none of theirs
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
        except (APITimeoutError, httpx2.TimeoutException):
            failure = PassingError(CallError("timeout", f"{self._base_url} did not answer in time"))
        except APIConnectionError as error:
            failure = PassingError(self._disconnected(error.__cause__ or error))
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            failure = PassingError(self._disconnected(error))
        raise failure  # here, outside the handlers, so that the SDK's exception is not kept as a context

    def _redacted(self, text: str) -> str:
        """Take the key out of words by others; gateways have been seen to repeat it."""
        return text.replace(self._key, "[key]") if len(self._key) >= _SHORTEST_SECRET else text


class _Http(DefaultAioHttpClient):
    """The SDK's client over aiohttp, without cookies: what one reply sets must not reach the next call."""

    def _init_transport(self, *arguments: Any, **options: Any) -> httpx2.AsyncBaseTransport:  # noqa: ANN401 - httpx2's own
        return _without_cookies(super()._init_transport(*arguments, **options))

    def _init_proxy_transport(self, *arguments: Any, **options: Any) -> httpx2.AsyncBaseTransport:  # noqa: ANN401 - httpx2's own
        return _without_cookies(super()._init_proxy_transport(*arguments, **options))


def _without_cookies(transport: Any) -> httpx2.AsyncBaseTransport:  # noqa: ANN401 - the SDK has no public name for it
    """Have the transport open a session that keeps no cookies; it is opened inside the running loop."""
    limits: httpx2.Limits = transport.limits

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limits.max_connections or 0,
            keepalive_timeout=limits.keepalive_expiry,
            ssl=transport.ssl_context,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    transport.client = session
    return transport  # type: ignore[no-any-return]  # it is one


class _Beginning(httpx2.AsyncByteStream):
    """The first bytes of a stream."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream, self._most = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for part in self._stream:
            yield part[:left]
            left -= len(part)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _short_error(response: httpx2.Response) -> None:
    """Cut the body of an error, which the SDK reads to its end, however far that is."""
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Beginning(response.stream, _LONGEST_ERROR)


async def _whole(response: httpx2.Response) -> bytes:
    """Read a body to its end, unpacked piece by piece, so that a small bomb cannot fill the memory."""
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > _LONGEST_REPLY:
                words = f"the reply is longer than {_LONGEST_REPLY // 2**20} MB"
                kind, hint = "too-large", "check base_url: no model answers at such length"
                raise CallError(kind, words, hint=hint)
    finally:
        await response.aclose()
    return bytes(body)
