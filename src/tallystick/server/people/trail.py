"""Writes to the audit trail what people do to their own sign-in by the pages of the sign-in library."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.http import HttpRequest

from tallystick.server.people.actor import request_actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.models import User


def connect() -> None:
    """Called once, when Django is ready."""
    for signal in (password_changed, password_set):
        signal.connect(_password, dispatch_uid=f"people.trail.{id(signal)}")
    authenticator_added.connect(_added, dispatch_uid="people.trail.added")
    authenticator_removed.connect(_removed, dispatch_uid="people.trail.removed")
    authenticator_reset.connect(_reset, dispatch_uid="people.trail.reset")


def _password(request: HttpRequest, user: User, **_rest: Any) -> None:
    audit(request_actor(request), "people.change_password", subject=user)


def _added(request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        audit(request_actor(request), "people.add_second_factor", subject=user)


def _removed(request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        audit(request_actor(request), "people.remove_second_factor", subject=user)


def _reset(request: HttpRequest, user: User, **_rest: Any) -> None:
    audit(request_actor(request), "people.new_recovery_codes", subject=user)
