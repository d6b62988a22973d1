"""A database as a system: Reader, Probe and Writer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pyarrow as pa
from sqlalchemy import Connection

from tallystick.connectors import spelling
from tallystick.connectors.sql import where
from tallystick.connectors.sql.cursor import Cursor, parsed, since, stamp
from tallystick.connectors.sql.database import Database
from tallystick.connectors.sql.keys import by_ids, by_values
from tallystick.connectors.sql.reading import Counter, Reading, batch_of, reading_of, rows_by_id
from tallystick.connectors.sql.reserve import Reservations
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.table import Column, Table
from tallystick.connectors.sql.writer import TableWriter
from tallystick.errors import CursorRefused, KeyNotUnique
from tallystick.model.record import ID, Absence, Batch, Cause, End, Record, Unreadable, no_records, records_of
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Feed, Known
from tallystick.ports.world import Clock, Ids

_FIND_AT_MOST = 10
_COUNTS = (FieldType.INTEGER, FieldType.DECIMAL)


class SqlSystem:
    """An open connection to one database."""

    def __init__(self, database: Database, settings: Settings, *, clock: Clock, ids: Ids) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self.reservations = Reservations(database, ids)
        self._tables: dict[str, Table] = {}

    # --- Reader

    def describe(self) -> Description:
        with self.database.errors():
            tables = self.database.reflect(None)
        versions = self.settings.versions
        return Description(
            connector="sql",
            record_types=tuple(table.described(versions.get(name)) for name, table in sorted(tables.items())),
            product=self.database.engine.dialect.name,
        )

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        reading = reading_of(self._table(selection, is_fresh=True), selection, self.settings)
        database, table, unnamed = self.database, reading.table, Counter()
        with database.errors(table.name):
            self._check_unique(reading)
            cursor = self._cursor(reading)
            condition = where.condition(selection.where, table, database)
            for page in database.bulk(table, reading.columns, condition, is_few=False):
                yield batch_of(page, reading, database, unnamed, with_absences=False)
        yield Batch(records=no_records(reading.fields), end=End(is_complete=True, cursor=cursor))

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        reading = reading_of(self._table(selection, is_fresh=True), selection, self.settings)
        column = reading.changed
        if column is None:
            raise CursorRefused(
                f"The flow names no `changed` column of {selection.record!r}.", hint="A full listing goes on from here."
            )
        database, table, unnamed = self.database, reading.table, Counter()
        with database.errors(table.name):
            condition = self._since(column, parsed(cursor, column.name))
            following = self._cursor(reading)
            for page in database.bulk(table, reading.columns, condition, is_few=bool(condition)):
                yield batch_of(page, reading, database, unnamed, with_absences=True)
        yield Batch(records=no_records(reading.fields), end=End(is_complete=True, cursor=following))

    def close(self) -> None:
        self.database.close()

    def feed(self) -> Feed | None:
        """Implements tallystick.ports.system.Feeding."""
        return self.database.feed() if self.settings.feed else None

    # --- Probe

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        reading = reading_of(self._table(selection), selection, self.settings, is_whole=is_whole)
        table, wanted = reading.table, list(dict.fromkeys(ids))
        tables: list[pa.Table] = [no_records(reading.fields)]
        absences: dict[str, Absence] = {}
        unreadable: dict[str, Unreadable] = {}
        aliens: set[str] = set()
        with self.database.errors(table.name), self.database.transaction(is_writing=False) as connection:
            for rest, parameters, alien in by_ids(self.database, table, reading.key, wanted):
                aliens |= set(alien)
                if rest:
                    page = self.database.read(connection, table, reading.columns, rest, parameters)
                    batch = batch_of(page, reading, self.database, Counter(), with_absences=True)
                    tables.append(batch.records)
                    absences |= {absence.id: absence for absence in batch.absences}
                    unreadable |= {one.id: one for one in batch.unreadable}
        found = pa.concat_tables(tables)
        rows = rows_by_id(found.column(ID).to_pylist())
        for id_, places in rows.items():
            if len(places) > 1:
                unreadable[id_] = Unreadable(id=id_, reason=f"{len(places)} records of {table.name!r} have this key.")
        kept = [rows[id_][0] for id_ in wanted if id_ in rows and id_ not in unreadable]
        nowhere = Cause.UNKNOWN if table.hides_rows else Cause.DELETED
        for id_ in wanted:
            if id_ not in rows and id_ not in absences and id_ not in unreadable:
                absences[id_] = Absence(id=id_, cause=Cause.UNKNOWN if id_ in aliens else nowhere)
        asked = set(wanted)
        return Batch(
            records=found.take(pa.array(kept, pa.int64())),
            absences=tuple(absence for id_, absence in absences.items() if id_ in asked and id_ not in rows),
            unreadable=tuple(one for id_, one in unreadable.items() if id_ in asked),
        )

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        table = self._table(selection)
        fields = tuple(sorted({*selection.fields, *values}))
        wanted = Selection(record=selection.record, fields=fields, key=selection.key, deleted=selection.deleted)
        reading = reading_of(table, wanted, self.settings)
        with self.database.errors(table.name):
            looked_for = by_values(self.database, table, values)
            if looked_for is None:
                return []
            condition, parameters = looked_for
            found: list[Record] = []
            for batch in self._found(reading, condition, parameters):
                for record in records_of(batch.records):
                    if all(record.values.get(name) == value for name, value in values.items()):
                        found.append(_narrowed(record, selection))
                        if len(found) == _FIND_AT_MOST:
                            return found
        return found

    # --- Writer

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        table = self._table(selection)
        with self.database.errors(table.name):
            return self.reservations.reserve(table, selection.key or table.primary, values)

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        reading = reading_of(self._table(selection), selection, self.settings)
        return TableWriter(self.database, reading, touches=self.settings.touch).write(writes)

    # --- inside

    def _table(self, selection: Selection, *, is_fresh: bool = False) -> Table:
        """The table as it is; probes and writes go by what the last listing found, for reflection takes time."""
        if is_fresh or selection.record not in self._tables:
            self._tables[selection.record] = self.database.table(selection.record)
        return self._tables[selection.record]

    def _found(self, reading: Reading, condition: str, parameters: Sequence[object]) -> Iterator[Batch]:
        if condition:
            with self.database.transaction(is_writing=False) as connection:
                rest = f"WHERE {condition} LIMIT 1000"
                page = self.database.read(connection, reading.table, reading.columns, rest, parameters)
            yield batch_of(page, reading, self.database, Counter(), with_absences=False)
            return
        for page in self.database.bulk(reading.table, reading.columns, "", is_few=False):
            yield batch_of(page, reading, self.database, Counter(), with_absences=False)

    def _check_unique(self, reading: Reading) -> None:
        """Raises KeyNotUnique. With a filter or soft deletes the caller, who sees what passes, decides alone."""
        selection, table = reading.selection, reading.table
        if selection.where or selection.deleted or table.is_unique(reading.key):
            return
        names = ", ".join(self.database.quote(name) for name in reading.key)
        null = " AND ".join(f"{self.database.quote(name)} IS NOT NULL" for name in reading.key)
        sql = f"SELECT 1 FROM {self.database.quoted(table)} WHERE {null} GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
        with self.database.transaction(is_writing=False) as connection:
            if self.database.run(connection, sql).first() is not None:
                raise KeyNotUnique(
                    f"Several records of {table.name!r} have the same {' and '.join(reading.key)}.",
                    hint="Name columns that identify a record as `key` in the integration file.",
                )

    def _cursor(self, reading: Reading) -> str | None:
        """Where increments go on from now; None where the changed column tells no order."""
        column = reading.changed
        if column is None:
            return None
        probe: str | int = 0 if column.type in _COUNTS else "2000-01-01T00:00:00Z"
        if self.database.stamp_since(column, probe) is None:
            return None
        with self.database.transaction(is_writing=False) as connection:
            database_at = self.database.now(connection)
            try:
                changed = self._greatest(connection, reading.table, column)
            except ValueError:
                return None
        if isinstance(changed, str):
            changed = min(changed, database_at)  # a stamp from the future would hide all changes until then
        return Cursor(
            column=column.name,
            changed=changed,
            overlap_s=self.settings.overlap_s,
            database_at=database_at,
            hub_at=stamp(self.clock.now()),
        ).text()

    def _greatest(self, connection: Connection, table: Table, column: Column) -> str | int | None:
        """The last stamp there is. Raises ValueError where it is none."""
        name = self.database.quote(column.name)
        # the row, not max(): so that it is read like every other value
        rest = f"WHERE {name} IS NOT NULL ORDER BY {name} DESC LIMIT 1"
        page = self.database.read(connection, table, (column,), rest, ())
        greatest = page.columns[column.name][0].as_py() if page.row_count else None
        if page.faults:
            raise ValueError
        if greatest is None:
            return None
        return (
            math.floor(Decimal(greatest)) if column.type in _COUNTS else spelling.moment(greatest, self.database.zone)
        )

    def _since(self, column: Column, cursor: Cursor) -> str:
        with self.database.transaction(is_writing=False) as connection:
            database_at = self.database.now(connection)
        reached = since(
            cursor,
            overlap_s=self.settings.overlap_s,
            overlap_count=self.settings.overlap_count,
            is_zoned=column.type is FieldType.DATETIME or self.settings.zone == "UTC",
            database_at=database_at,
            hub_at=stamp(self.clock.now()),
        )
        if reached is None:
            return ""
        if isinstance(reached, int) is not (column.type in _COUNTS):
            raise CursorRefused(
                f"The column {column.name!r} is of another type than the cursor.",
                hint="A full listing goes on from here.",
            )
        condition = self.database.stamp_since(column, reached)
        if condition is None:
            raise CursorRefused(
                f"The column {column.name!r} cannot be read in order.", hint="A full listing goes on from here."
            )
        return f"({condition} OR {self.database.quote(column.name)} IS NULL)"


def _narrowed(record: Record, selection: Selection) -> Record:
    values = {name: value for name, value in record.values.items() if name in selection.fields}
    return Record(id=record.id, values=values, version=record.version, changed_at=record.changed_at)
