"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DesignerConfig(AppConfig):
    name = "tallystick.server.designer"
    label = "designer"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"
    grants = {"integration manager": ("*",), "read-only": ("view_integration",)}

    def ready(self) -> None:
        from tallystick.server.connections.domain.using import add_user
        from tallystick.server.designer import menu
        from tallystick.server.designer.queries import integrations_using

        add_user(integrations_using)
        menu.add()

    def companion(self) -> AbstractContextManager[None]:
        """The worker beside the web, where the state is in SQLite."""
        from tallystick.server.designer.worker import embedded

        return embedded()
