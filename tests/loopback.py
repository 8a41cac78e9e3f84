"""A server on 127.0.0.1 that speaks the Messages API (version 2026-10-21), with faults on demand.

    with Loopback() as server:
        ...                                          # base_url=server.url, key=server.key
        server.at("429,retry-after=0.05,times=2")    # a base URL whose first two requests are turned away
        server.count(judge=True)                     # how many requests asked for a verdict

By hand: `python tests/loopback.py --port 8700`, then any client with base URL `http://127.0.0.1:8700`, or
`http://127.0.0.1:8700/s/529,times=1+html200,times=1` for faults one after the other.

Answers are a function of the request, so equal requests get equal answers. Nothing is really random.

Faults, each `kind,option=value,…`, always unless `times=N` says how often:
a status (`429`, `529`, `400`, …; options retry-after, retry-after-ms, x-should-retry, location, type, code,
message with _ for spaces) ·
`html200` `null200` `empty200` `blank200` `cut200` `wrong200` `error200` (a broken body with status 200) ·
`reset` `fin` (no answer) · `reset-body` `fin-body` (half an answer) · `slow` `trickle` (seconds=S) ·
`refusal` `max_tokens` `model_context_window_exceeded` (an answer that stops so) · `down` (as reset) ·
`bomb` (256 MB of white space, gzipped) · `endless` (a body without an end) · `garbage` (no HTTP); each of
the first two with an error's status=500 if so asked.

With `limits` (tests/allowances.py) it refuses with 429 what is above them, and tells them if asked.
"""

import argparse
import asyncio
import contextlib
import functools
import hashlib
import json
import random
import re
import socket
import struct
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from allowances import Limits
from loopback_batches import Batches

API_VERSION = "2026-10-21"
KEY = "loopback-key-0123456789abcdef"

Body = dict[str, Any]


class Raw(str):
    """A structured reply that is sent as it is, whether or not it fits the schema."""

    __slots__ = ()


# ------------------------------------------------------------------ faults


@dataclass(slots=True)
class Fault:
    """One way to misbehave; `left` counts down to 0, `None` never ends."""

    kind: str
    left: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return float(self.options.get("seconds", "0.2"))


def faults(spec: str) -> list[Fault]:
    """Read `529,times=1+html200,times=1`."""
    found = []
    for part in spec.split("+"):
        kind, *pairs = part.split(",")
        options = dict(pair.split("=", 1) for pair in pairs)
        times = options.pop("times", None)
        if "message" in options:
            options["message"] = options["message"].replace("_", " ")
        found.append(Fault(kind, int(times) if times else None, options))
    return found


_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_BROKEN = {
    "html200": ("text/html", b"<html><body>Sign in to the proxy</body></html>"),
    "null200": ("application/json", b"null"),
    "empty200": ("application/json", b"{}"),
    "blank200": ("application/json", b""),
    "wrong200": ("application/json", b'{"type": "message", "content": "text", "stop_reason": "end_turn"}'),
    "error200": ("application/json", b'{"type": "error", "error": {"type": "overloaded_error"}}'),
}
_STOPS = frozenset({"refusal", "max_tokens", "model_context_window_exceeded"})

# ------------------------------------------------------------------ what the API accepts

_ACCEPTED = frozenset(
    {
        *("cache_control", "container", "diagnostics", "inference_geo", "max_tokens", "messages", "metadata"),
        *("model", "output_config", "service_tier", "speed", "stop_sequences", "stream", "system"),
        *("thinking", "tool_choice", "tools"),
    }
)
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_UNSUPPORTED = ("minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems", "uniqueItems")


def problem(body: Any) -> str:
    """What is wrong with a request body, in the API's words; empty when nothing is."""
    if not isinstance(body, dict):
        return "Input should be a valid dictionary"
    checks = (_fields, _conversation, _breakpoints, _tools, _output)
    return next((words for check in checks if (words := check(body))), "")


def _fields(body: Body) -> str:
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            return f"{name}: Field required"
    for name in body:
        if name not in _ACCEPTED:
            return f"{name}: Extra inputs are not permitted"
    if type(body["max_tokens"]) is not int or body["max_tokens"] < 1:
        return "max_tokens: Input should be greater than or equal to 1"
    if body.get("stream"):
        return "stream: the loopback server does not stream"
    return ""


def _conversation(body: Body) -> str:
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    for index, message in enumerate(messages):
        if message.get("role") not in {"user", "assistant"}:
            return f"messages.{index}.role: Input should be 'user' or 'assistant'"
    if messages[-1]["role"] == "assistant":
        return "This model does not support assistant message prefill: the last message must be the user's."
    for place, text, _ in blocks(body):
        if not text.strip():
            return f"{place}: text content blocks must be non-empty"
    return ""


def _breakpoints(body: Body) -> str:
    found = sum(cached for _, _, cached in blocks(body))
    return f"A maximum of 4 blocks with cache_control may be provided. Found {found}." if found > 4 else ""


def _tools(body: Body) -> str:
    if body.get("tool_choice", {}).get("type") in {"any", "tool"}:
        return "tool_choice: forced tool use is not supported on this model."
    if body.get("thinking", {}).get("type") in {"enabled", "disabled"}:
        return "thinking: this model only supports adaptive thinking."
    return ""


def _output(body: Body) -> str:
    output = body.get("output_config", {})
    if extra := set(output) - {"effort", "format"}:
        return f"output_config.{min(extra)}: Extra inputs are not permitted"
    if output.get("effort", "high") not in _EFFORTS:
        return f"output_config.effort: Input should be one of {', '.join(_EFFORTS)}"
    shape = output.get("format")
    if shape is None:
        return ""
    if shape.get("type") != "json_schema" or not isinstance(shape.get("schema"), dict):
        return "output_config.format: Input should be {'type': 'json_schema', 'schema': {...}}"
    return _schema(shape["schema"], "output_config.format.schema")


def _schema(schema: Body, place: str) -> str:
    for name in _UNSUPPORTED:
        if name in schema:
            return f"{place}: For '{schema.get('type')}' type, property '{name}' is not supported"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    parts = {**schema.get("properties", {}), **({"items": schema["items"]} if "items" in schema else {})}
    return next((words for name, part in parts.items() if (words := _schema(part, f"{place}.{name}"))), "")


def blocks(body: Body) -> Iterator[tuple[str, str, bool]]:
    """Every text block of a request in order: where it stands, its text, whether a breakpoint follows it."""
    groups = [("system", body.get("system", []))]
    groups += [(f"messages.{i}.{m['role']}", m.get("content", "")) for i, m in enumerate(body["messages"])]
    for place, content in groups:
        for block in [{"text": content}] if isinstance(content, str) else content:
            yield place, block.get("text", ""), "cache_control" in block


# ------------------------------------------------------------------ what the model says

_SENTENCES = (
    "Start with one service and one Postgres database; split only when a team or a load forces it.",
    "Every write carries an idempotency key, so that a retry changes nothing.",
    "Check ownership in the query itself, never only in the handler.",
    "Secrets live in the secret store, and are rotated every ninety days.",
    "The main trade-off is latency against consistency; here consistency wins.",
    "A queue would decouple the two, at the cost of one more thing to operate.",
    "Roll out behind a flag, watch the error rate for a day, and keep the old path for a week.",
    "Rate limits per account protect the login route from guessing.",
    "Read replicas come later: at this size one instance serves all reads.",
    "Log the request id and the actor, never the payload.",
)


def digest(body: Body) -> int:
    """A number that depends on all of a request and nothing else."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8])


def plausible(body: Body) -> str:
    """A short answer of a few sentences; the same for the same request."""
    chosen = random.Random(digest(body)).sample(  # noqa: S311 - a coin, not a secret
        _SENTENCES, 5
    )
    return "## Recommendation\n\n" + "\n\n".join(chosen)


def verdict(body: Body) -> Any:
    """A reply that fits the schema: `met` by a coin that the request tosses, `quote` from the answer.

    Only to what asks for a made-up name, as canaries do, it says no.
    """
    filled = _filled(body["output_config"]["format"]["schema"], body)
    if isinstance(filled, dict) and "met" in filled and asks_for_a_name(body):
        filled["met"] = False
    if isinstance(filled, dict) and filled.get("met") is False and "quote" in filled:
        filled["quote"] = ""
    return filled


def answer_in(body: Body) -> str:
    """The answer that a judge's request holds between its markers; without any, all that the user says."""
    said = "\n".join(text for place, text, _ in blocks(body) if place.endswith("user"))
    marked = re.findall(r"<(answer[^>\n]*)>\n(.*?)\n</\1>", said, re.DOTALL)
    return str(marked[-1][1]) if marked else said


def asks_for_a_name(body: Body) -> bool:
    """Whether the one criterion of a judge's request names something that its answer does not."""
    said = "\n".join(text for place, text, _ in blocks(body) if place.endswith("user"))
    criteria = re.findall(r"<(criterion[^>\n]*)>\n(.*?)\n</\1>", said, re.DOTALL)
    names = re.findall(r"(?<=\s)[A-Z][a-z]{6,}", criteria[-1][1]) if criteria else []
    return any(name not in answer_in(body) for name in names)


def _filled(schema: Body, body: Body, name: str = "") -> Any:
    toss = random.Random(f"{digest(body)} {name}")  # noqa: S311 - a coin, not a secret
    if "const" in schema or "enum" in schema:
        return schema.get("const", toss.choice(schema.get("enum", [None])))
    match schema.get("type"):
        case "object":
            return {key: _filled(part, body, key) for key, part in schema.get("properties", {}).items()}
        case "array":
            return [_filled(schema["items"], body, name)]
        case "boolean":
            return toss.random() < 0.5
        case "integer" | "number":
            return 1
        case _:
            return toss.choice(_quotable(answer_in(body))) if name == "quote" else "The answer says so."


def _quotable(text: str) -> list[str]:
    sentences = re.split(r"(?<=[.!?])\s+|\n+", text)
    return [s for s in sentences if len(s) >= 20] or [text[:200]]


# ------------------------------------------------------------------ what it counts


def tokens(text: str) -> int:
    """About what a tokenizer would count."""
    return -(-len(text) // 4)


class PrefixCache:
    """Remembers the prefixes that breakpoints ended, and counts like the API: read, written, neither."""

    def __init__(self, minimum: int) -> None:
        self.minimum = minimum
        self.known: set[str] = set()

    def usage(self, body: Body) -> dict[str, int]:
        chain = hashlib.sha256(str(body["model"]).encode())
        total, boundaries = 0, []
        for place, text, cached in blocks(body):
            chain.update(f"\0{place}\0{text}".encode())
            total += tokens(text)
            if cached and total >= self.minimum:
                boundaries.append((chain.hexdigest(), total))
        read = max((count for name, count in boundaries if name in self.known), default=0)
        upto = boundaries[-1][1] if boundaries else 0
        self.known.update(name for name, _ in boundaries)
        return {
            "input_tokens": total - upto,
            "cache_creation_input_tokens": upto - read,
            "cache_read_input_tokens": read,
        }


# ------------------------------------------------------------------ the server


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in; `headers` without the key, `body` None where it was not a JSON object."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Body | None
    at: float

    @property
    def judge(self) -> bool:
        """Whether it asked for structured output, as only judges do."""
        return "format" in ((self.body or {}).get("output_config") or {})


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Loopback:
    """The server, in a thread of its own while the `with` block lasts, so that subprocesses can call it too.

    `reply` gives an answer's text and `judge` a structured reply's value, both from the request's body; both
    run in the server's thread. `models` are the only ones known, if given. `peak` is the most
    requests that were in hand at once, `connections` how many were opened.
    """

    def __init__(
        self,
        *,
        key: str = KEY,
        reply: Callable[[Body], str] = plausible,
        judge: Callable[[Body], Any] = verdict,
        models: frozenset[str] | None = None,
        latency: float = 0.0,
        cache_minimum: int = 512,
        port: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.key, self.reply, self.judge, self.models = key, reply, judge, models
        self.latency, self.port, self.limits = latency, port, limits
        self.cache = PrefixCache(cache_minimum)
        self.batches = Batches()
        self.faults: deque[Fault] = deque()
        self.requests: list[Seen] = []
        self.connections = self.peak = 0
        self._busy = 0
        self._by_path: dict[str, list[Fault]] = {}
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(10):
            msg = "the loopback server did not start"
            raise RuntimeError(msg)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():  # a test may have ended it before
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at(self, spec: str) -> str:
        """A base URL under which requests meet these faults, in order; each has its own count per URL."""
        return f"{self.url}/s/{spec}"

    def fail(self, spec: str) -> None:
        """Let the next requests under any base URL meet these faults."""
        self.faults.extend(faults(spec))

    def count(self, *, judge: bool | None = None) -> int:
        """How many requests came in: all of them, or only the judge's, or only the others."""
        return sum(judge is None or seen.judge is judge for seen in self.requests)

    def _run(self) -> None:
        asyncio.run(self._main())

    def forget(self) -> None:
        """Start afresh: no requests seen, no faults queued or counted, nothing cached."""
        self.requests.clear()
        self.faults.clear()
        self._by_path.clear()
        self.cache.known.clear()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # A client that is gone is no news: that is what half of these tests are about.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection may serve another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        self._busy += 1
        self.peak = max(self.peak, self._busy)
        try:
            fault, path = self._fault(target)
            seen = Seen(method, path, headers, _object(content), time.time())
            if path.startswith("/v1/messages/batches") and not fault.kind:
                reply, fault = self._batch(seen)
            else:
                reply = await self._reply(seen, fault)
            return await _send(writer, reply, fault)
        finally:
            self._busy -= 1

    def _fault(self, target: str) -> tuple[Fault, str]:
        """The fault that this request meets, and its path without the fault's own part."""
        found = re.match(r"/s/([^/]+)(/.*)", target)
        spec, path = found.groups() if found else ("", target)
        of_path = self._by_path.setdefault(spec, faults(spec)) if spec else []
        for fault in (*self.faults, *of_path):
            if fault.left != 0:
                fault.left = None if fault.left is None else fault.left - 1
                return fault, path
        return Fault(""), path

    async def _reply(self, seen: Seen, fault: Fault) -> Reply:
        secret = ("authorization", "x-api-key")
        public = {name: value for name, value in seen.headers.items() if name not in secret}
        self.requests.append(Seen(seen.method, seen.path, public, seen.body, seen.at))
        name = f"req_{len(self.requests):08d}"
        if self.limits is None:
            return await self._served(seen, fault, name)
        if not self.limits.admits(time.time(), self._amounts(seen.body or {})):
            options = {"retry-after": self.limits.retry_after} if self.limits.retry_after else {}
            refusal = _refusal(429, options, name)
            return Reply(429, refusal.body, headers={**refusal.headers, **self.limits.headers(time.time())})
        try:
            return await self._served(seen, fault, name)
        finally:
            self.limits.left()

    def _amounts(self, body: Body) -> dict[str, float]:
        """What a request takes of each limit."""
        written = tokens(self.reply(body)) + 12
        read = sum(tokens(text) for _, text, _ in blocks(body))
        return {"requests": 1, "input-tokens": read, "output-tokens": min(written, body["max_tokens"])}

    async def _served(self, seen: Seen, fault: Fault, name: str) -> Reply:
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault.kind.isdigit():
            return _refusal(int(fault.kind), fault.options, name)
        if words := self._unwelcome(seen):
            status, why = words
            return _refusal(status, {"message": why}, name)
        if fault.kind in _BROKEN:
            kind, broken = _BROKEN[fault.kind]
            return Reply(200, broken, kind, {"request-id": name})
        try:
            message = self._message(seen.body or {}, fault, name)
        except Exception as error:  # noqa: BLE001 - a test's own reply function broke: say so to the test
            return _refusal(400, {"message": f"the scripted model broke: {error!r}"}, name)
        whole = json.dumps(message, ensure_ascii=False).encode()
        sent = whole if fault.kind != "cut200" else whole[: len(whole) // 2]
        return Reply(200, sent, headers={"request-id": name, **self._limits()})

    def _batch(self, seen: Seen) -> tuple[Reply, Fault]:
        """Answer what is about batches; these requests are counted there and not here."""
        if refused := self._unknown(seen):
            return _refusal(refused[0], {"message": refused[1]}, "req_batches"), Fault("")
        fault = faults(self.batches.fault(seen.method, seen.path) or "")[0]
        if fault.kind.isdigit():
            return _refusal(int(fault.kind), fault.options, "req_batches"), fault
        status, kind, body = self.batches.reply(seen.method, seen.path, seen.body, self._batched)
        return Reply(status, body, kind, {"request-id": "req_batches"}), fault

    def _batched(self, body: Body, name: str) -> Body | str:
        """What one request of a batch comes to: a message, or what is wrong with it."""
        return problem(body) or self._message(body, Fault(""), name)

    def _unknown(self, seen: Seen) -> tuple[int, str] | None:
        bearer = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if seen.headers.get("x-api-key", bearer) != self.key:
            return 401, "invalid x-api-key" if "x-api-key" in seen.headers else "invalid bearer token"
        version = seen.headers.get("anthropic-version", "")
        return (
            None if version == API_VERSION else (400, f"anthropic-version: {version or 'header is required'}")
        )

    def _unwelcome(self, seen: Seen) -> tuple[int, str] | None:
        if (seen.method, seen.path) != ("POST", "/v1/messages"):
            return 404, "Not found"
        if refused := self._unknown(seen):
            return refused
        if seen.headers.get("content-type", "").partition(";")[0] != "application/json":
            return 400, "content-type: must be application/json"
        if words := problem(seen.body):
            return 400, words
        model = str((seen.body or {})["model"])
        return (404, f"model: {model}") if self.models is not None and model not in self.models else None

    def _message(self, body: Body, fault: Fault, name: str) -> Body:
        structured = "format" in body.get("output_config", {})
        text = _structured(self.judge(body)) if structured else self.reply(body)
        stop, thought = "end_turn", 12
        if fault.kind == "max_tokens" or tokens(text) + thought > body["max_tokens"]:
            stop = "max_tokens"
            text = text[: min(len(text) // 2, 4 * max(0, body["max_tokens"] - thought))]
        elif fault.kind in _STOPS:
            stop, text = fault.kind, "" if fault.kind == "refusal" else text
        content = [{"type": "thinking", "thinking": "", "signature": "c2ln"}]
        content += [{"type": "text", "text": text}] if text else []
        counted = self.cache.usage(body)
        written = {"ephemeral_5m_input_tokens": counted["cache_creation_input_tokens"]}
        return {
            "id": name.replace("req", "msg"),
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                **counted,
                "cache_creation": {**written, "ephemeral_1h_input_tokens": 0},
                "output_tokens": min(tokens(text) + thought, body["max_tokens"]),
                "output_tokens_details": {"thinking_tokens": thought},
                "service_tier": "standard",
            },
        }

    def _limits(self) -> dict[str, str]:
        """Rate-limit headers of a generous account whose minute has just begun."""
        if self.limits is not None:
            return self.limits.headers(time.time())
        minute = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(time.time() + 60))
        found = {"anthropic-organization-id": "00000000-0000-4000-8000-000000000000"}
        for what, limit in (("requests", 4_000), ("input-tokens", 2_000_000), ("output-tokens", 400_000)):
            used = len(self.requests) % limit if what == "requests" else 0
            found[f"anthropic-ratelimit-{what}-limit"] = str(limit)
            found[f"anthropic-ratelimit-{what}-remaining"] = str(limit - used)
            found[f"anthropic-ratelimit-{what}-reset"] = minute
        return found


def _structured(value: Any) -> str:
    return str(value) if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)


def _object(content: bytes) -> Body | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _refusal(status: int, options: Mapping[str, str], name: str) -> Reply:
    code = options.get("code")
    error: Body = {
        "type": options.get("type", _TYPES.get(status, "api_error")),
        "message": options.get("message", f"the loopback server was told to say {status}"),
        **({"details": {"error_code": code}} if code else {}),
    }
    passed = ("retry-after", "retry-after-ms", "x-should-retry", "location")
    headers = {"request-id": name, **{key: options[key] for key in passed if key in options}}
    body = {"type": "error", "error": error, "request_id": name}
    return Reply(status, json.dumps(body).encode(), headers=headers)


async def _send(writer: asyncio.StreamWriter, reply: Reply, fault: Fault) -> bool:
    head = [f"HTTP/1.1 {reply.status} -", f"content-type: {reply.kind}", f"content-length: {len(reply.body)}"]
    head += [f"{name}: {value}" for name, value in reply.headers.items()]
    wire = "\r\n".join(head).encode() + b"\r\n\r\n" + reply.body
    match fault.kind:
        case "reset" | "fin" | "down":
            return _hang_up(writer, reset=fault.kind != "fin")
        case "reset-body" | "fin-body":
            writer.write(wire[: len(wire) - len(reply.body) // 2])
            await writer.drain()
            await asyncio.sleep(0.01)  # let the first half arrive
            return _hang_up(writer, reset=fault.kind == "reset-body")
        case "garbage":
            writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n" * 8)
            return _hang_up(writer, reset=False)
        case "endless" | "bomb":
            return await _endless(writer, fault)
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "trickle":
            piece = len(wire) // 20 + 1
            for start in range(0, len(wire), piece):
                writer.write(wire[start : start + piece])
                await writer.drain()
                await asyncio.sleep(fault.seconds / 20)
            return True
        case _:
            pass
    writer.write(wire)
    await writer.drain()
    return True


async def _endless(writer: asyncio.StreamWriter, fault: Fault) -> bool:
    """Send white space without an end, or 256 MB of it in one."""
    coding = "content-encoding: gzip\r\n" if fault.kind == "bomb" else ""
    status = fault.options.get("status", "200")
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n{coding}connection: close\r\n\r\n"
    writer.write(head.encode())
    if fault.kind == "bomb":
        writer.write(_bomb())
        await writer.drain()
        return False
    while True:
        writer.write(b" " * 2**16)
        await writer.drain()
        await asyncio.sleep(0)


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*(packer.compress(b" " * 2**20) for _ in range(256)), packer.flush()])


def _hang_up(writer: asyncio.StreamWriter, *, reset: bool) -> bool:
    if reset:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    return False


def main() -> None:
    """Serve until interrupted."""
    options = argparse.ArgumentParser(description="A Messages API on 127.0.0.1, for trying things out.")
    options.add_argument("--port", type=int, default=8700)
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    chosen = options.parse_args()
    with Loopback(port=chosen.port, latency=chosen.latency) as server, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"{server.url}  key {server.key}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
