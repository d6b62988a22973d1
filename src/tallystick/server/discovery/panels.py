"""What was found in a device, for its page and for the pages of what it belongs to."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any, Final

from django.conf import settings

from tallystick.server.discovery.codes import PART_KINDS
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import DeviceKey, Installed, KeyKind, Part, Sighting
from tallystick.server.discovery.remote import remote_links
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.panels import Panel

UNSTEADY: Final = 3
"""Ids of its agent from which a device is remarked upon."""


def parts_panel(actor: Actor, device: str) -> Panel | None:
    """Nothing where the reader may not see devices, or there is none."""
    if not actor.may(DEVICE.permission("view")):
        return None
    found: Any = queries.live(DEVICE, actor).filter(pk=device).first()
    sighting = Sighting.objects.select_related("key").filter(pk=device).first()
    if found is None or sighting is None:
        return None
    parts = Part.objects.filter(device=device).order_by("place")
    by_kind = {kind: list(some) for kind, some in groupby(sorted(parts, key=_kind), key=_kind)}
    agents = DeviceKey.objects.filter(device=device, kind=KeyKind.AGENT).count()
    return Panel(
        template="discovery/parts_panel.html",
        panel={
            "device": found,
            "sighting": sighting,
            "parts": [(title, by_kind[kind]) for kind, title in PART_KINDS.titles.items() if kind in by_kind],
            "program_count": Installed.objects.filter(device=device).count(),
            "agent_count": agents if agents >= UNSTEADY else 0,
            "remote": remote_links(settings.CONFIGURATION.remote_url, found, json.loads(found.remote_ids or "{}")),
        },
    )


def _kind(part: Part) -> str:
    return str(part.kind)
