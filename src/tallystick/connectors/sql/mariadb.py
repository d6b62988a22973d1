"""MariaDB and MySQL: every value comes as text, so that the driver's types change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from pymysql.cursors import SSCursor
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL

from tallystick.connectors.sql import bind, mariadb_schema
from tallystick.connectors.sql.bind import Binder
from tallystick.connectors.sql.database import MARK, Database, Page, host_of
from tallystick.connectors.sql.guarded import guard_sockets
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.table import Column, Table
from tallystick.connectors.sql.where import is_plain
from tallystick.errors import ConfigurationError
from tallystick.model.value import FieldType
from tallystick.ports.system import Feed

_BATCH_ROWS = 20_000
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")


class MariaDatabase(Database):
    quotes = "`"

    @classmethod
    def open(cls, url: URL, settings: Settings) -> MariaDatabase:
        wait_s = max(1, int(settings.timeout_s))
        session = (
            "SET SESSION time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'),"
            f" innodb_lock_wait_timeout = {wait_s}, net_write_timeout = 3600"
        )
        engine = create_engine(
            url.set(drivername="mysql+pymysql"),
            pool_pre_ping=True,
            pool_size=2,
            connect_args={"charset": "utf8mb4", "init_command": session, "connect_timeout": wait_s},
        )
        guard_sockets(engine, url, settings)
        return cls(engine, settings, where=host_of(url, "MariaDB"))

    def reflect(self, names: Sequence[str] | None) -> Mapping[str, Table]:
        with self.engine.connect() as connection:
            return mariadb_schema.reflect(connection, self.schema, names, self.typed)

    def feed(self) -> Feed:
        raise ConfigurationError(
            f"{self.where} cannot tell of changes: MariaDB and MySQL have no way to.",
            hint="Take `feed` out of the system; flows with a schedule look by themselves.",
        )

    def read_as(self, column: Column) -> str:
        name, base = self.quote(column.name), mariadb_schema.base_of(column.native)
        match base:
            case "float":
                return f"CAST({name} AS DOUBLE)"
            case "bit":
                return f"CAST({name} AS UNSIGNED)"
            case "date" | "datetime" | "timestamp":
                # the database's own way to say that there is no date
                return f"CASE WHEN {name} <> 0 THEN CAST({name} AS CHAR) END"
            case "set" if column.type is FieldType.LIST:
                # members hold no commas; backslashes by number, for they mean different things in different modes
                escaped = f"REPLACE({name}, CHAR(92), CONCAT(CHAR(92), CHAR(92)))"
                escaped = f"REPLACE(REPLACE({escaped}, '\"', CONCAT(CHAR(92), '\"')), ',', '\",\"')"
                return f"CASE WHEN {name} = '' THEN '[]' ELSE CONCAT('[\"', {escaped}, '\"]') END"
            case _ if base in _TEXTS or "blob" in base or "binary" in base:
                return name
        return f"CAST({name} AS CHAR)"

    def page_of(self, columns: Sequence[Column], values: Any) -> Page:
        return super().page_of(columns, (_single(column, array) for column, array in zip(columns, values, strict=True)))

    def now(self, connection: Connection) -> str:
        found = str(self.run(connection, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").scalar_one())
        return f"{found.replace(' ', 'T').rstrip('0').rstrip('.')}Z"

    def compares(self, column: Column) -> str | None:
        name, base = self.quote(column.name), mariadb_schema.base_of(column.native)
        if column.type in (FieldType.LIST, FieldType.JSON, FieldType.BINARY) or base in ("float", "set"):
            return None
        if base in _TEXTS and column.type is not FieldType.TEXT:
            return None  # numbers and moments in a text column are spelled in many ways
        return name

    def same(self, column: Column, values: Sequence[str]) -> str | None:
        name, base = self.quote(column.name), mariadb_schema.base_of(column.native)
        if base in ("varchar", "char", "text") and column.type is FieldType.TEXT and all(map(is_plain, values)):
            return f"{name} IN ({', '.join(map(self.literal, values))})"
        if base.endswith("int") and column.type is FieldType.INTEGER:
            numbers = [value for value in values if re.fullmatch(r"-?\d{1,18}", value)]
            return f"{name} IN ({', '.join(numbers) or 'NULL'})"
        return None

    def stamp_since(self, column: Column, since: str | int) -> str | None:
        name, base = self.quote(column.name), mariadb_schema.base_of(column.native)
        if isinstance(since, int):
            return f"{name} >= {since}"
        moment = datetime.fromisoformat(since)
        local = moment.astimezone(self.zone).replace(tzinfo=None).isoformat(" ")
        match base:
            case "timestamp":
                return f"{name} >= '{moment.replace(tzinfo=None).isoformat(' ')}'"
            case "datetime":
                return f"({name} >= '{local}' OR {name} = 0)"
            case "date":
                return f"({name} >= '{local[:10]}' OR {name} = 0)"
            case "varchar" | "char" | "text":
                return f"{name} >= '{(moment - timedelta(days=1)).date().isoformat()}'"
        return None

    def binder(self, column: Column) -> Binder:
        base = mariadb_schema.base_of(column.native)
        match column.type:
            case FieldType.TEXT:
                return bind.bounded_text(column)
            case FieldType.INTEGER:
                return bind.integer(column)
            case FieldType.DECIMAL if base in ("float", "double"):
                return bind.single if base == "float" else bind.number
            case FieldType.DECIMAL:
                return bind.decimal(column)
            case FieldType.BOOLEAN:
                return lambda value: int(bind.boolean(value))
            case FieldType.DATE:
                return bind.day
            case FieldType.TIME:
                return bind.clock_time
            case FieldType.DATETIME if base == "datetime":
                return lambda value: self._in_zone(bind.moment(value))
            case FieldType.DATETIME if base == "timestamp":
                return lambda value: bind.moment(value).removesuffix("Z").replace("T", " ")
            case FieldType.DATETIME:
                return bind.moment
            case FieldType.LOCAL_DATETIME:
                return lambda value: bind.local_moment(value).replace("T", " ")
            case FieldType.BINARY:
                return bind.binary
            case FieldType.LIST if base == "set":
                return lambda value: ",".join(bind.text_list(value))
            case FieldType.LIST:
                return lambda value: bind.text_list(value) and value
            case FieldType.JSON:
                return bind.document

    def _in_zone(self, moment: str) -> str:
        return datetime.fromisoformat(moment).astimezone(self.zone).replace(tzinfo=None).isoformat(" ")

    def next_numbers(self, connection: Connection, table: Table, column: Column, count: int) -> list[int]:
        last = self.run(connection, f"SELECT max({self.quote(column.name)}) FROM {self.quoted(table)}").scalar() or 0
        if column.is_counted:
            sql = (
                "SELECT AUTO_INCREMENT FROM information_schema.TABLES"
                f" WHERE TABLE_SCHEMA = coalesce({MARK}, DATABASE()) AND TABLE_NAME = {MARK}"
            )
            following = self.run(connection, sql, (self.schema, table.name)).scalar() or 0
            last = max(int(last), int(following) - 1)
        return list(range(int(last) + 1, int(last) + 1 + count))

    def insert_one(
        self, connection: Connection, table: Table, sql: str, row: Sequence[object], key: Sequence[str]
    ) -> tuple[object, ...]:
        if len(key) == 1 and table.column(key[0]).is_counted:  # MySQL knows no RETURNING
            return (self.run(connection, sql, row).lastrowid,)
        return super().insert_one(connection, table, sql, row, key)

    def bulk(self, table: Table, columns: Sequence[Column], condition: str, *, is_few: bool) -> Iterator[Page]:
        expressions = ", ".join(self.read_as(column) for column in columns)
        where = f" WHERE {condition}" if condition else ""
        connection = self.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            driver.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            cursor = driver.cursor(SSCursor)
            try:
                cursor.execute(f"SELECT {expressions} FROM {self.quoted(table)}{where}")
                while rows := cursor.fetchmany(min(self.batch_rows, _BATCH_ROWS)):
                    yield self.page_of(columns, zip(*rows, strict=True))
            finally:
                cursor.close()
            connection.rollback()
        finally:
            connection.close()


def _single(column: Column, values: Any) -> Any:
    """A FLOAT comes as a double; its shortest spelling is that of four bytes."""
    if mariadb_schema.base_of(column.native) != "float":
        return values
    return pa.array(values, pa.float32())
