"""The connector `memory`: a system whose records live in the process, or in one JSON file.

It behaves as a service would, with ids, versions, a change feed and refusals, and can be told to have any of them
or not. Tests and demonstrations use it in place of a server; `MemoryWorld` is the way in for "another user" of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.connectors.memory.describe import Changes, IdsFrom, Settings, Versions
from tallystick.connectors.memory.world import MemoryWorld

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

__all__ = ["Changes", "IdsFrom", "MemoryWorld", "Settings", "Versions", "connect"]


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """Opens the world that the settings name, making it and its record types where they are not there yet.

    Raises ConfigurationError when the file of the world cannot be read or written.
    """
    from tallystick.connectors.memory.client import MemorySystem

    path = None if settings.path is None else folder / settings.path
    world = MemoryWorld.open(settings.name, path=path, clock=clock)
    world.declare(settings.record_types)
    return MemorySystem(world, settings, ids)
