"""Roles: five of the product, further ones people make. Apps say in their AppConfig what the five may do."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tallystick.errors import InputRefused, NotFound
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.words import permission_title, thing_of

LONGEST_NAME: Final = 120


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
    `{"agent": ("view_*", "change_case")}`; the administrator has everything. An app without `grants` has nothing
    that people may do by itself.
    """
    if using != "default":
        return
    known = {
        permission.codename: permission
        for permission in Permission.objects.using(using).filter(content_type__app_label=sender.label)
    }
    grants: dict[str, tuple[str, ...]] | None = getattr(sender, "grants", None)
    if not known or grants is None:
        return
    for role in Role:
        group, _made = Group.objects.using(using).get_or_create(name=role.value)
        patterns = ("*",) if role is Role.ADMINISTRATOR else grants.get(role.value, ())
        wanted = {name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)}
        held = set(group.permissions.filter(content_type__app_label=sender.label).values_list("codename", flat=True))
        group.permissions.add(*(known[name] for name in wanted - held))
        group.permissions.remove(*(known[name] for name in held - wanted if name in known))


# --- roles that people make


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged:
    role: Group


def title_of(name: str) -> str:
    """A role as people read it."""
    return str(TITLES[Role(name)]) if is_builtin(name) else name


def is_builtin(name: str) -> bool:
    return name in Role.__members__.values()


def role_of(role_id: int) -> Group:
    """Raises NotFound."""
    role = Group.objects.filter(pk=role_id).first()
    if role is None:
        raise NotFound(gettext("There is no such role."), hint=gettext("It may have been removed; look at the list."))
    return role


def save_role(actor: Actor, *, role_id: int | None, name: str, permissions: Collection[str]) -> RoleChanged:
    """Makes a role, or changes one that people made. Raises NotAllowed, NotFound, InputRefused."""
    actor.check("people.change_role")
    refused = gettext("The role was not saved.")
    name = " ".join(name.split())
    with transaction.atomic():
        role = role_of(role_id) if role_id is not None else Group()
        _check_own(role, refused)
        faults: dict[str, str] = {}
        if not name or len(name) > LONGEST_NAME:
            faults["name"] = gettext("Write a name of up to 120 characters.")
        elif is_builtin(name.lower()) or Group.objects.filter(name__iexact=name).exclude(pk=role.pk).exists():
            faults["name"] = gettext("There is a role of this name already.")
        wanted = _permissions(permissions)
        if len(wanted) != len(set(permissions)):
            faults["permissions"] = gettext("There is no such permission.")
        if missing := {full_name(one) for one in wanted} - actor.permissions:
            faults["permissions"] = gettext("You can only give what you may do yourself; not: {names}.").format(
                names=", ".join(sorted(missing))
            )
        if faults:
            raise InputRefused(refused, fields=faults)
        before = sorted(map(full_name, role.permissions.select_related("content_type"))) if role.pk else []
        old_name, role.name = role.name, name
        role.save()
        role.permissions.set(wanted)
        after = sorted(map(full_name, wanted))
        details = {
            "name": [old_name, name],
            "added": sorted(set(after) - set(before)),
            "removed": sorted(set(before) - set(after)),
        }
        audit(actor, "people.save_role", subject=role, details=details)
    return RoleChanged(role=role)


def delete_role(actor: Actor, role_id: int) -> RoleChanged:
    """Removes a role that people made; who had it loses its rights. Raises NotAllowed, NotFound, InputRefused."""
    actor.check("people.change_role")
    with transaction.atomic():
        role = role_of(role_id)
        _check_own(role, gettext("The role was not deleted."))
        held_by = list(role.user_set.order_by("pk").values_list("email", flat=True))
        audit(actor, "people.delete_role", subject=role, details={"held_by": held_by})
        role.delete()
    return RoleChanged(role=role)


def full_name(permission: Permission) -> str:
    """Like records.view_account."""
    return f"{permission.content_type.app_label}.{permission.codename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Permissions of one app to choose from. `things` have up to four each; `others` are (name, what it allows)."""

    app: str
    things: list[tuple[str, dict[str, str]]]  # (title, {verb: name})
    others: list[tuple[str, str]]


def offered() -> list[Offered]:
    """Permissions of the hub's apps, in the order of the apps."""
    found: list[Offered] = []
    for config in apps.get_app_configs():
        if not hasattr(config, "grants"):
            continue
        rows = Permission.objects.filter(content_type__app_label=config.label).select_related("content_type")
        things: dict[str, dict[str, str]] = {}
        others: list[tuple[str, str]] = []
        for row in rows:
            if (thing := thing_of(row)) is not None:
                things.setdefault(thing, {})[row.codename.partition("_")[0]] = full_name(row)
            else:
                others.append((full_name(row), permission_title(row)))
        one = Offered(app=str(config.verbose_name), things=sorted(things.items()), others=sorted(others))
        if one.things or one.others:
            found.append(one)
    return found


def _permissions(names: Collection[str]) -> list[Permission]:
    pairs = [name.partition(".") for name in set(names)]
    wanted = Q()
    for app, _dot, codename in pairs:
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted).select_related("content_type")) if pairs else []


def _check_own(role: Group, refused: str) -> None:
    if role.pk and is_builtin(role.name):
        raise InputRefused(
            gettext("{role} is a role of the product and stays as it is.").format(role=title_of(role.name))
            + " "
            + refused,
            hint=gettext("Make a role of your own with the permissions you want."),
        )
