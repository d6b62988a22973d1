"""Brings a database to the tables of this version. The migrations are Django's; the hub's are the same ones."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Final

from django.db.backends.utils import CursorWrapper

from tallystick.errors import StateTooNew, Unreachable
from tallystick.ports.world import Clock
from tallystick.server.state import migrations
from tallystick.server.state.database import Database
from tallystick.server.state.failures import told
from tallystick.server.state.lock import hold
from tallystick.server.state.migrating import WholeMigrations

LABEL: Final = "state"
MIGRATING_TIMEOUT_S: Final = 300.0
OPENING_ATTEMPTS: Final = 20


def bring_up_to_date(database: Database, clock: Clock) -> None:
    """Quick when there is nothing to do. Raises StateTooNew when a newer version of the product was here."""
    for _ in range(OPENING_ATTEMPTS):
        try:
            is_current = _is_current(database)
            break
        except Unreachable:
            # SQLite does not wait its busy timeout when two processes make a file's write-ahead log at once.
            if database.address.file is None:
                raise
            clock.sleep(0.1)
    else:
        is_current = _is_current(database)
    if is_current:
        return
    with hold(database, "migrations", timeout_s=MIGRATING_TIMEOUT_S):
        if not _is_current(database):
            with told(database.address.title):
                executor = WholeMigrations(database.connection)
                executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] == LABEL])


def _is_current(database: Database) -> bool:
    known = {module.name for module in pkgutil.iter_modules([str(Path(migrations.__file__).parent)])}
    with database.reading() as cursor:
        applied = _applied(database, cursor)
    if newer := sorted(applied - known):
        raise StateTooNew(
            f"The state database {database.address.title} was written by a newer version (it has {newer[-1]}).",
            hint="Install that version again, or restore a backup from before.",
        )
    return applied == known


def _applied(database: Database, cursor: CursorWrapper) -> set[str]:
    if "django_migrations" not in database.connection.introspection.table_names(cursor):
        return set()
    cursor.execute("SELECT name FROM django_migrations WHERE app = %s", [LABEL])
    return {name for (name,) in cursor.fetchall()}
