"""The Anthropic SDK, which nothing else touches. Importing this module costs about two seconds."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx2
from anthropic import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    DefaultAsyncHttpxClient,
)

from harness.errors import CallError
from harness.models.faults import PassingError, Refused, judged
from harness.planning.model import API_VERSION

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}
)
_SHORTEST_SECRET = 8


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
        try:
            return await self._sdk.post("/v1/messages", body=dict(body), cast_to=httpx2.Response)
        except APIStatusError as error:
            failure = self._judged(error)
        except APITimeoutError:
            failure = PassingError(CallError("timeout", f"{self._base_url} did not answer in time"))
        except APIConnectionError as error:
            failure = PassingError(self._disconnected(error))
        raise failure  # here, outside the handlers, so that the SDK's exception is not kept as a context

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

    def _redacted(self, text: str) -> str:
        """Take the key out of words by others; gateways have been seen to repeat it."""
        return text.replace(self._key, "[key]") if len(self._key) >= _SHORTEST_SECRET else text
