"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "tallystick.server.people"
    label = "people"
    verbose_name = _("People")
    default_auto_field = "django.db.models.BigAutoField"
    grants = {
        "integration manager": ("view_user", "view_role", "use_tokens"),
        "agent": ("use_tokens",),
        "technician": ("use_tokens",),
        "read-only": ("view_user", "view_role"),
    }

    def ready(self) -> None:
        from tallystick.server.people import menu, trail
        from tallystick.server.people.domain.roles import settle_roles

        post_migrate.connect(settle_roles, dispatch_uid="people.roles")
        menu.add()
        trail.connect()
