"""The Messages API on the wire: a request as its JSON body, and a reply's JSON body read strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from harness.errors import CallError
from harness.models.faults import PassingError
from harness.planning.prefixes import BREAKPOINTS
from harness.records.outcomes import Message, Request, Usage

_MOST_TOKENS = 10**9  # far above any model's; a server that counts more is broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A successful reply as read: what the model said, why it stopped and what was counted."""

    text: str
    stop_reason: str
    model: str
    usage: Usage


def wire(request: Request) -> dict[str, object]:
    """Write a request as the body of `POST /v1/messages`.

    Cache breakpoints follow the system prompt and every part of a message but its last, the first four in
    all. Sampling parameters are never sent (the API refuses them), thinking is the model's default.
    """
    body: dict[str, object] = {"model": request.model, "max_tokens": request.max_tokens}
    left = BREAKPOINTS
    if request.system:
        body["system"] = [_block(request.system, cached=True)]
        left -= 1
    messages = []
    for message in request.messages:
        messages.append(_message(message, left))
        left = max(0, left - (len(message.parts) - 1))
    body["messages"] = messages
    if output := _output(request):
        body["output_config"] = output
    return body


def read_reply(content_type: str, body: bytes) -> Reply:
    """Read the body of a reply with status 200; text is found by block type, as thinking comes first.

    Raises PassingError of kind `unreadable`: proxies and broken servers send pages, `null` and halves
    of messages with status 200, and the next attempt may be whole.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        _unreadable(f"the content type must be application/json, got {content_type or 'none'}")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        _unreadable("the body is not whole JSON")
    if not isinstance(message, dict) or message.get("type") != "message":
        _unreadable("the body must be an object of type message")
    return Reply(
        text=_text(message.get("content")),
        stop_reason=_word(message, "stop_reason"),
        model=_word(message, "model"),
        usage=_usage(message.get("usage")),
    )


def _message(message: Message, breakpoints: int) -> dict[str, object]:
    cached = min(breakpoints, len(message.parts) - 1)
    blocks = [_block(part, cached=index < cached) for index, part in enumerate(message.parts)]
    return {"role": message.role, "content": blocks}


def _block(text: str, *, cached: bool) -> dict[str, object]:
    block: dict[str, object] = {"type": "text", "text": text}
    return {**block, "cache_control": {"type": "ephemeral"}} if cached else block


def _output(request: Request) -> dict[str, object]:
    output: dict[str, object] = {}
    if request.effort is not None:
        output["effort"] = request.effort
    if request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": dict(request.schema)}
    return output


def _text(content: object) -> str:
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        _unreadable("content must be a list of blocks")
    texts = [block.get("text") for block in content if block.get("type") == "text"]
    if not all(isinstance(part, str) for part in texts):
        _unreadable("a text block holds no text")
    text = "".join(texts)
    try:
        text.encode()
    except UnicodeEncodeError:
        _unreadable("the text holds half a character (a lone surrogate)")
    return text


def _word(message: Mapping[str, object], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) and value else _unreadable(f"{name} must be a word")


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        _unreadable("usage must be an object")
    return Usage(
        input_tokens=_count(usage, "input_tokens"),
        output_tokens=_count(usage, "output_tokens"),
        cache_write_tokens=_count(usage, "cache_creation_input_tokens", optional=True),
        cache_read_tokens=_count(usage, "cache_read_input_tokens", optional=True),
    )


def _count(usage: Mapping[str, object], name: str, *, optional: bool = False) -> int:
    value = usage.get(name)
    if value is None and optional:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        _unreadable(f"usage.{name} must be a count of tokens")
    return value


def _unreadable(words: str) -> NoReturn:
    raise PassingError(CallError("unreadable", f"status 200, but {words}"))
