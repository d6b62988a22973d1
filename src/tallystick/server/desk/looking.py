"""The help desk looks up what maintenance offers, and keeps it for as long as it may be old (W3, S6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tallystick.errors import TallystickError
from tallystick.server.messages import moment
from tallystick.server.messages.lists import Entry
from tallystick.server.messages.models import KeptList, Peer
from tallystick.server.messages.transports import transport_of

LIMIT: Final = timedelta(minutes=10)
"""An older list is read again before it is offered, and before a request is sent."""
KEPT: Final = ("problems", "shops", "priorities", "statuses")
"""Lists that are short enough to be kept whole; assets are searched where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`fault` is a sentence where the list could not be read now; `entries` are then those of `at`, or none."""

    entries: list[Entry]
    at: datetime | None
    fault: str = ""


def look(peer: Peer, name: str, *, limit: timedelta = LIMIT) -> Looked:
    """A kept list, read again if it is older than its limit. Raises nothing that a network may do."""
    now = moment.now()
    kept = KeptList.objects.filter(peer=peer, name=name).first()
    if kept is not None and now - kept.fetched_at <= limit:
        return Looked(entries=kept.entries, at=kept.fetched_at)
    try:
        entries = transport_of(peer).read_list(peer, name, "")
    except TallystickError as error:
        return Looked(entries=kept.entries if kept else [], at=kept.fetched_at if kept else None, fault=str(error))
    KeptList.objects.update_or_create(peer=peer, name=name, defaults={"entries": entries, "fetched_at": now})
    return Looked(entries=entries, at=now)


def search(peer: Peer, name: str, words: str) -> list[Entry]:
    """Asks maintenance itself. Raises Unreachable, SystemFault, NotFound."""
    return transport_of(peer).read_list(peer, name, words)
