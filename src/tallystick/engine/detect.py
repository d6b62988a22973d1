"""Which linked records changed, which are gone, which are not linked yet.

One columnar question over everything, in DuckDB: every record's fingerprint is compared with the one its link keeps,
and only records that differ or have no link are kept whole. The same question over a handful of records is asked
directly of the store, because a hundred index look-ups cost less than planning one wide query. Both give the same
findings (held by a property test). Source: design/house.md; spec/engine.md E1-E4, E12.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from tallystick.errors import KeyNotUnique
from tallystick.model.fingerprint import NULL, UNIT, UNSETTLED, fingerprint
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkState
from tallystick.model.record import (
    CHANGED,
    ID,
    MARKS,
    VERSION,
    Absence,
    Batch,
    End,
    Record,
    Unreadable,
    records_of,
    table_of,
)
from tallystick.model.side import SIDES, Side
from tallystick.model.value import MISSING
from tallystick.ports.store import Store

FEW = 2_000
"""Up to so many records read, the store is asked directly."""
CHUNK = 1_000
"""Findings handed on at a time."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One side's stream of batches while it is consumed, and what it said besides the records."""

    batches: Iterator[Batch]
    fields: tuple[str, ...]
    is_full: bool
    count: int = 0
    end: End | None = None
    unchanged: list[str] = field(default_factory=list)
    absences: dict[str, Absence] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    def tables(self) -> Iterator[pa.Table]:
        """The records, batch by batch, columns in a fixed order."""
        for batch in self.batches:
            self.count += batch.records.num_rows + len(batch.unchanged)
            self.unchanged.extend(batch.unchanged)
            self.absences.update((absence.id, absence) for absence in batch.absences)
            self.unreadable.extend(batch.unreadable)
            self.end = batch.end or self.end
            if batch.records.num_rows:
                yield batch.records.select([*MARKS, *self.fields])

    @property
    def seen(self) -> set[str]:
        """Ids that are there although no record came for them: unchanged, or not readable (E7)."""
        return {*self.unchanged, *(one.id for one in self.unreadable)}

    @property
    def is_complete(self) -> bool:
        """Whether what is not there may count as absent: only in a full listing that came to its end (E1)."""
        return self.is_full and self.end is not None and self.end.is_complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A link of which at least one record changed, vanished or has to be looked at again."""

    link: Link
    records: Mapping[Side, Record]  # as read; a side that did not change is not there
    absences: Mapping[Side, Absence | None]  # None: not in a complete listing, cause not asked yet


class Detected(Protocol):
    def found(self) -> Iterator[list[Found]]: ...
    def unlinked(self, side: Side) -> Iterator[pa.Table]:
        """Tables with `MARKS` and the side's fields."""
        ...

    def records(self, side: Side, ids: Sequence[str]) -> dict[str, Record]:
        """Those of the unlinked records that have these ids."""
        ...

    def gone(self, side: Side) -> int:
        """How many linked records a complete listing did not show or named as absent."""
        ...

    def refreshed(self, side: Side) -> dict[str, str]:
        """id -> version, of linked records that came with the same values but perhaps a new version."""
        ...

    def versions(self, side: Side, ids: Sequence[str]) -> dict[str, str]:
        """Those of `refreshed` that have these ids."""
        ...

    def close(self) -> None: ...


def detect(store: Store, scope: Scope, readings: Mapping[Side, Reading], *, is_forced: bool, folder: Path) -> Detected:
    """Consumes both readings. `is_forced`: every linked record counts as changed (a mapping changed).

    Raises KeyNotUnique when a listing names a key twice, and whatever the readers raise.
    """
    heads = {side: _Head(reading) for side, reading in readings.items()}
    if all(head.is_whole for head in heads.values()) and _has_few_links(store, scope, readings):
        tables = {side: head.tables for side, head in heads.items()}
        return _Few(store, scope, readings, tables, is_forced=is_forced)
    streams = {side: head.rest() for side, head in heads.items()}
    return _Many(store, scope, readings, streams, is_forced=is_forced, folder=folder)


def _has_few_links(store: Store, scope: Scope, readings: Mapping[Side, Reading]) -> bool:
    """Whether the links that have to be looked at are few: all of them where a full listing tells what is gone."""
    if not any(reading.is_full for reading in readings.values()):
        return True
    count = 0
    for batch in store.link_marks(scope):
        count += batch.num_rows
        if count > FEW:
            return False
    return True


class _Head:
    """The first records of a reading, to learn whether there are only few."""

    def __init__(self, reading: Reading) -> None:
        self._stream = reading.tables()
        self.tables: list[pa.Table] = []
        self.is_whole = False
        rows = 0
        for table in self._stream:
            self.tables.append(table)
            rows += table.num_rows
            if rows > FEW:
                return
        self.is_whole = True

    def rest(self) -> Iterator[pa.Table]:
        yield from self.tables
        yield from self._stream


class _Few:
    def __init__(
        self,
        store: Store,
        scope: Scope,
        readings: Mapping[Side, Reading],
        tables: Mapping[Side, list[pa.Table]],
        *,
        is_forced: bool,
    ) -> None:
        self._gone = dict.fromkeys(SIDES, 0)
        self._refreshed: dict[Side, dict[str, str]] = {side: {} for side in SIDES}
        self._unlinked: dict[Side, list[pa.Table]] = {side: [] for side in SIDES}
        links: dict[int, Link] = {}
        records: dict[int, dict[Side, Record]] = {}
        absences: dict[int, dict[Side, Absence | None]] = {}
        for side, reading in readings.items():
            rows = _rows(side, tables[side], reading)
            linked: set[str] = set()
            for link in store.links_of(scope, side, [*rows]):
                end = link.end(side)
                if end is None:
                    continue
                linked.add(end.id)
                record = rows[end.id]
                if is_forced or fingerprint(record.values, reading.fields) != end.fingerprint:
                    links[link.number] = link
                    records.setdefault(link.number, {})[side] = record
                elif record.version is not None:
                    self._refreshed[side][record.id] = record.version
            for link in _gone(store, scope, side, reading, rows):
                links[link.number] = link
                absences.setdefault(link.number, {})[side] = reading.absences.get(_id(link, side))
                self._gone[side] += 1
            unlinked = [record for id_, record in rows.items() if id_ not in linked]
            self._unlinked[side].append(table_of(unlinked, reading.fields))
        self._found = [
            Found(link=link, records=records.get(number, {}), absences=absences.get(number, {}))
            for number, link in sorted(links.items())
        ]

    def found(self) -> Iterator[list[Found]]:
        for start in range(0, len(self._found), CHUNK):
            yield self._found[start : start + CHUNK]

    def unlinked(self, side: Side) -> Iterator[pa.Table]:
        yield from (table for table in self._unlinked[side] if table.num_rows)

    def records(self, side: Side, ids: Sequence[str]) -> dict[str, Record]:
        wanted = set(ids)
        return {r.id: r for table in self.unlinked(side) for r in records_of(table) if r.id in wanted}

    def gone(self, side: Side) -> int:
        return self._gone[side]

    def refreshed(self, side: Side) -> dict[str, str]:
        return self._refreshed[side]

    def versions(self, side: Side, ids: Sequence[str]) -> dict[str, str]:
        return {id_: version for id_ in ids if (version := self._refreshed[side].get(id_)) is not None}

    def close(self) -> None:
        pass


def _rows(side: Side, tables: Sequence[pa.Table], reading: Reading) -> dict[str, Record]:
    """The records read. An increment may show one at two moments: the later holds."""
    rows: dict[str, Record] = {}
    twice: list[str] = []
    for table in tables:
        for record in records_of(table):
            if record.id in rows:
                twice.append(record.id)
            rows[record.id] = record
    if twice and reading.is_full:
        raise _twice(side, sorted(set(twice))[:3])
    return rows


def _gone(store: Store, scope: Scope, side: Side, reading: Reading, rows: Mapping[str, Record]) -> Iterator[Link]:
    """Active links whose record a complete listing did not show, or that was named as absent and not read."""
    seen = reading.seen | rows.keys()
    if reading.is_complete:
        for link in store.all_links(scope):
            end = link.end(side)
            if link.state is LinkState.ACTIVE and end is not None and end.id not in seen:
                yield link
        return
    for link in store.links_of(scope, side, [id_ for id_ in reading.absences if id_ not in seen]):
        if link.state is LinkState.ACTIVE:
            yield link


def _id(link: Link, side: Side) -> str:
    end = link.end(side)
    return end.id if end is not None else ""


class _Many:
    def __init__(
        self,
        store: Store,
        scope: Scope,
        readings: Mapping[Side, Reading],
        streams: Mapping[Side, Iterator[pa.Table]],
        *,
        is_forced: bool,
        folder: Path,
    ) -> None:
        self._store = store
        self._scope = scope
        self._readings = readings
        self._folder = tempfile.TemporaryDirectory(prefix="tallystick-", dir=folder)
        self._db = duckdb.connect(
            config={"memory_limit": "700MB", "temp_directory": self._folder.name, "preserve_insertion_order": "false"}
        )
        self._db.execute("SET enable_progress_bar = false")  # it would draw on standard output
        try:
            self._load_links(store.link_marks(scope))
            for side in SIDES:
                self._load_rows(side, streams[side], is_forced=is_forced)
            for side in SIDES:
                self._load_gone(side)
        except BaseException:
            self.close()
            raise

    def _load_links(self, marks: Iterator[pa.RecordBatch]) -> None:
        self._db.execute(
            "CREATE TABLE link (number BIGINT, left_id VARCHAR, right_id VARCHAR, left_fingerprint BIGINT,"
            " right_fingerprint BIGINT, is_active BOOLEAN)"
        )
        for batch in marks:
            self._insert("link", pa.Table.from_batches([batch]))

    def _insert(self, name: str, table: pa.Table) -> None:
        self._db.register("incoming", table)
        self._db.execute(f"INSERT INTO {name} SELECT * FROM incoming")
        self._db.unregister("incoming")

    def _load_rows(self, side: Side, stream: Iterator[pa.Table], *, is_forced: bool) -> None:
        """rows_<side>: one line per record read; `row` (its field values) only where something has to be done."""
        fields = self._readings[side].fields
        schema = pa.schema([(name, pa.string()) for name in (*MARKS, *fields)])
        reader = pa.RecordBatchReader.from_batches(schema, _batches(stream, schema))
        is_same = "false" if is_forced else "is_linked AND print = known"
        values = ", ".join(_quoted(name) for name in fields)
        self._db.register("incoming", reader)
        self._db.execute(
            f"""
            CREATE TABLE rows_{side} AS
            WITH printed AS (
                SELECT {_quoted(ID)} AS id, {_quoted(VERSION)} AS version, {_quoted(CHANGED)} AS changed,
                       {_print_of(fields)} AS print, {f"[{values}]" if fields else "[]::VARCHAR[]"} AS row_values
                FROM incoming
            ), joined AS (
                SELECT printed.*, link.number AS link, link.number IS NOT NULL AS is_linked,
                       link.{side}_fingerprint AS known
                FROM printed LEFT JOIN link ON link.{side}_id = printed.id
            )
            SELECT id, version, changed, link, CASE WHEN {is_same} THEN NULL ELSE row_values END AS row_values
            FROM joined
            """
        )
        self._db.unregister("incoming")
        twice = self._db.execute(
            f"SELECT id FROM rows_{side} GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT 3"
        ).fetchall()
        if twice and self._readings[side].is_full:
            raise _twice(side, [id_ for (id_,) in twice])
        if twice:  # an increment may show a record at two moments; whichever is kept, the precondition holds (E31)
            self._db.execute(
                f"DELETE FROM rows_{side} WHERE rowid NOT IN (SELECT max(rowid) FROM rows_{side} GROUP BY id)"
            )

    def _load_gone(self, side: Side) -> None:
        """gone_<side>: active links whose record a complete listing did not show, or that was named as absent."""
        reading = self._readings[side]
        self._db.execute(f"CREATE TABLE gone_{side} (link BIGINT)")
        if not reading.is_complete and not reading.absences:
            return
        self._db.register("seen", pa.table({"id": pa.array(list(reading.seen), pa.string())}))
        self._db.register("named", pa.table({"id": pa.array(list(reading.absences), pa.string())}))
        is_named = "true" if reading.is_complete else f"{side}_id IN (SELECT id FROM named)"
        self._db.execute(
            f"""
            INSERT INTO gone_{side}
            SELECT number FROM link
            WHERE is_active AND {side}_id IS NOT NULL AND {is_named}
              AND NOT EXISTS (SELECT 1 FROM rows_{side} AS r WHERE r.link = link.number)
              AND {side}_id NOT IN (SELECT id FROM seen)
            """
        )
        self._db.unregister("seen")
        self._db.unregister("named")

    def found(self) -> Iterator[list[Found]]:
        reader = (
            self._db.cursor()
            .sql(
                """
                SELECT number, l.id, l.version, l.changed, l.row_values, r.id, r.version, r.changed, r.row_values,
                       gl.link IS NOT NULL, gr.link IS NOT NULL
                FROM link
                LEFT JOIN (SELECT * FROM rows_left WHERE row_values IS NOT NULL) l ON l.link = number
                LEFT JOIN (SELECT * FROM rows_right WHERE row_values IS NOT NULL) r ON r.link = number
                LEFT JOIN gone_left gl ON gl.link = number
                LEFT JOIN gone_right gr ON gr.link = number
                WHERE l.id IS NOT NULL OR r.id IS NOT NULL OR gl.link IS NOT NULL OR gr.link IS NOT NULL
                ORDER BY number
                """
            )
            .to_arrow_reader(CHUNK)
        )
        for batch in reader:
            columns = [column.to_pylist() for column in batch.columns]
            links = {link.number: link for link in self._store.links(self._scope, columns[0])}
            yield [self._found(links[row[0]], row) for row in zip(*columns, strict=True) if row[0] in links]

    def _found(self, link: Link, row: Sequence[object]) -> Found:
        records: dict[Side, Record] = {}
        absences: dict[Side, Absence | None] = {}
        for side, at, is_gone in ((Side.LEFT, 1, row[9]), (Side.RIGHT, 5, row[10])):
            if row[at] is not None:
                records[side] = _record(row[at : at + 4], self._readings[side].fields)
            elif is_gone:
                end = link.end(side)
                absences[side] = self._readings[side].absences.get(end.id) if end is not None else None
        return Found(link=link, records=records, absences=absences)

    def unlinked(self, side: Side) -> Iterator[pa.Table]:
        for batch in self._db.cursor().sql(self._select_unlinked(side)).to_arrow_reader(20_000):
            yield pa.Table.from_batches([batch])

    def records(self, side: Side, ids: Sequence[str]) -> dict[str, Record]:
        cursor = self._db.cursor()
        cursor.register("wanted", pa.table({"id": pa.array(ids, pa.string())}))
        table = cursor.sql(f"{self._select_unlinked(side)} AND id IN (SELECT id FROM wanted)").to_arrow_table()
        cursor.unregister("wanted")
        return {record.id: record for record in records_of(table)}

    def _select_unlinked(self, side: Side) -> str:
        fields = self._readings[side].fields
        picked = "".join(f", row_values[{at}] AS {_quoted(name)}" for at, name in enumerate(fields, 1))
        return (
            f"SELECT id AS {_quoted(ID)}, version AS {_quoted(VERSION)}, changed AS {_quoted(CHANGED)}{picked}"
            f" FROM rows_{side} WHERE link IS NULL"
        )

    def gone(self, side: Side) -> int:
        row = self._db.execute(f"SELECT count(*) FROM gone_{side}").fetchone()
        return int(row[0]) if row else 0

    def refreshed(self, side: Side) -> dict[str, str]:
        return dict(self._db.execute(self._select_refreshed(side)).fetchall())

    def versions(self, side: Side, ids: Sequence[str]) -> dict[str, str]:
        cursor = self._db.cursor()
        cursor.register("wanted", pa.table({"id": pa.array(ids, pa.string())}))
        rows = cursor.execute(f"{self._select_refreshed(side)} AND id IN (SELECT id FROM wanted)").fetchall()
        cursor.unregister("wanted")
        return dict(rows)

    def _select_refreshed(self, side: Side) -> str:
        return f"SELECT id, version FROM rows_{side} WHERE row_values IS NULL AND version IS NOT NULL"

    def close(self) -> None:
        self._db.close()
        self._folder.cleanup()


def _batches(stream: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for table in stream:
        yield from table.cast(schema).to_batches()


def _record(cells: Sequence[object], fields: Sequence[str]) -> Record:
    id_, version, changed, values = cells
    return Record(
        id=str(id_),
        version=None if version is None else str(version),
        changed_at=None if changed is None else str(changed),
        values={name: value for name, value in zip(fields, values, strict=True) if value != MISSING},  # type: ignore[call-overload]
    )


def _print_of(fields: Sequence[str]) -> str:
    """The SQL form of `model.fingerprint.fingerprint`."""
    if not fields:
        return "(md5_number_lower('') & 9223372036854775807::UBIGINT)::BIGINT"
    parts = ", ".join(f"coalesce({_quoted(name)}, chr({ord(NULL)})), chr({ord(UNIT)})" for name in fields)
    return f"(md5_number_lower(concat({parts})) & 9223372036854775807::UBIGINT)::BIGINT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _twice(side: Side, ids: Sequence[str]) -> KeyNotUnique:
    return KeyNotUnique(
        f"The {side} listing names a key more than once: {', '.join(ids)}.",
        hint="Choose a key that identifies one record, or mend the doubled records; nothing was written.",
    )


__all__ = ["UNSETTLED", "Detected", "Found", "Reading", "detect"]
