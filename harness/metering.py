"""Meters the calls of a command: none starts that could pass the budget, and none is forgotten."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.errors import UnaffordableError
from harness.planning.ledger import Ledger
from harness.planning.model import Model
from harness.records.outcomes import Answer, Request

Paid = Callable[[float | None], None]
"""Hears what a call cost as soon as its reply is there, whatever becomes of the reply."""


@dataclass(slots=True)
class Purse:
    """One ledger for all who spend from it, agent and judge alike, and a place to wait for change."""

    ledger: Ledger
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, bound: float | None) -> None:
        """Wait until a call fits; raises UnaffordableError when it does not even with none in flight."""
        while not self.ledger.fits(bound):
            if not self.ledger.in_flight:
                left = self.ledger.left or 0.0
                msg = f"it could cost up to ${bound or 0.0:.4f}, and ${left:.4f} of the budget is left"
                raise UnaffordableError(msg)
            await self._settled.wait()
        self.ledger.hold(bound)

    def settle(self, bound: float | None, cost: float | None) -> None:
        """Count what a call cost and let those who wait look again."""
        self.ledger.settle(bound, cost)
        self._settled.set()
        self._settled = asyncio.Event()


@dataclass(frozen=True, slots=True)
class Metered:
    """A model whose every call is weighed before it starts and counted when it is answered."""

    model: Model
    purse: Purse
    bound: Callable[[Request], float | None]
    paid: Paid

    async def answer(self, request: Request) -> Answer:
        """Ask if the budget allows it; raises what the model raises, and UnaffordableError."""
        bound = self.bound(request)
        await self.purse.hold(bound)
        cost: float | None = 0.0
        try:
            answer = await self.model.answer(request)
            cost = answer.cost
        finally:
            self.purse.settle(bound, cost)
        self.paid(cost)
        return answer
