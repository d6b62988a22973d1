"""Django's name for this room."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "tallystick.server.ui"
    label = "ui"
    verbose_name = "Interface"
