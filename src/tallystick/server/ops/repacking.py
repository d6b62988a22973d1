"""Indexes of lists that a mass write left loose are made anew, while everybody reads and writes on (PostgreSQL).

What is written in no order splits the pages of an index: a third or more of each stays empty, and the next in order
stands anywhere on the disk. A list that is read far in its order, as for a word that many records have, then takes
nearly twice the memory and, where the disk is asked, five times as long. This needs no more than owning the tables.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import structlog
from django.db import OperationalError, connection

LOOSE: Final = 1.3
"""Times the pages it would have if it were made anew."""
GROWN: Final = 1.1
"""Times the pages it had when it was last made anew, or left."""
LEAST_PAGES: Final = 1_000
"""What is smaller is read soon enough."""
WAITING_S: Final = 30.0
"""For transactions that began before. A backup may take hours: then the index stays as it is."""
ALONE: Final = 7_210_519_311
"""One process at a time does it."""
FILLED: Final = 0.9
OF_A_ROW: Final = 12
"""Bytes of an index entry beside its values."""
FOUND: Final = """\
SELECT i.relname, i.relpages FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid JOIN pg_am a ON a.oid = i.relam
CROSS JOIN LATERAL (
  SELECT sum(s.avg_width * (1 - s.null_frac)) AS width, 8 * max(ceil(s.null_frac)) AS marks, count(*) AS columns
  FROM pg_attribute c
  JOIN pg_stats s ON s.schemaname = current_schema() AND s.tablename = t.relname AND s.attname = c.attname
  WHERE c.attrelid = t.oid AND c.attnum = ANY(x.indkey)
) w
WHERE t.relnamespace = current_schema()::regnamespace AND t.relname = ANY(%s) AND pg_has_role(t.relowner, 'USAGE')
AND a.amname = 'btree' AND x.indisvalid AND NOT x.indisunique AND x.indnatts > 1 AND w.columns = x.indnatts
AND i.relpages >= %s AND i.relpages * current_setting('block_size')::float8 * %s
  > %s * i.reltuples * (ceil(w.width / 8) * 8 + w.marks + %s)
ORDER BY i.relname"""
LEFT: Final = """\
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = current_schema()::regnamespace AND pg_has_role(t.relowner, 'USAGE')
AND NOT x.indisvalid AND i.relname ~ '_cc(new|old)[0-9]*$' ORDER BY i.relname"""

log = structlog.get_logger("tallystick.repacking")


def loose(tables: Collection[str]) -> dict[str, int]:
    """The tables' indexes that lists are read in and that are to be made anew, with their pages."""
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [list(tables), LEAST_PAGES, FILLED, LOOSE, OF_A_ROW])
        return {str(name): int(pages) for name, pages in cursor.fetchall()}


class Repacking:
    """What one process knows of the indexes it was at."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}  # pages there were then: what stays loose is not made anew again and again

    def repack(self, tables: Collection[str], stopping: threading.Event | None = None) -> list[str]:
        """Makes loose indexes anew, one after the other, and tells which. Not in a transaction."""
        done: list[str] = []
        if not self._due(tables):
            return done
        with _alone() as cursor:
            for name, pages in self._due(tables).items() if cursor is not None else ():
                if stopping is not None and stopping.is_set():
                    break
                self._before[name] = pages
                try:
                    cursor.execute(f"REINDEX INDEX CONCURRENTLY {connection.ops.quote_name(name)}")
                except OperationalError as error:
                    if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                        raise
                    log.info("left", index=name, why="an older transaction lasts")
                    break
                cursor.execute("SELECT relpages FROM pg_class WHERE oid = to_regclass(%s)", [name])
                self._before[name] = int(cursor.fetchone()[0])
                log.info("repacked", index=name)
                done.append(name)
        return done

    def _due(self, tables: Collection[str]) -> dict[str, int]:
        return {name: pages for name, pages in loose(tables).items() if pages > self._before.get(name, 0) * GROWN}


def clear() -> list[str]:
    """Takes away what a process left that ended, or gave up waiting, while it made an index anew, and tells what."""
    done: list[str] = []
    if not _left():
        return done
    with _alone() as cursor:
        if cursor is None:
            return done  # another is at it
        for name in _left():
            try:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {connection.ops.quote_name(name)}")
            except OperationalError as error:
                if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                    raise
                break
            done.append(name)
    return done


@contextmanager
def _alone() -> Iterator[Any]:
    """A cursor that waits for others for so long only; None where another process does the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ALONE])
        if not cursor.fetchone()[0]:
            yield None
            return
        try:
            cursor.execute(f"SET lock_timeout = '{WAITING_S * 1_000:.0f}ms'")
            yield cursor
        finally:
            cursor.execute("RESET lock_timeout")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ALONE])


def _left() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(LEFT)
        return [str(name) for (name,) in cursor.fetchall()]
