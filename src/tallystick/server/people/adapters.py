"""How the sign-in library (allauth) is to do things here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import Configuration
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are invited."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The hub sends no mail; what it would tell stands in the audit trail."""

    def reauthenticate(self, user: User, password: str) -> bool:
        """By the address in the hub's own table."""
        proved = self.authenticate(context.request, email=user.email, password=password)
        return proved is not None and proved.pk == user.pk


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of second factors encrypted."""

    def encrypt(self, text: str) -> str:
        return _configuration().cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ConfigurationError when the key is gone."""
        try:
            return _configuration().cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                _("The second factor cannot be read: it was encrypted with a key that is no longer there."),
                hint=_("Put the old key back behind the new one, or let an administrator remove the second factor."),
            ) from None


class ServiceAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """People who come from the OpenID Connect provider: known ones by their verified address, new ones by setting."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        service = _configuration().sign_in_service
        is_verified = any(one.verified for one in sociallogin.email_addresses)
        return service is not None and bool(service.new_people_role) and is_verified

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(part for part in parts if part) or user.email.partition("@")[0]
        user.name = str(name)[:120]
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """A new person gets the role of TALLYSTICK_OIDC_ROLE. Raises ConfigurationError when there is none such."""
        service = _configuration().sign_in_service
        name = service.new_people_role if service is not None else ""
        role = Group.objects.filter(name=name).first()
        if role is None:
            raise ConfigurationError(
                _("New people are to get the role {name}, and there is none.").format(name=name),
                hint=_("Correct TALLYSTICK_OIDC_ROLE and start the hub again."),
            )
        user: User = super().save_user(request, sociallogin, form)
        user.groups.add(role)
        address = request.META.get("REMOTE_ADDR") or ""
        actor = Actor(person=user.pk, name=str(user), permissions=frozenset(), via="sign-in service", address=address)
        audit(actor, "people.join_by_service", subject=user, details={"email": user.email, "roles": [role.name]})
        return user


def _configuration() -> Configuration:
    configuration: Configuration = settings.CONFIGURATION
    return configuration
