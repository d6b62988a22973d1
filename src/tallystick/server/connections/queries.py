"""What pages and the API read about connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from tallystick.connectors.declared import Setting, settings_of
from tallystick.server.connections import vault
from tallystick.server.connections.models import Connection
from tallystick.server.people.actor import Actor


def connections_for(actor: Actor) -> QuerySet[Connection]:
    """All, without what is large and what is secret. Raises NotAllowed."""
    actor.check("connections.view_connection")
    return Connection.objects.defer("secrets", "described")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A setting with what is kept of it; of a secret only whether there is one."""

    setting: Setting
    value: Any
    is_kept: bool


def settings_kept(connection: Connection) -> list[Kept]:
    names = vault.opened(connection.secrets).keys() if connection.secrets else ()
    return [
        Kept(
            setting=setting,
            value=None if setting.is_secret else connection.settings.get(setting.name),
            is_kept=setting.name in names if setting.is_secret else setting.name in connection.settings,
        )
        for setting in settings_of(connection.connector)
        if not setting.is_guard
    ]
