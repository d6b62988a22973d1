"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PacksConfig(AppConfig):
    name = "tallystick.server.packs"
    label = "packs"
    verbose_name = _("Packs")

    def ready(self) -> None:
        from tallystick.server.packs import menu

        menu.add()
