"""The real SDK against the loopback server: what goes out, what comes back, what becomes of each fault."""

import asyncio
import contextlib
import datetime as dt
import json
import pickle
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anthropic import DefaultAioHttpClient
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import AccessError, CallError, HarnessError, InputError
from harness.models.faults import PassingError, retry_after
from harness.models.messages import Pace, RetryPolicy, connect
from harness.models.transport import sdk_client
from harness.models.wire import read_reply, wire
from harness.pacing.traffic import Traffic
from harness.planning.model import API_VERSION
from harness.planning.prices import Price, PriceTable, Rates
from harness.records.outcomes import Answer, Message, Request, Usage
from loopback import KEY, Loopback, plausible

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(
    attempts=3, refusals=3, seconds=20, attempt_seconds=10, first_wait=0.01, longest_wait=0.05
)
RATES = Rates(input=2, output=10, cache_write=2.5, cache_write_1h=4, cache_read=0.2)
PRICES = PriceTable(version=dt.date(2026, 11, 22), prices=(Price(model="claude-sonnet-5-5", rates=RATES),))
SHAPE: Mapping[str, object] = {
    "type": "object",
    "properties": {"quote": {"type": "string"}, "met": {"type": "boolean"}},
    "required": ["quote", "met"],
    "additionalProperties": False,
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (*names, *map(str.lower, names), "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))


@pytest.fixture(scope="module")
def shared() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture
def server(shared: Loopback) -> Loopback:
    shared.forget()
    return shared


def request(**changes: Any) -> Request:
    usual = Request(
        provider="anthropic",
        base_url="",
        api_version=API_VERSION,
        model="claude-sonnet-5-5",
        max_tokens=4096,
        system="You are an engineer.",
        messages=(Message(role="user", parts=("Design a login.",)),),
        sample="1",
    )
    return replace(usual, **changes)


async def ask(
    url: str, asked: Request | None = None, *, policy: RetryPolicy = QUICK, key: str = KEY
) -> Answer:
    async with connect(
        base_url=url, key=key, pace=Pace(concurrency=4), prices=PRICES, policy=policy
    ) as model:
        return await model.answer(asked or request())


# ------------------------------------------------------------------ what goes out


def text(words: str) -> dict[str, object]:
    return {"type": "text", "text": words}


def cached(words: str) -> dict[str, object]:
    return {**text(words), "cache_control": {"type": "ephemeral"}}


def test_a_request_is_written_with_nothing_but_what_was_asked() -> None:
    assert wire(request()) == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4096,
        "system": [cached("You are an engineer.")],
        "messages": [{"role": "user", "content": [text("Design a login.")]}],
    }


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({"effort": "low"}, {"effort": "low"}),
        ({"schema": SHAPE}, {"format": {"type": "json_schema", "schema": SHAPE}}),
        ({"effort": "max", "schema": {}}, {"effort": "max", "format": {"type": "json_schema", "schema": {}}}),
    ],
)
def test_effort_and_schema_go_into_the_output_config(changes: Any, output: Any) -> None:
    assert wire(request(**changes))["output_config"] == output


def test_an_empty_system_prompt_is_left_out_because_the_api_refuses_empty_text() -> None:
    assert "system" not in wire(request(system=""))


@given(
    system=st.sampled_from(["", "You are an engineer."]),
    parts=st.lists(st.lists(st.text(min_size=1), min_size=1, max_size=5), min_size=1, max_size=4),
)
def test_breakpoints_follow_every_part_but_the_last_up_to_four_in_all(
    system: str, parts: list[list[str]]
) -> None:
    messages = tuple(Message(role="user", parts=tuple(each)) for each in parts)
    body: Any = wire(request(system=system, messages=messages))
    contents = [message["content"] for message in body["messages"]]
    assert [[block["text"] for block in content] for content in contents] == parts
    wanted = [True] * bool(system) + [i < len(each) - 1 for each in parts for i in range(len(each))]
    blocks = [*body.get("system", []), *(block for content in contents for block in content)]
    got = ["cache_control" in block for block in blocks]
    assert sum(got) == min(4, sum(wanted))
    assert all(want for want, have in zip(wanted, got, strict=True) if have)


async def test_the_server_sees_the_version_the_key_and_no_header_of_the_environment(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    custom = (
        "X-Api-Key: another\nAuthorization: Bearer another\nanthropic-beta: b\nanthropic-version: 2023-06-01"
    )
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", custom)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_PROFILE", "another")
    await ask(server.url)
    headers = server.requests[0].headers
    assert headers["anthropic-version"] == API_VERSION
    assert headers.keys() - {"accept", "accept-encoding", "connection", "content-length", "content-type"} == {
        "anthropic-version",
        "host",
        "user-agent",
    }


async def test_a_proxy_of_the_environment_is_not_asked_for_a_server_on_this_machine(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await ask(server.url)).text


@pytest.mark.parametrize(
    "changes", [{"model": "claude-3-opus-20240229"}, {"max_tokens": 128_000}, {"model": "a-gateway's-own"}]
)
async def test_old_models_and_long_answers_are_asked_for_like_any_other(
    server: Loopback, changes: dict[str, Any]
) -> None:
    await ask(server.url, request(**changes))
    body: Any = server.requests[0].body
    assert {name: body[name] for name in changes} == changes


def test_the_sdk_is_not_imported_before_a_connection_is_opened() -> None:
    code = "import sys, harness.models.messages; print({'anthropic', 'httpx2'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"


async def test_of_the_sdk_a_call_loads_its_client_and_nothing_else(server: Loopback) -> None:
    code = """
import asyncio, sys
from harness.models.messages import Pace, connect
from harness.models.pricing import shipped_prices
from harness.records.outcomes import Message, Request

async def ask(url, key):
    async with connect(base_url=url, key=key, pace=Pace(concurrency=1), prices=shipped_prices()) as model:
        asked = Request(
            provider="anthropic", base_url=url, api_version="", model="any", max_tokens=9, system="",
            messages=(Message(role="user", parts=("Why?",)),), sample="1",
        )
        await model.answer(asked)

asyncio.run(ask(*sys.argv[1:]))
from harness.models import transport
print("anthropic" in sys.modules, sys.modules[transport.Http.__base__.__module__].__file__)
"""
    command = (sys.executable, "-c", code, server.url, KEY)
    out = (
        await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    ).stdout
    loaded, file = out.split()
    assert (loaded, Path(file).parts[-4]) == ("False", "anthropic")


def test_an_sdk_that_keeps_its_client_elsewhere_is_loaded_whole() -> None:
    assert sdk_client("nowhere") is DefaultAioHttpClient
    assert issubclass(sdk_client(), httpx2.AsyncClient)


# ------------------------------------------------------------------ what comes back


async def test_an_answer_is_the_text_after_the_thinking_with_its_usage_and_cost(server: Loopback) -> None:
    answer = await ask(server.url)
    assert answer.text == plausible(server.requests[0].body or {})
    assert (answer.stop_reason, answer.model, answer.retries) == ("end_turn", "claude-sonnet-5-5", 0)
    assert answer.usage.input_tokens == 5 + 4
    assert answer.cost == pytest.approx((9 * 2 + answer.usage.output_tokens * 10) / 1e6)
    assert answer.seconds > 0
    assert answer.request_id.startswith("req_")


async def test_the_cost_of_a_model_without_a_price_is_unknown(server: Loopback) -> None:
    assert (await ask(server.url, request(model="someone's"))).cost is None


async def test_the_second_request_reads_the_prefix_that_the_first_one_cached(server: Loopback) -> None:
    asked = request(system="You are careful. " * 200)
    first = await ask(server.url, asked)
    second = await ask(server.url, replace(asked, messages=(Message(role="user", parts=("Why?",)),)))
    assert first.usage.cache_write_tokens == second.usage.cache_read_tokens == 850
    assert first.usage.cache_read_tokens == second.usage.cache_write_tokens == 0


async def test_a_schema_gets_json_that_fits_it(server: Loopback) -> None:
    reply = json.loads((await ask(server.url, request(schema=SHAPE))).text)
    assert list(reply) == ["quote", "met"]
    assert server.count(judge=True) == 1


@pytest.mark.parametrize("stop", ["refusal", "max_tokens", "model_context_window_exceeded"])
async def test_refused_and_cut_answers_are_answers(server: Loopback, stop: str) -> None:
    answer = await ask(server.at(stop))
    assert answer.stop_reason == stop
    assert (answer.text == "") is (stop == "refusal")
    assert server.count() == 1


def message(**changes: Any) -> bytes:
    usual = {
        "type": "message",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "text": "no"},
            {"type": "text", "text": "Use "},
            {"type": "text", "text": "passkeys."},
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": None},
    }
    return json.dumps(
        {name: value for name, value in {**usual, **changes}.items() if value is not ...}
    ).encode()


def test_text_blocks_are_joined_and_missing_cache_counts_are_zero() -> None:
    reply = read_reply("application/json; charset=utf-8", message())
    assert reply.text == "Use passkeys."
    assert reply.usage == Usage(input_tokens=3, output_tokens=2)


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("text/html", message(), "content type must be application/json, got text/html"),
        ("", message(), "got none"),
        ("application/json", b"", "not whole JSON"),
        ("application/json", message()[:-1], "not whole JSON"),
        ("application/json", b"\xff", "not whole JSON"),
        ("application/json", b"[" * 100_000, "not whole JSON"),
        ("application/json", b"null", "an object of type message"),
        ("application/json", b"[]", "an object of type message"),
        ("application/json", message(type="error"), "an object of type message"),
        ("application/json", message(content="text"), "content must be a list"),
        ("application/json", message(content=["text"]), "content must be a list of blocks"),
        ("application/json", message(content=[{"type": "text"}]), "a text block holds no text"),
        ("application/json", message(content=[{"type": "text", "text": "\ud83d"}]), "half a character"),
        ("application/json", message(stop_reason=None), "stop_reason must be a word"),
        ("application/json", message(model=...), "model must be a word"),
        ("application/json", message(usage=...), "usage must be an object"),
        ("application/json", message(usage={"input_tokens": 1}), "usage.output_tokens must be a count"),
        ("application/json", message(usage={"input_tokens": True}), "usage.input_tokens must be a count"),
        ("application/json", message(usage={"input_tokens": -1}), "usage.input_tokens must be a count"),
    ],
)
def test_a_reply_is_read_strictly_or_not_at_all(kind: str, body: bytes, words: str) -> None:
    with pytest.raises(PassingError) as caught:
        read_reply(kind, body)
    assert caught.value.error.kind == "unreadable"
    assert words in caught.value.error.message


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("message"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries({"type": st.just("message")}, optional=dict.fromkeys(("content", "usage"), values))
)
def test_no_json_at_all_breaks_the_reader(value: dict[str, Any]) -> None:
    body = json.dumps({"stop_reason": "end_turn", "model": "m", **value}).encode()
    with contextlib.suppress(PassingError):
        assert read_reply("application/json", body).stop_reason == "end_turn"


# ------------------------------------------------------------------ faults that pass

BROKEN = ["html200", "null200", "empty200", "blank200", "cut200", "wrong200", "error200"]
HUNG_UP = ["reset", "fin", "reset-body", "fin-body", "down"]
BUSY = [
    "408",
    "409",
    "429",
    "429,retry-after=0.02",
    "429,code=ramp_limit_exceeded",
    "500",
    "502",
    "503",
    "529",
]


@pytest.mark.parametrize("fault", [*BUSY, *BROKEN, *HUNG_UP, "400,x-should-retry=true"])
async def test_a_fault_that_passes_costs_only_retries(server: Loopback, fault: str) -> None:
    answer = await ask(server.at(f"{fault},times=2"))
    assert answer.text
    assert answer.retries == 2
    assert server.count() == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("408", "timeout"),
        ("409", "conflict"),
        ("429", "rate-limit"),
        ("500", "server"),
        ("503", "server"),
        ("504", "timeout"),
        ("529", "overloaded"),
        *((fault, "unreadable") for fault in BROKEN),
        *((fault, "connection") for fault in HUNG_UP),
    ],
)
async def test_a_fault_that_stays_fails_the_call_after_the_last_attempt(
    server: Loopback, fault: str, kind: str
) -> None:
    with pytest.raises(CallError, match="gave up after attempt 3") as caught:
        await ask(server.at(fault))
    assert caught.value.kind == kind
    assert server.count() == 3


@pytest.mark.parametrize(
    ("fault", "kind", "hint"),
    [
        ("400", "bad-request", ""),
        ("404", "not-found", "check the model's name"),
        ("413", "too-large", "shorten the prompt"),
        ("422", "bad-request", ""),
        ("302,location=elsewhere", "bad-request", "set base_url to elsewhere"),
        ("429,x-should-retry=false", "rate-limit", "lower concurrency"),
        ("500,x-should-retry=false", "server", ""),
    ],
)
async def test_a_fault_that_no_retry_mends_fails_the_call_at_once(
    server: Loopback, fault: str, kind: str, hint: str
) -> None:
    with pytest.raises(CallError, match=rf"^{fault[:3]} .*told to say {fault[:3]} \(request req_") as caught:
        await ask(server.at(fault))
    assert caught.value.kind == kind
    assert hint in caught.value.hint
    assert server.count() == 1


async def test_a_server_that_is_not_there_is_a_failed_call_with_a_hint() -> None:
    with pytest.raises(CallError) as caught:
        await ask("http://127.0.0.1:9")
    assert caught.value.kind == "connection"
    assert "http://127.0.0.1:9 can be reached" in caught.value.hint


# ------------------------------------------------------------------ time


@pytest.mark.parametrize("fault", ["slow,seconds=5", "trickle,seconds=5"])
async def test_an_attempt_has_a_deadline_even_while_bytes_still_trickle(server: Loopback, fault: str) -> None:
    started = time.perf_counter()
    answer = await ask(server.at(f"{fault},times=1"), policy=replace(QUICK, attempt_seconds=0.3))
    assert answer.retries == 1
    assert answer.seconds < 0.3 <= time.perf_counter() - started < 3


async def test_attempts_that_all_time_out_fail_the_call(server: Loopback) -> None:
    with pytest.raises(CallError, match=r"no whole answer within 0\.1 s") as caught:
        await ask(server.at("slow,seconds=5"), policy=replace(QUICK, attempt_seconds=0.1))
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("retry-after=0.4", 0.4, 2), ("retry-after=3600", 0.6, 3)]
)
async def test_the_wait_that_the_server_asks_for_is_kept_up_to_a_cap(
    server: Loopback, asked: str, least: float, most: float
) -> None:
    started = time.perf_counter()
    await ask(server.at(f"429,{asked},times=1"), policy=replace(QUICK, longest_retry_after=0.6))
    assert least <= time.perf_counter() - started < most


async def test_no_retry_begins_after_the_time_for_all_attempts_is_over(server: Loopback) -> None:
    policy = RetryPolicy(attempts=1000, seconds=0.3, first_wait=0.02, longest_wait=0.02)
    with pytest.raises(CallError, match="gave up"):
        await ask(server.at("500"), policy=policy)
    times = [seen.at for seen in server.requests]
    assert 2 <= len(times) < 20
    assert times[-1] - times[0] < 0.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "9", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_retry_after_comes_in_three_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=100) == seconds


async def test_no_more_calls_are_in_flight_than_agreed_and_waiting_for_a_turn_is_not_timed() -> None:
    policy = replace(QUICK, attempt_seconds=0.9)
    with Loopback(latency=0.2) as server:
        async with connect(
            base_url=server.url, key=KEY, pace=Pace(concurrency=4), prices=PRICES, policy=policy
        ) as model:
            answers = await asyncio.gather(*(model.answer(request(sample=str(n))) for n in range(24)))
        assert [answer.retries for answer in answers] == [0] * 24
        assert server.peak == server.connections == 4


async def test_whoever_has_something_to_prepare_hears_once_that_the_first_calls_are_waited_for() -> None:
    told = list[str]()
    pace = Pace(concurrency=4, traffic=Traffic(idle=lambda: told.append("idle")))
    with Loopback(latency=0.3) as server:
        async with connect(base_url=server.url, key=KEY, pace=pace, prices=PRICES, policy=QUICK) as model:
            await asyncio.gather(*(model.answer(request(sample=str(n))) for n in range(8)))
    assert told == ["idle"]


# ------------------------------------------------------------------ access


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ("401", "put a valid key in the environment variable MY_KEY"),
        ("401,x-should-retry=true", "put a valid key in the environment variable MY_KEY"),
        ("402", "add credit"),
        ("403", "the key in the environment variable MY_KEY may not do this"),
        (
            "429,code=enforced_spend_limit_reached",
            "raise the limit in the API console, or put another key in MY_KEY",
        ),
        ("429,code=contract_spend_limit_reached", "raise the limit"),
        ("400,message=Your_credit_balance_is_too_low_to_access_the_API.", "add credit"),
        ("400,message=You_have_reached_your_specified_API_usage_limits.", "raise the limit"),
        ("400,message=This_organization_has_been_disabled.", "ask whoever owns the account"),
        ("400,code=organization_on_hold", "ask whoever owns the account"),
    ],
)
async def test_refused_access_stops_at_once_with_exit_code_3_and_a_hint(
    server: Loopback, fault: str, hint: str
) -> None:
    options: Any = {"base_url": server.at(fault), "key": KEY, "pace": Pace(concurrency=1), "prices": PRICES}
    with pytest.raises(AccessError, match=rf"^the API refused: {fault[:3]} ") as caught:
        async with connect(**options, key_variable="MY_KEY", policy=QUICK) as model:
            await model.answer(request())
    assert hint in caught.value.hint
    assert "MY_KEY" in caught.value.hint
    assert caught.value.exit_code == 3
    assert server.count() == 1


async def test_a_wrong_key_is_refused_by_the_server_itself(server: Loopback) -> None:
    with pytest.raises(AccessError, match="401 authentication_error: invalid bearer token"):
        await ask(server.url, key="sk-ant-wrong")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "the environment variable ANTHROPIC_API_KEY is not set"),
        ("secret\n", "white space"),
        ("schlüssel", "no key"),
    ],
)
async def test_a_key_that_cannot_be_sent_is_refused_before_anything_is(
    server: Loopback, key: str, words: str
) -> None:
    with pytest.raises(AccessError, match=words) as caught:
        await ask(server.url, key=key)
    assert not key.strip() or key.strip() not in str(caught.value)
    assert server.count() == 0


@pytest.mark.parametrize("url", ["", "api.anthropic.com", "ftp://127.0.0.1", "http://"])
async def test_an_address_that_no_api_can_have_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="base_url: must be an http or https address"):
        await ask(url)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
async def test_no_error_holds_the_key_or_the_sdks_exception(server: Loopback, status: int) -> None:
    """A gateway may repeat the key in its message, and the SDK's exceptions hold it in their request."""
    error = await _failure(server.at(f"{status},message=bad_key_{KEY}"))
    assert "bad key [key]" in str(error)
    assert KEY not in "".join(traceback.format_exception(error))
    assert KEY.encode() not in pickle.dumps((type(error).__name__, error.args, vars(error)))
    assert _chain(error) == [type(error)]


@pytest.mark.parametrize("fault", ["reset", "html200", "slow,seconds=5"])
async def test_no_failed_connection_holds_the_sdks_exception(server: Loopback, fault: str) -> None:
    error = await _failure(server.at(fault))
    assert KEY not in "".join(traceback.format_exception(error))
    assert not any(re.match(r"anthropic|httpx2|httpcore2", kind.__module__) for kind in _chain(error))


async def _failure(url: str) -> Exception:
    try:
        await ask(url, policy=replace(QUICK, attempts=2, attempt_seconds=0.2))
    except (CallError, HarnessError) as error:
        return error
    pytest.fail("the call did not fail")


def _chain(error: BaseException | None) -> list[type[BaseException]]:
    found = []
    while error is not None:
        found.append(type(error))
        error = error.__cause__ or error.__context__
    return found
