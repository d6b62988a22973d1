"""Django's name for the demo: its inbox is a page of the hub, where there is one."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    name = "tallystick.server.demo"
    label = "demo"
    verbose_name = _("Demo")

    def ready(self) -> None:
        if settings.CONFIGURATION.inbox is not None:
            from tallystick.server.demo import menu

            menu.add()
