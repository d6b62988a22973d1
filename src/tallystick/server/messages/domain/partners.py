"""What people do about message partners: add, pause, delete."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.api.webhooks import signatures
from tallystick.server.connections import vault
from tallystick.server.messages import moment, partners
from tallystick.server.messages.courier import close_off
from tallystick.server.messages.course import OPEN, State
from tallystick.server.messages.models import Peer, Role, Transaction
from tallystick.server.messages.transports import is_of_web
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

CHANGE = "messaging.change_peer"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAdded:
    """`secret` is shown this once; both sides sign with it."""

    peer: Peer
    secret: str


def add(
    actor: Actor,
    *,
    name: str,
    title: str,
    role: str,
    address: str = "",
    can_look_up: bool = True,
    timeout_s: int = 15,
    secret: str = "",
) -> PeerAdded:
    """A system that messages are exchanged with. Raises NotAllowed, InputRefused."""
    actor.check(CHANGE)
    faults: dict[str, str] = {}
    if not _NAME.fullmatch(name):
        faults["name"] = _("Write small letters, digits and dashes, a letter first.")
    elif Peer.objects.filter(name=name).exists():
        faults["name"] = _("There is a message partner of this name already.")
    if role not in Role.values:
        faults["role"] = _("Choose maintenance or help desk.")
    if not 1 <= timeout_s <= 120:
        faults["timeout_s"] = _("Write 1 to 120 seconds.")
    if not _is_address(address):
        faults["address"] = _("Write an address like https://maintenance.example.org/messages.")
    if secret:
        try:
            signatures.key_of(secret)
        except ValueError:
            faults["secret"] = _("A secret is whsec_ and 24 to 64 bytes in base64; leave it empty for a new one.")
    if faults:
        raise InputRefused(_("The message partner was not added."), fields=faults)
    secret = secret or signatures.new_secret()
    now = moment.now()
    with transaction.atomic():
        peer = Peer.objects.create(
            name=name,
            title=title.strip()[:200] or name,
            role=role,
            address=address.rstrip("/"),
            can_look_up=can_look_up,
            timeout_s=timeout_s,
            mark=partners.new_mark(),
            secret=vault.seal(secret),
            created_at=now,
            changed_at=now,
        )
        audit(actor, "messaging.add_peer", subject=peer, details={"role": role, "address": address})
    return PeerAdded(peer=peer, secret=secret)


def pause(actor: Actor, name: str, *, is_paused: bool) -> Peer:
    """Messages to it wait, or go on. Raises NotAllowed, NotFound."""
    actor.check(CHANGE)
    with transaction.atomic():
        peer = partners.peer_of(name)
        if peer.is_paused != is_paused:
            peer.is_paused, peer.changed_at = is_paused, moment.now()
            peer.save(update_fields=["is_paused", "changed_at"])
            audit(actor, "messaging.pause_peer" if is_paused else "messaging.resume_peer", subject=peer)
    return peer


def delete(actor: Actor, name: str) -> Peer:
    """Nothing goes to it or comes from it any more; what was exchanged stays to be seen.

    Raises NotAllowed, NotFound, InputRefused.
    """
    actor.check(CHANGE)
    with transaction.atomic():
        peer = partners.peer_of(name)
        if peer.is_own:
            raise InputRefused(
                _("{name} is a part of this hub and cannot be deleted.").format(name=peer),
                hint=_("Pause it, if messages are to wait."),
            )
        if not is_of_web(peer):
            raise InputRefused(
                _("{name} is a queue of Request Tracker.").format(name=peer),
                hint=_("Delete the queue on its own page."),
            )
        retire(actor, peer)
    return peer


def retire(actor: Actor, peer: Peer) -> None:
    """The same for whoever has a table of its own about the partner; in the transaction around, permission checked.

    Its name is free again, its secret and its address are worth nothing, and what waited for it is cancelled.
    """
    audit(actor, "messaging.delete_peer", subject=peer)
    waiting = Transaction.objects.select_for_update(of=("self",)).select_related("peer")
    for row in waiting.filter(peer=peer, state__in=(*OPEN, State.NEEDS_PERSON, State.PARKED)):
        close_off(row, State.CANCELLED, why=_("{name} deleted the message partner.").format(name=actor.name))
    Peer.objects.filter(pk=peer.pk).update(
        name=f"{peer.name[:40]}~{peer.pk}",
        is_enabled=False,
        is_paused=False,
        mark=partners.new_mark(),
        secret=vault.seal(signatures.new_secret()),
        fault="",
        fault_at=None,
        changed_at=moment.now(),
    )


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not parts.query
            and not parts.username
            and parts.port != 0
            and len(address) <= 500
        )
    except ValueError:
        return False
