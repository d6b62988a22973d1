"""What this room adds to the menu and to the palette."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor
from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation, palette
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "connections.add_connection": _("System added"),
            "connections.change_connection": _("System changed"),
            "connections.delete_connection": _("System removed"),
            "connections.rotate_keys": _("Secrets encrypted with a new key"),
        }
    )
    navigation.add(
        Entry(
            section=Section.INTEGRATION,
            order=20,
            title=_("Systems"),
            icon="lan",
            url="connections:list",
            permissions=("connections.view_connection",),
            key="g s",
        )
    )
    palette.register(palette.Source(title=_("Systems"), search=found))


def found(actor: Actor, query: str, limit: int) -> Iterable[palette.Hit]:
    if not actor.may("connections.view_connection"):
        return []
    from tallystick.server.connections.queries import connections_for

    rows = connections_for(actor).filter(Q(name__icontains=query) | Q(title__icontains=query))[:limit]
    return [
        palette.Hit(title=str(one), note=one.connector, url=reverse("connections:one", args=[one.name])) for one in rows
    ]
