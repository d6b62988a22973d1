"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistersConfig(AppConfig):
    name = "tallystick.server.registers"
    label = "register"
    verbose_name = _("Asset register")
    default_auto_field = "django.db.models.BigAutoField"
    grants: ClassVar[dict[str, tuple[str, ...]]] = {
        "integration manager": ("*",),
        "agent": ("view_*", "add_register_cost", "change_register_asset", "decide_register_exception"),
        "technician": ("view_*", "add_register_cost"),
        "read-only": ("view_*",),
    }

    def ready(self) -> None:
        from tallystick import connectors
        from tallystick.server.registers import kinds, menu

        connectors.add("register", "tallystick.server.registers.connector")
        kinds.add()
        menu.add()

    def companion(self) -> AbstractContextManager[None]:
        """Compares the register with what is discovered, beside the web."""
        from tallystick.server.registers.comparison import comparing

        return comparing()
