"""A Messages API on 127.0.0.1 that is far faster than whoever is measured against it.

    python benchmarks/server.py [--latency 0.3] [--rate 40]

Prints its address, then serves until it is killed. A request that names a `haiku` model is a judge's; the
path before `/v1/messages` says in which form it wants its verdict (`/as/met`, `/as/grade`, `/as/pass`,
`/as/score`), so that every harness is told the same thing: yes. With `--rate`, requests beyond so
many a second (a bucket one second deep) are turned away with 429. No two answers are equal, as with a model.
`GET /stats` tells what was seen since `GET /reset`.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

with contextlib.suppress(ImportError):
    import uvloop

_ADVICE = (
    "Start with one service and one Postgres database; split only when a team or a load forces it.",
    "Every write carries an idempotency key, so that a retry changes nothing.",
    "Check ownership in the query itself, never only in the handler, and name the threat it answers.",
    "The main trade-off is latency against consistency; here consistency wins.",
    "Roll out behind a flag, watch the error rate for a day, and keep the old path for a week.",
    "Rate limits per account protect the login route from guessing and from credential stuffing.",
)
ANSWER = "\n\n".join(("## Recommendation NUMBER", *_ADVICE))
QUOTE = "Rate limits per account protect the login route from guessing"

_VERDICTS = {
    "met": json.dumps({"quote": QUOTE, "reason": "The answer says so.", "met": True}),
    "grade": "The answer names a threat.\n\nGRADE: C",
    "pass": json.dumps({"reason": "The answer names a threat.", "pass": True, "score": 1.0}),
    "score": json.dumps({"reason": "The answer names a threat.", "score": 10}),
}


@dataclass(slots=True)
class Seen:
    """What came in since the last reset; times are of a monotonic clock, in seconds."""

    requests: int = 0
    refused: int = 0
    busy: int = 0
    peak: int = 0
    first: float = 0.0
    last: float = 0.0
    seconds_in_hand: float = 0.0
    """The sum over requests of how long each was in hand: divided by the time, the mean in flight."""

    def begin(self, now: float) -> None:
        """Take in a request."""
        self.first = self.first or now
        self.requests += 1
        self.busy += 1
        self.peak = max(self.peak, self.busy)

    def end(self, began: float, now: float) -> None:
        """Let a reply out."""
        self.busy -= 1
        self.last = now
        self.seconds_in_hand += now - began

    def told(self) -> dict[str, float]:
        """Say it as data."""
        lasted = self.last - self.first
        return {
            "requests": self.requests,
            "refused": self.refused,
            "peak": self.peak,
            "seconds": lasted,
            "mean_in_flight": self.seconds_in_hand / lasted if lasted else 0.0,
        }


@dataclass(slots=True)
class Service:
    """What all connections share: how slow, how strict, and what was seen."""

    latency: float = 0.0
    rate: float = 0.0
    seen: Seen = field(default_factory=Seen)
    _tokens: float = 0.0
    _filled: float = 0.0

    def admits(self, now: float) -> bool:
        """Take a token from the bucket, where there is one."""
        if not self.rate:
            return True
        self._tokens = min(self.rate, self._tokens + (now - self._filled) * self.rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it come one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._data = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what replies go to."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Serve every request that is whole."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._data[:end])
            length = _length(head)
            if len(self._data) < end + 4 + length:
                return
            body = bytes(self._data[end + 4 : end + 4 + length])
            del self._data[: end + 4 + length]
            self._serve(head.split(b" ", 2)[1].decode(), body)

    def _serve(self, path: str, body: bytes) -> None:
        if not path.endswith("/v1/messages"):
            self._write(200, json.dumps(_told(self._service, path)).encode())
            return
        service, now = self._service, time.perf_counter()
        service.seen.begin(now)
        status, reply = 200, b""
        if service.admits(now):
            reply = _reply(path, body)
        else:
            service.seen.refused += 1
            status = 429
            reply = b'{"type":"error","error":{"type":"rate_limit_error","message":"too many requests"}}'
        if service.latency and status == 200:
            asyncio.get_running_loop().call_later(service.latency, self._finish, status, reply, now)
        else:
            self._finish(status, reply, now)

    def _finish(self, status: int, reply: bytes, began: float) -> None:
        self._service.seen.end(began, time.perf_counter())
        self._write(status, reply)

    def _write(self, status: int, body: bytes) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\nrequest-id: req_1\r\n"
            self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _told(service: Service, path: str) -> dict[str, float]:
    told = service.seen.told()
    if path == "/reset":
        service.seen = Seen()
    return told


def _reply(path: str, body: bytes) -> bytes:
    if b"haiku" not in body:
        return b"%s%d%s" % (_BEFORE, next(_NUMBERS), _AFTER)
    kind = path.split("/")[2] if path.startswith("/as/") else "met"
    return _JUDGES[kind]


def _message(text: str) -> bytes:
    usage = {
        "input_tokens": 1200,
        "output_tokens": 150,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "loopback",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    return json.dumps(message).encode()


_BEFORE, _AFTER = _message(ANSWER).split(b"NUMBER")
_NUMBERS = itertools.count(1)
_JUDGES = {kind: _message(text) for kind, text in _VERDICTS.items()}


async def serve(service: Service) -> None:
    """Say the address, then serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    options = argparse.ArgumentParser(description="A fast Messages API on 127.0.0.1, to measure clients.")
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options.add_argument("--rate", type=float, default=0.0, help="requests a second; 0: no limit")
    chosen = options.parse_args()
    run = uvloop.run if "uvloop" in globals() else asyncio.run
    run(serve(Service(latency=chosen.latency, rate=chosen.rate)))


if __name__ == "__main__":
    main()
