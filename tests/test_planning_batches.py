"""Batches as values: within the limits, in order, with ids that the API takes."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.grading.inquiry import Inquiry
from harness.parsing.reading import from_json, to_json
from harness.planning.batches import LIMITS, Item, Limits, Patience, split
from harness.records.outcomes import Trial, Usage
from making import criterion

KEYS = st.text("0123456789abcdef", min_size=64, max_size=64)


def item(key: str, fault: str = "", grader: str = "") -> Item:
    trial = Trial(case="queues", attempt=1, key=key)
    return Item(key=key, model="m", trial=trial, grader=grader, inquiry=Inquiry(fault=fault))


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=9)), requests=st.integers(1, 5), size=st.integers(1, 20)
)
def test_batches_hold_every_piece_once_in_order_and_stay_within_the_limits(
    pieces: list[bytes], requests: int, size: int
) -> None:
    batches = list(split(pieces, len, Limits(requests=requests, size=size)))
    assert [piece for batch in batches for piece in batch] == pieces
    for batch in batches:
        assert 1 <= len(batch) <= requests
        assert len(batch) == 1 or sum(map(len, batch)) <= size


@given(pieces=st.lists(st.binary(min_size=1, max_size=9)), requests=st.integers(1, 5))
def test_two_neighbours_would_not_have_fitted_into_one_batch(pieces: list[bytes], requests: int) -> None:
    batches = list(split(pieces, len, Limits(requests=requests, size=20)))
    for first, second in pairwise(batches):
        assert len(first) == requests or sum(map(len, first)) + len(second[0]) > 20


def test_our_limits_are_within_the_api_s() -> None:
    assert LIMITS.requests <= 100_000
    assert LIMITS.size + LIMITS.requests + len(b'{"requests":[]}') <= 256_000_000
    assert LIMITS.each <= 32_000_000


@given(key=KEYS, fault=st.text(max_size=9), grader=st.sampled_from(["", "judge"]))
def test_an_id_is_one_the_api_takes_and_the_same_on_every_day(key: str, fault: str, grader: str) -> None:
    named = item(key, fault, grader).custom_id
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", named)
    assert item(key, fault, grader).custom_id == named


@given(key=KEYS, fault=st.text(min_size=1, max_size=9))
def test_asking_again_with_a_fault_named_is_another_request(key: str, fault: str) -> None:
    assert item(key).custom_id != item(key, fault).custom_id


def test_an_item_is_read_as_it_was_written() -> None:
    trial = Trial(case="queues", attempt=2, key="a")
    judged = Item(
        key="k",
        model="m",
        trial=trial,
        grader="judge",
        dimension="security",
        criterion=criterion("threat", signals=()),
        inquiry=Inquiry(tries=1, fault="its quote …", cost=None, usage=Usage(output_tokens=3)),
        returns=2,
    )
    assert from_json(Item, to_json(judged)) == judged


def test_looks_become_rarer_up_to_a_bound() -> None:
    patience, wait, waits = Patience(first=1, longest=60), 0.0, list[float]()
    for _ in range(20):
        wait = patience.after(wait)
        waits.append(wait)
    assert waits[0] == 1
    assert waits == sorted(waits)
    assert waits[-1] == 60
