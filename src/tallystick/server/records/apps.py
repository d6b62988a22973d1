"""Django's name for this room, and what it adds to the hub."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

_READ = ("view_*",)
_SERVICE = ("case", "note", "task", "calendar_item", "service_order")
_SALES = ("lead", "opportunity")


def _may(verbs: str, things: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{verb}_{thing}" for verb in verbs.split() for thing in things)


class RecordsConfig(AppConfig):
    name = "tallystick.server.records"
    label = "records"
    verbose_name = _("Records")
    default_auto_field = "django.db.models.BigAutoField"
    grants: ClassVar[dict[str, tuple[str, ...]]] = {
        "integration manager": (*_READ, "add_*", "change_*", "delete_*"),
        "agent": (
            *_READ,
            *_may("add change delete", (*_SERVICE, *_SALES, "account", "person", "location", "department")),
            *_may("add change", ("installed_asset",)),
        ),
        "technician": (
            *_READ,
            *_may("add change", ("note", "task", "calendar_item")),
            *_may("change", ("case", "service_order", "installed_asset")),
        ),
        "read-only": _READ,
    }

    def companion(self) -> AbstractContextManager[None]:
        """Imports files beside the web."""
        from tallystick.server.records.importer import importing_beside

        return importing_beside()

    def ready(self) -> None:
        from tallystick import connectors
        from tallystick.server.records import menu

        connectors.add("records", "tallystick.server.records.connector")
        menu.add()
        post_migrate.connect(_seed, sender=self)


def _seed(using: str = "default", **_more: object) -> None:
    """Code sets that the hub has not kept yet are as they are delivered."""
    from tallystick.server.records.domain.code_sets import seed

    seed(using)
