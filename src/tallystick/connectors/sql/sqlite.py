"""SQLite.

A column may hold anything, whatever it is declared as, so nothing here trusts a declaration. Bulk reads go page by
page of row numbers: each page is one short read that holds up no writer.

All goes through Python's own SQLite. A second copy of SQLite in the process (a driver that brings its own) must never
open the same file: the operating system's locks belong to the process, so neither copy would see those of the other,
and whichever closes the file first drops them all. Source: docs/adr/0016-one-sqlite.md.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote as quote_path

import pyarrow as pa
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from tallystick.connectors.sql import bind, sqlite_schema
from tallystick.connectors.sql.bind import Binder
from tallystick.connectors.sql.database import Database, Page
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.sqlite_feed import SqliteFeed
from tallystick.connectors.sql.sqlite_schema import Affinity, affinity_of
from tallystick.connectors.sql.table import Column, Table
from tallystick.connectors.sql.where import is_plain
from tallystick.errors import ConfigurationError
from tallystick.model.value import FieldType, Value

MOST_ROWS: Final = 10_000
"""Of a page: rows are Python's own objects for a moment, several times as large as in Arrow."""


class SqliteDatabase(Database):
    placeholder = "?"
    lock = ""  # BEGIN IMMEDIATE holds the whole file

    @classmethod
    def open(cls, url: URL, settings: Settings, folder: Path) -> SqliteDatabase:
        if not url.database or url.database == ":memory:":
            raise ConfigurationError(
                "A sql system needs a SQLite file, a database in memory is seen by nobody else.",
                hint="Write sqlite:///file.db.",
            )
        if settings.schema_ not in (None, "main"):
            raise ConfigurationError("SQLite has no schemas.", hint="Remove `schema` from the system.")
        path = (folder / url.database).absolute()

        def connect() -> sqlite3.Connection:
            connection = _connect(path, "rw", settings.timeout_s)
            connection.text_factory = _decoded
            connection.execute("PRAGMA foreign_keys = ON")
            return connection

        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=2)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            is_writing = connection.get_execution_options().get("is_writing")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

        database = cls(engine, settings, where=f"the database {path.name}")
        database.path = path
        database.connect = connect
        database.schema = None
        return database

    path: Path
    connect: Callable[[], sqlite3.Connection]

    def reflect(self, names: Sequence[str] | None) -> Mapping[str, Table]:
        with self.engine.connect() as connection:
            return sqlite_schema.reflect(connection, names, self.typed)

    def feed(self) -> SqliteFeed:
        return SqliteFeed(self)

    def read_as(self, column: Column) -> str:
        return self.quote(column.name)

    def now(self, connection: Connection) -> str:
        found = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')").scalar_one()
        return f"{str(found).rstrip('0').rstrip('.')}Z"

    def compares(self, column: Column) -> str | None:
        name, affinity = self.quote(column.name), affinity_of(column.native)
        match column.type:
            case FieldType.TEXT:
                return name if affinity is Affinity.TEXT else f"CAST({name} AS TEXT)"
            case FieldType.INTEGER | FieldType.BOOLEAN | FieldType.DECIMAL:
                return None if affinity is Affinity.TEXT else name
        return None  # dates are texts, and there are many ways to write one

    def same(self, column: Column, values: Sequence[str]) -> str | None:
        name = self.quote(column.name)
        if column.type is FieldType.TEXT and affinity_of(column.native) is Affinity.TEXT and all(map(is_plain, values)):
            return f"{name} IN ({', '.join(map(self.literal, values))})"
        if column.type is FieldType.INTEGER and affinity_of(column.native) is Affinity.INTEGER:
            numbers = [value for value in values if re.fullmatch(r"-?\d{1,18}", value)]
            # text that is no integer is let through: it is an unreadable record, not one that fails the filter
            return f"({name} IN ({', '.join(numbers) or 'NULL'}) OR {name} >= '')"
        return None

    def stamp_since(self, column: Column, since: str | int) -> str | None:
        name = self.quote(column.name)
        if isinstance(since, int):
            return f"{name} >= {since}"
        moment = datetime.fromisoformat(since)
        day = max(moment - timedelta(days=1), datetime(1, 1, 2, tzinfo=moment.tzinfo)).date()
        local = min(moment.replace(tzinfo=None), moment.astimezone(self.zone).replace(tzinfo=None))
        # The day finds the range in an index, whatever stands between day and time; numbers sort before all text.
        return (
            f"({name} < '' OR ({name} >= '{day.isoformat()}' AND (julianday({name}) IS NULL"
            f" OR julianday({name}) >= julianday('{local.isoformat()}') - 1e-6)))"
        )

    def binder(self, column: Column) -> Binder:
        affinity = affinity_of(column.native)
        match column.type:
            case FieldType.TEXT:
                return bind.text
            case FieldType.INTEGER:
                return bind.integer(Column(name="", type=FieldType.INTEGER, native=""))
            case FieldType.DECIMAL:
                checked = bind.decimal(column)
                if affinity is Affinity.TEXT:
                    return checked
                if affinity is Affinity.REAL:
                    return bind.number
                return lambda value: _number(checked(value))
            case FieldType.BOOLEAN:
                if affinity is Affinity.TEXT:
                    return lambda value: "true" if bind.boolean(value) else "false"
                return lambda value: int(bind.boolean(value))
            case FieldType.DATE:
                return bind.day
            case FieldType.TIME:
                return bind.clock_time
            case FieldType.DATETIME:
                if affinity is Affinity.TEXT:
                    return bind.moment
                return lambda value: bind.moment(value).replace("T", " ").replace("Z", "+00:00")
            case FieldType.LOCAL_DATETIME:
                if affinity is Affinity.TEXT:
                    return bind.local_moment
                return lambda value: bind.local_moment(value).replace("T", " ")
            case FieldType.BINARY:
                return bind.binary
            case FieldType.LIST:
                return lambda value: bind.text_list(value) and value
            case FieldType.JSON:
                return bind.document

    def bind_all(self, column: Column, values: Sequence[Value]) -> Sequence[object] | None:
        match column.type:
            case FieldType.TEXT:
                return bind.plain_texts(None, values)
            case FieldType.INTEGER:
                return bind.plain_integers(values)
            case FieldType.DATE:
                return values if bind.are_days(values) else None
            case FieldType.LOCAL_DATETIME if affinity_of(column.native) is not Affinity.TEXT:
                return bind.plain_moments(values, " ")
        return None

    def next_numbers(self, connection: Connection, table: Table, column: Column, count: int) -> list[int]:
        name = self.quote(column.name)
        last = connection.exec_driver_sql(f"SELECT max({name}) FROM {self.quoted(table)}").scalar()
        numbers = [last if isinstance(last, int) else 0]
        if column.is_counted and self._counts(connection):
            kept = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
            numbers.append(kept if isinstance(kept, int) else 0)
        start = max(numbers)
        return list(range(start + 1, start + 1 + count))

    def _counts(self, connection: Connection) -> bool:
        sql = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
        return connection.exec_driver_sql(sql).first() is not None

    # --- bulk reads

    def bulk(self, table: Table, columns: Sequence[Column], condition: str, *, is_few: bool) -> Iterator[Page]:
        with closing(_connect(self.path, "ro", self.timeout_s)) as connection:
            yield from self._pages(connection, table, columns, condition, is_few=is_few)

    def _pages(
        self, connection: sqlite3.Connection, table: Table, columns: Sequence[Column], condition: str, *, is_few: bool
    ) -> Iterator[Page]:
        names = {column.name.lower() for column in table.columns}
        number = next((name for name in ("_rowid_", "rowid", "oid") if name not in names), None)
        where = f"WHERE {condition}" if condition else ""
        source, row, more = self.quoted(table), f"{number}", f" AND ({condition})" if condition else ""
        wanted = ", ".join(self.quote(column.name) for column in columns)
        if table.has_row_numbers is False or number is None:
            # A view, or a table without row numbers: a copy in the temporary database has them.
            connection.execute(f"CREATE TEMP TABLE tallystick_copy AS SELECT {wanted} FROM {source} {where}")
            source, row, more = "temp.tallystick_copy", "_rowid_", ""
        elif is_few:
            connection.execute("CREATE TEMP TABLE tallystick_picked (n INTEGER PRIMARY KEY)")
            connection.execute(f"INSERT INTO tallystick_picked SELECT {number} FROM {source} {where}")
            source = f"temp.tallystick_picked CROSS JOIN {source} ON {source}.{number} = tallystick_picked.n"
            row, more = "tallystick_picked.n", ""
        after, rows_a_page = -(2**63), min(self.batch_rows, MOST_ROWS)
        while rows := _rows(
            connection,
            f"SELECT {row}, {wanted} FROM {source} WHERE {row} > {after}{more} ORDER BY {row} LIMIT {rows_a_page}",
        ):
            after = rows[-1][0]
            values = list(zip(*rows, strict=True))[1:]
            is_plain_text = connection.text_factory is str
            yield self.page_of(columns, values if is_plain_text else [_unchecked(column) for column in values])


class Undecodable(bytes):
    """Text that is not UTF-8."""


def _decoded(content: bytes) -> str | Undecodable:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Undecodable(content)


def _connect(path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    """`mode`: rw or ro; a missing file is an error, never an empty database."""
    return sqlite3.connect(
        f"file:{quote_path(str(path))}?mode={mode}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )


def _rows(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
    connection.text_factory = _decoded  # slower: only from where a text is not UTF-8
    return connection.execute(sql).fetchall()


def _unchecked(values: Sequence[object]) -> pa.Array | Sequence[object]:
    """A column of texts, some not UTF-8, as Arrow has it: `canonical` tells what is wrong with each."""
    kinds = set(map(type, values))
    if Undecodable not in kinds or kinds - {Undecodable, str, type(None)}:
        return values
    return pa.array([one.encode() if isinstance(one, str) else one for one in values], pa.binary()).view(pa.string())


def _number(value: str) -> int | float:
    if "." not in value and len(value) < 19:
        return int(value)
    return bind.number(value)
