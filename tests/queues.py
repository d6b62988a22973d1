"""Queues of Request Tracker as the hub keeps them, for tests that need none to answer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tallystick.server.connections import vault
from tallystick.server.connections.domain import change
from tallystick.server.messages.models import Peer, Role
from tallystick.server.people.actor import Actor
from tallystick.server.request_tracker.domain.trackers import SCHEME
from tallystick.server.request_tracker.forms import FIELDS, STATUSES
from tallystick.server.request_tracker.models import Tracker


def connected(actor: Actor, *, title: str = "Help desk", name: str = "rt", **given: Any) -> Tracker:
    """A queue at an address where nobody is."""
    settings = {"url": "https://rt.example.org", "token": "1-27-not-a-real-token"}
    change.add(actor, name=name, title=title[:120], connector="request_tracker", settings=settings)
    now = timezone.now()
    peer = Peer.objects.create(
        name=f"{name}-facilities",
        title=title[:200],
        role=Role.HELP_DESK,
        address=f"{SCHEME}:{name}",
        mark=name,
        secret=vault.seal("whsec_bm9ib2R5IGtub3dzIHRoaXMgb25l"),
        created_at=now,
        changed_at=now,
    )
    values = {"queue": "Facilities", "fields": FIELDS, "order_field": "Work order", "statuses": STATUSES, **given}
    return Tracker.objects.create(
        peer=peer, connection=name, started_after=0, seen=0, started_at=now, compared_at=now, **values
    )
