"""A table through the eyes of one selection: ids, filter, soft delete and marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tallystick.connectors.memory.state import Row, TableState
from tallystick.connectors.memory.values import stamp
from tallystick.errors import KeyNotUnique, UnknownField
from tallystick.model.record import CHANGED, ID, VERSION, Absence, Cause, Record, Unreadable
from tallystick.model.selection import Selection, id_of
from tallystick.model.value import MISSING, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Raises UnknownField where the selection names a field that the table has not got."""

    table: TableState
    selection: Selection

    def __post_init__(self) -> None:
        known = {field.name for field in self.table.type.fields}
        named = [*self.selection.fields, *self.selection.key]
        named += [name for name in (self.selection.changed,) if name is not None]
        if self.selection.deleted is not None:
            named.append(self.selection.deleted.column)
        if self.selection.where is not None:
            named += [clause.field for clause in self.selection.where.clauses]
        if unknown := sorted(set(named) - known):
            raise UnknownField(
                f"The record type {self.selection.record!r} has no field {unknown[0]!r}.",
                hint=f"It has {', '.join(sorted(known))}.",
            )

    @property
    def key(self) -> tuple[str, ...]:
        return self.selection.key or self.table.type.key

    @property
    def has_own_ids(self) -> bool:
        """Whether the ids are those of the table, not made of other fields."""
        return self.key == self.table.type.key

    def id(self, own_id: str, row: Row) -> str | None:
        """The id of a row in this selection; None where a field of the key is empty."""
        if self.has_own_ids:
            return own_id
        parts = [row.values.get(name) for name in self.key]
        return None if None in parts or "" in parts else id_of(tuple(str(part) for part in parts))

    def own_ids(self, ids: Sequence[str]) -> dict[str, str]:
        """The table's id for each of these ids that has a row, a present one where there is a choice.

        Raises KeyNotUnique when two present records share one of them.
        """
        if self.has_own_ids:
            return {id: id for id in ids if id in self.table.rows}
        found: dict[str, str] = {}
        wanted = set(ids)
        for own_id, row in self.table.rows.items():
            id = self.id(own_id, row)
            if id is None or id not in wanted:
                continue
            if id in found and row.gone is None and self.table.rows[found[id]].gone is None:
                raise KeyNotUnique(f"Two records of {self.selection.record!r} have the key {id!r}.")
            if id not in found or row.gone is None:
                found[id] = own_id
        return found

    def is_deleted(self, row: Row) -> bool:
        soft = self.selection.deleted
        return row.gone is Cause.DELETED or (soft is not None and row.values.get(soft.column) == soft.equals)

    def is_present(self, row: Row) -> bool:
        return row.gone is None and not self.is_deleted(row)

    def passes(self, row: Row) -> bool:
        return self.selection.where is None or self.selection.where.passes(row.values)

    def absence(self, id: str, row: Row | None, *, is_feed: bool = False) -> Absence:
        """Why a record is not there. A change feed names deletions also where `fetch` cannot tell a cause."""
        if row is None:
            return Absence(id=id, cause=Cause.DELETED if self.table.type.causes else Cause.UNKNOWN)
        if self.is_deleted(row):
            is_told = is_feed or self.table.type.causes
            return Absence(id=id, cause=Cause.DELETED if is_told else Cause.UNKNOWN)
        if row.gone is None:
            return Absence(id=id, cause=Cause.OUT_OF_FILTER)
        if not self.table.type.causes:
            return Absence(id=id, cause=Cause.UNKNOWN)
        return Absence(id=id, cause=row.gone, merged_into=self._merged_into(row))

    def _merged_into(self, row: Row) -> str | None:
        if row.merged_into is None or row.merged_into not in self.table.rows:
            return row.merged_into
        return self.id(row.merged_into, self.table.rows[row.merged_into])

    def changed_at(self, row: Row) -> str | None:
        """The stamp of the last change: the column that the selection names, else the system's own."""
        return row.values.get(self.selection.changed) if self.selection.changed else stamp(row.changed_at)

    def record(self, id: str, row: Row, fields: Sequence[str]) -> Record:
        return Record(
            id=id,
            values={name: row.values[name] for name in fields if name in row.values},
            version=self.table.version(row),
            changed_at=self.changed_at(row),
        )

    def records(self, rows: Sequence[tuple[str, Row]], fields: Sequence[str]) -> pa.Table:
        """Column by column, for listings of any length."""
        columns: dict[str, list[Value]] = {
            ID: [id for id, _ in rows],
            VERSION: [self.table.version(row) for _, row in rows],
            CHANGED: [self.changed_at(row) for _, row in rows],
        }
        for name in fields:
            columns[name] = [row.values.get(name, MISSING) for _, row in rows]
        return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})

    def readable(self, rows: Iterator[tuple[str, Row]]) -> tuple[list[tuple[str, Row]], list[Unreadable]]:
        """Rows by their id in this selection, and those that cannot be delivered."""
        good: list[tuple[str, Row]] = []
        bad: list[Unreadable] = []
        for own_id, row in rows:
            id = self.id(own_id, row)
            if id is None:
                bad.append(Unreadable(id=own_id, reason="A field of its key is empty."))
            elif row.unreadable:
                bad.append(Unreadable(id=id, reason=row.unreadable))
            else:
                good.append((id, row))
        return good, bad
