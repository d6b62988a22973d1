"""Systems that are connections of a hub: `crm: {connection: erp}` in place of a connector and its settings.

Such a file has no address and no secret in it; the hub knows them. Inside, the system has the connector `CONNECTION`,
whose one setting is the name of the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tallystick.spec.source import Fault, Path

CONNECTION: Final = "connection"


def with_connectors(data: Any) -> Any:
    """A copy of a file's data in which a system that is a connection names its connector, as every system does."""
    systems = data.get("systems") if isinstance(data, Mapping) else None
    if not isinstance(systems, Mapping):
        return data
    return {**data, "systems": {name: _with_connector(system) for name, system in systems.items()}}


def _with_connector(system: Any) -> Any:
    if isinstance(system, Mapping) and CONNECTION in system and "connector" not in system:
        return {"connector": CONNECTION, **system}
    return system


def check_connection(system: Any, path: Path) -> Iterator[Fault]:
    """What is wrong with a system that names a connection; nothing for any other. `system` as in the file."""
    if not isinstance(system, Mapping) or CONNECTION not in system:
        return
    name = system[CONNECTION]
    if not isinstance(name, str) or not name.strip():
        hint = "Write the name of a connection of the hub, as in `connection: erp`."
        yield Fault(path=(*path, CONNECTION), message="`connection` names no connection.", hint=hint)
    for key in system:
        if key != CONNECTION:
            hint = "A connection has its connector and settings in the hub; keep one of the two."
            yield Fault(path=(*path, key), message=f"`{key}` stands beside `connection`.", hint=hint)
