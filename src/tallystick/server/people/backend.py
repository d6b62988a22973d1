"""Proves a person by email and password, with a lock after too many wrong passwords."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.models import User

ATTEMPTS: Final = 5
LOCKED: Final = timedelta(minutes=15)


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """While a person is locked the right password is no better than a wrong one, and takes as long."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        email = credentials.get("email") or credentials.get("username") or ""
        user = User.objects.filter(email=User.objects.normalize_email(email)).first()
        if user is not None and user.is_locked:
            self._mitigate_timing_attack(credentials.get("password") or "")
            return None
        proved: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None:
            if proved is not None:
                note_proved(user)
            else:
                address = request.META.get("REMOTE_ADDR") or "" if request is not None else ""
                note_failed(user, address=address)
        return proved


def note_failed(user: User, *, address: str = "") -> None:
    """Counts a wrong password; the last of `ATTEMPTS` in a row locks."""
    User.objects.filter(pk=user.pk).update(failed_sign_ins=F("failed_sign_ins") + 1)
    has_locked = User.objects.filter(pk=user.pk, failed_sign_ins__gte=ATTEMPTS).update(
        failed_sign_ins=0, locked_until=timezone.now() + LOCKED
    )
    if has_locked:
        nobody = Actor(person=None, name="", permissions=frozenset(), via="web", address=address)
        audit(nobody, "people.lock_user", subject=user)


def note_proved(user: User) -> None:
    if user.failed_sign_ins or user.locked_until is not None:
        User.objects.filter(pk=user.pk).update(failed_sign_ins=0, locked_until=None)
