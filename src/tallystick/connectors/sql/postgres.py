"""PostgreSQL: bulk reads through ADBC (one statement, one snapshot), all else through psycopg."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import adbc_driver_postgresql.dbapi as adbc
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL

from tallystick.connectors.sql import bind, postgres_schema
from tallystick.connectors.sql.bind import Binder
from tallystick.connectors.sql.database import MARK, Database, Page, host_of
from tallystick.connectors.sql.guarded import Guard, guard_of, guard_sessions
from tallystick.connectors.sql.postgres_feed import PostgresFeed
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.table import Column, Table
from tallystick.connectors.sql.where import is_plain
from tallystick.model.value import FieldType, Value

_BATCH_BYTES = 8 * 2**20
_AS_IS = {"smallint", "integer", "bigint", "boolean", "text", "character varying", "real", "double precision", "bytea"}
_TEXTS = {"text", "character varying", "character", "citext", "uuid"}


class PostgresDatabase(Database):
    _address: str
    _guard: Guard | None
    _spare: Any = None  # an ADBC connection that nobody uses now

    @classmethod
    def open(cls, url: URL, settings: Settings) -> PostgresDatabase:
        lock_ms = int(settings.timeout_s * 1000)
        session = (
            "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=iso_8601 -c bytea_output=hex"
            f" -c extra_float_digits=1 -c lock_timeout={lock_ms}"
        )
        given = url.query.get("options")
        options = f"{given} {session}" if isinstance(given, str) else session
        url = url.set(drivername="postgresql").update_query_dict({"options": options, "client_encoding": "utf8"})
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(max(2, int(settings.timeout_s)))})
        guard = guard_of(url, settings)
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=2)
        guard_sessions(engine, guard)
        database = cls(engine, settings, where=host_of(url, "PostgreSQL"))
        database._address = _conninfo(url)
        database._guard = guard
        return database

    @property
    def address(self) -> str:
        """As libpq takes it; with the address that was checked where connections are guarded."""
        checked = self._guard() if self._guard is not None else None
        return make_conninfo(self._address, hostaddr=checked) if checked else self._address

    def reflect(self, names: Sequence[str] | None) -> Mapping[str, Table]:
        with self.engine.connect() as connection:
            return postgres_schema.reflect(connection, self.schema, names, self.typed)

    def read_as(self, column: Column) -> str:
        name = self.quote(column.name)
        base = postgres_schema.base_of(column.native)
        if base in _AS_IS:
            return name
        if base == "money":
            return f"{name}::numeric::text"
        return f"to_json({name})::text" if base.endswith("[]") else f"{name}::text"

    def now(self, connection: Connection) -> str:
        found = self.run(connection, "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US')").scalar_one()
        return f"{str(found).rstrip('0').rstrip('.')}Z"

    def compares(self, column: Column) -> str | None:
        name, base = self.quote(column.name), postgres_schema.base_of(column.native)
        if column.type in (FieldType.LIST, FieldType.JSON, FieldType.BINARY) or base == "money":
            return None
        if column.type is FieldType.TEXT:
            return name if base in _TEXTS else f"{name}::text"
        return name if base in postgres_schema.TYPES else None

    def same(self, column: Column, values: Sequence[str]) -> str | None:
        name, base = self.quote(column.name), postgres_schema.base_of(column.native)
        if base in ("text", "character varying") and column.type is FieldType.TEXT and all(map(is_plain, values)):
            return f"{name} IN ({', '.join(map(self.literal, values))})"
        if base in ("smallint", "integer", "bigint") and column.type is FieldType.INTEGER:
            numbers = [value for value in values if re.fullmatch(r"-?\d{1,18}", value)]
            return f"{name} IN ({', '.join(numbers) or 'NULL'})"
        return None

    def stamp_since(self, column: Column, since: str | int) -> str | None:
        name, base = self.quote(column.name), postgres_schema.base_of(column.native)
        if isinstance(since, int):
            return f"{name} >= {since}"
        moment = datetime.fromisoformat(since)
        local = moment.astimezone(self.zone).replace(tzinfo=None).isoformat()
        match base:
            case "timestamp with time zone":
                return f"{name} >= '{since}'::timestamptz"
            case "timestamp without time zone":
                return f"{name} >= '{local}'::timestamp"
            case "date":
                return f"{name} >= '{local[:10]}'::date"
            case "text" | "character varying":
                return f"{name} COLLATE \"C\" >= '{(moment - timedelta(days=1)).date().isoformat()}'"
        return None

    def binder(self, column: Column) -> Binder:
        base = postgres_schema.base_of(column.native)
        binder: Binder
        match column.type:
            case FieldType.INTEGER:
                check = bind.integer(column)
                binder = lambda value: str(check(value))  # noqa: E731
            case FieldType.DECIMAL if base in ("real", "double precision"):
                exact = bind.single if base == "real" else bind.number
                binder = lambda value: str(exact(value)) and value  # noqa: E731
            case FieldType.DECIMAL:
                binder = bind.decimal(column)
            case FieldType.BINARY if base == "bytea":
                binder = bind.binary
            case FieldType.LIST if base.endswith("[]"):
                binder = _array
            case FieldType.TEXT if base == "uuid":
                binder = _uuid
            case FieldType.TEXT if column.choices:
                binder = _choice(column)
            case _:
                binder = _CHECKS.get(column.type) or bind.bounded_text(column)
        if base == "timestamp without time zone" and column.type is FieldType.DATETIME:
            return lambda value: self._in_zone(bind.moment(value))
        return binder

    def bind_all(self, column: Column, values: Sequence[Value]) -> Sequence[object] | None:
        return None if postgres_schema.base_of(column.native) == "uuid" else super().bind_all(column, values)

    def _in_zone(self, moment: str) -> str:
        return datetime.fromisoformat(moment).astimezone(self.zone).replace(tzinfo=None).isoformat()

    def next_numbers(self, connection: Connection, table: Table, column: Column, count: int) -> list[int]:
        sequence = self.run(
            connection,
            f"SELECT coalesce(pg_get_serial_sequence({MARK}, {MARK}), substring("
            "pg_get_expr(d.adbin, d.adrelid) from 'nextval\\(''(.*)''::regclass\\)'))"
            " FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
            f" WHERE a.attrelid = ({MARK}::text)::regclass AND a.attname = {MARK}",
            (self.quoted(table), column.name, self.quoted(table), column.name),
        ).scalar()
        if sequence is None:
            last = self.run(connection, f"SELECT max({self.quote(column.name)}) FROM {self.quoted(table)}").scalar()
            return list(range((last or 0) + 1, (last or 0) + 1 + count))
        # A sequence that was not moved on when rows came with numbers of their own hands out numbers in use.
        name = self.quote(column.name)
        free: list[int] = []
        while (lacking := count - len(free)) > 0:
            drawn = f"SELECT nextval(({MARK}::text)::regclass) AS n FROM generate_series(1, {lacking})"
            used = f"SELECT 1 FROM {self.quoted(table)} WHERE {name} = drawn.n"
            sql = f"WITH drawn AS MATERIALIZED ({drawn}) SELECT n FROM drawn WHERE NOT EXISTS ({used})"
            free += [int(number) for number in self.run(connection, sql, (sequence,)).scalars()]
        return free

    def bulk(self, table: Table, columns: Sequence[Column], condition: str, *, is_few: bool) -> Iterator[Page]:
        expressions = ", ".join(self.read_as(column) for column in columns)
        where = f" WHERE {condition}" if condition else ""
        connection, cursor = self._executed(f"SELECT {expressions} FROM {self.quoted(table)}{where}")
        is_through = False
        try:
            with contextlib.closing(cursor), contextlib.closing(cursor.fetch_record_batch()) as reader:
                for batch in reader:
                    for start in range(0, batch.num_rows, self.batch_rows):
                        yield self.page_of(columns, batch.slice(start, self.batch_rows).columns)
            is_through = True
        finally:
            if is_through and self._spare is None:
                self._spare = connection
            else:
                connection.close()

    def _executed(self, sql: str) -> tuple[Any, Any]:
        """A statement under way. A connection is used again: to learn the server's types takes it a while."""
        spare, self._spare = self._spare, None
        if spare is not None:
            try:
                return spare, _execute(spare, sql)
            except adbc.Error:  # it may have gone stale; a fresh one tells what is really wrong
                spare.close()
        connection = adbc.connect(self.address, autocommit=True)
        try:
            return connection, _execute(connection, sql)
        except adbc.Error:
            connection.close()
            raise

    def feed(self) -> PostgresFeed:
        return PostgresFeed(self)

    def close(self) -> None:
        if self._spare is not None:
            self._spare.close()
            self._spare = None
        super().close()


def _execute(connection: Any, sql: str) -> Any:
    cursor = connection.cursor()
    try:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
        cursor.execute(sql)
    except adbc.Error:
        cursor.close()
        raise
    return cursor


def _conninfo(url: URL) -> str:
    """The address as libpq takes it; a URL spells spaces in a way that libpq does not read."""
    given = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
    return make_conninfo("", **{**url.translate_connect_args(username="user", database="dbname"), **given})


def _array(value: str) -> str:
    """A PostgreSQL array of any element type, as text."""
    parts = (part.replace("\\", "\\\\").replace('"', '\\"') for part in bind.text_list(value))
    return "{" + ",".join(f'"{part}"' for part in parts) + "}"


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError("takes a UUID") from None


def _choice(column: Column) -> Binder:
    def bind_choice(value: str) -> str:
        if value not in column.choices:
            raise ValueError(f"takes one of {', '.join(column.choices)}")
        return value

    return bind_choice


def _listed(value: str) -> str:
    return json.dumps(bind.text_list(value), ensure_ascii=False)


_CHECKS: Mapping[FieldType, Callable[[str], object]] = {
    FieldType.BOOLEAN: lambda value: "true" if bind.boolean(value) else "false",
    FieldType.DATE: bind.day,
    FieldType.TIME: bind.clock_time,
    FieldType.DATETIME: bind.moment,
    FieldType.LOCAL_DATETIME: bind.local_moment,
    FieldType.LIST: _listed,
    FieldType.JSON: bind.document,
}
