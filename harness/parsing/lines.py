"""Read JSONL: one record a line, every fault of the file at once."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from harness.errors import Fault, InputError
from harness.parsing.reading import from_json

if TYPE_CHECKING:
    from collections.abc import Hashable


class Keyed(Protocol):
    """A record of which a file may hold one for each key."""

    @property
    def key(self) -> "Hashable":
        """What tells the records of a file apart."""


T = TypeVar("T", bound=Keyed)


def read_lines(kind: type[T], text: str, *, source: str) -> tuple[T, ...]:
    """Read one record of `kind` from each line that is not blank.

    Lines end at LF only: other line separators may stand inside a JSON string. Raises InputError with
    every line that is not such a record and every line whose key an earlier one has.
    """
    found: list[T] = []
    first: dict[Hashable, int] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = from_json(kind, line, source=source)
        except InputError as error:
            faults += [replace(fault, line=number) for fault in error.faults]
            continue
        found.append(record)
        if first.setdefault(record.key, number) != number:
            message = f"this {kind.__name__.lower()} stands in line {first[record.key]} already"
            faults.append(Fault(line=number, message=message))
    if faults:
        raise InputError.of_file(source, tuple(faults))
    return tuple(found)
