"""What SQLite and PostgreSQL say differently when many rows go in or are looked for."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import md5
from typing import Any

import orjson
from django.db import connections
from django.db.backends.utils import CursorWrapper

from tallystick.server.state.grams import Grams, Holding

ROWS_PER_CHUNK = 5_000


class Bulk(abc.ABC):
    """One database's ways. Statements use `%s` for values, as Django's cursors do."""

    for_update = ""
    """Ends a SELECT whose rows are about to be changed."""
    now: str
    """The moment of the statement by the database's clock, in seconds."""
    later: str
    """The function that gives the greatest of its arguments."""

    @abc.abstractmethod
    def insert(self, cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Adds the rows, as many as there are."""

    @abc.abstractmethod
    def update(
        self, cursor: CursorWrapper, table: str, columns: Mapping[str, str], rows: list[tuple[Any, ...]]
    ) -> None:
        """Sets the columns (name -> SQL type) of the rows: their values in the same order, then the row's number."""

    @abc.abstractmethod
    def numbers(self, cursor: CursorWrapper, table: str, count: int) -> Iterator[int]:
        """`count` numbers for rows of `table` about to be inserted, ascending, given to nobody else."""

    @abc.abstractmethod
    def among(
        self, column: str, values: Sequence[str] | Sequence[int], *, is_id: bool = False
    ) -> tuple[str, list[Any]]:
        """A condition and its values: the column holds one of a list of any length."""

    @abc.abstractmethod
    def gathered(self, column: str) -> str:
        """An aggregate: all values of the column as one JSON array, a third of the time rows would take."""

    @abc.abstractmethod
    def list_of(self, column: str) -> str:
        """An aggregate: all values of a column of ids as a list, in a text that this database reads as one."""

    @abc.abstractmethod
    def holds(self, column: str) -> str:
        """A condition with one value: the text stands somewhere in the column, case and all."""

    @abc.abstractmethod
    def holding(self, index: Grams, grams: Sequence[str]) -> Holding:
        """The rows of the index's table that have all these threes of characters."""

    @abc.abstractmethod
    def indexed(self, column: str) -> str:
        """An id column as its unique index holds it, for ON CONFLICT."""


class SqliteBulk(Bulk):
    now = "((julianday('now') - 2440587.5) * 86400.0)"
    later = "max"

    def insert(self, cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({quoted(columns)}) VALUES ({marks})", list(rows))

    def update(
        self, cursor: CursorWrapper, table: str, columns: Mapping[str, str], rows: list[tuple[Any, ...]]
    ) -> None:
        assignments = ", ".join(f'"{column}" = %s' for column in columns)
        cursor.executemany(f"UPDATE {table} SET {assignments} WHERE number = %s", rows)

    def numbers(self, cursor: CursorWrapper, table: str, count: int) -> Iterator[int]:
        # The transaction holds the only write lock there is.
        cursor.execute("SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0)", [table])
        last: int = cursor.fetchone()[0]
        return iter(range(last + 1, last + count + 1))

    def among(
        self, column: str, values: Sequence[str] | Sequence[int], *, is_id: bool = False
    ) -> tuple[str, list[Any]]:
        return f"{column} IN (SELECT value FROM json_each(%s))", [orjson.dumps(list(values)).decode()]

    def gathered(self, column: str) -> str:
        return f"json_group_array({column})"

    def list_of(self, column: str) -> str:
        return self.gathered(column)

    def holds(self, column: str) -> str:
        return f"instr({column}, %s) > 0"

    def holding(self, index: Grams, grams: Sequence[str]) -> Holding:
        marked = (f'"{gram.replace(chr(34), chr(34) * 2)}"' for gram in grams)
        return Holding(  # the index is read first
            source=f"{index.name} CROSS JOIN {index.table} t ON t.number = {index.name}.rowid",
            condition=f"{index.name} MATCH %s",
            value=" AND ".join(marked),
        )

    def indexed(self, column: str) -> str:
        return column


class PostgresBulk(Bulk):
    for_update = "FOR UPDATE"
    now = "extract(epoch FROM clock_timestamp())::double precision"
    later = "greatest"

    def insert(self, cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        with cursor.db.wrap_database_errors, cursor.copy(f"COPY {table} ({quoted(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def update(
        self, cursor: CursorWrapper, table: str, columns: Mapping[str, str], rows: list[tuple[Any, ...]]
    ) -> None:
        assignments = ", ".join(f'"{column}" = fresh."{column}"' for column in columns)
        types = ", ".join(f"%s::{kind}[]" for kind in (*columns.values(), "bigint"))
        cursor.execute(
            f"UPDATE {table} SET {assignments} FROM unnest({types}) AS fresh({quoted([*columns, 'number'])}) "
            f"WHERE {table}.number = fresh.number",
            [list(values) for values in zip(*rows, strict=True)],
        )

    def numbers(self, cursor: CursorWrapper, table: str, count: int) -> Iterator[int]:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'number')) FROM generate_series(1, %s)", [table, count]
        )
        return iter(sorted(number for (number,) in cursor.fetchall()))

    def among(
        self, column: str, values: Sequence[str] | Sequence[int], *, is_id: bool = False
    ) -> tuple[str, list[Any]]:
        if not is_id:
            return f"{column} = ANY(%s)", [list(values)]
        hashes = [md5(str(value).encode(), usedforsecurity=False).hexdigest() for value in values]
        return f"(md5({column}) = ANY(%s::text[]) AND {column} = ANY(%s::text[]))", [hashes, list(values)]

    def gathered(self, column: str) -> str:
        return f"json_agg({column})::text"

    def list_of(self, column: str) -> str:
        return f"COALESCE(array_agg({column})::text, '{{}}')"

    def holds(self, column: str) -> str:
        return f"strpos({column}, %s) > 0"

    def holding(self, index: Grams, grams: Sequence[str]) -> Holding:
        return Holding(
            source=f"{index.table} t",
            condition=f"tallystick_grams(t.{index.column}) @> %s::text[]",
            value=list(grams),
        )

    def indexed(self, column: str) -> str:
        return f"md5({column})"


def quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def bulk_for(alias: str) -> Bulk:
    return PostgresBulk() if connections[alias].vendor == "postgresql" else SqliteBulk()


def chunks(rows: Iterable[Any], size: int = ROWS_PER_CHUNK) -> Iterator[list[Any]]:
    """The rows in lists of at most `size`."""
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
