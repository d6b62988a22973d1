"""PostgreSQL tells of changes by NOTIFY, which triggers on the tables do (E38; docs/reference/connectors/sql.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from tallystick.connectors.sql.postgres import PostgresDatabase

CHANNEL: Final = "tallystick"
"""What the triggers notify."""


class PostgresFeed:
    """Implements tallystick.ports.system.Feed: the server says when, nobody asks."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, duration_s: float) -> bool:
        with self._database.errors():
            if self._connection is None:
                self._connection = psycopg.connect(self._database.address, autocommit=True)
                self._connection.execute(f"LISTEN {CHANNEL}")
            return bool(list(self._connection.notifies(timeout=duration_s, stop_after=1)))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
