"""Which user of the hub a person of the records is: kept by id, chosen and shown by name."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from tallystick.model.value import Value
from tallystick.server.people.actor import Actor
from tallystick.server.people.models import User
from tallystick.server.records.record_types import BY_NAME, Field

FIELD: Final = BY_NAME["person"].fields["user"]
SEE: Final = "people.view_user"
MOST: Final = 500
"""Users to choose from; a hub with more takes the id."""


def names_user(field: Field) -> bool:
    return field is FIELD


def choices(actor: Actor, current: Value) -> list[tuple[str, str]] | None:
    """Ids with names, the present one among them; None for who may not see users, or where there are too many."""
    if not actor.may(SEE):
        return None
    found = list(
        User.objects.filter(is_active=True).order_by("name", "pk").values_list("pk", "name", "email")[: MOST + 1]
    )
    if len(found) > MOST:
        return None
    named = [(str(pk), f"{name} ({email})") for pk, name, email in found]
    if current and current not in dict(named):
        named.append((current, name_of(current)))
    return [("", "—"), *named]


def name_of(user: str) -> str:
    """The name of a user; where there is none any more, that."""
    row = User.objects.filter(pk=user).values_list("name", flat=True).first() if user.isdecimal() else None
    return row if row is not None else _("no user of the hub ({id})").format(id=user)
