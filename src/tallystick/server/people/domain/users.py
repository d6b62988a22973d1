"""Making and changing people."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotAllowed, NotFound
from tallystick.server.people.actor import Actor, permissions_of, system_actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.domain.first import check_first
from tallystick.server.people.domain.roles import Role
from tallystick.server.people.models import Theme, User

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged:
    """`changes` has what became different: {field: (before, after)}."""

    user: User
    changes: Mapping[str, tuple[Any, Any]]


def create_user(
    actor: Actor, *, email: str, name: str, roles: Collection[str] = (), password: str = "", language: str = ""
) -> UserChanged:
    """A new person. Without a password they get in by a one-time link or the sign-in service.

    Raises NotAllowed, InputRefused.
    """
    actor.check("people.change_user")
    user = User(email=User.objects.normalize_email(email), name=name.strip(), language=language)
    faults = _faults(user) | (_password_faults(password, user) if password else {})
    groups = _groups(actor, roles, (), faults)
    if faults:
        raise InputRefused(_("The person was not added."), fields=faults)
    user.set_password(password or None)
    with transaction.atomic():
        _save(user, _("The person was not added."))
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        user.groups.set(groups)
        audit(actor, "people.create_user", subject=user, details={"email": user.email, "roles": sorted(roles)})
    return UserChanged(user=user, changes={})


def create_first(token: str, *, email: str, name: str, password: str, language: str = "", address: str = "") -> User:
    """The first administrator. Raises LinkExpired, InputRefused."""
    check_first(token)
    if not password:
        raise InputRefused(_("The person was not added."), fields={"password": _("Choose a password.")})
    actor = replace(system_actor(name, via="first start"), address=address)
    roles = [Role.ADMINISTRATOR]
    made = create_user(actor, email=email, name=name, roles=roles, password=password, language=language)
    return made.user


def change_user(
    actor: Actor, user_id: int, *, email: str, name: str, roles: Collection[str], is_active: bool
) -> UserChanged:
    """Changes who a person is and what they may do. Raises NotAllowed, NotFound, InputRefused."""
    actor.check("people.change_user")
    refused = _("The person was not changed.")
    with transaction.atomic():
        user = _below(actor, user_id)
        before = _shown(user)
        user.email, user.name, user.is_active = User.objects.normalize_email(email), name.strip(), is_active
        faults = _faults(user)
        groups = _groups(actor, roles, before["roles"], faults)
        if user.pk == actor.person and not is_active:
            faults["is_active"] = _("You cannot lock yourself out.")
        if faults:
            raise InputRefused(refused, fields=faults)
        _save(user, refused)
        user.groups.set(groups)
        _check_administrator_left(refused)
        if before["email"] != user.email:
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        after = _shown(user)
        changes = {field: (before[field], after[field]) for field in before if before[field] != after[field]}
        if changes:
            audit(actor, "people.change_user", subject=user, details=changes)
    return UserChanged(user=user, changes=changes)


def unlock_user(actor: Actor, user_id: int) -> UserChanged:
    """Ends the lock that too many wrong passwords left. Raises NotAllowed, NotFound."""
    actor.check("people.change_user")
    with transaction.atomic():
        user = _locked(user_id)
        user.failed_sign_ins, user.locked_until = 0, None
        user.save(update_fields=["failed_sign_ins", "locked_until"])
        audit(actor, "people.unlock_user", subject=user)
    return UserChanged(user=user, changes={})


def remove_second_factor(actor: Actor, user_id: int) -> UserChanged:
    """For a person who lost telephone and recovery codes. Raises NotAllowed, NotFound."""
    actor.check("people.change_user")
    with transaction.atomic():
        user = _below(actor, user_id)
        Authenticator.objects.filter(user=user).delete()
        audit(actor, "people.remove_second_factor", subject=user)
    return UserChanged(user=user, changes={})


def change_profile(actor: Actor, *, name: str, language: str, time_zone: str, theme: str) -> UserChanged:
    """What a person may change about themselves. Raises NotFound, InputRefused."""
    with transaction.atomic():
        user = _locked(actor.person or 0)
        before = _profile(user)
        user.name, user.language, user.time_zone, user.theme = name.strip(), language, time_zone, theme
        if faults := _faults(user) | _taste_faults(user):
            raise InputRefused(_("Your profile was not changed."), fields=faults)
        user.save()
        after = _profile(user)
    changes = {field: (before[field], after[field]) for field in before if before[field] != after[field]}
    return UserChanged(user=user, changes=changes)


def end_sessions(actor: Actor) -> User:
    """Ends all sessions of the actor; whoever asks in one of them keeps that one by Django's
    `update_session_auth_hash`.
    """
    User.objects.filter(pk=actor.person or 0).update(epoch=F("epoch") + 1)
    return user_of(actor.person or 0)


def set_password(user: User, password: str, *, actor: Actor, action: str) -> None:
    """Raises InputRefused."""
    if faults := _password_faults(password, user):
        raise InputRefused(_("The password was not changed."), fields=faults)
    with transaction.atomic():
        user.set_password(password)
        user.failed_sign_ins, user.locked_until = 0, None
        user.save()
        audit(actor, action, subject=user)


def user_of(user_id: int) -> User:
    """Raises NotFound."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise _missing()
    return user


# --- inside


def _locked(user_id: int) -> User:
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise _missing()
    return user


def _below(actor: Actor, user_id: int) -> User:
    """Somebody who may do nothing the actor may not: else changing them would be a way to more rights."""
    user = _locked(user_id)
    check_not_above(actor, user)
    return user


def check_not_above(actor: Actor, user: User) -> None:
    """Raises NotAllowed."""
    if not permissions_of(user) <= actor.permissions:
        raise NotAllowed(
            _("{name} may do more than you, so you cannot change them.").format(name=user),
            permission="people.change_user",
            hint=_("Ask an administrator."),
        )


def _missing() -> NotFound:
    return NotFound(_("There is no such person."), hint=_("They may have been removed; look at the list."))


def _save(user: User, refused: str) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        fault = {"email": _("Somebody with this email address is here already.")}
        raise InputRefused(refused, fields=fault) from error


def _check_administrator_left(refused: str) -> None:
    if not User.objects.filter(is_active=True, groups__name=Role.ADMINISTRATOR).exists():
        fault = {"roles": _("Somebody has to stay administrator. Make another person one first.")}
        raise InputRefused(refused, fields=fault)


def _groups(actor: Actor, roles: Collection[str], held: Collection[str], faults: dict[str, str]) -> list[Group]:
    """The roles; of those the person does not hold yet only such as the actor's own rights cover."""
    groups = list(Group.objects.filter(name__in=roles).prefetch_related("permissions__content_type"))
    if len(groups) != len(set(roles)):
        faults["roles"] = _("There is no such role.")
    for group in groups:
        given = {f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.all()}
        if group.name not in held and not given <= actor.permissions:
            faults["roles"] = _("You can only give roles that may do no more than you.")
    return groups


def _faults(user: User) -> dict[str, str]:
    faults: dict[str, str] = {}
    try:
        validate_email(user.email)
    except ValidationError:
        faults["email"] = _("This is not an email address.")
    if not user.name or len(user.name) > LONGEST_NAME:
        faults["name"] = _("Write a name of up to 120 characters.")
    return faults


def _taste_faults(user: User) -> dict[str, str]:
    faults: dict[str, str] = {}
    if user.language and user.language not in dict(settings.LANGUAGES):
        faults["language"] = _("The hub does not speak this language.")
    if user.time_zone not in zoneinfo.available_timezones():
        faults["time_zone"] = _("There is no such time zone.")
    if user.theme not in Theme.values:
        faults["theme"] = _("There is no such appearance.")
    return faults


def _password_faults(password: str, user: User) -> dict[str, str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {"password": " ".join(error.messages)}
    return {}


def _shown(user: User) -> dict[str, Any]:
    roles = sorted(user.groups.values_list("name", flat=True)) if user.pk else []
    return {"email": user.email, "name": user.name, "is_active": user.is_active, "roles": roles}


def _profile(user: User) -> dict[str, str]:
    return {"name": user.name, "language": user.language, "time_zone": user.time_zone, "theme": str(user.theme)}
