"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "tallystick.server.api"
    label = "api"
    verbose_name = _("API and webhooks")
    default_auto_field = "django.db.models.BigAutoField"
    grants: ClassVar[dict[str, tuple[str, ...]]] = {"integration manager": ("*",), "read-only": ("view_webhook",)}

    def ready(self) -> None:
        from tallystick.server.api import menu
        from tallystick.server.api.webhooks.endpoints import rotate_secrets
        from tallystick.server.connections import vault

        vault.add_rotation("webhooks", rotate_secrets)
        menu.add()

    def companion(self) -> AbstractContextManager[None]:
        """Delivers webhooks beside the web."""
        from tallystick.server.api.webhooks.delivering import delivering

        return delivering()
