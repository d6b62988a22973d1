"""Tables that very much was written to are tended at once: PostgreSQL counts them anew and marks what all may see.

It does so by itself, but late: of a million records a run may have changed every tenth, and until two in ten are, a
list looks each record up beside its index, which takes ten times as long, and estimates stay what they were. This needs
no more than owning the tables. Then the table's loose indexes are made anew. On SQLite there is nothing to tend.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import structlog
from django.db import connection

from tallystick.server.ops.repacking import Repacking, clear
from tallystick.server.ui.companions import again_and_again

EVERY_S: Final = 15.0
LEAST: Final = 10_000
"""Rows written before a table is tended."""
SHARE: Final = 0.05
"""Of the rows it has."""
CALM: Final = 0.1
"""While more than this share of what was written came since the last look, somebody is still writing."""
WRITTEN: Final = (
    "SELECT c.relname, s.n_live_tup, greatest(s.n_mod_since_analyze, s.n_ins_since_vacuum + s.n_dead_tup) "
    "FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid "
    "WHERE c.relnamespace = current_schema()::regnamespace AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.relname"
)

log = structlog.get_logger("tallystick.tending")


class Tending:
    """What one process knows of the hub's tables from one look to the next."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._repacking = Repacking()
        self._left: dict[str, int] = {}  # what could not be tidied: somebody may still be reading it

    def look(self, stopping: threading.Event | None = None, *, is_waiting: bool = True) -> list[str]:
        """Tends the tables that need it, one after the other, and tells which. Not in a transaction.

        `is_waiting`: those that are being written to are left for later.
        """
        clear()
        due, calm = [], []
        for table, rows, written in _written():
            grown = written - self._before.get(table, 0)
            self._before[table] = written
            self._left[table] = min(written, self._left.get(table, 0))
            fresh = written - self._left[table]
            if is_waiting and grown > written * CALM:
                continue
            calm.append(table)
            if fresh >= LEAST and fresh >= rows * SHARE:
                due.append(table)
        for table in due:
            if stopping is not None and stopping.is_set():
                break
            with connection.cursor() as cursor:  # what another process or the server itself is at is left to it
                cursor.execute(f"VACUUM (ANALYZE, SKIP_LOCKED) {connection.ops.quote_name(table)}")
            log.info("tended", table=table)
        self._repacking.repack(calm, stopping)  # also where the server itself came first
        if due:
            self._left |= {table: written for table, _rows, written in _written() if table in due}
        return due


def _written() -> list[tuple[str, int, int]]:
    """Each of the hub's tables, the rows it has, and those written since it was last tended; roughly."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return [(str(table), int(rows), int(written)) for table, rows, written in cursor.fetchall()]


def tending() -> AbstractContextManager[None]:
    """Beside the web, where the hub is on PostgreSQL."""
    if connection.vendor != "postgresql":
        return nullcontext()
    return again_and_again("tending", Tending().look, every_s=EVERY_S)
