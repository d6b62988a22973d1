"""Whether a database can be written, and why not: full and read-only are told apart from away (spec/engine.md E30)."""

from __future__ import annotations

import errno
import sqlite3
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connections

PROBE_BYTES: Final = 256 * 1024
"""Less room than this is none: what a step writes beside its records, like a session, would not fit next."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY: Final = (errno.EROFS, errno.EACCES, errno.EPERM)
_SQLITE_READ_ONLY: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)


class Ailment(StrEnum):
    """Why nothing can be written."""

    FULL = "full"
    READ_ONLY = "read-only"
    AWAY = "away"  # or damaged, or locked for long: what else a database says


def ailment_of(error: DatabaseError) -> Ailment:
    """What the database said, of an error of Django's."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return Ailment.FULL
        return Ailment.READ_ONLY if code in _SQLITE_READ_ONLY else Ailment.AWAY
    state = str(getattr(cause, "sqlstate", None) or "")
    if state == "53100":
        return Ailment.FULL
    return Ailment.READ_ONLY if state == "25006" else Ailment.AWAY


def hindrance(alias: str = "default") -> Ailment | None:
    """What keeps the database of this alias from being written now; None: nothing that can be seen.

    SQLite: something is written beside its file, and lasts no longer than the call. PostgreSQL is asked whether it may
    be written; that its disk is full only a write would tell. Raises DatabaseError when it cannot be reached.
    """
    connection = connections[alias]
    if connection.vendor == "sqlite":
        return _hindrance_beside(Path(connection.settings_dict["NAME"]).parent)
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        (is_read_only,) = cursor.fetchone()
    return Ailment.READ_ONLY if is_read_only == "on" else None


def _hindrance_beside(folder: Path) -> Ailment | None:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"t" * PROBE_BYTES)
            probe.flush()
    except OSError as error:
        if error.errno in _FULL:
            return Ailment.FULL
        return Ailment.READ_ONLY if error.errno in _READ_ONLY else Ailment.AWAY
    return None
