"""The umpire: asks a model which of two answers is better, and keeps what it says of each order."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harness.errors import CallError, HarnessError, UnaffordableError
from harness.grading.judging import UnreadableError
from harness.grading.preferring import TRIES, Shown, paid_with, preference_request, read_preference, unusable
from harness.planning.duels import Ask, Rack
from harness.planning.model import Model
from harness.records.inputs import Pairwise
from harness.records.preferences import Preference
from harness.runner import Desk, first_of

Keep = Callable[[str, Preference], None]
"""Takes a preference in under its key; it is on disk when the desk's next `committed` ends."""


@dataclass(frozen=True, slots=True)
class Umpire:
    """Prefers with a model. `secret` is the run's: nonces come from it and stay unguessable."""

    model: Model
    pairwise: Pairwise
    api_version: str
    secret: bytes

    async def prefer(self, shown: Shown) -> Preference:
        """Ask about one order, once more if the reply cannot be used; raises CallError."""
        replies = []
        fault = ""
        for _ in range(TRIES):
            request = preference_request(self.pairwise, self.api_version, shown, self._nonce(shown), fault)
            replies.append(await self.model.answer(request))
            try:
                return paid_with(read_preference(replies[-1], shown), replies)
            except UnreadableError as error:
                fault = str(error)
        return paid_with(unusable(fault), replies)

    def _nonce(self, shown: Shown) -> str:
        """Derive the code of the markers; it tells neither the order nor whose answer is which."""
        both = b"\0".join(sorted((shown.first.encode(), shown.second.encode())))
        return hmac.new(self.secret, both, hashlib.sha256).hexdigest()[:16]


@dataclass(slots=True)
class Settled:
    """What came of asking: preferences made, calls not made for want of money, calls that failed and why."""

    made: int = 0
    left: int = 0
    failed: int = 0
    why: str = ""

    def __add__(self, other: "Settled") -> "Settled":
        """Sum up; the first reason stands."""
        return Settled(
            made=self.made + other.made,
            left=self.left + other.left,
            failed=self.failed + other.failed,
            why=self.why or other.why,
        )


@dataclass(frozen=True, slots=True)
class Table:
    """What asking takes: the umpire, what is stored, where work is claimed, how much is in hand at once."""

    umpire: Umpire
    rack: Rack
    desk: Desk
    keep: Keep
    hands: int


async def settle(asks: Mapping[str, Ask], table: Table) -> Settled:
    """Ask all of this; what another run is asking is waited for.

    A call that fails for good stays unasked, for the next command. Ends with the first HarnessError.
    """
    settled, open_ = Settled(), dict(asks)
    while open_:
        elsewhere = dict(await _round(iter(open_.items()), table, settled))
        if elsewhere:
            await table.desk.pause()
        stored = table.rack.preferences(list(elsewhere))
        open_ = {key: ask for key, ask in elsewhere.items() if key not in stored}
    await table.desk.committed()
    return settled


async def _round(work: Iterator[tuple[str, Ask]], table: Table, settled: Settled) -> list[tuple[str, Ask]]:
    """Go through the work once; return what others are asking."""
    elsewhere: list[tuple[str, Ask]] = []

    async def worker() -> None:
        for key, ask in work:
            taken = await table.desk.take([key])
            if taken.elsewhere:
                elsewhere.append((key, ask))
            elif key in taken.ours and not await _asked(key, ask, table, settled):
                table.desk.drop([key])

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(table.hands):
                group.create_task(worker())
    except* HarnessError as ended:
        raise first_of(ended) from None
    return elsewhere


async def _asked(key: str, ask: Ask, table: Table, settled: Settled) -> bool:
    try:
        table.keep(key, await table.umpire.prefer(ask.shown))
    except UnaffordableError:
        settled.left += 1
    except CallError as error:
        settled.failed += 1
        settled.why = settled.why or error.message
    else:
        settled.made += 1
        return True
    return False
