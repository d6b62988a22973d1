"""What a selection needs of a table, and the records found in its pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.connectors.sql import where
from tallystick.connectors.sql.canonical import canonical_column
from tallystick.connectors.sql.database import Database, Page
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.table import Column, Table
from tallystick.errors import ConfigurationError
from tallystick.model.record import CHANGED, ID, VERSION, Absence, Batch, Cause, Unreadable
from tallystick.model.selection import Selection, id_of
from tallystick.model.value import MISSING, FieldType


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A selection held against a table."""

    table: Table
    selection: Selection
    key: tuple[str, ...]
    fields: tuple[str, ...]  # to deliver
    columns: tuple[Column, ...]  # to read
    version: str | None
    is_whole: bool = False

    @property
    def changed(self) -> Column | None:
        return self.table.column(self.selection.changed) if self.selection.changed else None


def reading_of(table: Table, selection: Selection, settings: Settings, *, is_whole: bool = False) -> Reading:
    """Raises UnknownField for a column that is not there, ConfigurationError where nothing identifies a record."""
    key = selection.key or table.primary
    if not key:
        raise ConfigurationError(
            f"The {'view' if table.is_view else 'table'} {table.name!r} has no primary key.",
            hint="Name the columns that identify a record as `key` in the integration file.",
        )
    fields = tuple(column.name for column in table.columns) if is_whole else selection.fields
    version = settings.versions.get(table.name)
    names = dict.fromkeys((*key, *fields))
    if selection.where and not is_whole:
        names |= dict.fromkeys(clause.field for clause in selection.where.clauses)
    if selection.deleted:
        names |= {selection.deleted.column: None}
    names |= dict.fromkeys(name for name in (selection.changed, version) if name)
    return Reading(
        table=table,
        selection=selection,
        key=key,
        fields=fields,
        columns=tuple(table.column(name) for name in names),
        version=version,
        is_whole=is_whole,
    )


@dataclass(slots=True)
class Counter:
    """Numbers the records that cannot be named."""

    count: int = 0

    def next(self) -> str:
        self.count += 1
        return f"(without a key) {self.count}"


def ids_of(page: Page, key: Sequence[str]) -> pa.Array:
    """The id of each row; null where a part of the key is null."""
    if len(key) == 1:
        return page.columns[key[0]]
    parts = zip(*(page.columns[name].to_pylist() for name in key), strict=True)
    return pa.array([None if None in row else id_of(tuple(map(str, row))) for row in parts], pa.string())


def batch_of(page: Page, reading: Reading, database: Database, unnamed: Counter, *, with_absences: bool) -> Batch:
    """A page as a batch: what passes, and if asked for what does not, with its cause."""
    count, selection = page.row_count, reading.selection
    ids = ids_of(page, reading.key)
    gone = where.is_deleted(selection.deleted, reading.table, page.columns, count)
    passing = where.passes(None if reading.is_whole else selection.where, page.columns, count)
    wanted = pc.and_(passing, pc.invert(gone))
    unreadable, spoiled = _unreadable(page, reading, ids, wanted, unnamed)
    absences: tuple[Absence, ...] = ()
    if with_absences:
        left_out = pc.and_(pc.invert(wanted), pc.is_valid(ids))
        if pc.any(left_out).as_py():
            causes = zip(ids.to_pylist(), left_out.to_pylist(), gone.to_pylist(), range(count), strict=True)
            absences = tuple(
                Absence(id=id_, cause=Cause.DELETED if is_gone else Cause.OUT_OF_FILTER)
                for id_, is_out, is_gone, row in causes
                if is_out and row not in spoiled
            )
    if spoiled:
        wanted = pc.and_(wanted, pa.array([row not in spoiled for row in range(count)], pa.bool_()))
    columns = {
        ID: ids,
        VERSION: page.columns[reading.version] if reading.version else pa.nulls(count, pa.string()),
        CHANGED: stamps_of(page, reading, database),
        **{name: _field(page, name) for name in reading.fields},
    }
    records = pa.table(columns)
    if not pc.all(wanted).as_py():
        records = records.filter(wanted)
    return Batch(records=records, absences=absences, unreadable=unreadable)


def stamps_of(page: Page, reading: Reading, database: Database) -> pa.Array:
    """When each row was changed, where its stamp tells a moment."""
    column = reading.changed
    if column is None or column.type in (FieldType.INTEGER, FieldType.DECIMAL):
        return pa.nulls(page.row_count, pa.string())
    if column.type is FieldType.DATETIME:
        return page.columns[column.name]
    return canonical_column(page.columns[column.name], FieldType.DATETIME, database.zone)[0]


def _field(page: Page, name: str) -> pa.Array:
    """A column to deliver; a value that cannot be told is missing, never null."""
    rows = [row for row, faults in page.faults.items() if name in faults]
    if not rows:
        return page.columns[name]
    mask = pc.is_in(pa.array(range(page.row_count)), value_set=pa.array(rows))
    return pc.if_else(mask, MISSING, page.columns[name])


def _unreadable(
    page: Page, reading: Reading, ids: pa.Array, wanted: pa.Array, unnamed: Counter
) -> tuple[tuple[Unreadable, ...], set[int]]:
    """The records that cannot be told, and their rows."""
    found: list[Unreadable] = []
    rows: set[int] = set()
    deciding = _deciding(reading)
    must = deciding | set(reading.selection.fields) | set(reading.key) | ({reading.version} - {None})
    for row, faults in page.faults.items():
        at_fault = [name for name in faults if name in must]
        if at_fault and (wanted[row].as_py() or deciding & set(at_fault)):
            name = ids[row].as_py()
            rows.add(row)
            found.append(Unreadable(id=unnamed.next() if name is None else name, reason=faults[at_fault[0]]))
    if ids.null_count:
        for row in pc.indices_nonzero(pc.and_(pc.is_null(ids), wanted)).to_pylist():
            if row not in rows:
                rows.add(row)
                names = ", ".join(reading.key)
                found.append(Unreadable(id=unnamed.next(), reason=f"The record has no key: {names} is null."))
    return tuple(found), rows


def _deciding(reading: Reading) -> set[str]:
    """Columns that decide whether a record is wanted."""
    selection = reading.selection
    names = {selection.deleted.column} if selection.deleted else set()
    if selection.where and not reading.is_whole:
        names |= {clause.field for clause in selection.where.clauses}
    return names


def rows_by_id(ids: Iterable[str | None]) -> Mapping[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, id_ in enumerate(ids):
        if id_ is not None:
            rows.setdefault(id_, []).append(row)
    return rows
