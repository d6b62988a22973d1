"""The DuckDB connection that columnar questions of one thread are asked on."""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

MEMORY: Final = "1GB"
"""What one thread's questions may hold in memory; DuckDB spills the rest to the temporary folder."""

_thread = threading.local()


class Workspace:
    """Named steps on a connection that is in no transaction; all that is made here is gone when it closes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("SET enable_progress_bar = false")  # it would be drawn on standard output
        connection.begin()  # rolled back at the end: that drops all steps at once
        self._views: list[str] = []

    def show(self, name: str, table: pa.Table) -> None:
        """Makes an Arrow table readable under `name`."""
        self._connection.register(name, table)
        self._views.append(name)

    def step(self, name: str, query: str) -> None:
        """Keeps the rows of `query` as the table `name`."""
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def add(self, name: str, query: str) -> None:
        """Adds the rows of `query` to the table `name`."""
        self._connection.execute(f"INSERT INTO {name} {query}")

    def table(self, query: str) -> pa.Table:
        return self._connection.sql(query).to_arrow_table()

    def number(self, query: str) -> int:
        rows = self._connection.execute(query).fetchall()  # all: an open result keeps `show` out
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        self._connection.rollback()
        for name in dict.fromkeys(self._views):
            self._connection.unregister(name)


@contextmanager
def workspace(connection: duckdb.DuckDBPyConnection | None = None) -> Iterator[Workspace]:
    """A workspace on `connection`, else on the one this thread keeps (opening one costs more than asking)."""
    if connection is None:
        connection = getattr(_thread, "connection", None)
        if connection is None:
            import duckdb  # not for those who match nothing: it takes 40 ms

            # DuckDB makes the folder when it first spills and removes it when the connection ends
            folder = Path(tempfile.gettempdir()) / f"tallystick-{secrets.token_hex(8)}"
            connection = _thread.connection = duckdb.connect(
                config={
                    "memory_limit": MEMORY,
                    "temp_directory": str(folder),
                    "preserve_insertion_order": "false",
                }
            )
    space = Workspace(connection)
    try:
        yield space
    finally:
        space.close()
