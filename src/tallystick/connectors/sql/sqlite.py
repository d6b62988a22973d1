"""SQLite.

A column may hold anything, whatever it is declared as, so nothing here trusts a declaration. Bulk reads go through
ADBC page by page of row numbers: each page is one short read that holds up no writer. The driver settles a
column's Arrow type over the whole page, so a page whose types are as declared needs no further look; in another
one the columns in doubt are read again with the storage class of every value.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_path

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from tallystick.connectors.sql import bind, sqlite_schema
from tallystick.connectors.sql.bind import Binder
from tallystick.connectors.sql.database import Database, Page
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.sqlite_schema import Affinity, affinity_of
from tallystick.connectors.sql.table import Column, Table
from tallystick.connectors.sql.where import is_plain
from tallystick.errors import ConfigurationError
from tallystick.model.value import FieldType, Value

_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN)
_EXACT_LIMIT = 2**53  # beyond it a double may have been a whole number that lost digits


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
        address = f"file:{quote_path(str(path))}"

        def connect() -> sqlite3.Connection:
            # mode=rw: a missing file is an error, never an empty database
            connection = sqlite3.connect(
                f"{address}?mode=rw",
                uri=True,
                timeout=settings.timeout_s,
                isolation_level=None,
                check_same_thread=False,
            )
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
        database.address = address
        database.schema = None
        return database

    path: Path
    address: str

    def reflect(self, names: Sequence[str] | None) -> Mapping[str, Table]:
        with self.engine.connect() as connection:
            return sqlite_schema.reflect(connection, names, self.typed)

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
        if not self.path.exists():
            raise sqlite3.OperationalError("unable to open database file")
        connection = adbc.connect(f"{self.address}?mode=ro", autocommit=True)
        try:
            _query(connection, f"PRAGMA busy_timeout = {int(self.timeout_s * 1000)}", 1)
            yield from self._pages(connection, table, columns, condition, is_few=is_few)
        finally:
            connection.close()

    def _pages(
        self, connection: adbc.Connection, table: Table, columns: Sequence[Column], condition: str, *, is_few: bool
    ) -> Iterator[Page]:
        names = {column.name.lower() for column in table.columns}
        number = next((name for name in ("_rowid_", "rowid", "oid") if name not in names), None)
        where = f"WHERE {condition}" if condition else ""
        source, row, more = self.quoted(table), f"{number}", f" AND ({condition})" if condition else ""
        if table.has_row_numbers is False or number is None:
            # A view, or a table without row numbers: a copy in the temporary database has them.
            wanted = ", ".join(self.quote(column.name) for column in columns)
            _do(connection, f"CREATE TEMP TABLE tallystick_copy AS SELECT {wanted} FROM {source} {where}")
            source, row, more = "temp.tallystick_copy", "_rowid_", ""
        elif is_few:
            _do(connection, "CREATE TEMP TABLE tallystick_picked (n INTEGER PRIMARY KEY)")
            _do(connection, f"INSERT INTO tallystick_picked SELECT {number} FROM {source} {where}")
            source = f"temp.tallystick_picked CROSS JOIN {source} ON {source}.{number} = tallystick_picked.n"
            row, more = "tallystick_picked.n", ""
        after = -(2**63)
        while True:
            rest = f"FROM {source} WHERE {row} > {after}{more} ORDER BY {row} LIMIT {self.batch_rows}"
            _do(connection, "BEGIN")  # a second look at a page sees what the first saw
            page, last = self._page(connection, columns, row, rest)
            _do(connection, "COMMIT")
            if page is None:
                return
            yield page
            after = last

    def _page(
        self, connection: adbc.Connection, columns: Sequence[Column], row: str, rest: str
    ) -> tuple[Page | None, int]:
        guards = [column for column in columns if _guard(column)]
        expressions = [row, *(self.quote(column.name) for column in columns)]
        expressions += [_guard(column).format(name=self.quote(column.name)) for column in guards]
        found = _query(connection, f"SELECT {', '.join(expressions)} {rest}", self.batch_rows)
        if not found.num_rows:
            return None, 0
        arrays: list[Any] = [_whole(column) for column in found.columns]
        numbers, values, flags = arrays[0], arrays[1 : 1 + len(columns)], arrays[1 + len(columns) :]
        flagged = {column.name for column, flag in zip(guards, flags, strict=True) if pc.any(pc.equal(flag, 1)).as_py()}
        doubtful = [
            column
            for column, array in zip(columns, values, strict=True)
            if column.name in flagged or not _is_as_declared(column, array)
        ]
        if doubtful:
            closer = self._closer(connection, doubtful, rest)
            values = [closer.get(column.name, array) for column, array in zip(columns, values, strict=True)]
        return self.page_of(columns, values), numbers[-1].as_py()

    def _closer(self, connection: adbc.Connection, columns: Sequence[Column], rest: str) -> Mapping[str, list[object]]:
        """The values of columns as Python values of their storage class."""
        expressions = []
        for column in columns:
            name = self.quote(column.name)
            expressions.append(
                f"CASE typeof({name}) WHEN 'integer' THEN 'i' || {name} WHEN 'real' THEN 'r'"
                f" WHEN 'blob' THEN 'b' || hex({name}) WHEN 'text' THEN 't' || {name} END"
            )
            expressions.append(f"CASE typeof({name}) WHEN 'real' THEN {name} END")
        found = _query(connection, f"SELECT {', '.join(expressions)} {rest}", self.batch_rows)
        closer: dict[str, list[object]] = {}
        for place, column in enumerate(columns):
            tagged = found.column(2 * place).cast(pa.binary()).to_pylist()
            reals = found.column(2 * place + 1).to_pylist()
            closer[column.name] = [_untagged(tag, real) for tag, real in zip(tagged, reals, strict=True)]
        return closer


class Undecodable(bytes):
    """Text that is not UTF-8."""


def _decoded(content: bytes) -> str | Undecodable:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Undecodable(content)


def _untagged(tagged: bytes | None, real: float | None) -> object:
    if tagged is None:
        return None
    match tagged[:1]:
        case b"i":
            return int(tagged[1:])
        case b"r":
            return real
        case b"b":
            return bytes.fromhex(tagged[1:].decode())
    return _decoded(tagged[1:])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _query(connection: adbc.Connection, sql: str, rows: int) -> pa.Table:
    cursor = connection.cursor()
    try:
        # One batch holds the whole page, so that the types are settled over all of it.
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows + 1)})
        cursor.execute(sql)
        return cursor.fetch_arrow_table()
    finally:
        cursor.close()


def _do(connection: adbc.Connection, sql: str) -> None:
    cursor = connection.cursor()
    try:
        cursor.adbc_statement.set_sql_query(sql)
        cursor.adbc_statement.execute_update()
    finally:
        cursor.close()


def _guard(column: Column) -> str:
    """An expression that is 1 where the driver's Arrow type would hide that a value was changed."""
    affinity = affinity_of(column.native)
    if column.type is FieldType.BINARY:
        return "typeof({name}) IN ('integer', 'real')"
    if affinity is Affinity.TEXT or column.type in _NUMBERS:
        return ""
    return "typeof({name}) = 'real'" if column.type is FieldType.TEXT else "typeof({name}) IN ('integer', 'real')"


def _is_as_declared(column: Column, array: pa.Array) -> bool:
    """Whether the driver's Arrow type tells that no value of the page was converted."""
    if array.null_count == len(array):
        return True
    is_text = pa.types.is_string(array.type)
    is_text_kept = affinity_of(column.native) is Affinity.TEXT
    match column.type:
        case FieldType.TEXT | FieldType.JSON | FieldType.LIST:
            return bool(is_text or (pa.types.is_integer(array.type) and column.type is FieldType.TEXT))
        case FieldType.BINARY:
            return bool(is_text or pa.types.is_binary(array.type))
        case FieldType.INTEGER | FieldType.BOOLEAN:
            return bool(pa.types.is_integer(array.type) or (is_text and is_text_kept))
        case FieldType.DECIMAL:
            if pa.types.is_floating(array.type):
                return bool(pc.max(pc.abs(array)).as_py() < _EXACT_LIMIT)
            return bool(pa.types.is_integer(array.type) or (is_text and is_text_kept))
    return bool(is_text)


def _number(value: str) -> int | float:
    if "." not in value and len(value) < 19:
        return int(value)
    return bind.number(value)
