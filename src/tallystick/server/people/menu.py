"""What people adds to the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor
from tallystick.server.ui import navigation, palette
from tallystick.server.ui.navigation import Entry, Section


def add() -> None:
    """Called once, when Django is ready."""
    navigation.add(
        Entry(
            section=Section.ADMINISTRATION,
            order=50,
            title=_("Users"),
            icon="group",
            url="people:users",
            permissions=("people.view_user",),
            key="g u",
        ),
        Entry(
            section=Section.ADMINISTRATION,
            order=60,
            title=_("Roles"),
            icon="verified_user",
            url="people:roles",
            permissions=("people.view_role",),
        ),
        Entry(
            section=Section.ADMINISTRATION,
            order=70,
            title=_("Audit trail"),
            icon="history",
            url="people:audit",
            permissions=("people.view_audit",),
        ),
    )
    palette.register(palette.Source(title=_("Mine"), search=_mine, order=10))
    palette.register(palette.Source(title=_("Users"), search=_users, order=80))


def _mine(actor: Actor, query: str, limit: int) -> Iterable[palette.Hit]:
    pages = [
        (_("My profile"), "people:profile", "person", ""),
        (_("API tokens"), "people:tokens", "key", "people.use_tokens"),
        (_("Change my password"), "account_change_password", "password", ""),
        (_("Second factor"), "mfa_index", "phonelink_lock", ""),
    ]
    words = query.casefold().split()
    for title, name, icon, permission in pages:
        if (not permission or actor.may(permission)) and all(word in str(title).casefold() for word in words):
            yield palette.Hit(title=title, url=reverse(name), icon=icon)


def _users(actor: Actor, query: str, limit: int) -> Iterable[palette.Hit]:
    from tallystick.server.people import queries

    if len(query) < 2 or not actor.may("people.view_user"):
        return
    for user in queries.users(actor, text=query).prefetch_related(None).order_by("name", "id")[:limit]:
        yield palette.Hit(title=str(user), note=user.email, url=reverse("people:user", args=[user.pk]), icon="person")
