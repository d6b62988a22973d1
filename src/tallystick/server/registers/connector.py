"""The connector `register`: the hub's own asset register as a system like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.server.records.connector import Settings, hub_database

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

__all__ = ["Settings", "connect"]


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """Raises as the connector `records` does."""
    using, title = hub_database()
    from tallystick.server.registers.client import RegisterSystem

    return RegisterSystem(settings, using=using, title=title, clock=clock, ids=ids)
