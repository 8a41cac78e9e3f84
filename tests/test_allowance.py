"""What batches may cost together: held while in flight, counted when settled, nothing held for ever."""

from dataclasses import replace

import pytest

from harness.batching.allowance import Allowance
from harness.planning.batches import Item
from harness.planning.ledger import Ledger
from harness.records.outcomes import Trial

ONE = Item(key="1", model="m", trial=Trial(case="c", attempt=1, key="1"))
TWO, THREE = replace(ONE, key="2"), replace(ONE, key="3")


@pytest.fixture
def allowance() -> Allowance:
    return Allowance(Ledger(ceiling=2.0), lambda _: 1.0)


def test_what_is_likely_to_pass_the_ceiling_is_not_let_in(allowance: Allowance) -> None:
    assert [allowance.allows(item) for item in (ONE, TWO, THREE)] == [True, True, False]


def test_a_request_in_play_is_let_in_again_and_held_once(allowance: Allowance) -> None:
    assert [allowance.allows(item) for item in (ONE, ONE, TWO, ONE)] == [True] * 4
    assert allowance.ledger.held == 2.0


def test_what_it_cost_takes_the_place_of_what_was_held(allowance: Allowance) -> None:
    assert allowance.allows(ONE)
    assert allowance.allows(TWO)
    allowance.settled(ONE, 0.25)
    assert not allowance.allows(THREE)
    allowance.settled(TWO, 0.25)
    assert allowance.allows(THREE)
    assert allowance.ledger.spent == 0.5


def test_what_an_earlier_command_sent_was_within_that_one_s_budget(allowance: Allowance) -> None:
    allowance.settled(ONE, 5.0)
    assert allowance.ledger.spent == 0.0
    assert allowance.allows(ONE)


def test_what_another_run_has_fetched_is_held_no_more(allowance: Allowance) -> None:
    assert allowance.allows(ONE)
    assert allowance.allows(TWO)
    allowance.keep(["2"])
    assert allowance.ledger.held == 1.0
    assert allowance.allows(THREE)
