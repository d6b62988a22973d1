"""What the register adds to pages of records: costs, exceptions, and what was discovered."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.panels import parts_panel
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.panels import Panel
from tallystick.server.registers import kinds
from tallystick.server.registers.models import RegisterException
from tallystick.server.registers.queries import cost_of_ownership


def ownership_panel(actor: Actor, asset: str) -> Panel | None:
    found = queries.live(kinds.ASSET, actor).filter(pk=asset).first()
    owned = cost_of_ownership(found, timezone.localdate()) if found is not None else []
    if not owned:
        return None
    return Panel(template="registers/ownership_panel.html", panel={"owned": owned}, is_aside=True)


def exceptions_panel(actor: Actor, asset: str) -> Panel | None:
    if not actor.may(kinds.EXCEPTION.permission("view")):
        return None
    rows = RegisterException.objects.filter(asset=asset, gone_at__isnull=True, state__in=("open", "requested"))
    return Panel(template="registers/exceptions_panel.html", panel={"rows": rows}, is_aside=True) if rows else None


def discovered_panel(actor: Actor, asset: str) -> Panel | None:
    found: Any = queries.live(kinds.ASSET, actor).filter(pk=asset).first()
    if found is None or found.device_id is None or not actor.may(DEVICE.permission("view")):
        return None
    return parts_panel(actor, found.device_id)
