"""One call goes ahead for each prefix that the API caches; those that share it wait, and then read the cache.

Calls that start together find nothing cached and each pay for writing the same prefix. So the first of them
leads, and the others wait until it is answered, but not for long: the cache can be read as soon as an answer
begins, which nobody can see from outside, and a long answer should not hold up a run.
"""

import asyncio
from dataclasses import dataclass

from harness.planning.model import Model
from harness.planning.prefixes import CHARACTERS_PER_TOKEN, Prefix, minimum, prefixes
from harness.planning.prices import PriceTable
from harness.records.outcomes import Answer, Request

PATIENCE = 5.0
"""Seconds that a call waits for its leader at most; a prompt of any size begins to be answered before."""

_REMEMBERED = 10_000  # prefixes; those of early answers are not asked about again


class Leaders:
    """Who goes ahead for each cacheable prefix of one account, whatever model is asked there.

    Never waits for a prefix that is too short to be cached, nor for one that the server, asked once, has not
    cached: not every server that speaks the Messages API does.
    """

    def __init__(self, prices: PriceTable, *, patience: float = PATIENCE) -> None:
        self._prices = prices
        self._patience = patience
        self._readable: dict[int, asyncio.Event] = {}
        self._least: dict[str, int] = {}

    def of(self, model: Model) -> Model:
        """Give this model with its calls in that order; one that waits for its leader is not yet begun."""
        return _Led(model, self)

    async def asked(self, model: Model, request: Request) -> Answer:
        """Ask the model, after the leader of each prefix that this request shares with others."""
        led = [prefix for prefix in self._cacheable(request) if await self._leads(prefix)]
        answered = False
        try:
            answer = await model.answer(request)
            answered = True
        finally:
            for prefix in led:
                self._over(prefix, readable=answered)
        if led and not (answer.usage.cache_read_tokens or answer.usage.cache_write_tokens):
            self._least[request.model] = max(self._shortest(request.model), led[-1].characters + 1)
        return answer

    def _cacheable(self, request: Request) -> list[Prefix]:
        shortest = self._shortest(request.model)
        return [prefix for prefix in prefixes(request) if prefix.characters >= shortest]

    def _shortest(self, model: str) -> int:
        """Characters from which on this model caches, as far as is known by now."""
        if model not in self._least:
            self._least[model] = int(CHARACTERS_PER_TOKEN * minimum(self._prices, model))
        return self._least[model]

    async def _leads(self, prefix: Prefix) -> bool:
        """Whether this call goes ahead; when not, the one that does has been waited for."""
        while (readable := self._readable.get(prefix.key)) is not None:
            if readable.is_set():
                return False
            try:
                async with asyncio.timeout(self._patience):
                    await readable.wait()
            except TimeoutError:
                return False
        self._readable[prefix.key] = asyncio.Event()
        return True

    def _over(self, prefix: Prefix, *, readable: bool) -> None:
        """Let the others go; after a call that failed, the first of them leads."""
        event = self._readable.get(prefix.key)
        if event is None:
            return
        event.set()
        if not readable:
            del self._readable[prefix.key]
        if len(self._readable) > _REMEMBERED:
            del self._readable[next(iter(self._readable))]


@dataclass(frozen=True, slots=True)
class _Led:
    """A model whose calls wait for the leaders of their prefixes."""

    model: Model
    leaders: Leaders

    async def answer(self, request: Request) -> Answer:
        return await self.leaders.asked(self.model, request)
