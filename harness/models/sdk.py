"""Requests to the Messages API through the Anthropic SDK's HTTP client, and faults in our own words."""

import json
import logging
import time
from collections.abc import AsyncIterable, Awaitable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import aiohttp
import httpx2

from harness.errors import CallError
from harness.models.faults import PassingError, Refused, judged
from harness.models.transport import Http
from harness.planning.model import API_VERSION

_LOG = logging.getLogger("harness.calls")  # what a request was about, never what it said
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PLAIN_HEADERS = ("accept", "accept-encoding", "user-agent")
_TOLD = ("request-id", "retry-after", "x-should-retry", "anthropic-ratelimit-")  # headers worth a line
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
        self._messages = self._url("/v1/messages")
        timeout = httpx2.Timeout(seconds, connect=connect_seconds)
        self._timeout = timeout.as_dict()
        # Of the SDK its HTTP client alone: building a request by its models costs twice what sending it does
        # (`make profile`), and `messages.create` warns of old models on every call, refuses a large
        # max_tokens without streaming, adds the headers of ANTHROPIC_CUSTOM_HEADERS, and takes any JSON.
        # A proxy from the environment is for the world outside.
        self._http = Http(connections=connections, timeout=timeout, trust_env=not local)
        plain = {name: self._http.headers[name] for name in _PLAIN_HEADERS}
        ours = {"authorization": f"Bearer {key}", "anthropic-version": API_VERSION}
        self._headers = httpx2.Headers({**plain, **ours, "content-type": "application/json"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def post(self, body: bytes) -> Reply:
        """Send one request, once, and read the reply to its end.

        Raises AccessError, CallError, or PassingError where another attempt may help.
        """
        return await self._tried(self._reply(body))

    async def put(self, path: str, content: bytes) -> bytes:
        """Post JSON that is written already; gives the reply's body, otherwise as `post`."""
        return await self._tried(self._read("POST", path, content))

    async def get(self, path: str) -> bytes:
        """Get what is at a path below the base URL; otherwise as `put`."""
        return await self._tried(self._read("GET", path))

    async def download(self, path: str, into: BinaryIO, *, most: int) -> None:
        """Write what is at a path into a file as it arrives, at most that many bytes; otherwise as `get`."""
        response = await self._tried(self._opened("GET", self._url(path)))
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

    async def _reply(self, body: bytes) -> Reply:
        response = await self._opened("POST", self._messages, body)
        return Reply(_plain(response.headers), await _whole(response))

    async def _read(self, method: str, path: str, content: bytes = b"") -> bytes:
        return await _whole(await self._opened(method, self._url(path), content))

    async def _opened(self, method: str, url: httpx2.URL, content: bytes = b"") -> httpx2.Response:
        """Send a request and give its reply with the body unread; a refusal is raised."""
        # Not the client's `build_request`, nor `content=`: working out headers that are always the same, or
        # that the transport sets anyhow, costs as much as sending.
        request = httpx2.Request(
            method,
            url,
            headers=self._headers,
            stream=httpx2.ByteStream(content),
            extensions={"timeout": self._timeout},
        )
        request.read()
        begun = time.monotonic()
        response = await self._http.exchange(request)
        if _LOG.isEnabledFor(logging.DEBUG):
            _note(request, response, time.monotonic() - begun)
        if response.is_success:
            return response
        raise self._judged(response, await _beginning(response))

    async def _tried(self, asking: Awaitable[T]) -> T:
        """Await one request; raises as `post` does."""
        try:
            return await asking
        except httpx2.TimeoutException:
            failure = PassingError(CallError("timeout", f"{self._base_url} did not answer in time"))
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            failure = PassingError(self._disconnected(error.__cause__ or error))
        _LOG.debug("no reply: %s: %s", failure.error.kind, failure.error.message)
        raise failure  # here, outside the handlers, so that none that holds the request is kept as a context

    def _url(self, path: str) -> httpx2.URL:
        return httpx2.URL(self._base_url.rstrip("/") + path)

    def _judged(self, response: httpx2.Response, body: bytes) -> Exception:
        told = _error(body)
        details = told.get("details")
        code = details.get("error_code") if isinstance(details, dict) else None
        message = told.get("message")
        reply = Refused(
            status=response.status_code,
            type=_word(told.get("type")),
            code=_word(code),
            message=self._redacted(_word(message) or body.decode(errors="replace")),
            headers=response.headers,
        )
        return judged(reply, key_variable=self._key_variable, now=time.time())

    def _disconnected(self, cause: BaseException) -> CallError:
        words = f"{type(cause).__name__}: {cause}".removesuffix(": ")
        hint = f"check that {self._base_url} can be reached from here"
        return CallError("connection", self._redacted(words), hint=hint)

    def _redacted(self, text: str) -> str:
        """Take the key out of words by others; gateways have been seen to repeat it."""
        return text.replace(self._key, "[key]") if len(self._key) >= _SHORTEST_SECRET else text


def _plain(headers: httpx2.Headers) -> Mapping[str, str]:
    """Give headers as a dictionary, names in small letters: theirs works the encoding out at each look."""
    return {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers.raw}


def _note(request: httpx2.Request, response: httpx2.Response, seconds: float) -> None:
    """Put down that a server replied: where, how and when; neither body nor key."""
    asked = f"{request.method} {request.url.path}, {len(request.content)} bytes"
    told = {name: value for name, value in response.headers.items() if name.startswith(_TOLD)}
    _LOG.debug("%s: %d after %.3f s %s", asked, response.status_code, seconds, json.dumps(told))


async def _beginning(response: httpx2.Response) -> bytes:
    """Read the body of an error, but no more of it than anyone reads."""
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) >= _LONGEST_ERROR:
                break
    finally:
        await response.aclose()
    return bytes(body[:_LONGEST_ERROR])


def _error(body: bytes) -> Mapping[str, object]:
    """Take the API's own words out of the body of an error; nothing where others wrote it."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    found = told.get("error") if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


async def _whole(response: httpx2.Response) -> bytes:
    """Read a body to its end, unpacked piece by piece, so that a small bomb cannot fill the memory."""
    body = bytearray()
    try:
        async for part in _parts(response):
            body += part
            if len(body) > _LONGEST_REPLY:
                words = f"the reply is longer than {_LONGEST_REPLY // 2**20} MB"
                kind, hint = "too-large", "check base_url: no model answers at such length"
                raise CallError(kind, words, hint=hint)
    finally:
        await response.aclose()
    return bytes(body)


def _parts(response: httpx2.Response) -> AsyncIterable[bytes]:
    """Give the pieces of a body as they come, unpacked where they are packed."""
    stream = response.stream
    if isinstance(stream, httpx2.AsyncByteStream) and "content-encoding" not in response.headers:
        return stream
    return response.aiter_bytes()
