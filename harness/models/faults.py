"""What a refused call means: the end of the run, the end of this call, or a moment's patience."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from harness.errors import AccessError, CallError

_LONGEST_MESSAGE = 500

_SPENT_CODES = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})
_HELD_CODES = frozenset({"organization_on_hold"})
# The API has no code for these 400s, only words: credit used up, a limit of one's own, a closed account.
_SPENT_WORDS = ("credit balance", "api usage limits", "spend limit", "spending limit")
_HELD_WORDS = ("organization has been disabled",)

_KINDS = {
    404: "not-found",
    408: "timeout",
    409: "conflict",
    413: "too-large",
    429: "rate-limit",
    504: "timeout",
    529: "overloaded",
}
_HINTS = {
    "not-found": "check the model's name and base_url in the eval file",
    "too-large": "shorten the prompt or the context of this case",
    "rate-limit": "lower concurrency in the eval file, or run again later; answers that arrived are kept",
    "overloaded": "run again later; answers that arrived are kept",
}


class PassingError(Exception):
    """One attempt failed in a way that the next one may not.

    `error` is what the call becomes if no attempt is left, `after` the seconds that the server asks to wait,
    `headers` those of the reply, if there was one.
    """

    def __init__(
        self, error: CallError, after: float | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after
        self.headers = headers or {}

    @property
    def refused(self) -> bool:
        """Whether it was a 429: the server is well, but asked too much."""
        return self.error.kind == "rate-limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A reply with an error status, taken apart; `message` is in the server's own words."""

    status: int
    type: str
    code: str
    message: str
    headers: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """Say the status, the API's name for it, its words and the request's id, on one line."""
        words = " ".join(self.message.split())
        words = words if len(words) <= _LONGEST_MESSAGE else f"{words[:_LONGEST_MESSAGE]} …"
        request = self.headers.get("request-id", "")
        name = " ".join(part for part in (str(self.status), self.type, self.code) if part)
        return f"{name}: {words or 'no message'}" + (f" (request {request})" if request else "")


def judged(reply: Refused, *, key_variable: str, now: float) -> AccessError | PassingError | CallError:
    """Decide what an error status means for the run; `now` is in seconds since 1970.

    The server's `x-should-retry` overrules the status, except where access is refused.
    """
    if hint := _access_hint(reply, key_variable):
        return AccessError(f"the API refused: {reply.sentence}", hint=hint)
    kind = _KINDS.get(reply.status, "server" if reply.status >= 500 else "bad-request")
    error = CallError(kind, reply.sentence, hint=_hint(reply, kind))
    passing = reply.status in {408, 409, 429} or reply.status >= 500
    asked = reply.headers.get("x-should-retry", "").lower()
    if asked == "true" or (passing and asked != "false"):
        return PassingError(error, retry_after(reply.headers, now=now), reply.headers)
    return error


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that the server asks to wait: milliseconds, seconds or an HTTP date; `None` if it does not."""
    waits = (
        _seconds(headers.get("retry-after-ms", ""), scale=0.001),
        _seconds(headers.get("retry-after", "")),
        _until(headers.get("retry-after", ""), now),
    )
    return next((wait for wait in waits if wait is not None and wait > 0), None)


def _access_hint(reply: Refused, key_variable: str) -> str:
    words = reply.message.lower() if reply.status in {400, 429} else ""
    if reply.status == 402 or reply.code in _SPENT_CODES or any(word in words for word in _SPENT_WORDS):
        return f"add credit or raise the limit in the API console, or put another key in {key_variable}"
    if reply.code in _HELD_CODES or any(word in words for word in _HELD_WORDS):
        return f"ask whoever owns the account, or put another organization's key in {key_variable}"
    if reply.status == 401:
        return f"put a valid key in the environment variable {key_variable}"
    if reply.status == 403:
        return f"the key in the environment variable {key_variable} may not do this; use one that may"
    return ""


def _hint(reply: Refused, kind: str) -> str:
    if 300 <= reply.status < 400:
        address = reply.headers.get("location", "the new address")
        return f"redirects are not followed; set base_url to {address}"
    return _HINTS.get(kind, "")


def _seconds(text: str, scale: float = 1.0) -> float | None:
    try:
        value = float(text) * scale
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _until(text: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except ValueError:
        return None
