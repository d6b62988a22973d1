"""One record type of a memory world, changed the way its own users change it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tallystick.connectors.memory.describe import FieldSettings, IdsFrom
from tallystick.connectors.memory.state import Row, TableState
from tallystick.model.record import Cause
from tallystick.model.selection import id_of, parts_of
from tallystick.model.value import Value

if TYPE_CHECKING:
    from tallystick.connectors.memory.world import MemoryWorld


class MemoryTable:
    """Users are not checked: what they put may be anything, and what is no canonical text becomes unreadable.

    Every change takes `changed_at`, the moment the system keeps for it (default: now by the world's clock); an older
    one makes it a late commit. Unknown ids raise KeyError.
    """

    def __init__(self, world: MemoryWorld, record: str) -> None:
        self._world = world
        self._record = record

    def put(self, values: Mapping[str, Value], *, id: str | None = None, changed_at: datetime | None = None) -> str:
        """A new record, or one that takes the place of what had this id; gives the id.

        Without `id` it is made of the key fields, or given by the system.
        """
        with self._changing() as table:
            given = dict(values)
            if id is None:
                id = _own_id(table, given)
            key = table.type.key
            given |= dict(zip(key, parts_of(id, len(key)), strict=True)) if key else {}
            table.rows.pop(id, None)  # another record, even with the same id
            table.rows[id] = self._changed(table, Row(given, self._world.now(), 0), changed_at)
        return id

    def edit(self, id: str, values: Mapping[str, Value], *, changed_at: datetime | None = None) -> None:
        """Sets these fields of a record and leaves the others."""
        with self._changing() as table:
            row = _present(table, id)
            row.values = {**row.values, **values}
            self._changed(table, row, changed_at)

    def delete(self, id: str, *, changed_at: datetime | None = None) -> None:
        self._leave(id, Cause.DELETED, None, changed_at)

    def archive(self, id: str, *, changed_at: datetime | None = None) -> None:
        self._leave(id, Cause.ARCHIVED, None, changed_at)

    def forbid(self, id: str, *, changed_at: datetime | None = None) -> None:
        """Takes the hub's permission to see the record."""
        self._leave(id, Cause.FORBIDDEN, None, changed_at)

    def merge(self, loser: str, winner: str, *, changed_at: datetime | None = None) -> None:
        """Merges the first record into the second, which stays as it is."""
        with self._changing() as table:
            _present(table, winner)
        self._leave(loser, Cause.MERGED, winner, changed_at)

    def restore(self, id: str, *, changed_at: datetime | None = None) -> None:
        """Brings back a record that was deleted, archived, forbidden or merged."""
        with self._changing() as table:
            row = table.rows[id]
            row.gone = row.merged_into = None
            self._changed(table, row, changed_at)

    def get(self, id: str) -> dict[str, Value] | None:
        """The values of a record that is there."""
        return self.records().get(id)

    def records(self) -> dict[str, dict[str, Value]]:
        """All records that are there, by id, in the order they came."""
        with self._world.reading() as state:
            rows = state.tables[self._record].rows
            return {id: dict(row.values) for id, row in rows.items() if row.gone is None}

    def add_field(self, field: FieldSettings) -> None:
        with self._changing() as table:
            table.type = table.type.model_copy(update={"fields": (*table.type.fields, field)})

    def drop_field(self, name: str) -> None:
        """Takes a field away, with what it held."""
        with self._changing() as table:
            fields = tuple(field for field in table.type.fields if field.name != name)
            table.type = table.type.model_copy(update={"fields": fields})
            for row in table.rows.values():
                row.values.pop(name, None)

    def forget_cursors(self) -> None:
        """From now on the system refuses every cursor it has handed out."""
        with self._world.changing() as state:
            state.tables[self._record].refuses_cursors_before = state.sequence + 1
            state.sequence += 1

    def _leave(self, id: str, cause: Cause, merged_into: str | None, changed_at: datetime | None) -> None:
        with self._changing() as table:
            row = _present(table, id)
            row.gone, row.merged_into = cause, merged_into
            self._changed(table, row, changed_at)

    def _changed(self, table: TableState, row: Row, changed_at: datetime | None) -> Row:
        with self._world.changing() as state:
            touch(table, row, state.sequence + 1, changed_at or self._world.now())
            state.sequence += 1
        return row

    @contextlib.contextmanager
    def _changing(self) -> Iterator[TableState]:
        with self._world.changing() as state:
            yield state.tables[self._record]


def touch(table: TableState, row: Row, sequence: int, changed_at: datetime) -> None:
    """Marks a row as changed just now."""
    row.sequence, row.changed_at = sequence, changed_at
    table.judge(row)


def next_id(table: TableState) -> str:
    """An id of the system's own making: a number it has not given before."""
    table.last_id += 1
    while str(table.last_id) in table.rows:
        table.last_id += 1
    return str(table.last_id)


def _own_id(table: TableState, values: Mapping[str, Value]) -> str:
    parts = [values.get(name) for name in table.type.key]
    if parts and table.type.ids is IdsFrom.WRITER:
        return id_of(tuple(part or "" for part in parts))
    return next_id(table)


def _present(table: TableState, id: str) -> Row:
    row = table.rows[id]
    if row.gone is not None:
        raise KeyError(id)
    return row
