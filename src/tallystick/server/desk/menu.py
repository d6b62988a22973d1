"""What this room adds to the menu, and its acts in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.people.words import name_actions


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "desk.reply_refused": _("Reply by a link refused"),
            "desk.satisfied_refused": _("Answer of a requester refused"),
            "desk.map_status": _("Status of a maintenance system mapped"),
        }
    )
