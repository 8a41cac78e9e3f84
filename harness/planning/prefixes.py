"""What the API's prompt cache can do for a request: which of its beginnings it keeps, from which length on.

A beginning that is too short is never cached, silently; so nothing waits for it, and the plan says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.planning.prices import PriceTable
from harness.records.outcomes import Request

BREAKPOINTS = 4
"""Cache breakpoints that the API accepts in one request."""

CHARACTERS_PER_TOKEN = 3.0
"""English prose and code with today's tokenizers; errs to the dear side."""

USUAL_MINIMUM = 1024
"""Tokens; assumed where nobody has said from which length on a model caches."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a request up to a cache breakpoint; equal texts for one model have equal keys."""

    key: int
    characters: int


def prefixes(request: Request) -> Iterator[Prefix]:
    """Yield the beginnings that the API is asked to cache, the shortest first.

    They end after the system prompt and after every part of a message but its last, as `Message` says.
    """
    seen: list[str] = [request.model]
    characters, left = 0, BREAKPOINTS
    if request.system:
        seen.append(request.system)
        characters, left = len(request.system), left - 1
        yield Prefix(hash(tuple(seen)), characters)
    for message in request.messages:
        seen.append(message.role)
        for place, part in enumerate(message.parts, start=1):
            seen.append(part)
            characters += len(part)
            if place < len(message.parts) and left:
                left -= 1
                yield Prefix(hash(tuple(seen)), characters)


def minimum(prices: PriceTable, model: str) -> int:
    """Tokens that a beginning must have for this model to cache it."""
    return prices.cache_minimum(model) or USUAL_MINIMUM


def too_short(prices: PriceTable, model: str, tokens: float) -> str:
    """Say why a beginning of so many tokens is not cached; empty when it is."""
    least = minimum(prices, model)
    if tokens >= least:
        return ""
    known = "caches" if prices.cache_minimum(model) else "is taken to cache"
    return f"about {tokens:,.0f} tokens are too few to cache: {model} {known} from {least:,} on"
