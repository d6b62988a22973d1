"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagesConfig(AppConfig):
    name = "tallystick.server.messages"
    label = "messaging"  # django.contrib has the other name
    verbose_name = _("Messages")
    default_auto_field = "django.db.models.BigAutoField"
    grants: ClassVar[dict[str, tuple[str, ...]]] = {
        "integration manager": ("*",),
        "agent": ("view_message",),
        "read-only": ("view_*",),
    }

    def ready(self) -> None:
        from tallystick.server.connections import vault
        from tallystick.server.messages import menu, partners, post

        vault.add_rotation("message partners", partners.rotate_secrets)
        vault.add_rotation("letters", post.rotate)
        menu.add()

    def companion(self) -> AbstractContextManager[None]:
        """Delivers messages beside the web."""
        from tallystick.server.messages.beside import delivering

        return delivering()
