"""What this room adds to the menu."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.queries import VIEW, in_trouble
from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    navigation.add(
        Entry(
            section=Section.INTEGRATION,
            order=70,
            title=_("Messages"),
            icon="forum",
            url="messaging:monitor",
            permissions=(VIEW,),
            count=in_trouble,
        )
    )
    name_actions(
        {
            "messaging.send_again": _("Message sent again"),
            "messaging.settle": _("Message settled"),
            "messaging.cancel": _("Message cancelled"),
            "messaging.add_peer": _("Message partner added"),
            "messaging.delete_peer": _("Message partner deleted"),
            "messaging.pause_peer": _("Messages to a partner paused"),
            "messaging.resume_peer": _("Messages to a partner resumed"),
        }
    )
