"""Keys that agents sign in with: made by a person, shown once, revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.server.discovery.models import AgentKey
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

NOTED_EVERY: Final = timedelta(minutes=5)
MANAGE: Final = "discovery.manage_agent_keys"
_LONGEST_H: Final = 24 * 30


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade:
    """`password` can be shown this once."""

    key: AgentKey
    password: str

    @property
    def encoded(self) -> tuple[str, str]:
        """User name and password in base64, as OCS agents of today read them."""
        user, password = (b64encode(text.encode()).decode() for text in (self.key.user, self.password))
        return user, password


def make_key(actor: Actor, *, name: str, business_unit: str = "", frequency_h: int = 24) -> KeyMade:
    """Raises NotAllowed, InputRefused."""
    actor.check(MANAGE)
    faults: dict[str, str] = {}
    name, business_unit = name.strip(), business_unit.strip()
    if not 0 < len(name) <= 100:
        faults["name"] = _("Write a name of up to 100 characters: whose machines will use it.")
    if len(business_unit) > 20:
        faults["business_unit"] = _("A business unit has 20 characters at most.")
    if not 1 <= frequency_h <= _LONGEST_H:
        faults["frequency_h"] = _("Write a number of hours from 1 to 720.")
    if faults:
        raise InputRefused(_("The key was not made."), fields=faults)
    password = secrets.token_urlsafe(24)
    with transaction.atomic():
        key = AgentKey.objects.create(
            name=name,
            user=f"agent-{secrets.token_hex(4)}",
            digest=_digest(password),
            business_unit=business_unit,
            frequency_h=frequency_h,
            made_by=actor.name,
        )
        audit(actor, "discovery.make_key", subject=key, details={"user": key.user, "business_unit": business_unit})
    return KeyMade(key=key, password=password)


def revoke_key(actor: Actor, number: int) -> AgentKey:
    """Agents with this key are refused from now on; what they reported stays. Raises NotAllowed, NotFound."""
    actor.check(MANAGE)
    with transaction.atomic():
        key = AgentKey.objects.select_for_update().filter(pk=number).first()
        if key is None:
            raise NotFound(_("There is no such key."), hint=_("Load the list again."))
        if key.revoked_at is None:
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            audit(actor, "discovery.revoke_key", subject=key, details={"user": key.user})
    return key


def key_of(user: str, password: str, now: datetime) -> AgentKey | None:
    """The key that an agent signs in with; None for a wrong or revoked one."""
    key = AgentKey.objects.filter(user=user).first() if user and "\0" not in user else None
    is_right = hmac.compare_digest(key.digest if key is not None else "", _digest(password))
    if key is None or not is_right or key.revoked_at is not None:
        return None
    if key.last_used_at is None or key.last_used_at < now - NOTED_EVERY:
        AgentKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
