"""What calls cost: a dated table of prices in US dollars per million tokens."""

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from harness.records.outcomes import Usage
from harness.records.record import Record, refuse

_PER = 1_000_000

BATCH_SHARE = 0.5
"""What a request in a batch costs of its price: half, for tokens of every kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates(Record):
    """US dollars per million tokens.

    `cache_write` is for the five-minute cache, the only one the harness asks for; `cache_write_1h` is kept
    so that a table can be held against the published one.
    """

    input: float
    output: float
    cache_write: float
    cache_write_1h: float
    cache_read: float

    def __post_init__(self) -> None:
        """Refuse a rate that is not an amount of money."""
        for name in ("input", "output", "cache_write", "cache_write_1h", "cache_read"):
            rate = getattr(self, name)
            if not math.isfinite(rate) or rate < 0:
                refuse(f"{name} must be 0 or more US dollars, got {rate}")

    def cost(self, usage: Usage) -> float:
        """US dollars for these tokens."""
        return (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_read_tokens * self.cache_read
        ) / _PER


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPrompt(Record):
    """Rates for every token of a request, output included, whose prompt is longer than `above` tokens."""

    above: int
    rates: Rates

    def __post_init__(self) -> None:
        """Refuse a bound that every prompt is above."""
        if self.above < 1:
            refuse(f"above must be at least 1 token, got {self.above}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Record):
    """What a model costs from the day `since` until the day before `until`; left out, without end."""

    model: str
    aliases: tuple[str, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    rates: Rates
    long_prompt: LongPrompt | None = None
    cache_minimum: int | None = None
    """Tokens that the beginning of a prompt must have to be cached; left out where nobody has said."""

    def __post_init__(self) -> None:
        """Refuse a period that holds no day."""
        if self.first >= self.end:
            refuse(f"until must be later than since, got {self.until} after {self.since}")

    @property
    def first(self) -> dt.date:
        """The first day of the price."""
        return self.since or dt.date.min

    @property
    def end(self) -> dt.date:
        """The first day on which the price holds no more."""
        return self.until or dt.date.max

    def cost(self, usage: Usage) -> float:
        """US dollars of one request; the tier is chosen by its whole prompt, cached or not."""
        long = self.long_prompt
        return long.rates.cost(usage) if long and usage.prompt_tokens > long.above else self.rates.cost(usage)

    def saved(self, usage: Usage) -> float:
        """US dollars that the prompt cache took off one request; negative where it was only written."""
        uncached = Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.output_tokens)
        return self.cost(uncached) - self.cost(usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable(Record):
    """All known prices; `version` is the day on which they were last looked up."""

    version: dt.date
    prices: tuple[Price, ...]

    def __post_init__(self) -> None:
        """Refuse two prices for one model on one day."""
        by_name: dict[str, list[Price]] = defaultdict(list)
        for price in self.prices:
            for name in (price.model, *price.aliases):
                by_name[name].append(price)
        for name, prices in by_name.items():
            for earlier, later in pairwise(sorted(prices, key=lambda price: price.first)):
                if later.first < earlier.end:
                    refuse(f"{name} has two prices on {later.first}; end one with until")

    def cost(self, model: str, usage: Usage, on: dt.date, *, batch: bool = False) -> float | None:
        """US dollars of one request on that day; `None`, never 0, for a model without a known price.

        Pass the usage of one request: a sum over many would be taken for one long prompt. `batch`: it came
        by Message Batches.
        """
        price = self.price(model, on)
        return None if price is None else price.cost(usage) * (BATCH_SHARE if batch else 1.0)

    def saved(self, model: str, usage: Usage, on: dt.date) -> float | None:
        """US dollars that the prompt cache took off one request; `None` where no price is known."""
        price = self.price(model, on)
        return None if price is None else price.saved(usage)

    def cache_minimum(self, model: str) -> int | None:
        """Tokens from which on a model caches the beginning of a prompt; `None` where that is not known."""
        known = (price.cache_minimum for price in self.prices if model in (price.model, *price.aliases))
        return next((each for each in known if each is not None), None)

    def price(self, model: str, on: dt.date) -> Price | None:
        """The price of a model, by its name or an alias, on that day."""
        for price in self.prices:
            if model in (price.model, *price.aliases) and price.first <= on < price.end:
                return price
        return None
