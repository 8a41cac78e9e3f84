"""Where a store is: a file, or a database of PostgreSQL that a team shares."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.errors import InputError

_SCHEMES = frozenset({"postgresql", "postgres"})


@dataclass(frozen=True, slots=True)
class Address:
    """A database of PostgreSQL. `url` may hold a password and is shown nowhere; `str` leaves that out."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Give the address without any password; it can be typed where PGPASSWORD or ~/.pgpass is set."""
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}{at}{host}"
        asked = [(name, value) for name, value in parse_qsl(parts.query) if "pass" not in name.lower()]
        query = f"?{urlencode(asked, safe='/=,')}" if asked else ""
        return f"{parts.scheme}://{netloc}{parts.path}{query}"


Place = Path | Address
"""Where a store is."""


def place(text: str) -> Place:
    """Read what a person gave for a store; InputError, which repeats no password, for an address of no use.

    >>> str(place("postgresql://ann:secret@db.example.org/evals"))
    'postgresql://ann@db.example.org/evals'
    """
    scheme, found, _ = text.partition("://")
    if not found:
        return Path(text)
    hint = "a file, or postgresql://USER@HOST/DATABASE; the password is best kept in PGPASSWORD or ~/.pgpass"
    if scheme.lower() not in _SCHEMES:
        msg = f"a store is a file or a PostgreSQL address, got one that begins with {scheme:.20}://"
        raise InputError(msg, hint=hint)
    try:
        parts = urlsplit(text)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc.rpartition("@")[0] or not parts.path.strip("/"):
        msg = "the address of the store cannot be read: it must be postgresql://USER@HOST/DATABASE"
        raise InputError(msg, hint="a password in it needs its special characters as %40 and the like")
    return Address(text)
