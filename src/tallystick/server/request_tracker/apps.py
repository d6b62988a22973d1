"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestTrackerConfig(AppConfig):
    name = "tallystick.server.request_tracker"
    label = "request_tracker"
    verbose_name = _("Request Tracker")
    default_auto_field = "django.db.models.BigAutoField"
    grants: ClassVar[dict[str, tuple[str, ...]]] = {}  # the rights are those of message partners

    def ready(self) -> None:
        from tallystick.server.connections.domain.using import add_user
        from tallystick.server.messages import transports
        from tallystick.server.request_tracker import menu, operations
        from tallystick.server.request_tracker.domain import trackers
        from tallystick.server.request_tracker.telling import OnTickets

        operations.add()
        transports.register(trackers.SCHEME, OnTickets)
        add_user(trackers.uses)
        menu.add()

    def companion(self) -> AbstractContextManager[None]:
        """Looks at the queues beside the web."""
        from tallystick.server.request_tracker.beside import looking

        return looking()
