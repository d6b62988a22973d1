"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PeopleConfig(AppConfig):
    name = "tallystick.server.people"
    label = "people"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
    grants = {"administrator": ("*",)}

    def ready(self) -> None:
        from tallystick.server.people import menu
        from tallystick.server.people.domain.roles import settle_roles

        post_migrate.connect(settle_roles, dispatch_uid="people.roles")
        menu.add()
