"""The connector `sql`: tables of SQLite, PostgreSQL and MariaDB or MySQL as record types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.connectors.sql.settings import Settings

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

__all__ = ["Settings", "connect"]


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """A connection to the database; it is opened when first used.

    Raises ConfigurationError for an address that no supported database has.
    """
    from tallystick.connectors.sql.client import SqlSystem
    from tallystick.connectors.sql.database import database_of

    return SqlSystem(database_of(settings, folder), settings, clock=clock, ids=ids)
