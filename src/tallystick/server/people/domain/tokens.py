"""API tokens: made by a person for a program, shown once, and never more than the person may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound, SignInFailed
from tallystick.server.people.actor import API, Actor, actor_of
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.models import ApiToken

START: Final = "tly"
MOST: Final = 50
"""Tokens in use that one person may have."""
LONGEST: Final = timedelta(days=366)
NOTED_EVERY: Final = timedelta(minutes=5)
"""How exact `last_used_at` is; each request writing it would be dear."""
READING: Final = "*.view_*"
EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMade:
    """`text` is the token itself: it is kept nowhere and can be shown this once."""

    token: ApiToken
    text: str


def create_token(actor: Actor, *, name: str, scopes: Collection[str], expires_at: datetime | None) -> TokenMade:
    """A token for programs of this person. `scopes` are patterns of permissions, like `records.*` or `*.view_*`.

    Raises NotAllowed, InputRefused.
    """
    actor.check("people.use_tokens")
    faults: dict[str, str] = {}
    name = name.strip()
    if not name or len(name) > 120:
        faults["name"] = _("Write a name of up to 120 characters: what will use it.")
    if not scopes:
        faults["scopes"] = _("Choose what the token may do.")
    elif unknown := sorted(one for one in scopes if not _covered(one, actor.permissions)):
        faults["scopes"] = _("You may not do this yourself: {names}.").format(names=", ".join(unknown))
    if expires_at is None or not timezone.now() < expires_at <= timezone.now() + LONGEST:
        faults["expires_at"] = _("Choose a day from tomorrow on, at most a year away.")
    if actor.person is None or actor.via == API:
        raise InputRefused(
            _("Only a person who is signed in makes tokens."), hint=_("Make it on the page “API tokens”.")
        )
    if ApiToken.objects.filter(user=actor.person, revoked_at=None, expires_at__gt=timezone.now()).count() >= MOST:
        faults["name"] = _("You have 50 tokens in use. Revoke one first.")
    if faults:
        raise InputRefused(_("The token was not made."), fields=faults)
    mark, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    text = f"{START}_{mark}_{secret}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            user_id=actor.person,
            name=name,
            mark=mark,
            digest=_digest(text),
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
        audit(actor, "people.create_token", subject=token, details={"scopes": token.scopes, "mark": mark})
    return TokenMade(token=token, text=text)


def revoke_token(actor: Actor, token_id: int) -> ApiToken:
    """One's own, or with `people.manage_tokens` anybody's. Raises NotFound."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().filter(pk=token_id).first()
        is_own = token is not None and token.user_id == actor.person
        if token is None or not (is_own or actor.may("people.manage_tokens")):
            raise NotFound(_("There is no such token."), hint=_("Load the list again."))
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            audit(actor, "people.revoke_token", subject=token, details={"mark": token.mark})
    return token


def actor_of_token(text: str, *, address: str = "") -> Actor:
    """Who a program with this token acts for, with what both may do. Raises SignInFailed."""
    parts = text.split("_", 2)
    mark = parts[1] if len(parts) == 3 and parts[0] == START else ""
    token = ApiToken.objects.select_related("user").filter(mark=mark).first() if mark else None
    now = timezone.now()
    is_right = token is not None and hmac.compare_digest(token.digest, _digest(text))
    if token is None or not is_right or token.revoked_at is not None or not token.user.is_active:
        raise SignInFailed(_("The token is unknown or was revoked."), hint=_("Make one on the page “API tokens”."))
    if token.expires_at is not None and token.expires_at <= now:
        raise SignInFailed(_("The token has expired."), hint=_("Make a new one on the page “API tokens”."))
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    person = actor_of(token.user, via=API, address=address)
    allowed = frozenset(one for one in person.permissions if any(fnmatchcase(one, scope) for scope in token.scopes))
    return Actor(
        person=person.person, name=f"{person.name} ({token.name})", permissions=allowed, via=API, address=address
    )


def _covered(scope: str, permissions: frozenset[str]) -> bool:
    return any(fnmatchcase(permission, scope) for permission in permissions)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
