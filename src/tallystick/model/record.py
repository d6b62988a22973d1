"""What a system holds, as it travels through the engine."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
from msgspec import Struct, field

from tallystick.model.value import MISSING, Value

ID: Final = "#id"
"""Arrow column with the record's id: text, never null."""
VERSION: Final = "#version"
"""Arrow column with the record's version (ETag, row version, modified stamp): text, null where there is none."""
CHANGED: Final = "#changed"
"""Arrow column with the stamp of the last change as canonical datetime text; null where unknown. Only for `newest`."""
MARKS: Final = (ID, VERSION, CHANGED)


class Cause(enum.StrEnum):
    """Why a record is not there. Only DELETED may delete. Source: spec/engine.md E2."""

    DELETED = "deleted"
    MERGED = "merged"
    ARCHIVED = "archived"
    OUT_OF_FILTER = "out of filter"
    FORBIDDEN = "permission lost"
    INCOMPLETE = "listing incomplete"
    MAPPING_CLEARED = "mapping cleared"
    UNKNOWN = "unknown"


class Record(Struct, frozen=True, kw_only=True, gc=False):
    id: str
    values: Mapping[str, Value]  # fields delivered; a name that is absent is missing (E9)
    version: str | None = None
    changed_at: str | None = None  # canonical datetime text


class Absence(Struct, frozen=True, kw_only=True):
    id: str
    cause: Cause
    merged_into: str | None = None  # the surviving id, with Cause.MERGED


class Unreadable(Struct, frozen=True, kw_only=True):
    """One record that the connector could not turn into values; the others go on (E7)."""

    id: str
    reason: str  # a sentence without the value itself


class End(Struct, frozen=True, kw_only=True):
    """The last word of a listing. A stream that stops without one is incomplete (E1)."""

    is_complete: bool
    cursor: str | None = None  # where the next incremental read begins; None: the system has no increments
    reason: str = ""  # why it is not complete


def no_records(fields: tuple[str, ...] = ()) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in (*MARKS, *fields)})


class Batch(Struct, frozen=True, kw_only=True):
    """A bounded part of a listing (E4).

    `records` has the columns `MARKS` and one column per selected field, all `pa.string()`; null is null,
    `MISSING` is missing. An id stands in at most one of `records`, `unchanged`, `absences`, `unreadable`.
    """

    records: pa.Table = field(default_factory=no_records)
    unchanged: tuple[str, ...] = ()  # ids whose version equals the known one, not read again
    absences: tuple[Absence, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    end: End | None = None  # only on the last batch


def table_of(records: list[Record], fields: tuple[str, ...]) -> pa.Table:
    """The Arrow form of `records`, columns `MARKS` then `fields`."""
    columns: dict[str, list[Value]] = {
        ID: [record.id for record in records],
        VERSION: [record.version for record in records],
        CHANGED: [record.changed_at for record in records],
    }
    for name in fields:
        columns[name] = [record.values.get(name, MISSING) for record in records]
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})


def records_of(table: pa.Table) -> list[Record]:
    """The records of an Arrow table with the columns `MARKS` and fields."""
    names = [name for name in table.column_names if name not in MARKS]
    columns = [table.column(name).to_pylist() for name in names]
    ids = table.column(ID).to_pylist()
    nothing = [None] * len(ids)
    versions = table.column(VERSION).to_pylist() if VERSION in table.column_names else nothing
    stamps = table.column(CHANGED).to_pylist() if CHANGED in table.column_names else nothing
    rows = zip(*columns, strict=True) if columns else (() for _ in ids)
    marked = zip(ids, versions, stamps, rows, strict=True)
    if not any(MISSING in column for column in columns):
        return [
            Record(id=id_, version=version, changed_at=stamp, values=dict(zip(names, row, strict=True)))
            for id_, version, stamp, row in marked
        ]
    return [
        Record(
            id=id_,
            version=version,
            changed_at=stamp,
            values={name: value for name, value in zip(names, row, strict=True) if value != MISSING},
        )
        for id_, version, stamp, row in marked
    ]
