"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectionsConfig(AppConfig):
    name = "tallystick.server.connections"
    label = "connections"
    verbose_name = _("Systems")
    default_auto_field = "django.db.models.BigAutoField"
    grants = {"integration manager": ("*",), "read-only": ("view_connection",)}

    def ready(self) -> None:
        from tallystick.server.connections import menu

        menu.add()
