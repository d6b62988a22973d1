"""What the register adds to the navigation, the palette and the pages of its assets."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.people.words import name_actions
from tallystick.server.records import panels
from tallystick.server.registers import kinds
from tallystick.server.registers.panels import discovered_panel, exceptions_panel, ownership_panel
from tallystick.server.registers.queries import open_exceptions
from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    name_actions({"register.configure": _("Comparison of the register set otherwise")})
    navigation.add(
        Entry(
            section=Section.RECORDS,
            order=55,
            title=kinds.ASSET.plural,
            icon=kinds.ASSET.icon,
            url=f"records:{kinds.ASSET.name}",
            permissions=(kinds.ASSET.permission("view"),),
        ),
        Entry(
            section=Section.RECORDS,
            order=56,
            title=_("Register exceptions"),
            icon=kinds.EXCEPTION.icon,
            url="register:exceptions",
            permissions=(kinds.EXCEPTION.permission("view"),),
            count=open_exceptions,
        ),
        Entry(
            section=Section.RECORDS,
            order=57,
            title=_("Doubtful serial numbers"),
            icon="content_copy",
            url="register:serials",
            permissions=(kinds.ASSET.permission("view"),),
        ),
    )
    panels.add(kinds.ASSET.name, ownership_panel)
    panels.add(kinds.ASSET.name, exceptions_panel)
    panels.add(kinds.ASSET.name, discovered_panel)
