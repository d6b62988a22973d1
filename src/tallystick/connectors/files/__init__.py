"""The connector `files`: CSV and JSON Lines files as record types, read and written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.connectors.files.settings import Format, Settings

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

__all__ = ["Format", "Settings", "connect"]


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """The files that the settings point at; each is opened when it is read or written."""
    from tallystick.connectors.files.client import FilesSystem

    return FilesSystem(settings, folder / settings.path, ids)
