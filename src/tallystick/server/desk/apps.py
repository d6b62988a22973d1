"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

_LISTS = ("problem", "shop", "work_priority", "work_status", "maintenance_unit")


class DeskConfig(AppConfig):
    name = "tallystick.server.desk"
    label = "desk"
    verbose_name = _("Help desk and maintenance")
    default_auto_field = "django.db.models.BigAutoField"
    grants: ClassVar[dict[str, tuple[str, ...]]] = {
        "integration manager": ("*",),
        "agent": ("view_*", "request_work_order", "handle_email"),
        "technician": ("view_*", "add_work_order", "change_work_order", "add_work_task", "change_work_task"),
        "read-only": ("view_*",),
    }

    def ready(self) -> None:
        from tallystick.server.desk import kinds, menu, offered, operations, panels, tour
        from tallystick.server.desk.domain import closing, events, help_desk, maintenance, merged
        from tallystick.server.desk.mail import intake
        from tallystick.server.messages import beside
        from tallystick.server.packs import tours

        kinds.add()
        operations.add()
        offered.add()
        maintenance.add()
        events.add()
        help_desk.add()
        merged.add()
        panels.add()
        menu.add()
        tours.add(tour.tour())
        beside.add_chore(closing.close_due)
        beside.add_chore(intake.take_waiting)
        beside.add_chore(intake.forget_old)

    def companion(self) -> AbstractContextManager[None]:
        """Takes emails beside the web, where the configuration says so."""
        from django.conf import settings

        from tallystick.server.desk.mail.receiver import receiving

        return receiving(settings.CONFIGURATION.mail_intake)
