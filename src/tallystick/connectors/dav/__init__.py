"""The connector `dav`: address books over CardDAV, events and tasks over CalDAV.

docs/reference/connectors/dav.md says what it offers and how record types are named.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.connectors.dav.settings import Settings

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

__all__ = ["Settings", "connect"]


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """A connection; the server is asked for the first time when something is wanted of it.

    Raises ConfigurationError for an address or a certificate file that cannot be used.
    """
    from tallystick.connectors.dav.client import open_system

    return open_system(settings, folder=folder, clock=clock, ids=ids)
