"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OpsConfig(AppConfig):
    name = "tallystick.server.ops"
    label = "ops"
    verbose_name = _("Operations")
    default_auto_field = "django.db.models.BigAutoField"
    grants = {
        "integration manager": ("*",),
        "agent": ("view_*",),
        "technician": ("view_run",),
        "read-only": ("view_*",),
    }

    def companion(self) -> AbstractContextManager[None]:
        """Tends the tables that very much was written to, beside the web."""
        from tallystick.server.ops.tending import tending

        return tending()

    def ready(self) -> None:
        from tallystick.server.ops import menu

        menu.add()
