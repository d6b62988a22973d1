"""The systems messages are exchanged with: the hub's own two halves, and others."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.server.api.webhooks import signatures
from tallystick.server.connections import vault
from tallystick.server.messages import moment
from tallystick.server.messages.models import Peer, Role

OWN: Final = {
    Role.MAINTENANCE: ("own-maintenance", "Own maintenance"),
    Role.HELP_DESK: ("own-help-desk", "Own help desk"),
}


def own(role: Role) -> Peer:
    """The hub's own maintenance or help desk, as the other half sees it."""
    found = Peer.objects.filter(is_own=True, role=role).first()
    if found is not None:
        return found
    name, title = OWN[role]
    now = moment.now()
    try:
        with transaction.atomic():
            return Peer.objects.create(
                name=name,
                title=title,
                role=role,
                is_own=True,
                mark=new_mark(),
                secret=vault.seal(signatures.new_secret()),
                created_at=now,
                changed_at=now,
            )
    except IntegrityError:  # another process was faster
        return Peer.objects.get(name=name)


def counterpart(peer: Peer) -> Peer:
    """Who the hub's own half is to the half it talks to."""
    return own(Role.HELP_DESK if peer.role == Role.MAINTENANCE else Role.MAINTENANCE)


def of_role(role: Role) -> list[Peer]:
    """Those in use, the hub's own first."""
    own(role)
    return sorted(Peer.objects.filter(role=role, is_enabled=True), key=lambda one: (not one.is_own, one.name))


def in_use() -> list[Peer]:
    """All that messages are exchanged with, the hub's own first."""
    for role in Role:
        own(role)
    return list(Peer.objects.filter(is_enabled=True).order_by("-is_own", "title"))


def check_in_use(peer: Peer) -> None:
    """Raises InputRefused for one that was deleted: nothing can be sent to it any more."""
    if not peer.is_enabled:
        raise InputRefused(
            _("The message partner {name} was deleted, so nothing can be sent to it.").format(name=peer),
            hint=_("Add it again, or use another one."),
        )


def peer_of(name: str) -> Peer:
    """One in use. Raises NotFound."""
    found = Peer.objects.filter(name=name, is_enabled=True).first()
    if found is None:
        raise NotFound(
            _("There is no message partner of this name."),
            hint=_("The list of partners shows those there are."),
        )
    return found


def new_mark() -> str:
    return secrets.token_urlsafe(18)


def key_of(peer: Peer) -> bytes:
    return signatures.key_of(vault.unseal(peer.secret))


def incoming_url(peer: Peer) -> str:
    """Where this peer sends its messages."""
    return f"{hub_address()}/api/messages/v1/{peer.mark}"


def hub_address() -> str:
    """How people and programs reach this hub; empty when it was not told."""
    return str(settings.CONFIGURATION.address)


def rotate_secrets(again: Callable[[str], str]) -> int:
    """For `tallystick keys rotate`."""
    count = 0
    for number, secret in Peer.objects.values_list("pk", "secret"):
        count += Peer.objects.filter(pk=number, secret=secret).update(secret=again(secret))
    return count
