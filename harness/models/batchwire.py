"""Message Batches on the wire: a request as it is sent, a batch's state and its results read strictly."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from harness.errors import AccessError, CallError
from harness.models.faults import PassingError, Refused, judged
from harness.models.wire import read_reply, wire
from harness.planning.batches import Result, Returned, Standing
from harness.records.outcomes import Answer, Request

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_LINE = 32 * 2**20

# The API names an item's fault without a status; with one, it means what it means to a single call.
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_ENDS = {
    "expired": "the batch expired before its turn came",
    "canceled": "the batch was canceled before its turn came",
}


def encode(custom_id: str, request: Request) -> bytes:
    """Write one request of a batch as it is sent."""
    return json.dumps({"custom_id": custom_id, "params": wire(request)}, separators=(",", ":")).encode()


def read_batch(body: bytes) -> Standing:
    """Read the state of one batch; raises PassingError of kind `unreadable`, as do all here."""
    return _standing(_object(body))


def read_page(body: bytes) -> tuple[list[Standing], bool]:
    """Read one page of a list of batches, and whether there are more."""
    found = _object(body)
    data = found.get("data")
    if not isinstance(data, list):
        _unreadable("data must be a list of batches")
    return [_standing(each) for each in data], found.get("has_more") is True


def path_of(batch: str) -> str:
    """Say where a batch is, below the base URL; the id came from a server and is not trusted."""
    if not _ID.fullmatch(batch):
        kind, words = "bad-request", f"{batch!r} is no id of a batch"
        raise CallError(kind, words)
    return f"/v1/messages/batches/{batch}"


def lines(file: BinaryIO, longest: int = _LONGEST_LINE) -> Iterator[bytes]:
    """Split at line feeds alone, as U+2028 may stand inside of a string; skip lines beyond all reason."""
    while line := file.readline(longest):
        if line.endswith(b"\n") or len(line) < longest:
            if line.strip():
                yield line
            continue
        while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
            pass


@dataclass(frozen=True, slots=True)
class ResultReader:
    """Reads results; `redact` takes the key out of words by others."""

    key_variable: str
    redact: Callable[[str], str]

    def results(self, file: BinaryIO) -> Iterator[tuple[str, Result]]:
        """Yield what came of each request by its id, and close the file at the end.

        A line that does not even say what it is the result of is skipped.
        """
        with file:
            for line in lines(file):
                try:
                    found = json.loads(line)
                    custom_id, result = found["custom_id"], found["result"]
                    kind = result["type"]
                except (ValueError, RecursionError, LookupError, TypeError):
                    continue
                if isinstance(custom_id, str):
                    yield custom_id, self._result(kind, result)

    def _result(self, kind: object, result: dict[str, object]) -> Result:
        if kind == "succeeded":
            return _answer(result.get("message"))
        if kind == "errored":
            return self._errored(result.get("error"))
        if isinstance(kind, str) and kind in _ENDS:
            return Returned(kind=kind, message=_ENDS[kind], again=True)
        return Returned(kind="unreadable", message="its result is of no known type", again=True)

    def _errored(self, outer: object) -> Result:
        """Read an item's error, which the API nests: `error.error.type`; once it was `error.type`."""
        error = outer if isinstance(outer, dict) else {}
        inner = error.get("error")
        inner = inner if isinstance(inner, dict) else error
        kind, details = str(inner.get("type") or ""), inner.get("details")
        refused = Refused(
            status=_STATUS.get(kind, 500),
            type=kind,
            code=str(details.get("error_code") or "") if isinstance(details, dict) else "",
            message=self.redact(str(inner.get("message") or "")),
            headers={"request-id": str(error.get("request_id") or "")},
        )
        match judged(refused, key_variable=self.key_variable, now=0.0):
            case AccessError() as access:
                return access
            case PassingError(error=passing):
                return _returned(passing, again=True)
            case CallError() as failed:
                return _returned(failed, again=False)


def _answer(message: object) -> Result:
    """Read a message as a single call's reply is read, so that the same answer is kept."""
    try:
        reply = read_reply("application/json", json.dumps(message).encode())
    except PassingError as passing:
        return _returned(passing.error, again=True)
    return Answer(text=reply.text, stop_reason=reply.stop_reason, model=reply.model, usage=reply.usage)


def _returned(error: CallError, *, again: bool) -> Returned:
    return Returned(kind=error.kind, message=error.message, again=again, hint=error.hint)


def _standing(found: object) -> Standing:
    if not isinstance(found, dict):
        _unreadable("a batch must be an object")
    batch, status, counts = found.get("id"), found.get("processing_status"), found.get("request_counts")
    if not (isinstance(batch, str) and _ID.fullmatch(batch)):
        _unreadable("a batch must have an id")
    if status not in {"in_progress", "canceling", "ended"}:
        _unreadable("processing_status must be in_progress, canceling or ended")
    if not isinstance(counts, dict) or not all(_count(value) for value in counts.values()):
        _unreadable("request_counts must be counts")
    total = sum(counts.values())
    done = total if status == "ended" else total - counts.get("processing", 0)
    return Standing(id=batch, ended=status == "ended", requests=total, done=done)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        _unreadable("the body is not whole JSON")
    if not isinstance(found, dict):
        _unreadable("the body must be an object")
    return found


def _unreadable(words: str) -> NoReturn:
    raise PassingError(CallError("unreadable", f"status 200, but {words}"))
