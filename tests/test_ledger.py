"""The ledger: nothing in flight can pass the ceiling, whatever the calls turn out to cost."""

import asyncio
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CallError, UnaffordableError
from harness.grading.seats import Seat
from harness.metering import Metered, Purse
from harness.models.pricing import shipped_prices
from harness.planning.ledger import Ledger, bound
from harness.planning.prices import Price
from harness.planning.work import request_of
from harness.prompts import Exam, judge_request
from harness.records.outcomes import Answer, Request, Usage
from loopback import tokens
from making import JUDGE, case, criterion, manifest

DAY = dt.date(2026, 11, 23)
REQUEST = request_of(manifest(), case("queues"), "1")
MONEY = st.floats(0, 100)


def price(name: str = "claude-sonnet-5-5") -> Price:
    found = shipped_prices().price(name, DAY)
    assert found is not None
    return found


def settle(ledger: Ledger, most: float, share: float) -> None:
    ledger.settle(most, most * share)


@given(ceiling=MONEY, calls=st.lists(st.tuples(MONEY, st.floats(0, 1)), max_size=40), late=st.booleans())
def test_no_order_of_calls_passes_the_ceiling(
    ceiling: float, calls: list[tuple[float, float]], late: bool
) -> None:
    ledger, flying = Ledger(ceiling=ceiling), list[tuple[float, float]]()
    for most, share in calls:
        if ledger.fits(most):
            ledger.hold(most)
            flying.append((most, share))
        if flying and not late:
            settle(ledger, *flying.pop(0))
        assert ledger.spent + ledger.held <= ceiling + 1e-6
    for each in flying:
        settle(ledger, *each)
    assert ledger.spent <= ceiling + 1e-6
    assert (ledger.held, ledger.in_flight) == (0.0, 0)


@given(text=st.text(max_size=300), system=st.text(max_size=300), writes=st.integers(0, 1000))
def test_a_call_never_costs_more_than_its_bound(text: str, system: str, writes: int) -> None:
    asked = case("c", prompt=f"Say: {text}")
    request = request_of(manifest(prompt=system), asked, "1")
    counted = tokens(text) + tokens(system) + 300
    for usage in (
        Usage(input_tokens=counted, output_tokens=writes),
        Usage(cache_write_tokens=counted, output_tokens=writes),
    ):
        assert price().cost(usage) <= bound(request, price())


def test_a_judge_s_schema_and_whole_conversation_are_in_its_bound() -> None:
    asked, longer = (
        judge_request(Seat(model=JUDGE), "v", Exam(case("queues"), text, "nonce"), [criterion("input")])
        for text in ("answer", "answer" * 100)
    )
    judging = price(JUDGE.name)
    assert bound(longer, judging) - bound(asked, judging) == pytest.approx(
        594 * judging.rates.cache_write / 1e6
    )


class Slow:
    """Answers when it is let, at a price; counts who is in flight."""

    def __init__(self, cost: float | None) -> None:
        self.cost = cost
        self.let = asyncio.Event()
        self.asked = 0

    async def answer(self, request: Request) -> Answer:
        del request
        self.asked += 1
        await self.let.wait()
        if self.cost is None:
            kind = "timeout"
            raise CallError(kind, "no answer")
        return Answer(text="", cost=self.cost)


def metered(model: Slow, ceiling: float, paid: list[float | None]) -> Metered:
    return Metered(model, Purse(Ledger(ceiling=ceiling)), lambda _: 1.0, paid.append)


@pytest.mark.anyio
async def test_a_call_that_might_not_fit_waits_until_the_others_are_paid() -> None:
    model, paid = Slow(0.25), list[float | None]()
    till = metered(model, 2.0, paid)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(till.answer(REQUEST)) for _ in range(4)]
        await asyncio.sleep(0)
        assert model.asked == 2  # two of up to 1 dollar each: more could pass 2 dollars
        model.let.set()
    assert all(task.result().cost == 0.25 for task in tasks)
    assert paid == [0.25] * 4
    assert till.purse.ledger.spent == 1.0


@pytest.mark.anyio
async def test_a_call_that_cannot_fit_is_not_made() -> None:
    model, paid = Slow(0.75), list[float | None]()
    model.let.set()
    till = metered(model, 1.5, paid)
    await till.answer(REQUEST)
    with pytest.raises(UnaffordableError, match=r"up to \$1\.0000, and \$0\.7500 of the budget is left"):
        await till.answer(REQUEST)
    assert (model.asked, paid) == (1, [0.75])


@pytest.mark.anyio
async def test_a_call_that_breaks_gives_back_what_was_put_aside() -> None:
    model, paid = Slow(None), list[float | None]()
    model.let.set()
    till = metered(model, 1.0, paid)
    for _ in range(3):
        with pytest.raises(CallError, match="no answer"):
            await till.answer(REQUEST)
    assert (paid, till.purse.ledger.left) == ([], 1.0)
