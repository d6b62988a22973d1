"""What the demo adds to the menu."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready and there is an inbox."""
    navigation.add(
        Entry(section=Section.OVERVIEW, order=60, title=_("Inbox of the demo"), icon="inbox", url="demo:inbox")
    )
