"""Holding something alone, over all processes, freed at once when the holder dies (E32).

On SQLite it is a lock the operating system keeps on a file beside the database; on PostgreSQL an advisory lock of a
session of its own. Neither leaves anything behind that would have to be cleaned up after a kill.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import filelock
from django.db import utils

from tallystick.errors import ScopeBusy, StateUnusable
from tallystick.server.state.database import Database
from tallystick.server.state.failures import read_only, told


@contextmanager
def hold(database: Database, name: str, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Holds `name` in this database. Raises ScopeBusy when another holds it for longer than `timeout_s`."""
    held = _on_file(database.address.file, name, timeout_s) if database.address.file else None
    with held if held is not None else _on_server(database, name, timeout_s):
        yield


@contextmanager
def _on_file(database: Path, name: str, timeout_s: float) -> Iterator[None]:
    digest = blake2b(name.encode(), digest_size=8).hexdigest()
    lock = filelock.FileLock(f"{database}.{digest}.lock", timeout=timeout_s, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise _busy(name) from None
    except PermissionError as error:
        raise read_only(str(database)) from error
    except OSError as error:
        raise StateUnusable(f"No lock can be made beside the state database {database}: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _on_server(database: Database, name: str, timeout_s: float) -> Iterator[None]:
    key = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    session = database.connection.copy()
    try:
        with told(database.address.title), session.cursor() as cursor:
            try:
                if timeout_s:
                    cursor.execute(f"SET lock_timeout = '{timeout_s:.0f}s'")
                    cursor.execute("SELECT pg_advisory_lock(%s)", [key])
                else:
                    cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
                    if not cursor.fetchone()[0]:
                        raise _busy(name)
            except utils.OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) == "55P03":
                    raise _busy(name) from None
                raise
        yield
    finally:
        session.close()


def _busy(name: str) -> ScopeBusy:
    return ScopeBusy(f"Another process is at work on {name}.", hint="Wait until it has finished, then try again.")
