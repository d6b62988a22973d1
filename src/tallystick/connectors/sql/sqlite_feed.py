"""SQLite tells of changes by a number that each commit of somebody else counts up (E38)."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Final

from tallystick.errors import Unreachable

if TYPE_CHECKING:
    from tallystick.connectors.sql.sqlite import SqliteDatabase

LOOK_S: Final = 0.2


class SqliteFeed:
    """Implements tallystick.ports.system.Feed. A look costs a few microseconds and holds nobody up."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int, int] | None = None

    def wait(self, duration_s: float) -> bool:
        end = time.monotonic() + duration_s
        with self._database.errors():
            while (now := self._mark()) == self._seen and (left := end - time.monotonic()) > 0:
                time.sleep(min(LOOK_S, left))
        is_first, is_new = self._seen is None, now != self._seen
        self._seen = now
        return is_new and not is_first

    def _mark(self) -> tuple[int, int, int]:
        """Another one after each commit of somebody else, and where another file has taken the place of the file."""
        try:
            stat = self._database.path.stat()
        except FileNotFoundError as error:
            raise Unreachable(f"There is no {self._database.where} now.", hint="Put it back.") from error
        file = (stat.st_dev, stat.st_ino)
        if self._connection is None or self._seen is None or self._seen[:2] != file:
            self.close()
            self._connection = self._database.connect()
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return (*file, version)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
