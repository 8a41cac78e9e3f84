"""What a command has paid and may still have to: the sums behind the budget."""

from dataclasses import dataclass

from harness.planning.prices import Price
from harness.records.outcomes import Request, Usage

_ADDED_TOKENS = 500  # what the API adds to a prompt by itself, such as its words on structured output
_ROUNDING = 1e-9


@dataclass(slots=True)
class Ledger:
    """US dollars: spent by calls that were answered, held for calls in flight, and the ceiling over both.

    A call is let out only if it fits even at its upper bound, so that nothing that is in flight can pass the
    ceiling. `None` as a ceiling never ends; a bound of `None`, of a model without a known price, is
    not counted, because there is nothing to count.
    """

    ceiling: float | None = None
    spent: float = 0.0
    held: float = 0.0
    in_flight: int = 0

    @property
    def left(self) -> float | None:
        """What a call may cost now; `None` for any amount."""
        return None if self.ceiling is None else max(0.0, self.ceiling - self.spent - self.held)

    def fits(self, bound: float | None) -> bool:
        """Say whether a call that costs this much at most may start now."""
        left = self.left
        return left is None or bound is None or bound <= left + _ROUNDING

    def hold(self, bound: float | None) -> None:
        """Put the most a call can cost aside."""
        self.in_flight += 1
        self.held += bound or 0.0

    def settle(self, bound: float | None, cost: float | None) -> None:
        """Give back what was put aside, and count what the call did cost; `None` counts nothing."""
        self.in_flight -= 1
        self.held = self.held - (bound or 0.0) if self.in_flight else 0.0  # no rounding adds up
        self.spent += cost or 0.0


def bound(request: Request, price: Price) -> float:
    """The most that one answer to this request can cost, in US dollars.

    No tokenizer makes more tokens than there are bytes; all of them could be written to the cache, the
    dearest way to send them; and an answer, thinking included, ends at `max_tokens`.
    """
    texts = (request.system, *(part for message in request.messages for part in message.parts))
    size = sum(len(text.encode(errors="surrogatepass")) for text in texts)
    size += len(repr(request.schema)) if request.schema is not None else 0
    return price.cost(Usage(cache_write_tokens=size + _ADDED_TOKENS, output_tokens=request.max_tokens))
