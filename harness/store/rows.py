"""Rows as they are read: SQLite keeps any kind of value in any column, and only ours may pass."""

import functools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Float, Integer, Row, String, Table, Text

_KINDS: Mapping[type, tuple[type, ...]] = {
    String: (str,),
    Text: (str,),
    Integer: (int,),
    Float: (float, int),
    Boolean: (int,),
}


class DamagedError(Exception):
    """A row holds what the harness never wrote."""


def sound(row: Row[Any], table: Table) -> Mapping[str, Any]:
    """Give a row's values by name; DamagedError where one is not of its column's kind."""
    kinds, values = _kinds(table), row._mapping  # noqa: SLF001 - the documented accessor
    for name, value in values.items():
        if not isinstance(value, kinds[name]):
            msg = f"{table.name}.{name} holds a value of type {type(value).__name__}"
            raise DamagedError(msg)
    return values  # type: ignore[return-value] # a RowMapping of these names


@functools.cache
def _kinds(table: Table) -> Mapping[str, tuple[type, ...]]:
    none = type(None)
    return {
        column.name: (*_KINDS[type(column.type)], *((none,) if column.nullable else ()))
        for column in table.columns
    }
