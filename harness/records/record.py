"""What every record shares."""

from typing import ClassVar


class Record:
    """Base of all records: no field beyond the declared ones is accepted on reading.

    The attribute is pydantic's; setting it costs no import of pydantic. `constants` keeps pydantic from
    writing NaN as null, so that the reader can refuse it.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "ser_json_inf_nan": "constants"}


def refuse(message: str) -> None:
    """Refuse a record, in the words that the person who wrote the file will read."""
    raise ValueError(message)
