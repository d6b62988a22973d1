"""What the statuses of other maintenance systems mean; what was parked for one of them is taken up (S7)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.desk.codes import STATUSES
from tallystick.server.desk.domain import events
from tallystick.server.desk.models import StatusMap
from tallystick.server.messages.models import Peer
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

CHANGE = "desk.change_statusmap"


def map_status(actor: Actor, peer: Peer, theirs: str, means: str) -> int:
    """Says what a status means; how many parked messages were taken up. Raises NotAllowed, InputRefused."""
    actor.check(CHANGE)
    theirs = theirs.strip()
    faults: dict[str, str] = {}
    if not theirs or len(theirs) > 40 or not theirs.isprintable():
        faults["theirs"] = _("Write the code of their status, 40 characters at most.")
    if means not in STATUSES.codes:
        faults["means"] = _("Choose one of the statuses.")
    if faults:
        raise InputRefused(_("The status was not mapped."), fields=faults)
    with transaction.atomic():
        StatusMap.objects.update_or_create(peer=peer, theirs=theirs, defaults={"means": means})
        audit(actor, "desk.map_status", subject=peer, details={"theirs": theirs, "means": means})
    return events.take_up_parked(peer)
