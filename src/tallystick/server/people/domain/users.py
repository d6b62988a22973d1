"""Making and changing people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.domain.first import check_first
from tallystick.server.people.domain.roles import Role
from tallystick.server.people.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged:
    user: User


def create_user(
    actor: Actor, *, email: str, name: str, roles: Collection[str] = (), password: str = "", language: str = ""
) -> UserChanged:
    """A new person. Without a password they get in by a one-time link or the sign-in service.

    Raises NotAllowed, InputRefused.
    """
    actor.check("people.change_user")
    email, name = User.objects.normalize_email(email), name.strip()
    user = User(email=email, name=name, language=language)
    faults = _faults(email, name) | (_password_faults(password, user) if password else {})
    groups = list(Group.objects.filter(name__in=roles))
    if len(groups) != len(set(roles)):
        faults["roles"] = _("There is no such role.")
    if faults:
        raise InputRefused(_("The person was not added."), fields=faults)
    user.set_password(password or None)
    with transaction.atomic():
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError as error:
            fault = {"email": _("Somebody with this email address is here already.")}
            raise InputRefused(_("The person was not added."), fields=fault) from error
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        user.groups.set(groups)
        audit(actor, "people.create_user", subject=user, details={"roles": sorted(roles)})
    return UserChanged(user=user)


def create_first(token: str, *, email: str, name: str, password: str, language: str = "", address: str = "") -> User:
    """The first administrator. Raises LinkExpired, InputRefused."""
    check_first(token)
    if not password:
        raise InputRefused(_("The person was not added."), fields={"password": _("Choose a password.")})
    actor = Actor(
        person=None, name=name, permissions=frozenset({"people.change_user"}), via="first start", address=address
    )
    roles = [Role.ADMINISTRATOR]
    made = create_user(actor, email=email, name=name, roles=roles, password=password, language=language)
    return made.user


def _faults(email: str, name: str) -> dict[str, str]:
    faults: dict[str, str] = {}
    try:
        validate_email(email)
    except ValidationError:
        faults["email"] = _("This is not an email address.")
    if not name or len(name) > 120:
        faults["name"] = _("Write a name of up to 120 characters.")
    return faults


def _password_faults(password: str, user: User) -> dict[str, str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {"password": " ".join(error.messages)}
    return {}
