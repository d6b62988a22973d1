"""What discovery adds to the navigation, the palette and the pages of devices."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.discovery.domain.keys import MANAGE
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.panels import parts_panel
from tallystick.server.people.words import name_actions
from tallystick.server.records import panels
from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "discovery.make_key": _("Key for inventory agents made"),
            "discovery.revoke_key": _("Key for inventory agents revoked"),
        }
    )
    navigation.add(
        Entry(
            section=Section.RECORDS,
            order=60,
            title=_("Devices"),
            icon=DEVICE.icon,
            url=f"records:{DEVICE.name}",
            permissions=(DEVICE.permission("view"),),
        ),
        Entry(
            section=Section.ADMINISTRATION,
            order=45,
            title=_("Inventory agents"),
            icon="sensors",
            url="discovery:keys",
            permissions=(MANAGE,),
        ),
    )
    panels.add(DEVICE.name, parts_panel)
