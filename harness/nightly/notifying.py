"""Tell a webhook that the state of an eval changed: JSON that Slack and those like it show as text.

The address is a secret, because whoever knows it can post: no error repeats more of it than its host.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from harness.errors import HarnessError, InputError
from harness.records.nights import NightResult

VARIABLE = "HARNESS_WEBHOOK"
"""The environment variable that holds the address."""

_SECONDS = 10.0
_TRIES = 4
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})


class NotifyError(HarnessError):
    """Whoever was to be woken could not be told."""

    exit_code = 5


def due(result: NightResult, nights: Sequence[NightResult], code: int) -> bool:
    """Say whether there is news: another state than whoever is woken last heard of; silence means it holds.

    `code` is what the night counts as, once an inconclusive one may be allowed.
    """
    heard = [night.told for night in nights if night.told and night.at <= result.at]
    return str(code) != (heard[-1] if heard else "0")


def address(url: str) -> SplitResult:
    """Check the webhook's address; InputError unless it is https, or http to this machine."""
    try:
        found = urlsplit(url)
        host = found.hostname or ""
        fine = found.scheme == "https" or (found.scheme == "http" and host in _LOOPBACK)
    except ValueError:
        fine, host = False, ""
    if not (fine and host):
        msg = f"{VARIABLE} must be an https address (http only to this machine)"
        raise InputError(msg, hint="its value is a secret and is not shown here")
    return found


def post(url: str, body: Mapping[str, object], *, pause: float = 1.0) -> None:
    """Send the news, four times at most, with growing pauses from `pause` seconds on.

    Redirects are refused. Raises NotifyError when the webhook did not take it, InputError when the address is
    not fit.
    """
    import tenacity  # noqa: PLC0415 - only where there is news

    host = address(url).hostname
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(_TRIES),
        wait=tenacity.wait_exponential(multiplier=pause, max=30),
        retry=tenacity.retry_if_exception_type(_TryAgainError),
        reraise=True,
    )
    try:
        retrying(_send, url, json.dumps(body, ensure_ascii=False).encode())
    except (_TryAgainError, _RefusedError) as error:
        msg = f"the webhook at {host} was not told: {error}"
        raise NotifyError(msg, hint="the next run of this night or the next night tries again") from None


class _TryAgainError(Exception):
    pass


class _RefusedError(Exception):
    pass


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is secret goes where it was meant to go and nowhere else."""

    def redirect_request(self, *_arguments: Any) -> None:  # noqa: ANN401 - the library's own signature
        return None


def _send(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - the scheme was checked
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=_SECONDS) as reply:
            reply.read(1)
    except urllib.error.HTTPError as error:
        error.close()
        kind = _TryAgainError if error.code in _AGAIN else _RefusedError
        words = f"it answered {error.code}"
        raise kind(words) from None
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        words = f"it cannot be reached ({type(reason).__name__})"
        raise _TryAgainError(words) from None
