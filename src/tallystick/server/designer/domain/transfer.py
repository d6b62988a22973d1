"""Files in and out: the same YAML that the command line uses. Source: spec/engine.md E40.

A file names connectors and their settings; the hub keeps those as connections. On the way in `${NAME}` and
`${secret:name}` are asked for: the hub's own environment is never looked at, for whoever may import a file could read
it that way. On the way out secrets are `${secret:connection.setting}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.connectors.declared import secrets_of, settings_of
from tallystick.errors import ConfigurationError, InputRefused
from tallystick.server.connections import vault
from tallystick.server.connections.domain import change as connections
from tallystick.server.connections.models import Connection
from tallystick.server.connections.settings_given import Given, taken
from tallystick.server.designer.documents import connections_of
from tallystick.server.designer.domain import change
from tallystick.server.designer.models import Integration
from tallystick.server.people.actor import Actor
from tallystick.spec.connections import CONNECTION
from tallystick.spec.reading import loads
from tallystick.spec.substitute import resolve
from tallystick.spec.write import rewrite

_PLACE: Final = re.compile(r"\$\$\{|\$\{(?P<inner>[^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A value that the file leaves open: `name` is `REGISTER_URL` or `secret:erp.password`."""

    name: str
    systems: tuple[str, ...]
    is_secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    integration: Integration
    version: int
    made: tuple[str, ...]  # connections that were added
    used: tuple[str, ...]  # connections that were there already


def needed(text: str) -> list[Needed]:
    """What has to be given with this file. Raises DocumentErrors."""
    loaded = loads(text.replace("\r\n", "\n"), "the file")
    found: dict[str, dict[str, None]] = {}
    for system, settings in loaded.integration.systems.items():
        for name in _places(settings.settings):
            found.setdefault(name, {})[system] = None
    return [
        Needed(name=name, systems=tuple(systems), is_secret=name.startswith("secret:"))
        for name, systems in found.items()
    ]


def import_file(actor: Actor, text: str, *, values: Mapping[str, str] | None = None, comment: str = "") -> Imported:
    """A new integration, or a new version of the one that has its name; inline systems become connections.

    `values`: by `Needed.name`. Raises NotAllowed, DocumentErrors, and InputRefused with a sentence for each value that
    is missing and each setting that is wrong.
    """
    text = text.replace("\r\n", "\n")
    loaded = loads(text, "the file")
    name = loaded.integration.name
    is_new = not Integration.objects.filter(name=name).exists()
    actor.check("designer.add_integration" if is_new else "designer.change_integration")
    given = {key: value for key, value in (values or {}).items() if value}
    if missing := [one for one in needed(text) if one.name not in given]:
        sentence = _("The file leaves this open, for {systems}.")
        faults = {one.name: sentence.format(systems=", ".join(one.systems)) for one in missing}
        raise InputRefused(_("The file was not imported: it leaves values open."), fields=faults)
    data: dict[str, Any] = deepcopy(dict(loaded.data))
    made: list[str] = []
    used: list[str] = []
    with transaction.atomic():
        for system, settings in loaded.integration.systems.items():
            if settings.connector == CONNECTION:
                continue
            filled = resolve(settings.settings, given, _Values(given), source=loaded.source, path=("systems", system))
            filled = {key: value for key, value in filled.items() if not _is_guard(settings.connector, key)}
            connection, is_made = _connection(actor, name, system, settings.connector, filled)
            (made if is_made else used).append(connection)
            data["systems"][system] = {CONNECTION: connection}
        written = rewrite(text, data)
        if is_new:
            integration = change.create(actor, written, comment=comment or _("Imported"))
        else:
            change.save(actor, name, written, comment=comment or _("Imported"))
            integration = change.integration_of(name)
    number = change.current_of(integration).number
    return Imported(integration=integration, version=number, made=tuple(made), used=tuple(used))


def export(actor: Actor, name: str, *, number: int | None = None) -> str:
    """The file for the command line, comments and all. Raises NotAllowed, NotFound, ConfigurationError."""
    actor.check("designer.view_integration")
    integration = change.integration_of(name)
    version = change.current_of(integration) if number is None else change.version_of(name, number)
    loaded = loads(version.text, f"{name}.yaml")
    data: dict[str, Any] = deepcopy(dict(loaded.data))
    for system, named in connections_of(loaded).items():
        data["systems"][system] = _inline(system, named)
    return rewrite(version.text, data)


def _inline(system: str, named: str) -> dict[str, Any]:
    connection = Connection.objects.filter(name=named).first()
    if connection is None:
        raise ConfigurationError(
            _("There is no connection {name}, which the system {system} is.").format(name=named, system=system),
            hint=_("Add it under Systems, or export a version that does without it."),
        )
    kept = vault.opened(connection.secrets) if connection.secrets else {}
    secrets = {setting: f"${{secret:{named}.{setting}}}" for setting in kept}
    return {"connector": connection.connector, **_escaped(connection.settings), **secrets}


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return value.replace("${", "$${")
        case Mapping():
            return {key: _escaped(inner) for key, inner in value.items()}
        case list():
            return [_escaped(inner) for inner in value]
    return value


def _places(value: Any) -> Iterator[str]:
    match value:
        case str():
            for place in _PLACE.finditer(value):
                if place["inner"] is not None:
                    yield place["inner"]
        case Mapping():
            for inner in value.values():
                yield from _places(inner)
        case list() | tuple():
            for inner in value:
                yield from _places(inner)


class _Values:
    """Implements Secrets over what was given."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def secret(self, name: str) -> str:
        return self._given[f"secret:{name}"]


def _is_guard(connector: str, name: str) -> bool:
    return any(setting.name == name and setting.is_guard for setting in settings_of(connector))


def _connection(
    actor: Actor, integration: str, system: str, connector: str, settings: Mapping[str, Any]
) -> tuple[str, bool]:
    """A connection with these settings: one that is there already, or a new one."""
    try:
        given = taken(connector, settings)
    except InputRefused as error:
        raise InputRefused(
            _("The system {system} has settings that are not right.").format(system=system),
            fields={f"{system}.{name}": fault for name, fault in error.fields.items()},
        ) from error
    names = [system, f"{integration}-{system}"]
    for connection in Connection.objects.filter(connector=connector).order_by("name"):
        if _is_same(connection, given):
            return str(connection.name), False
    there = set(Connection.objects.values_list("name", flat=True))
    number = 2
    while names[0] in there:
        names = names[1:] or [f"{integration}-{system}-{number}"]
        number += 1
    connections.add(actor, name=names[0], connector=connector, settings={**given.plain, **given.secrets})
    return names[0], True


def _is_same(connection: Connection, given: Given) -> bool:
    kept = vault.opened(connection.secrets) if secrets_of(connection.connector) else {}
    return connection.settings == given.plain and kept == given.secrets
