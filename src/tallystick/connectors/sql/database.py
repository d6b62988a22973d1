"""What the connector asks of a database, whichever it is."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tallystick.connectors.sql import bind
from tallystick.connectors.sql.bind import Binder
from tallystick.connectors.sql.canonical import Faults, canonical_column, canonical_values
from tallystick.connectors.sql.errors import as_error, foreign
from tallystick.connectors.sql.settings import Settings
from tallystick.connectors.sql.table import Column, Table
from tallystick.errors import ConfigurationError, UnknownRecordType
from tallystick.model.value import FieldType, Value
from tallystick.ports.system import Feed

MARK: Final = "\x01"
"""Stands in SQL text for a parameter until the driver's own sign replaces it."""


class Database(ABC):
    """One database: how it names, reads and takes values. Connections are opened when first used."""

    placeholder = "%s"
    quotes = '"'  # around names
    lock = " FOR UPDATE"  # ends a SELECT whose rows are about to be written

    def __init__(self, engine: Engine, settings: Settings, *, where: str) -> None:
        self.engine = engine
        self.where = where  # names the database in messages, without user and password
        self.schema = settings.schema_
        self.types = settings.types
        self.timeout_s = settings.timeout_s
        self.batch_rows = settings.batch_rows
        self.zone: tzinfo = UTC if settings.zone == "UTC" else ZoneInfo(settings.zone)

    # --- SQL text

    def quote(self, name: str) -> str:
        # not the dialect's own way: it doubles per cent signs too, which only some drivers undo
        return self.quotes + name.replace(self.quotes, self.quotes * 2) + self.quotes

    def quoted(self, table: Table) -> str:
        return f"{self.quote(self.schema)}.{self.quote(table.name)}" if self.schema else self.quote(table.name)

    def literal(self, value: str) -> str:
        """Text as it stands in SQL. Only for what cannot be bound: bulk reads take no parameters."""
        return "'" + value.replace("'", "''") + "'"

    @abstractmethod
    def read_as(self, column: Column) -> str:
        """The expression under which a row's value is read."""

    @abstractmethod
    def compares(self, column: Column) -> str | None:
        """The expression that equals a bound value wherever the canonical texts are equal; None where none does."""

    @abstractmethod
    def same(self, column: Column, values: Sequence[str]) -> str | None:
        """A condition true for at least the rows whose canonical text is one of `values`; None where there is none."""

    @abstractmethod
    def stamp_since(self, column: Column, since: str | int) -> str | None:
        """A condition true for stamps from `since` on (canonical text or a count); it may let older ones through.

        Null and unintelligible stamps are let through by another condition. None where the column tells no order.
        """

    @abstractmethod
    def now(self, connection: Connection) -> str:
        """The database's own clock, canonical datetime."""

    # --- reading

    @abstractmethod
    def reflect(self, names: Sequence[str] | None) -> Mapping[str, Table]:
        """The tables of these names, or all; a name that does not exist is left out."""

    @abstractmethod
    def bulk(self, table: Table, columns: Sequence[Column], condition: str, *, is_few: bool) -> Iterator[Page]:
        """All rows that meet the condition, in bounded memory; `is_few` when an index is likely to find them."""

    def read(
        self, connection: Connection, table: Table, columns: Sequence[Column], rest: str, parameters: Sequence[object]
    ) -> Page:
        """Rows read over a connection, with its transaction; `rest` is what follows the table's name."""
        expressions = ", ".join(self.read_as(column) for column in columns)
        rows = self.run(connection, f"SELECT {expressions} FROM {self.quoted(table)} {rest}", parameters).fetchall()
        values: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [() for _ in columns]
        page = self.page_of(columns, values)
        page.raw = {column.name: found for column, found in zip(columns, values, strict=True)}
        return page

    def run(self, connection: Connection, sql: str, parameters: Sequence[object] = ()) -> Any:
        return connection.exec_driver_sql(self.prepared(sql), tuple(parameters))

    def insert_one(
        self, connection: Connection, table: Table, sql: str, row: Sequence[object], key: Sequence[str]
    ) -> tuple[object, ...]:
        """Makes a row and tells the key that the database gave it."""
        returned = ", ".join(self.read_as(table.column(name)) for name in key)
        return tuple(self.run(connection, f"{sql} RETURNING {returned}", row).one())

    def run_many(self, connection: Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> int:
        """How many rows were hit."""
        return int(connection.exec_driver_sql(self.prepared(sql), list(rows)).rowcount)

    def page_of(self, columns: Sequence[Column], values: Iterable[pa.Array | Sequence[object]]) -> Page:
        """Columns of a driver in canonical text."""
        page = Page()
        for column, array in zip(columns, values, strict=True):
            if isinstance(array, pa.ChunkedArray):
                array = array.combine_chunks()
            canonical = canonical_column if isinstance(array, pa.Array) else canonical_values
            text, faults = canonical(array, column.type, self.zone)
            page.add(column, text, faults)
        return page

    # --- writing

    @abstractmethod
    def binder(self, column: Column) -> Binder: ...

    def bind_all(self, column: Column, values: Sequence[Value]) -> Sequence[object] | None:
        """What `binder` gives for all these values, when that can be told at one glance; else None."""
        return bind.plain_texts(column, values) if column.type is FieldType.TEXT and not column.choices else None

    @abstractmethod
    def next_numbers(self, connection: Connection, table: Table, column: Column, count: int) -> list[int]:
        """Numbers for new rows that no row has."""

    @contextmanager
    def transaction(self, *, is_writing: bool) -> Iterator[Connection]:
        """A connection in a transaction, committed at the end and rolled back by an error."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(is_writing=is_writing)
            with connection.begin():
                yield connection

    @contextmanager
    def errors(self, record: str = "") -> Iterator[None]:
        """Turns what drivers raise into errors of ours."""
        try:
            yield
        except foreign() as error:
            raise as_error(error, where=self.where, record=record) from error

    @functools.lru_cache(maxsize=512)  # noqa: B019 - a database lives as long as its connection
    def prepared(self, sql: str) -> str:
        if self.placeholder == "%s":
            sql = sql.replace("%", "%%")
        return sql.replace(MARK, self.placeholder)

    @abstractmethod
    def feed(self) -> Feed:
        """Hears of changes. Raises ConfigurationError where the database tells nobody of them."""

    def close(self) -> None:
        self.engine.dispose()

    # --- shared by the databases

    def table(self, name: str) -> Table:
        """Raises UnknownRecordType."""
        with self.errors(name):
            found = self.reflect((name,)).get(name)
        if found is None:
            raise UnknownRecordType(
                f"There is no table {name!r} in {self.where}.", hint="Correct `record` in the integration file."
            )
        return found

    def typed(self, table: str, column: str, declared: FieldType) -> FieldType:
        return self.types.get(f"{table}.{column}", declared)


class Page:
    """Rows in canonical text, column by column, and what could not be told of them."""

    __slots__ = ("columns", "faults", "raw", "row_count")

    def __init__(self) -> None:
        self.columns: dict[str, pa.Array] = {}
        self.faults: dict[int, dict[str, str]] = {}  # row -> field -> a sentence
        self.raw: dict[str, Sequence[object]] = {}  # as the driver gave it; only of rows read over a connection
        self.row_count = 0

    def add(self, column: Column, array: pa.Array, faults: Faults) -> None:
        self.columns[column.name] = array
        self.row_count = len(array)
        declared = f" (declared {column.native})" if column.native else ""
        for row, reason in faults.items():
            self.faults.setdefault(row, {})[column.name] = f"The field {column.name!r}{declared} {reason}."


def database_of(settings: Settings, folder: Path) -> Database:
    """The database that the settings point at. Raises ConfigurationError."""
    try:
        url = make_url(settings.url)
    except ArgumentError:
        raise ConfigurationError(
            "The `url` of a sql system cannot be read.",
            hint="Write sqlite:///file.db, postgresql://user:password@host/database or mariadb://….",
        ) from None
    password = settings.password.get_secret_value()
    if password:
        url = url.set(password=password)
    match url.get_backend_name():
        case "sqlite":
            from tallystick.connectors.sql.sqlite import SqliteDatabase

            return SqliteDatabase.open(url, settings, folder)
        case "postgresql" | "postgres":
            from tallystick.connectors.sql.postgres import PostgresDatabase

            return PostgresDatabase.open(url, settings)
        case "mysql" | "mariadb":
            from tallystick.connectors.sql.mariadb import MariaDatabase

            return MariaDatabase.open(url, settings)
    raise ConfigurationError(
        f"The connector sql does not know the database {url.get_backend_name()!r}.",
        hint="It reads sqlite, postgresql, mariadb and mysql.",
    )


def host_of(url: URL, product: str) -> str:
    """Names a database on a server, for messages."""
    return f"the {product} database {url.database or ''} at {url.host or 'this machine'}".replace("  ", " ")
