"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DiscoveryConfig(AppConfig):
    name = "tallystick.server.discovery"
    label = "discovery"
    verbose_name = _("Discovery")
    default_auto_field = "django.db.models.BigAutoField"
    grants = {
        "integration manager": ("*",),
        "agent": ("view_device",),
        "technician": ("view_device",),
        "read-only": ("view_device",),
    }

    def ready(self) -> None:
        from tallystick import connectors
        from tallystick.server.discovery import kinds, menu

        connectors.add("discovery", "tallystick.server.discovery.connector")
        kinds.add()
        menu.add()
