"""What is expected against what was discovered: each difference becomes one exception, and clears by itself.

Source: spec/assets.md A24; issue 4, "The asset register".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from tallystick.model.value import Value
from tallystick.runs.world import TimeIds
from tallystick.server.discovery.models import Device, Sighting
from tallystick.server.discovery.solid import key_of
from tallystick.server.records.domain.steps import Author, Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.queries import HUB
from tallystick.server.records.values import stamp
from tallystick.server.registers.codes import IT_HARDWARE
from tallystick.server.registers.domain.filling import FILLED, fill
from tallystick.server.registers.kinds import EXCEPTION
from tallystick.server.registers.models import RegisterAsset, RegisterException, Watch

COMPARED: Final = ("serial_number", "manufacturer", "model", "asset_tag", "business_unit")
"""Fields of an asset that a person answers for; the other discovered facts simply flow into the register."""
AUTHOR: Final = Author(by="Tallystick", via="comparison")
SETTLED: Final = ("ignored", "refused")
"""What a person decided stays decided as long as the same is found."""
EVERY: Final = timedelta(minutes=10)
_AT_ONCE: Final = 500
_IDS: Final = TimeIds()
_GONE: Final = ("retired", "disposed", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference; its key is everything but the texts."""

    kind: str
    asset: str | None
    device: str | None
    field: str
    name: str
    expected: str
    discovered: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.kind, self.asset or "", "" if self.asset else self.device or "", self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    opened: int
    cleared: int
    standing: int


def watch() -> Watch:
    """The settings; the delivered ones where nobody set any."""
    return Watch.objects.first() or Watch()


def compare_if_due(now: datetime) -> Compared | None:
    """Nothing where another process compared a moment ago."""
    kept = watch()
    if kept._state.adding:
        kept.save()
    due = Q(compared_at__isnull=True) | Q(compared_at__lt=now - EVERY)
    return compare(now) if Watch.objects.filter(due, pk=kept.pk).update(compared_at=now) else None


def compare(now: datetime) -> Compared:
    """Fills the register with what is new, then looks at everything. What is written has its history."""
    settings = watch()
    fill(now, enters=settings.enters_new)
    left_out = frozenset(settings.left_out)
    found = {one.key: one for one in _found(settings, now) if not {one.kind, one.field} & left_out}
    with transaction.atomic(using=HUB):
        list(Watch.objects.select_for_update().values_list("pk"))  # one comparison writes at a time
        steps: list[Step] = []
        cleared = 0
        seen: set[tuple[str, str, str, str]] = set()
        for kept in RegisterException.objects.filter(gone_at__isnull=True).iterator():
            key = kept.kind, kept.asset_id or "", "" if kept.asset_id else kept.device_id or "", kept.field or ""
            seen.add(key)
            one = found.get(key)
            if one is not None:
                steps += _again(kept, one, now)
            elif kept.state in ("open", "requested"):
                cleared += 1
                steps.append(Step(doing=Doing.UPDATE, id=kept.pk, values={"state": "cleared"}))
        fresh = [one for key, one in found.items() if key not in seen]
        steps += [Step(doing=Doing.CREATE, values=_values(one, now)) for one in fresh]
        place = Place(using=HUB, now=now)
        for start in range(0, len(steps), _AT_ONCE):
            carry_out(EXCEPTION, steps[start : start + _AT_ONCE], AUTHOR, place, new_id=_IDS.new)
        settings.compared_at = now
        settings.save()
    opened = sum(step.values.get("state") == "open" for step in steps)
    return Compared(opened=opened, cleared=cleared, standing=len(found))


def _again(kept: Any, one: Found, now: datetime) -> Iterator[Step]:
    is_same = (kept.expected or "", kept.discovered or "") == (one.expected, one.discovered)
    if kept.state in ("open", "requested") or kept.state in SETTLED:
        if not is_same:
            yield Step(doing=Doing.UPDATE, id=kept.pk, values=_values(one, now))
    else:  # accepted or cleared once, and there again
        yield Step(doing=Doing.UPDATE, id=kept.pk, values=_values(one, now))


def _values(one: Found, now: datetime) -> dict[str, Value]:
    return {
        "name": one.name[:150],
        "kind": one.kind,
        "state": "open",
        "asset": one.asset,
        "device": one.device,
        "field": one.field or None,
        "expected": one.expected[:200] or None,
        "discovered": one.discovered[:200] or None,
        "found_at": stamp(now),
        "decided_at": None,
        "decided_by": None,
        "reason": None,
    }


# --- what differs


def _found(settings: Watch, now: datetime) -> Iterator[Found]:
    late = now - timedelta(days=settings.inventory_age_days)
    seen: dict[str, datetime] = dict(Sighting.objects.values_list("device", "last_seen_at"))
    known: set[str] = set()
    hardware = RegisterAsset.objects.filter(gone_at__isnull=True, asset_type=IT_HARDWARE, device__isnull=False)
    assets = hardware.filter(device__gone_at__isnull=True).select_related("device", "manufacturer").order_by("pk")
    for asset in assets.iterator(chunk_size=2000):
        known.add(asset.device_id)
        yield from _of_asset(asset, seen.get(asset.device_id), late)
    strangers = Device.objects.filter(gone_at__isnull=True).order_by("pk")
    for device in strangers.iterator(chunk_size=2000):
        if device.pk not in known:
            text = " ".join(part for part in (device.manufacturer, device.model, device.serial_number) if part)
            yield Found(
                kind="unexpected",
                asset=None,
                device=device.pk,
                field="",
                name=device.name,
                expected="",
                discovered=text or device.name,
            )


def _of_asset(asset: Any, seen_at: datetime | None, late: datetime) -> Iterator[Found]:
    device = asset.device
    about: Mapping[str, Any] = {"asset": asset.pk, "device": device.pk, "name": f"{asset.name} ({asset.asset_id})"}
    is_seen = seen_at is not None and seen_at >= late
    is_expected = asset.is_in_use and asset.status not in _GONE
    if is_expected and not is_seen:
        shown = stamp(seen_at)[:10] if seen_at is not None else ""
        yield Found(kind="not_seen", field="", expected="", discovered=shown, **about)
    if is_seen and not is_expected:
        yield Found(kind="not_in_use", field="", expected=asset.status, discovered=device.name, **about)
    if not is_expected:
        return
    for field in COMPARED:
        expected, discovered = _text(asset, field), _text(device, field)
        if discovered and (expected or field not in FILLED) and comparable(expected) != comparable(discovered):
            yield Found(kind="differs", field=field, expected=expected, discovered=discovered, **about)


def _text(record: Any, field: str) -> str:
    value = getattr(record, field)
    return str(getattr(value, "name", value) or "")


def comparable(text: str) -> str:
    """Letters and digits without case: how a maker writes dots and blanks is no difference."""
    return key_of(text) or text.casefold().strip()
