"""The Message Batches API of the loopback server, and what can go wrong with it.

server.batches.looks = 3              # a batch ends when it was looked at so often
server.batches.hold()                 # … or not before release()
server.batches.turns["queues"] = ["expired", "api_error"]
                                      # the first two requests whose text holds "queues" end so
server.batches.faults["results"] = ["fin-body"]      # faults of tests/loopback.py, one for each request
server.batches.created                # the batches that arrived, each the list of its requests
"""

import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]
Answering = Callable[[Body, str], Body | str]

_PATH = "/v1/messages/batches"
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FIELDS = ("processing", "succeeded", "errored", "canceled", "expired")


@dataclass(slots=True)
class Batch:
    """One batch: its requests as they came, and what came of each once it has ended."""

    id: str
    requests: list[Body]
    looks: int = 0
    canceled: bool = False
    results: list[Body] | None = None
    created_at: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))

    @property
    def ids(self) -> list[str]:
        return [request["custom_id"] for request in self.requests]


class Batches:
    """All batches of the account; `asked` counts the requests that were made about them, by kind."""

    def __init__(self) -> None:
        self.created: list[Batch] = []
        self.looks = 1
        self.turns: dict[str, list[str]] = {}
        self.faults: dict[str, list[str]] = {}
        self.asked = dict.fromkeys(("create", "poll", "results", "list", "cancel"), 0)
        self._held = threading.Event()
        self._held.set()

    def hold(self) -> None:
        """Let no batch end."""
        self._held.clear()

    def release(self) -> None:
        """Let them end again."""
        self._held.set()

    def fault(self, method: str, path: str) -> str:
        """Take the fault that this request meets."""
        kind = _kind(method, path)
        self.asked[kind] += 1
        queued = self.faults.get(kind)
        return queued.pop(0) if queued else ""

    def reply(
        self, method: str, path: str, body: Body | None, answering: Answering
    ) -> tuple[int, str, bytes]:
        """Give status, content type and body of the reply."""
        kind = _kind(method, path)
        if kind == "create":
            return self._create(body)
        if kind == "list":
            return _json(200, self._list(path))
        batch = next((each for each in self.created if f"{_PATH}/{each.id}" in path), None)
        if batch is None:
            return _error(404, "not_found_error", "batch not found")
        batch.canceled |= kind == "cancel"
        if kind == "poll":
            batch.looks += 1
        self._end(batch, answering)
        if kind != "results":
            return _json(200, _state(batch))
        if batch.results is None:
            return _error(404, "not_found_error", "the batch has not ended")
        # Raw text, as the API sends it: U+2028 stands unescaped in strings, and only a line feed ends a line.
        lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in batch.results)
        return 200, "application/x-jsonl", lines.encode()

    def _create(self, body: Body | None) -> tuple[int, str, bytes]:
        requests = (body or {}).get("requests")
        if not isinstance(requests, list) or not 1 <= len(requests) <= 100_000:
            return _error(400, "invalid_request_error", "requests: between 1 and 100000 are needed")
        ids = [request.get("custom_id", "") for request in requests]
        if not all(_CUSTOM_ID.fullmatch(each) for each in ids) or len(set(ids)) < len(ids):
            return _error(400, "invalid_request_error", "custom_id: must be unique and match the pattern")
        batch = Batch(f"msgbatch_{len(self.created) + 1:04d}", requests)
        self.created.append(batch)
        return _json(200, _state(batch))

    def _list(self, path: str) -> Body:
        query = dict(re.findall(r"(\w+)=([\w-]+)", path))
        newest = list(reversed(self.created))
        after = [each.id for each in newest].index(query["after_id"]) + 1 if "after_id" in query else 0
        page = newest[after : after + int(query.get("limit", "20"))]
        return {"data": [_state(each) for each in page], "has_more": after + len(page) < len(newest)}

    def _end(self, batch: Batch, answering: Answering) -> None:
        if batch.results is not None or not (batch.canceled or self._held.is_set()):
            return
        if batch.canceled or batch.looks >= self.looks:
            results = [self._result(batch, each, answering) for each in batch.requests]
            random.Random(batch.id).shuffle(results)  # noqa: S311 - any order but the one of the requests
            batch.results = results

    def _result(self, batch: Batch, request: Body, answering: Answering) -> Body:
        text = json.dumps(request["params"], ensure_ascii=False)
        turn = next((queued.pop(0) for word, queued in self.turns.items() if word in text and queued), "")
        turn = "canceled" if batch.canceled else turn
        name = f"req_{request['custom_id'][-8:]}"
        if turn in {"expired", "canceled"}:
            result: Body = {"type": turn}
        elif turn:
            result = _errored(turn, "the loopback server was told so")
        else:
            found = answering(request["params"], name)
            if isinstance(found, str):
                result = _errored("invalid_request_error", found)
            else:
                found["usage"]["service_tier"] = "batch"
                result = {"type": "succeeded", "message": found}
        return {"custom_id": request["custom_id"], "result": result}


def _kind(method: str, path: str) -> str:
    bare = path.partition("?")[0]
    if bare == _PATH:
        return "create" if method == "POST" else "list"
    if bare.endswith("/cancel"):
        return "cancel"
    return "results" if bare.endswith("/results") else "poll"


def _state(batch: Batch) -> Body:
    counts = dict.fromkeys(_FIELDS, 0)
    if batch.results is None:
        counts["processing"] = len(batch.requests)
    for line in batch.results or ():
        counts[line["result"]["type"]] += 1
    ended = batch.results is not None
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else "canceling" if batch.canceled else "in_progress",
        "request_counts": counts,
        "created_at": batch.created_at,
        "expires_at": batch.created_at,
        "ended_at": batch.created_at if ended else None,
        # Where a key must never go: whoever follows it is found out by the test that gets no results.
        "results_url": "http://127.0.0.1:9/stolen" if ended else None,
    }


def _errored(kind: str, message: str) -> Body:
    inner = {"type": kind, "message": message}
    return {"type": "errored", "error": {"type": "error", "error": inner, "request_id": "req_item"}}


def _json(status: int, body: Mapping[str, Any]) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body).encode()


def _error(status: int, kind: str, message: str) -> tuple[int, str, bytes]:
    return _json(status, {"type": "error", "error": {"type": kind, "message": message}})
