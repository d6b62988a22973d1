"""Connected systems. What is secret goes in and never comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import Field as Shape

from tallystick.connectors import kinds
from tallystick.connectors.declared import settings_of
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Given, Listing, Name, Whole, listing
from tallystick.server.connections.domain import change, trial
from tallystick.server.connections.domain.using import users_of
from tallystick.server.connections.models import Connection
from tallystick.server.connections.queries import connections_for, settings_kept

VIEW: Final = "connections.view_connection"
ADD: Final = "connections.add_connection"
CHANGE: Final = "connections.change_connection"
DELETE: Final = "connections.delete_connection"
TEST: Final = "connections.test_connection"
calls: Final = Calls("Systems")
connectors: Final = Calls("Systems")


class Health(Schema):
    state: str = Shape(description="unknown, ok or failing")
    message: str
    hint: str
    since: datetime | None
    seen_at: datetime | None


class System(Schema):
    """`secrets` names the secret settings that are kept; their values never come back."""

    name: str
    title: str
    connector: str
    settings: dict[str, Any]
    secrets: list[str]
    version: int
    changed_at: datetime
    changed_by: str
    health: Health
    used_by: list[str]


class Setting(Schema):
    name: str
    label: str
    hint: str
    kind: str
    is_required: bool
    choices: list[str]


class Connector(Schema):
    name: str
    settings: list[Setting]


class NewSystem(Given):
    name: str = Shape(max_length=100)
    connector: str = Shape(max_length=100)
    settings: dict[str, Any]
    title: str = Shape("", max_length=400)


class ChangedSystem(Given):
    """All settings; a secret that is not given stays, unless `without` names it."""

    settings: dict[str, Any]
    title: str | None = Shape(None, max_length=400)
    version: Whole | None = Shape(None, description="That was read: 409 when it is another by now.")
    without: list[str] = []


class TriedSystem(Given):
    connector: str = Shape(max_length=100)
    settings: dict[str, Any]
    of: str = Shape("", max_length=100, description="The system whose secrets stay where none are given.")


class Trial(Schema):
    is_ok: bool
    message: str
    hint: str
    code: str
    seconds: float


@connectors.get("", VIEW, out=Listing[Connector])
def list_connectors(request: HttpRequest) -> Any:
    """Connectors with the settings they take."""
    return listing([_connector_shown(name) for name in sorted(kinds())])


@calls.get("", VIEW, out=Listing[System])
def list_systems(request: HttpRequest) -> Any:
    """All systems."""
    return listing([_shown(one) for one in connections_for(actor_of(request)).defer(None).order_by("name")])


@calls.post("", ADD, out=System, status=201)
def add_system(request: HttpRequest, body: NewSystem, response: HttpResponse) -> Any:
    """Add a system."""
    made = change.add(
        actor_of(request), name=body.name, connector=body.connector, settings=body.settings, title=body.title
    )
    response["Location"] = f"{request.path}/{made.name}"
    return _shown(made)


@calls.post("/try", TEST, out=Trial)
def try_system(request: HttpRequest, body: TriedSystem) -> Any:
    """Try settings that are not kept yet."""
    return trial.try_out(actor_of(request), connector=body.connector, settings=body.settings, of=body.of)


@calls.get("/{name}", VIEW, out=System)
def get_system(request: HttpRequest, name: Name) -> Any:
    """One system."""
    actor_of(request).check(VIEW)
    return _shown(change.connection_of(name))


@calls.patch("/{name}", CHANGE, out=System)
def change_system(request: HttpRequest, name: Name, body: ChangedSystem) -> Any:
    """Give a system other settings."""
    changed = change.edit(
        actor_of(request),
        name,
        settings=body.settings,
        title=body.title,
        version=body.version,
        without=frozenset(body.without),
    )
    return _shown(changed)


@calls.delete("/{name}", DELETE)
def delete_system(request: HttpRequest, name: Name) -> Any:
    """Remove a system that no integration uses."""
    change.remove(actor_of(request), name)


@calls.post("/{name}/test", TEST, out=Trial)
def test_system(request: HttpRequest, name: Name) -> Any:
    """Connect to a system and say what was found."""
    return trial.test(actor_of(request), name)


@calls.post("/{name}/discover", TEST, out=dict[str, Any])
def discover_system(request: HttpRequest, name: Name, fresh: bool = False) -> Any:
    """What a system holds and can do, as last asked.

    `fresh=true` asks the system anew.
    """
    return msgspec.to_builtins(trial.discover(actor_of(request), name, is_fresh=fresh))


def _shown(one: Connection) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "connector": one.connector,
        "settings": one.settings,
        "secrets": [kept.setting.name for kept in _kept(one) if kept.setting.is_secret and kept.is_kept],
        "version": one.version,
        "changed_at": one.changed_at,
        "changed_by": one.changed_by,
        "health": {
            "state": one.health,
            "message": one.health_message,
            "hint": one.health_hint,
            "since": one.health_since,
            "seen_at": one.seen_at,
        },
        "used_by": [use.title for use in users_of(one.name)],
    }


def _kept(one: Connection) -> list[Any]:
    return list(settings_kept(one)) if one.connector in kinds() else []


def _connector_shown(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "settings": [
            {
                "name": one.name,
                "label": str(one.label),
                "hint": str(one.hint),
                "kind": one.kind.value,
                "is_required": one.is_required,
                "choices": list(one.choices),
            }
            for one in settings_of(name)
            if not one.is_guard
        ],
    }
