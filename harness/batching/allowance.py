"""What the batches of one command may cost together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from harness.planning.batches import Item
from harness.planning.ledger import Ledger


def _unknown(_: Item) -> float | None:
    return None


@dataclass(slots=True)
class Allowance:
    """Lets requests into a batch as long as what was spent, and what all in flight is likely to cost, fits.

    `likely` is in US dollars, `None` where it is not known. It is the plan's estimate of the call and not, as
    where calls go one by one, the most that it can cost: a batch is in flight as a whole, and most runs
    that cost less than their budget could not be sent at once by that measure. So the ceiling can be
    passed by what one round of batches costs beyond its estimate, and never by more.
    """

    ledger: Ledger = field(default_factory=Ledger)
    likely: Callable[[Item], float | None] = _unknown
    _held: dict[str, float | None] = field(default_factory=dict)

    def allows(self, item: Item) -> bool:
        """Hold what a request is likely to cost; whether there is room for it."""
        if item.key in self._held:
            return True
        cost = self.likely(item)
        if not self.ledger.fits(cost):
            return False
        self.ledger.hold(cost)
        self._held[item.key] = cost
        return True

    def settled(self, item: Item, cost: float | None) -> None:
        """Count what a request did cost; one that an earlier command sent was within that one's budget."""
        if item.key in self._held:
            self.ledger.settle(self._held.pop(item.key), cost)

    def keep(self, keys: Iterable[str]) -> None:
        """Give back what is held for all but these: another run has fetched their results."""
        for key in self._held.keys() - set(keys):
            self.ledger.settle(self._held.pop(key), 0.0)
