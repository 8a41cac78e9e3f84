"""A plain ASGI application: four kinds of pages, GET and HEAD alone, headers that keep strangers out."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.errors import HarnessError
from harness.reporting import index
from harness.reporting.chart import Chart, darkened
from harness.viewing.guard import TYPES, file_below, host_allowed, in_cookie, in_query, read
from harness.viewing.sight import Sight

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_TEXT = "text/plain; charset=utf-8"
# A report's page brings a stricter policy of its own, with hashes; both hold. This one stands for pages
# of older versions, and for whoever put a page of theirs into the folder: nothing leaves the page.
_OF_REPORTS = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_OF_FILES = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back; `headers` come beside those that every reply has."""

    status: int = 200
    kind: str = _TEXT
    body: bytes = b""
    policy: str = _OF_FILES
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Serves what `sight` sees to whoever has the token. `cookie` names it: ports share their cookies."""

    sight: Sight
    token: str
    host: str
    cookie: str = "harness"

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive  # nothing that is sent to us is read
        if scope["type"] != "http":
            return
        reply = await self._reply(scope)
        headers = {
            **_ALWAYS,
            "content-type": reply.kind,
            "content-length": str(len(reply.body)),
            "content-security-policy": reply.policy,
            **reply.headers,
        }
        sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        body = b"" if scope["method"] == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})

    async def _reply(self, scope: Mapping[str, Any]) -> Reply:
        if scope["method"] not in {"GET", "HEAD"}:
            return Reply(status=405, body=b"only GET and HEAD\n", headers={"allow": "GET, HEAD"})
        found = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not host_allowed(found.get("host", ""), self.host):
            return Reply(status=421, body=b"another host is served here\n")
        if in_query(scope.get("query_string", b""), self.token):
            told = f"{self.cookie}={self.token}; HttpOnly; SameSite=Strict; Path=/"
            return Reply(status=303, headers={"location": _here(scope["path"]), "set-cookie": told})
        if not in_cookie(found.get("cookie", ""), self.cookie, self.token):
            return Reply(status=403, body=b"open the address that `harness view` printed\n")
        return await asyncio.to_thread(self._page, scope["path"])

    def _page(self, path: str) -> Reply:
        """Find what an address names; reads files and the store, so it runs in a thread."""
        first, _, rest = path.removeprefix("/").partition("/")
        pages = {
            "": self._index,
            "favicon.ico": lambda _: Reply(status=204),  # browsers ask for it unasked
            "live": self._live,
            "reports": self._report,
            "trend": self._trend,
        }
        try:
            found = pages[first](rest) if first in pages else None
        except HarnessError as error:
            return Reply(status=503, body=f"{error}\n".encode())
        return found or Reply(status=404, body=b"there is no such page\n")

    def _index(self, rest: str) -> Reply | None:
        if rest:
            return None
        page = index.html(self.sight.overview()).encode()
        return Reply(kind=TYPES[".html"], body=page, policy=index.policy())

    def _live(self, rest: str) -> Reply | None:
        body = json.dumps(index.live(self.sight.running())).encode()
        return None if rest else Reply(kind=TYPES[".json"], body=body)

    def _report(self, rest: str) -> Reply | None:
        file = file_below(self.sight.reports, rest)
        return None if file is None else _file(file)

    def _trend(self, name: str) -> Reply | None:
        for end, give in _DRAWN.items():
            if name.endswith(end):
                chart = self.sight.trend(name.removesuffix(end))
                kind = TYPES[end[end.rindex(".") :]]
                return None if chart is None else Reply(kind=kind, body=give(chart))
        return None


_DRAWN: Mapping[str, Callable[[Chart], bytes]] = {
    ".dark.svg": lambda chart: darkened(chart.svg).encode(),
    ".svg": lambda chart: chart.svg.encode(),
    ".csv": lambda chart: chart.csv.encode(),
}


def _here(path: str) -> str:
    """Write a path as an address of ours: two slashes in front would name another host."""
    return f"/{quote(path.lstrip('/'))}"


def _file(path: Path) -> Reply:
    try:
        body = read(path)
    except OSError:
        return Reply(status=404, body=b"there is no such page\n")
    policy = _OF_REPORTS if path.suffix == ".html" else _OF_FILES
    return Reply(kind=TYPES[path.suffix], body=body, policy=policy)
