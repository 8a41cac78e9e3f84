"""Who may see what: the token, the host that a browser believes to talk to, and the files that may be served.

A page on another site can send a browser to us, and a name can be made to point at 127.0.0.1 (DNS
rebinding); neither knows the token, and neither gets past the check of the Host header.
"""

import ipaddress
import os
import secrets
import stat
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
}
"""What may be served; any other file is as good as not there."""


def host_allowed(header: str, served: str) -> bool:
    """Say whether a browser that sends this Host header talks to us on purpose.

    On a loopback address only loopback names count; elsewhere also the name that was asked for, and any
    address in figures, which cannot be rebound.

    >>> host_allowed("127.0.0.1:8000", "127.0.0.1"), host_allowed("evil.example:8000", "127.0.0.1")
    (True, False)
    """
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdecimal() else header
    name = name.removeprefix("[").removesuffix("]").lower()
    if name in LOOPBACK or served in LOOPBACK:
        return name in LOOPBACK
    return name == served.lower() or _in_figures(name)


def in_query(query: bytes, token: str) -> bool:
    """Say whether the address holds the token."""
    given = parse_qs(query.decode("latin-1")).get("token", [""])[0]
    return secrets.compare_digest(given.encode(), token.encode())


def in_cookie(header: str, name: str, token: str) -> bool:
    """Say whether a Cookie header holds the token under this name."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return False
    return found is not None and secrets.compare_digest(found.value.encode(), token.encode())


def file_below(root: Path, path: str) -> Path | None:
    """Find a file by the path in an address; `None` for whatever is not plainly a file of ours below `root`.

    No part may be hidden, lead up, or be a symbolic link, and the file's kind must be one we serve.
    """
    parts = path.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    found = root
    try:
        for part in parts:
            found = found / part
            mode = found.lstat().st_mode
            if stat.S_ISLNK(mode):
                return None
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(mode) and found.suffix in TYPES else None


def read(path: Path) -> bytes:
    """Read a file that `file_below` found; OSError if it has become a link or has gone since."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as file:
        return file.read()


def _in_figures(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
