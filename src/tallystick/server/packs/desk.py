"""At the desk: from a case the caller's assets with what was discovered of them. Source: spec/assets.md A1; issue 4, 5.

An installed asset finds its device by the register's asset it is linked with, or by its business unit and asset id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from tallystick.model.side import SIDES
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import Sighting
from tallystick.server.discovery.panels import parts_panel
from tallystick.server.discovery.remote import remote_links
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Case, ServiceOrder
from tallystick.server.records.panels import Panel
from tallystick.server.records.record_types import record_type
from tallystick.server.registers.models import RegisterAsset
from tallystick.server.state.link_list import LinksWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At

SHOWN: Final = 12
_OPEN: Final = ("open", "in_progress", "on_hold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An asset of the caller. `device` is None where nothing was discovered of it."""

    asset: Any
    device: Any
    seen_at: Any
    remote: list[tuple[str, str]]
    open_cases: int
    open_orders: int
    is_of_case: bool


def asset_panel(actor: Actor, asset: str) -> Panel | None:
    """What was discovered of an installed asset, on its own page."""
    found: Any = queries.live(record_type("installed_asset"), actor).filter(pk=asset).first()
    if found is None or not actor.may(DEVICE.permission("view")):
        return None
    devices = devices_of([found])
    return parts_panel(actor, devices[found.pk].pk) if found.pk in devices else None


def case_panel(actor: Actor, case: str) -> Panel | None:
    """The caller's assets, the case's own first, then those of the department."""
    kind = record_type("installed_asset")
    found: Any = queries.live(record_type("case"), actor).filter(pk=case).first()
    if found is None or not actor.may(kind.permission("view")):
        return None
    wanted = Q(pk=found.asset_id) if found.asset_id else Q()
    if found.person_id:
        wanted |= Q(person=found.person_id)
    if not wanted:
        return None
    live: Any = queries.live(kind, actor)
    assets = list(live.filter(wanted).select_related("manufacturer", "product").order_by("name")[:SHOWN])
    held = held_by(actor, assets, found)
    if not held:
        return None
    may_choose = actor.may(record_type("case").permission("change"))
    return Panel(template="packs/case_panel.html", panel={"held": held, "case": case, "may_choose": may_choose})


def held_by(actor: Actor, assets: list[Any], case: Any) -> list[Held]:
    devices = devices_of(assets) if actor.may(DEVICE.permission("view")) else {}
    seen = dict(Sighting.objects.filter(pk__in=[one.pk for one in devices.values()]).values_list("pk", "last_seen_at"))
    pattern = settings.CONFIGURATION.remote_url
    found = []
    for asset in assets:
        device = devices.get(asset.pk)
        ids = json.loads(device.remote_ids or "{}") if device is not None else {}
        found.append(
            Held(
                asset=asset,
                device=device,
                seen_at=seen.get(device.pk) if device is not None else None,
                remote=remote_links(pattern, device, ids) if device is not None else [],
                open_cases=_cases(asset, case),
                open_orders=_orders(asset),
                is_of_case=asset.pk == case.asset_id,
            )
        )
    return sorted(found, key=lambda one: not one.is_of_case)


def devices_of(assets: list[Any]) -> dict[str, Any]:
    """Installed asset -> its device."""
    registered = _linked([asset.pk for asset in assets])
    by_id = {(one.business_unit, one.asset_id): one.pk for one in assets if one.business_unit and one.asset_id}
    query = Q(pk__in=list(registered))
    for unit, asset_id in by_id:
        query |= Q(business_unit=unit, asset_id=asset_id)
    rows: Any = RegisterAsset.objects.filter(query, gone_at__isnull=True, device__gone_at__isnull=True)
    found: dict[str, Any] = {}
    for row in rows.filter(device__isnull=False).select_related("device"):
        asset = registered.get(row.pk) or by_id.get((row.business_unit, row.asset_id))
        if asset is not None:
            found[asset] = row.device
    return found


def _linked(ids: list[str]) -> dict[str, str]:
    """Record on the other side -> installed asset, of all links of these."""
    found: dict[str, str] = {}
    for id_ in ids:
        for line in looking().links_page(LinksWanted(id=id_), At(rows=20)).rows:
            for side in SIDES:
                end = line.link.end(side)
                if end is not None and end.id != id_:
                    found[end.id] = id_
    return found


def _cases(asset: Any, case: Any) -> int:
    cases = Case.objects.filter(asset=asset.pk, gone_at__isnull=True, status__in=_OPEN)
    return cases.exclude(pk=case.pk).count()


def _orders(asset: Any) -> int:
    done = ("completed", "closed", "cancelled")
    return ServiceOrder.objects.filter(asset=asset.pk, gone_at__isnull=True).exclude(status__in=done).count()


def choose(actor: Actor, case: str, asset: str) -> None:
    """The case is about this asset of the caller. Raises NotAllowed, NotFound, InputRefused."""
    queries.one(record_type("installed_asset"), actor, asset)
    actions.update(actor, "case", case, {"asset": asset})
