"""Roles: five of the product, further ones people make. Apps say in their AppConfig what the five may do."""

from __future__ import annotations

import enum
from fnmatch import fnmatchcase
from typing import Any, Final

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _


class Role(enum.StrEnum):
    """The names of the product's own roles, as their groups are called."""

    ADMINISTRATOR = "administrator"
    INTEGRATION_MANAGER = "integration manager"
    AGENT = "agent"
    TECHNICIAN = "technician"
    READ_ONLY = "read-only"


TITLES: Final = {
    Role.ADMINISTRATOR: _("Administrator"),
    Role.INTEGRATION_MANAGER: _("Integration manager"),
    Role.AGENT: _("Agent"),
    Role.TECHNICIAN: _("Technician"),
    Role.READ_ONLY: _("Read-only"),
}


def settle_roles(sender: AppConfig, *, using: str, **_rest: Any) -> None:
    """After the migrations of an app: gives the product's roles exactly what the app grants them.

    `grants` of an AppConfig maps a role to patterns of permissions without the app's name, like
    `{"agent": ("view_*", "change_case")}`; the administrator has everything.
    """
    if using != "default":
        return
    known = {
        permission.codename: permission
        for permission in Permission.objects.using(using).filter(content_type__app_label=sender.label)
    }
    if not known or not sender.name.startswith("tallystick."):
        return
    grants: dict[str, tuple[str, ...]] = getattr(sender, "grants", {})
    for role in Role:
        group, _made = Group.objects.using(using).get_or_create(name=role.value)
        patterns = ("*",) if role is Role.ADMINISTRATOR else grants.get(role.value, ())
        wanted = {name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)}
        held = set(group.permissions.filter(content_type__app_label=sender.label).values_list("codename", flat=True))
        group.permissions.add(*(known[name] for name in wanted - held))
        group.permissions.remove(*(known[name] for name in held - wanted if name in known))
