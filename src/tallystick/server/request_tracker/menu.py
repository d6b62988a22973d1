"""The acts of this room in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.people.words import name_actions


def add() -> None:
    """Called once, when Django is ready."""
    name_actions(
        {
            "request_tracker.add": _("Queue of Request Tracker connected"),
            "request_tracker.change": _("Queue of Request Tracker changed"),
        }
    )
