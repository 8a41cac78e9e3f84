"""The server that other tests rely on: it must refuse what the API refuses, and count what the API counts."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from loopback import API_VERSION, KEY, Body, Loopback, answer_in

HEADERS = {"anthropic-version": API_VERSION, "authorization": f"Bearer {KEY}"}
VERDICT = {
    "type": "object",
    "properties": {"quote": {"type": "string"}, "reason": {"type": "string"}, "met": {"type": "boolean"}},
    "required": ["quote", "reason", "met"],
    "additionalProperties": False,
}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(cache_minimum=20) as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(headers=HEADERS, trust_env=False) as client:
        yield client


def body(**changes: Any) -> Body:
    usual = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "Design a login."}]}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def block(text: str, *, cached: bool = False) -> Body:
    return {"type": "text", "text": text, **({"cache_control": {"type": "ephemeral"}} if cached else {})}


def schema(shape: Body) -> Body:
    return {"format": {"type": "json_schema", "schema": shape}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"model": None}, "model: Field required"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater"),
        ({"temperature": 1.0}, "temperature: Extra inputs are not permitted"),
        ({"messages": []}, "messages: at least one"),
        ({"messages": [{"role": "user", "content": [block(" ")]}]}, "text content blocks must be non-empty"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "assistant", "content": "I"}]}, "prefill"),
        ({"system": [block("x", cached=True)] * 5}, "A maximum of 4 blocks with cache_control"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"thinking": {"type": "disabled"}}, "thinking"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"schema": {}}}, "output_config.schema: Extra inputs"),
        ({"output_config": schema({"type": "object", "properties": {}})}, "'additionalProperties' must be"),
        ({"output_config": schema({"type": "string", "maxLength": 5})}, "'maxLength' is not supported"),
    ],
)
def test_a_body_that_the_api_refuses_is_refused(
    server: Loopback, client: httpx2.Client, changes: Body, words: str
) -> None:
    reply = client.post(f"{server.url}/v1/messages", json=body(**changes))
    assert reply.status_code == 400
    error = reply.json()
    assert error["error"]["type"] == "invalid_request_error"
    assert words in error["error"]["message"]
    assert error["request_id"] == reply.headers["request-id"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": ""}, 401),
        ({"x-api-key": "another"}, 401),
        ({"anthropic-version": "2023-06-01"}, 400),
        ({"anthropic-version": ""}, 400),
    ],
)
def test_headers_are_checked(
    server: Loopback, client: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    reply = client.post(f"{server.url}/v1/messages", json=body(), headers=headers)
    assert reply.status_code == status


def test_other_paths_and_unknown_models_are_not_found(client: httpx2.Client) -> None:
    with Loopback(models=frozenset({"m"})) as server:
        assert client.post(f"{server.url}/v1/complete", json=body()).status_code == 404
        assert client.post(f"{server.url}/v1/messages", json=body(model="n")).status_code == 404
        assert client.post(f"{server.url}/v1/messages", json=body()).status_code == 200


def test_thinking_comes_first_and_equal_requests_get_equal_answers(
    server: Loopback, client: httpx2.Client
) -> None:
    first, second = (client.post(f"{server.url}/v1/messages", json=body()).json() for _ in range(2))
    assert [part["type"] for part in first["content"]] == ["thinking", "text"]
    assert first["content"] == second["content"]
    other = client.post(f"{server.url}/v1/messages", json=body(system="Be brief.")).json()
    assert other["content"] != first["content"]


def test_an_answer_longer_than_max_tokens_is_cut(server: Loopback, client: httpx2.Client) -> None:
    reply = client.post(f"{server.url}/v1/messages", json=body(max_tokens=40)).json()
    assert reply["stop_reason"] == "max_tokens"
    assert reply["usage"]["output_tokens"] <= 40


def test_a_verdict_fits_the_schema_and_quotes_the_marked_answer(
    server: Loopback, client: httpx2.Client
) -> None:
    answer = "Use one database for everything at first.\nKeep every secret in the store for secrets."
    met = []
    for number in range(8):
        said = f"<question 7f>\nWhat to do? {number}\n</question 7f>\n<answer 7f>\n{answer}\n</answer 7f>"
        asked = body(output_config=schema(VERDICT), messages=[{"role": "user", "content": said}])
        assert answer_in(asked) == answer
        text = client.post(f"{server.url}/v1/messages", json=asked).json()["content"][1]["text"]
        verdict = json.loads(text)
        assert list(verdict) == ["quote", "reason", "met"]
        assert bool(verdict["quote"]) is verdict["met"]
        assert verdict["quote"] in answer
        met.append(verdict["met"])
    assert set(met) == {True, False}


def test_the_cache_remembers_prefixes_that_breakpoints_ended(server: Loopback, client: httpx2.Client) -> None:
    def counted(question: str, *parts: str) -> tuple[int, int, int]:
        content = [*(block(part, cached=True) for part in parts), block(question)]
        asked = body(system=[block("s" * 400, cached=True)], messages=[{"role": "user", "content": content}])
        usage = client.post(f"{server.url}/v1/messages", json=asked).json()["usage"]
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        return usage[names[0]], usage[names[1]], usage[names[2]]

    assert counted("a" * 40) == (10, 100, 0)
    assert counted("b" * 40) == (10, 0, 100)
    assert counted("c" * 40, "p" * 200) == (10, 50, 100)
    assert counted("d" * 40, "p" * 200) == (10, 0, 150)


def test_a_prefix_that_is_too_short_is_not_cached(client: httpx2.Client) -> None:
    with Loopback(cache_minimum=512) as server:
        asked = body(system=[block("s" * 400, cached=True)])
        usage = client.post(f"{server.url}/v1/messages", json=asked).json()["usage"]
    assert (usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]) == (0, 0)
    assert usage["input_tokens"] == 100 + 4


def test_faults_come_in_order_each_as_often_as_told(server: Loopback, client: httpx2.Client) -> None:
    url = server.at("429,retry-after=7,times=2+529,times=1+html200,times=1") + "/v1/messages"
    replies = [client.post(url, json=body()) for _ in range(5)]
    assert [reply.status_code for reply in replies] == [429, 429, 529, 200, 200]
    assert replies[0].headers["retry-after"] == "7"
    assert replies[2].json()["error"]["type"] == "overloaded_error"
    assert replies[3].headers["content-type"] == "text/html"
    assert replies[4].json()["type"] == "message"


def test_faults_can_be_queued_for_whoever_comes_next(server: Loopback, client: httpx2.Client) -> None:
    server.fail("429,code=enforced_spend_limit_reached,message=No_more_today,times=1")
    error = client.post(f"{server.url}/v1/messages", json=body()).json()["error"]
    assert error["details"] == {"error_code": "enforced_spend_limit_reached"}
    assert error["message"] == "No more today"
    assert client.post(f"{server.url}/v1/messages", json=body()).status_code == 200


def test_every_request_is_recorded_without_the_key(server: Loopback, client: httpx2.Client) -> None:
    client.post(f"{server.url}/v1/messages", json=body())
    client.post(f"{server.url}/v1/messages", json=body(output_config=schema(VERDICT)))
    client.post(f"{server.url}/v1/messages", content=b"{", headers={"content-type": "application/json"})
    assert (server.count(), server.count(judge=True), server.count(judge=False)) == (3, 1, 2)
    assert server.connections == 1
    assert server.requests[0].body == body()
    assert KEY not in repr(server.requests)


def test_rate_limit_headers_come_with_an_answer(server: Loopback, client: httpx2.Client) -> None:
    headers = client.post(f"{server.url}/v1/messages", json=body()).headers
    assert headers["anthropic-organization-id"]
    assert int(headers["anthropic-ratelimit-requests-remaining"]) == 4000 - 1
    assert headers["anthropic-ratelimit-input-tokens-reset"].endswith("Z")


def test_a_scripted_model_that_breaks_says_so(client: httpx2.Client) -> None:
    def broken(asked: Body) -> str:
        return str(asked["nothing"])

    with Loopback(reply=broken) as server:
        reply = client.post(f"{server.url}/v1/messages", json=body())
    assert reply.status_code == 400
    assert "KeyError('nothing')" in reply.text


def test_it_can_be_started_by_hand(client: httpx2.Client) -> None:
    command = [sys.executable, str(Path(__file__).with_name("loopback.py")), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url, _, key = process.stdout.readline().split()
            assert key == KEY
            assert client.post(f"{url}/v1/messages", json=body()).status_code == 200
        finally:
            process.terminate()
