"""Money is computed per request, from the price of its day, and is unknown rather than nothing."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.models.pricing import shipped_prices
from harness.parsing.reading import read
from harness.planning.prices import LongPrompt, Price, PriceTable, Rates
from harness.records.outcomes import Usage

DAY = dt.date(2026, 11, 22)
RATES = Rates(input=2, output=10, cache_write=2.5, cache_write_1h=4, cache_read=0.2)
DEAR = Rates(input=20, output=100, cache_write=25, cache_write_1h=40, cache_read=2)

counts = st.integers(0, 10**7)
usages = st.builds(
    Usage, input_tokens=counts, output_tokens=counts, cache_write_tokens=counts, cache_read_tokens=counts
)


def table(*prices: Price) -> PriceTable:
    return PriceTable(version=DAY, prices=prices)


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("claude-sonnet-5-5", Usage(input_tokens=1_000_000), 2.00),
        ("claude-sonnet-5-5", Usage(output_tokens=1_000_000), 10.00),
        ("claude-opus-5-5", Usage(input_tokens=1_000, output_tokens=2_000), 0.004 + 0.040),
        ("claude-opus-5-5", Usage(cache_write_tokens=1_000_000, cache_read_tokens=1_000_000), 5.00 + 0.20),
        ("claude-haiku-4-5-20251001", Usage(input_tokens=500_000), 0.50),
        ("claude-haiku-5-5", Usage(input_tokens=50_000, cache_read_tokens=50_000), 0.005 + 0.0005),
        ("claude-haiku-5-5", Usage(input_tokens=50_001, cache_read_tokens=50_000), 0.0250005 + 0.0025),
        ("claude-haiku-5-5", Usage(output_tokens=200_000), 0.10),
        ("claude-haiku-5-5", Usage(cache_write_tokens=200_000, output_tokens=100_000), 0.125 + 0.25),
    ],
)
def test_a_request_costs_what_the_shipped_table_says(model: str, usage: Usage, dollars: float) -> None:
    assert shipped_prices().cost(model, usage, on=DAY) == pytest.approx(dollars)


def test_a_model_without_a_price_has_an_unknown_cost_not_none_at_all() -> None:
    assert shipped_prices().cost("claude-of-tomorrow", Usage(input_tokens=1), on=DAY) is None
    assert shipped_prices().cost("claude-sonnet-5-5", Usage(), on=DAY) == 0


def test_a_price_holds_from_its_first_day_to_the_day_before_its_end() -> None:
    cut = dt.date(2026, 10, 7)
    old = Price(model="m", until=cut, rates=RATES)
    new = Price(model="m", since=cut, until=DAY, rates=DEAR)
    usage = Usage(input_tokens=1_000_000)
    found = [table(old, new).cost("m", usage, on=day) for day in (cut - dt.timedelta(1), cut, DAY)]
    assert found == [2, 20, None]


@given(one=usages, other=usages)
def test_without_tiers_the_cost_of_a_sum_is_the_sum_of_the_costs(one: Usage, other: Usage) -> None:
    price = Price(model="m", rates=RATES)
    assert price.cost(one + other) == pytest.approx(price.cost(one) + price.cost(other))


@given(usage=usages, above=st.integers(1, 10**7))
def test_the_tier_of_a_request_is_chosen_by_its_whole_prompt(usage: Usage, above: int) -> None:
    prompt = usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens
    price = Price(model="m", rates=RATES, long_prompt=LongPrompt(above=above, rates=DEAR))
    assert price.cost(usage) == (DEAR if prompt > above else RATES).cost(usage)


def test_shipped_cache_writes_cost_the_published_multiples_of_input() -> None:
    prices = shipped_prices().prices
    rates = [price.rates for price in prices] + [p.long_prompt.rates for p in prices if p.long_prompt]
    for each in rates:
        assert each.cache_write == pytest.approx(1.25 * each.input)
        assert each.cache_write_1h == pytest.approx(2 * each.input)
        assert each.cache_read <= 0.1 * each.input + 1e-9
        assert each.output == pytest.approx(5 * each.input)


def test_two_prices_for_one_model_on_one_day_are_refused() -> None:
    with pytest.raises(ValueError, match=r"b has two prices on 2026-01-02"):
        table(
            Price(model="a", aliases=("b",), until=dt.date(2026, 1, 3), rates=RATES),
            Price(model="b", since=dt.date(2026, 1, 2), rates=DEAR),
        )


@pytest.mark.parametrize("rate", [-1.0, float("inf"), float("nan")])
def test_a_rate_is_an_amount_of_money(rate: float) -> None:
    with pytest.raises(ValueError, match="cache_read must be 0 or more"):
        Rates(input=1, output=1, cache_write=1, cache_write_1h=1, cache_read=rate)


def test_a_period_holds_at_least_a_day() -> None:
    with pytest.raises(ValueError, match="until must be later than since"):
        Price(model="m", since=DAY, until=DAY, rates=RATES)


def test_a_bound_of_tokens_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="above must be at least 1"):
        LongPrompt(above=0, rates=RATES)


def test_a_table_with_faults_names_them_with_their_lines() -> None:
    text = 'version: "2026-11-22"\nprices:\n  - model: m\n    rate: {input: 1}\n'
    with pytest.raises(InputError, match=r"line 4, prices\[0\]\.rate: .*did you mean 'rates'"):
        read(PriceTable, text, source="prices.yaml")


@given(usage=usages)
def test_a_request_in_a_batch_costs_half_whatever_its_tokens_are(usage: Usage) -> None:
    whole = shipped_prices().cost("claude-haiku-5-5", usage, DAY)
    half = shipped_prices().cost("claude-haiku-5-5", usage, DAY, batch=True)
    assert whole is not None
    assert half == pytest.approx(whole / 2)


def test_an_unknown_price_stays_unknown_in_a_batch() -> None:
    assert shipped_prices().cost("claude-unheard-of", Usage(), DAY, batch=True) is None
