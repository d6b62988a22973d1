"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "tallystick.server.review"
    label = "review"
    verbose_name = _("Review")
    grants = {
        "integration manager": ("*",),
        "agent": ("view_question", "answer_question"),
        "read-only": ("view_question",),
    }

    def ready(self) -> None:
        from tallystick.server.review import menu

        menu.add()
