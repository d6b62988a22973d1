"""Opens the systems that connections reach, and keeps in mind how they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection

from tallystick.connectors import connect
from tallystick.connectors.declared import settings_of
from tallystick.errors import ConfigurationError
from tallystick.model.flow import SystemSettings
from tallystick.ports.system import System
from tallystick.ports.world import Clock, Ids
from tallystick.server.connections import bounds, vault
from tallystick.server.connections.models import Connection
from tallystick.server.connections.watched import Watched
from tallystick.spec.connections import CONNECTION
from tallystick.spec.source import SourceMap

IMPATIENT: Final[Mapping[str, Any]] = {
    "connect_timeout_s": 5.0,
    "read_timeout_s": 15.0,
    "total_timeout_s": 15.0,
    "timeout_s": 5.0,
    "attempts": 1,
}
"""For somebody who waits in front of a page."""


class ConnectionSystems:
    """Implements tallystick.runs.systems.Systems: each system of an integration is a connection by name."""

    def open(self, name: str, system: SystemSettings, *, source: SourceMap, clock: Clock, ids: Ids) -> System:
        if not connection.in_atomic_block:  # a thread of a worker lives long
            connection.close_if_unusable_or_obsolete()
        named = str(system.settings.get(CONNECTION, ""))
        if system.connector != CONNECTION or not named:
            raise ConfigurationError(
                f"The system {name} is not a connection of the hub.",
                hint=f"Write `{name}: {{connection: NAME}}`, or import the file, which makes a connection of it.",
            )
        found = Connection.objects.filter(name=named).first()
        if found is None:
            raise ConfigurationError(
                f"There is no connection {named!r}, which the system {name} is.",
                hint="Add it under Systems, or name another in the integration.",
            )
        opened = open_system(found.connector, {**found.settings, **vault.opened(found.secrets)}, clock=clock, ids=ids)
        return Watched(opened, found)


def open_system(
    connector: str, given: Mapping[str, Any], *, clock: Clock, ids: Ids, is_impatient: bool = False
) -> System:
    """A connection by these settings, secrets among them, to where the hub may go.

    Raises what `tallystick.connectors.connect` raises, and AddressRefused.
    """
    wanted = bounds.guarded(connector, given)
    if is_impatient:
        known = {setting.name for setting in settings_of(connector)}
        for name in known & IMPATIENT.keys():
            wanted[name] = min(wanted.get(name) or IMPATIENT[name], IMPATIENT[name])
    bounds.folder().mkdir(parents=True, exist_ok=True)
    return connect(connector, wanted, folder=bounds.folder(), clock=clock, ids=ids)
