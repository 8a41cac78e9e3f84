"""The limiter by a simulated clock: it climbs, yields, learns, and lets no more through than agreed."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowances import Allowance, Limits, ideal
from harness.pacing.bucket import Bucket
from harness.pacing.concurrency import COOLDOWN, START, Concurrency
from harness.pacing.learned import Learned
from harness.pacing.limiter import FULL, Call, Limiter
from harness.pacing.outlook import Outlook
from harness.pacing.quotas import quotas
from simulation import Simulation


def clean(limit: Concurrency, *, now: float = 0.0, rounds: int = 1) -> None:
    """Let whole rounds succeed at the first attempt with every slot in use."""
    for _ in range(rounds):
        limit.started(limit.limit)
        for _ in range(max(limit.limit, 4)):
            limit.succeeded(now)


# ------------------------------------------------------------------ how many at once


def test_it_doubles_each_round_up_to_the_ceiling_while_all_is_well() -> None:
    limit = Concurrency(100)
    seen = [limit.limit]
    for _ in range(4):
        clean(limit)
        seen.append(limit.limit)
    assert seen == [START, 2 * START, 4 * START, 100, 100]


def test_a_limit_that_is_not_used_up_does_not_grow() -> None:
    limit = Concurrency(100)
    limit.started(START // 2)
    for _ in range(200):
        limit.succeeded(0.0)
    assert limit.limit == START


def test_a_burst_of_refusals_is_one_cut_of_a_fifth() -> None:
    limit = Concurrency(100)
    clean(limit, rounds=3)
    for number in range(30):
        limit.refused(10.0 + number / 10, started=9.0, place=50, cooldown=0)
    assert limit.limit == 80


def test_a_refusal_of_a_call_that_was_started_after_the_cut_is_another_one() -> None:
    limit = Concurrency(100)
    limit.refused(10.0, started=9.0, place=1, cooldown=0)
    limit.refused(12.0, started=11.0, place=1, cooldown=0)
    assert limit.limit == math.floor(0.8 * math.floor(0.8 * START))


def test_a_refusal_just_above_what_was_borne_cuts_no_deeper_than_that() -> None:
    limit = Concurrency(20)
    limit.refused(1.0, started=0.0, place=19, cooldown=0)
    assert limit.limit == 18


@pytest.mark.parametrize(
    ("place", "left"),
    [(17, 16), (13, 12), (5, 12)],
    ids=["to what was borne", "down to a half", "no further"],
)
def test_more_than_were_ever_borne_cuts_deeper_where_answers_come_quickly(place: int, left: int) -> None:
    limit = Concurrency(100)
    limit.answered(1, 0.3)
    limit.refused(1.0, started=0.9, place=place, cooldown=0)
    assert limit.limit == left


@pytest.mark.parametrize(
    ("borne", "seconds"), [(1, 10.0), (10, 0.3)], ids=["it would show too late", "so many were borne before"]
)
def test_a_refusal_that_is_about_the_rate_cuts_a_fifth(borne: int, seconds: float) -> None:
    limit = Concurrency(100)
    limit.answered(borne, seconds)
    limit.answered(1, seconds)  # it has borne more
    limit.refused(1.0, started=0.9, place=10, cooldown=0)
    assert limit.limit == math.floor(0.8 * START)


@pytest.mark.parametrize("burst", [10, 20, 23, 40])
def test_a_burst_that_is_refused_before_any_answer_teaches_no_pace_of_tokens(burst: int) -> None:
    limits = Limits(buckets={"requests": Allowance(20, burst)})
    done = Simulation(limits, latency=0.15).run(400)
    best = ideal(limits, 400, ceiling=done.ceiling, latency=done.latency, tokens=done.tokens)
    assert done.wall <= 1.5 * best


@pytest.mark.parametrize("in_hand", [4, 8, 12, 20, 25, 30, 40])
def test_a_server_that_takes_so_many_at_once_gets_so_many_at_once(in_hand: int) -> None:
    limits = Limits(in_hand=in_hand)
    done = Simulation(limits).run(1000)
    best = ideal(limits, 1000, ceiling=done.ceiling, latency=done.latency, tokens=done.tokens)
    assert limits.refused <= START + 10
    assert done.wall <= 1.1 * best


@pytest.mark.parametrize(("cooldown", "quiet"), [(0.0, COOLDOWN), (3.0, COOLDOWN), (40.0, 40.0)])
def test_after_a_cut_it_rests_and_then_grows_by_a_twentieth(cooldown: float, quiet: float) -> None:
    limit = Concurrency(400)
    clean(limit, rounds=3)
    limit.refused(0.0, started=-1.0, place=1, cooldown=cooldown)
    cut = math.floor(0.8 * 8 * START)
    assert limit.limit == cut
    clean(limit, now=quiet - 0.1, rounds=3)
    assert limit.limit == cut
    clean(limit, now=quiet)
    assert limit.limit == cut + cut // 20


def test_a_server_s_trouble_blocks_growth_and_cuts_nothing() -> None:
    limit = Concurrency(100)
    limit.started(START)
    for number in range(10 * START):
        limit.succeeded(0.0)
        if number % (START // 2) == 0:
            limit.broke()
            limit.started(START)
    assert limit.limit == START


@given(
    st.integers(1, 200),
    st.lists(
        st.tuples(st.sampled_from(["start", "ok", "answer", "429", "500"]), st.integers(1, 300)), max_size=200
    ),
)
def test_the_limit_always_lies_between_one_and_the_ceiling(
    ceiling: int, events: list[tuple[str, int]]
) -> None:
    limit = Concurrency(ceiling)
    for now, (what, number) in enumerate(events):
        match what:
            case "start":
                limit.started(number)
            case "ok":
                limit.succeeded(float(now))
            case "answer":
                limit.answered(number, number / 100)
            case "429":
                limit.refused(float(now), started=now - 1.0, place=number, cooldown=number)
            case _:
                limit.broke()
        assert 1 <= limit.limit <= ceiling


# ------------------------------------------------------------------ how fast


@given(
    rate=st.floats(0.1, 1000),
    depth=st.floats(1, 1000),
    amounts=st.lists(st.floats(0.01, 50), min_size=1, max_size=50),
)
def test_whoever_waits_as_told_never_takes_more_than_the_depth_and_the_refill(
    rate: float, depth: float, amounts: list[float]
) -> None:
    bucket = Bucket(rate, depth, depth, 0.0)
    now = 0.0
    for amount in amounts:
        now += bucket.wait(now, amount)
        bucket.spend(now, amount)
    assert sum(amounts) <= depth + rate * now + max(amounts) + rate * 1e-4 * len(amounts)


@pytest.mark.parametrize("depth", [1, 40, 400])
def test_between_two_refusals_it_measures_the_rate_whatever_the_depth(depth: int) -> None:
    server, learned, now = Allowance(40, depth), Learned(1.0), 1.0
    refusals = 0
    while refusals < 2:
        mark = learned.spend(now, 1.0)
        if server.refilled(now).level >= 1:
            server.level -= 1
            now += 1 / 50  # asked a quarter faster than the server bears
        else:
            refusals += 1
            learned.refused(mark, now, until=now, fresh=True, measures=True)
            now += 1
    if depth == 40:
        assert learned.rate == pytest.approx(40, rel=0.3)
    assert learned.rate is not None
    assert learned.rate < 60


LIMITS: list[tuple[dict[str, Allowance], int | None]] = [
    ({"requests": Allowance(40, 40)}, None),
    ({"input-tokens": Allowance(4000, 4000)}, None),
    ({"output-tokens": Allowance(4000, 4000)}, None),
    ({}, 16),
]


@pytest.mark.parametrize("retry_after", ["", "1"])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("which", range(len(LIMITS)))
def test_behind_an_unknown_limit_it_is_nearly_as_fast_as_can_be_and_rarely_refused(
    *, which: int, told: bool, retry_after: str
) -> None:
    buckets, in_hand = LIMITS[which]
    fresh = {kind: Allowance(bucket.rate, bucket.depth) for kind, bucket in buckets.items()}
    limits = Limits(buckets=fresh, in_hand=in_hand, told=told, retry_after=retry_after)
    done = Simulation(limits).run(1000)
    best = ideal(limits, 1000, ceiling=done.ceiling, latency=done.latency, tokens=done.tokens)
    assert limits.refused <= (10 if told else 50)
    assert done.wall <= (1.15 if told else 1.25) * best


@settings(max_examples=25)
@given(
    rate=st.floats(2, 200),
    burst=st.floats(1, 300),
    in_hand=st.none() | st.integers(1, 60),
    latency=st.floats(0.05, 3),
    told=st.booleans(),
)
def test_behind_any_limit_all_calls_are_answered_and_refusals_stay_a_minority(
    rate: float, burst: float, in_hand: int | None, latency: float, *, told: bool
) -> None:
    limits = Limits(buckets={"requests": Allowance(rate, burst)}, in_hand=in_hand, told=told)
    done = Simulation(limits, latency=latency).run(300)
    assert len(done.starts) == 300 + limits.refused
    assert limits.refused <= 150
    assert done.most <= done.ceiling


@given(st.floats(1, 100))
@settings(max_examples=10)
def test_a_rate_of_ones_own_bounds_the_calls_in_any_second(most: float) -> None:
    starts = Simulation(Limits(), max_rate=most, latency=0.01).run(60).starts
    for begin in starts:
        assert sum(begin <= at < begin + 1 for at in starts) <= most + 2


def test_the_second_model_does_not_wait_for_the_first_one_s_limit() -> None:
    limiter = Limiter(ceiling=10)
    agent, judge = Call(1, "agent", 100, 100), Call(2, "judge", 100, 100)
    ticket = limiter.start(0.0, agent)
    limiter.refused(ticket, 1.0, after=30.0, reset=0.0)
    assert limiter.wait(1.0, agent) == 30.0
    assert limiter.wait(1.0, judge) == 0.0
    assert limiter.held(1.0) == 30.0


def test_a_broken_call_keeps_its_slot_until_another_succeeds() -> None:
    limiter = Limiter(ceiling=2)
    first, second, third = (Call(number, "m", 100, 100) for number in range(3))
    broken, other = limiter.start(0.0, first), limiter.start(0.0, second)
    limiter.broke(broken)
    assert limiter.wait(1.0, third) == FULL
    limiter.succeeded(other, 1.0, tokens=(10, 10), clean=True)
    assert limiter.wait(1.0, third) == 0.0
    limiter.back(first)
    assert limiter.in_flight == 0


# ------------------------------------------------------------------ what headers say


def told(**changes: str) -> dict[str, str]:
    prefix = "anthropic-ratelimit-input-tokens"
    usual = {"limit": "6000", "remaining": "1200", "reset": "2026-11-22T12:00:30Z"}
    return {f"{prefix}-{name}": value for name, value in {**usual, **changes}.items()}


def test_limits_are_read_and_their_reset_by_the_server_s_own_clock() -> None:
    (quota,) = quotas({**told(), "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, now=0.0)
    assert (quota.kind, quota.limit, quota.remaining, quota.reset) == ("input-tokens", 6000, 1200, 30.0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        told(limit=""),
        told(limit="0"),
        told(limit="-5"),
        told(limit="1e9"),
        told(limit="9" * 40),
        told(remaining="many"),
        told(remaining="١٢"),
    ],
)
def test_a_limit_that_cannot_be_read_is_none(headers: dict[str, str]) -> None:
    assert quotas(headers, now=0.0) == ()


@pytest.mark.parametrize("reset", ["", "soon", "2026-11-22T12:00:30", "0000-00-00T00:00:00Z"])
def test_a_reset_that_cannot_be_read_is_now(reset: str) -> None:
    assert quotas(told(reset=reset), now=0.0)[0].reset == 0.0


@given(st.dictionaries(st.sampled_from(sorted(told())), st.text(max_size=20)), st.floats(0, 4e9))
def test_no_header_breaks_the_reader(headers: dict[str, str], now: float) -> None:
    assert all(math.isfinite(quota.reset) for quota in quotas(headers, now=now))


# ------------------------------------------------------------------ whether to go on


def doubts(outlook: Outlook, kind: str, *, calls: int, tries: int, in_hand: int) -> bool:
    found = [outlook.hopeless(call, kind, in_hand) for _ in range(tries) for call in range(calls)]
    return True in found


@pytest.mark.parametrize(
    ("kind", "given", "hopeless"),
    [
        ("connection", {"calls": 3, "tries": 3, "in_hand": 16}, True),
        ("connection", {"calls": 3, "tries": 2, "in_hand": 16}, False),
        ("connection", {"calls": 2, "tries": 9, "in_hand": 16}, False),
        ("connection", {"calls": 1, "tries": 3, "in_hand": 1}, True),
        ("unreadable", {"calls": 3, "tries": 3, "in_hand": 16}, True),
        ("not-found", {"calls": 3, "tries": 1, "in_hand": 16}, True),
        ("not-found", {"calls": 2, "tries": 1, "in_hand": 1}, False),
        ("overloaded", {"calls": 50, "tries": 50, "in_hand": 16}, False),
        ("rate-limit", {"calls": 50, "tries": 50, "in_hand": 16}, False),
    ],
)
def test_only_a_server_that_can_be_no_model_is_given_up(kind: str, given: Any, *, hopeless: bool) -> None:
    assert doubts(Outlook(), kind, **given) is hopeless


def test_after_one_answer_nothing_is_hopeless() -> None:
    outlook = Outlook()
    outlook.answered()
    assert not doubts(outlook, "connection", calls=50, tries=50, in_hand=16)
