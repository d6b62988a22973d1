"""Detection over everything: one columnar question in DuckDB.

Every record's fingerprint is compared with the one its link keeps, and only records that differ or have no link are
kept whole. Source: design/house.md; spec/engine.md E1-E4, E12.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from tallystick.engine.detected import CHUNK, Found, known_unlinked, twice
from tallystick.engine.reading import Reading
from tallystick.model.fingerprint import NULL, UNIT
from tallystick.model.flow import Scope
from tallystick.model.link import Link
from tallystick.model.record import CHANGED, ID, MARKS, VERSION, Absence, Record, records_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import MISSING
from tallystick.ports.store import Store

MEMORY: Final = "700MB"
"""What DuckDB may hold; beyond it, it goes to a temporary file (E4)."""


class Many:
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
            config={"memory_limit": MEMORY, "temp_directory": self._folder.name, "preserve_insertion_order": "false"}
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
                       {print_of(fields)} AS print, {f"[{values}]" if fields else "[]::VARCHAR[]"} AS row_values
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
        doubled = self._db.execute(
            f"SELECT id FROM rows_{side} GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT 3"
        ).fetchall()
        if doubled and self._readings[side].is_full:
            raise twice(side, [id_ for (id_,) in doubled])
        if doubled:  # an increment may show a record at two moments; whichever is kept, the precondition holds (E31)
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

    def lost(self, side: Side) -> list[str]:
        reading = self._readings[side]
        ids = list(known_unlinked(self._store, self._scope, side, reading))
        if not ids:
            return []
        cursor = self._db.cursor()
        cursor.register("known", pa.table({"id": pa.array(ids, pa.string())}))
        cursor.register("seen", pa.table({"id": pa.array(list(reading.seen), pa.string())}))
        found = cursor.execute(
            f"SELECT id FROM known ANTI JOIN rows_{side} USING (id) ANTI JOIN seen USING (id)"
            f" ANTI JOIN (SELECT {side}_id AS id FROM link) linked USING (id)"
        ).fetchall()
        return sorted(id_ for (id_,) in found)

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


def print_of(fields: Sequence[str]) -> str:
    """The SQL form of `model.fingerprint.fingerprint`."""
    if not fields:
        return "(md5_number_lower('') & 9223372036854775807::UBIGINT)::BIGINT"
    parts = ", ".join(f"coalesce({_quoted(name)}, chr({ord(NULL)})), chr({ord(UNIT)})" for name in fields)
    return f"(md5_number_lower(concat({parts})) & 9223372036854775807::UBIGINT)::BIGINT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
