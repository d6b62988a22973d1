"""The state in the hub's own database, for whoever in the hub reads it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connections

from tallystick.ports.store import Store
from tallystick.server.state.address import Address, address_of
from tallystick.server.state.database import Database
from tallystick.server.state.kept import DatabaseStore
from tallystick.server.state.looking import Looking


@cache
def looking() -> Looking:
    """For reading; every thread may use it."""
    return Looking(_database())


@cache
def store() -> Store:
    """For reading, and for actions within a request; it is never closed."""
    return DatabaseStore(_database())


def _database() -> Database:
    """Django's own: the tests have another than the configuration says."""
    kept = connections.settings["default"]
    is_file = kept["ENGINE"].endswith("sqlite3")
    title = address_of(settings.CONFIGURATION.database_url).title
    return Database(Address(settings=kept, title=title, file=Path(kept["NAME"]) if is_file else None))
