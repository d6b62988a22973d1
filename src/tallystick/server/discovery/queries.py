"""What pages and calls read of discovery."""

from __future__ import annotations

from django.db.models import QuerySet

from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import Installed, Software
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries


def programs_of(actor: Actor, device: str, words: str = "") -> QuerySet[Software]:
    """What is installed on a device, narrowed by a part of the name. Raises NotAllowed, NotFound."""
    queries.one(DEVICE, actor, device)
    rows = Software.objects.filter(pk__in=Installed.objects.filter(device=device).values("software"))
    return rows.filter(name__icontains=words) if words else rows
