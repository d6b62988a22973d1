"""The connector `request_tracker`: a help desk that runs Request Tracker 5, over its REST2.

It offers no record types to flows: tickets and work orders talk by messages, which the hub's room `request_tracker`
carries over `client.RequestTracker`. docs/how-to/work-with-request-tracker.md says how.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.connectors.request_tracker.settings import Settings

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

__all__ = ["Settings", "connect"]


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """A connection; the server is asked for the first time when something is wanted of it.

    Raises ConfigurationError for an address or a certificate file that cannot be used.
    """
    from tallystick.connectors.request_tracker.system import open_system

    return open_system(settings, folder=folder, clock=clock)
