"""What a batched run is handed: who takes batches, where they are written down, who hears of them."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.batching.allowance import Allowance
from harness.planning.batches import LIMITS, Item, Limits, Patience, Posting, Result, Standing
from harness.records.outcomes import Answer, Request, Usage, Verdict

Verdicts = tuple[tuple[str, Verdict], ...]
"""Verdicts of one call, each with its key."""

Account = tuple[str, str]
"""Base URL, and the name of the variable that holds the key."""


class Office(Protocol):
    """Takes batches and gives their results; raises CallError once its own patience has run out."""

    async def newest(self) -> str:
        """Name the newest batch of the account; empty where it never had one."""

    async def since(self, mark: str) -> Sequence[Standing]:
        """Give the batches that are newer than that one, the newest first; all of them where it is empty."""

    async def create(self, pieces: Sequence[bytes]) -> Standing | None:
        """Send a batch, once; `None` where nobody can say whether it arrived."""

    async def standing(self, batch: str) -> Standing:
        """Say how far a batch is."""

    async def results(self, standing: Standing) -> Iterable[tuple[str, Result]]:
        """Give what came of each request of a batch that has ended, by its id there, in any order."""


class Register(Protocol):
    """Where batches and their items are written down, so that no crash loses one."""

    def tidy(self, *, at: str) -> None:
        """Forget items whose results are kept already."""

    def note(self, posting: Posting, items: Sequence[Item]) -> frozenset[str]:
        """Put down that these are about to be sent; give the keys that are this batch's now."""

    def sent(self, name: str, api_id: str) -> None:
        """Put down the API's id of a batch."""

    def disown(self, posting: Posting) -> None:
        """Put down that the batch taken for this one is somebody else's."""

    def settle(self, name: str, *, at: str) -> None:
        """Put down that a batch is over; items still in it wait for the next one."""

    def find(self, keys: Sequence[str]) -> Mapping[str, str | Item]:
        """Say which keys are in a batch, by its name, and which wait for the next one, as items."""

    def posting(self, name: str) -> Posting:
        """Return a batch by its name here."""

    def known(self) -> frozenset[str]:
        """Return the API's ids of all batches that were ever sent."""

    def items(self, name: str, custom_ids: Sequence[str] | None = None) -> Mapping[str, Item]:
        """Return the items of a batch by their ids there."""

    def close(self, over: Sequence[Item], back: Sequence[Item]) -> None:
        """Forget items that are over; let others wait for a batch."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch is on its way and needs nobody here to go on. `again`: an earlier run sent it."""

    posting: Posting
    again: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """All batches were looked at and none has ended; the next look is in `seconds`."""

    standings: tuple[Standing, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A batch has ended: `kept` results, `again` requests for another batch, and those that `failed`."""

    posting: Posting
    kept: int
    again: int
    failed: int


News = Sent | Waited | Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a batched run works with.

    `encode` writes one request of a batch as it is sent; `keep` has stored a result when it returns; `cost`
    is in US dollars, and `paid` writes down that a reply cost it; `name` gives a batch a name that no other
    has.
    """

    register: Register
    office: Callable[[Account], Awaitable[Office]]
    encode: Callable[[str, Request], bytes]
    answers: Callable[[Sequence[str]], Mapping[str, Answer]]
    keep: Callable[[Item, Answer | Verdicts], None]
    cost: Callable[[str, Usage], float | None]
    paid: Callable[[Item, float | None], None]
    clock: Callable[[], dt.datetime]
    name: Callable[[], str]
    tell: Callable[[News], None]
    patience: Patience = field(default_factory=Patience)
    limits: Limits = LIMITS
    allowance: Allowance = field(default_factory=Allowance)

    def at(self) -> str:
        """Say what time it is, as the store writes it."""
        return self.clock().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def age(self, posting: Posting) -> dt.timedelta:
        """Say how long ago a batch was written down; never less than nothing, whatever the clock did."""
        return max(self.clock() - dt.datetime.fromisoformat(posting.created_at), dt.timedelta())
