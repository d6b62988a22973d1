"""What this room adds to the menu."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.people.words import name_actions
from tallystick.server.ui import navigation
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    navigation.add(
        Entry(
            section=Section.INTEGRATION,
            order=80,
            title=_("Webhooks"),
            icon="webhook",
            url="webhooks:list",
            permissions=("api.view_webhook",),
        ),
        Entry(section=Section.ADMINISTRATION, order=80, title=_("API"), icon="api", url="webhooks:reference"),
    )
    name_actions(
        {
            "api.add_webhook": _("Webhook added"),
            "api.change_webhook": _("Webhook changed"),
            "api.rotate_webhook": _("New secret of a webhook made"),
            "api.remove_webhook": _("Webhook removed"),
            "api.send_webhook_again": _("Webhook sent again"),
            "api.webhook_off": _("Webhook switched off, because it took nothing"),
            "api.add_inlet": _("Address for incoming webhooks made"),
            "api.remove_inlet": _("Address for incoming webhooks removed"),
        }
    )
