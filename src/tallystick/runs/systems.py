"""How the systems of an integration are opened: by the settings in its file, or by whatever a hub keeps of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tallystick.connectors import connect
from tallystick.errors import ConfigurationError
from tallystick.model.flow import SystemSettings
from tallystick.ports.system import System
from tallystick.ports.world import Clock, Ids, Secrets
from tallystick.runs.world import EnvironmentSecrets
from tallystick.spec.connections import CONNECTION
from tallystick.spec.source import SourceMap
from tallystick.spec.substitute import resolve


class Systems(Protocol):
    def open(self, name: str, system: SystemSettings, *, source: SourceMap, clock: Clock, ids: Ids) -> System:
        """A new connection to the system that the integration calls `name`; `source` gives faults their line.

        Raises what `tallystick.connectors.connect` raises.
        """
        ...


class FileSystems:
    """Implements Systems for a file: `${...}` is filled in, relative paths are relative to `folder`."""

    def __init__(
        self, folder: Path, *, environment: Mapping[str, str] = os.environ, secrets: Secrets | None = None
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._secrets = secrets or EnvironmentSecrets(environment)

    def open(self, name: str, system: SystemSettings, *, source: SourceMap, clock: Clock, ids: Ids) -> System:
        if system.connector == CONNECTION:
            raise ConfigurationError(
                f"The system {name} is the connection {system.settings.get(CONNECTION)!r} of a hub, and this is none.",
                hint="Export the integration from the hub: the export holds the connectors and their settings.",
            )
        path = ("systems", name)
        filled = resolve(system.settings, self._environment, self._secrets, source=source, path=path)
        return connect(system.connector, filled, folder=self._folder, clock=clock, ids=ids)
