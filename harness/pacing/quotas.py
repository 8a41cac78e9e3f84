"""What a server's headers say of its limits: `anthropic-ratelimit-*`, and how long until each is whole."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal, get_args

Kind = Literal["requests", "input-tokens", "output-tokens"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_MOST = 10**12  # a figure above it is no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One limit per minute: what is left of it, and the seconds until all of it is there again."""

    kind: Kind
    limit: int
    remaining: int
    reset: float


def quotas(headers: Mapping[str, str], *, now: float) -> tuple[Quota, ...]:
    """Read the limits that a reply tells; what cannot be read is left out. `now`: seconds since 1970.

    Where the reply has a `date`, that is the clock its resets are read by, so that ours may be wrong.
    """
    return tuple(_quotas(headers, now))


def _quotas(headers: Mapping[str, str], now: float) -> Iterator[Quota]:
    for kind in KINDS:
        name = f"anthropic-ratelimit-{kind}"
        limit = _count(headers.get(f"{name}-limit", ""))
        remaining = _count(headers.get(f"{name}-remaining", ""))
        if limit and remaining is not None:
            reset = _until(headers.get(f"{name}-reset", ""), headers.get("date", ""), now)
            yield Quota(kind=kind, limit=limit, remaining=remaining, reset=reset)


def _count(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST))):
        return None
    return int(text)


def _until(reset: str, date: str, now: float) -> float:
    try:
        moment = dt.datetime.fromisoformat(reset)
        begun = parsedate_to_datetime(date).timestamp() if date else now
    except ValueError:
        return 0.0
    return max(0.0, moment.timestamp() - begun) if moment.tzinfo else 0.0
