"""Ids of records that are still to be made. Source: spec/engine.md E28."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID

from tallystick.connectors.sql.database import Database
from tallystick.connectors.sql.table import Column, Table
from tallystick.model.selection import id_of
from tallystick.model.value import FieldType, Value
from tallystick.ports.world import Ids

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHORTEST = 16
"""Characters below which two generated ids might meet."""


class Reservations:
    """Hands out ids; a number is handed out once, whether or not it is used."""

    def __init__(self, database: Database, ids: Ids) -> None:
        self._database = database
        self._ids = ids
        self._last: dict[tuple[str, str], int] = {}

    def reserve(self, table: Table, key: Sequence[str], values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        open_names = [[name for name in key if one.get(name) is None] for one in values]
        columns = {name: table.column(name) for names in open_names for name in names}
        numbers = {
            name: iter(self._numbers(table, column, sum(names == [name] for names in open_names)))
            for name, column in columns.items()
            if column.type is FieldType.INTEGER
        }
        found: list[str | None] = []
        for one, names in zip(values, open_names, strict=True):
            parts = {name: one.get(name) for name in key}
            if len(names) == 1:
                name = names[0]
                parts[name] = str(next(numbers[name])) if name in numbers else self._text(columns[name])
            known = [part for part in parts.values() if part is not None]
            found.append(id_of(tuple(known)) if len(known) == len(key) else None)
        return found

    def _numbers(self, table: Table, column: Column, count: int) -> list[int]:
        if not count:
            return []
        with self._database.transaction(is_writing=False) as connection:
            numbers = self._database.next_numbers(connection, table, column, count)
        last = self._last.get((table.name, column.name), 0)
        if numbers[0] <= last:
            numbers = list(range(last + 1, last + 1 + count))
        self._last[table.name, column.name] = max(last, numbers[-1])
        return numbers

    def _text(self, column: Column) -> str | None:
        if column.type is not FieldType.TEXT or column.choices:
            return None
        new = self._ids.new()
        if "uuid" in column.native:
            return str(UUID(new)) if len(new) == 32 else None
        if column.max_length is None or column.max_length >= len(new):
            return new
        return _shortened(new, column.max_length) if column.max_length >= _SHORTEST else None


def _shortened(id_: str, length: int) -> str:
    """An id that fits: a digest in the ten digits and the small letters."""
    number = int.from_bytes(hashlib.sha256(id_.encode()).digest(), "big")
    digest = ""
    while number:
        number, place = divmod(number, 36)
        digest += _DIGITS[place]
    return digest[:length]
