"""The price table that ships with the package."""

from functools import cache
from importlib.resources import files

from harness.parsing.reading import read
from harness.planning.prices import PriceTable


@cache
def shipped_prices() -> PriceTable:
    """Read `harness/data/prices.yaml`, once."""
    text = files("harness.data").joinpath("prices.yaml").read_text(encoding="utf-8")
    return read(PriceTable, text, source="harness/data/prices.yaml")
