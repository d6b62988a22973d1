"""One-time links: a person opens one and chooses a password. The hub sends no mail; whoever made it passes it on."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import gettext as _

from tallystick.errors import LinkExpired
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.domain.users import check_not_above, set_password, user_of
from tallystick.server.people.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeLink:
    user: User
    path: str


def make_link(actor: Actor, user_id: int) -> OneTimeLink:
    """A link that lasts two days, and until it is used or the person signs in. Raises NotAllowed, NotFound."""
    actor.check("people.change_user")
    user = user_of(user_id)
    check_not_above(actor, user)
    audit(actor, "people.make_link", subject=user)
    token = default_token_generator.make_token(user)
    return OneTimeLink(user=user, path=reverse("people:enter", args=[int_to_base36(user.pk), token]))


def person_of_link(code: str, token: str) -> User:
    """Raises LinkExpired."""
    try:
        user = User.objects.filter(pk=base36_to_int(code), is_active=True).first()
    except ValueError:
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise LinkExpired(
            _("This link has been used already or is too old."),
            hint=_("Ask an administrator of this hub for a new one."),
        )
    return user


def enter_by_link(code: str, token: str, *, password: str, address: str = "") -> User:
    """Sets the password of whoever the link is for. Raises LinkExpired, InputRefused."""
    user = person_of_link(code, token)
    actor = Actor(person=user.pk, name=str(user), permissions=frozenset(), via="one-time link", address=address)
    set_password(user, password, actor=actor, action="people.enter_by_link")
    return user
