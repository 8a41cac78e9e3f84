"""Text in PostgreSQL as SQLite keeps it: of any length, with every character, ordered by code point."""

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

# PostgreSQL has no NUL in text, and models write one now and then. A noncharacter, which no text means
# anything by, escapes NUL and itself.
_ESCAPE = "\ufffe"
_NUL = "\0"


class Whole(TypeDecorator[str]):
    """Text whose NULs are escaped on their way in and come back as they were."""

    impl = Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what PostgreSQL cannot hold."""
        del dialect
        if value is None or not (_NUL in value or _ESCAPE in value):
            return value
        return value.replace(_ESCAPE, f"{_ESCAPE}1").replace(_NUL, f"{_ESCAPE}0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Give back what was put in."""
        del dialect
        if value is None or _ESCAPE not in value:
            return value
        return value.replace(f"{_ESCAPE}0", _NUL).replace(f"{_ESCAPE}1", _ESCAPE)
