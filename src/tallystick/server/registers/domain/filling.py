"""What was discovered fills the register: devices find their assets, new ones are entered. Source: spec/assets.md A2.

Only what identifies joins: the serial number with its maker, the asset tag, a network card. Where several assets fit,
or one that another device is already, nothing is joined: the device becomes an exception, for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.runs.world import TimeIds
from tallystick.server.discovery.facts import is_local
from tallystick.server.discovery.models import Device
from tallystick.server.discovery.solid import key_of
from tallystick.server.records.domain.steps import Author, Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.queries import HUB
from tallystick.server.records.values import listed, of_column
from tallystick.server.registers.codes import IT_HARDWARE
from tallystick.server.registers.kinds import ASSET, MANUFACTURER
from tallystick.server.registers.models import RegisterAsset, RegisterManufacturer, RegisterSubtype

FACTS: Final = (
    "hostname",
    "operating_system",
    "os_version",
    "processor",
    "memory_mb",
    "storage_gb",
    "mac_addresses",
    "ip_addresses",
    "last_user",
    "last_seen_on",
)
"""They flow whenever they are found; nobody answers for them."""
IDENTITY: Final = ("name", "business_unit", "serial_number", "model", "asset_tag")
"""Set where discovery enters an asset, and compared from then on."""
FILLED: Final = ("manufacturer", "model", "asset_tag")
"""Taken from the device where the register says nothing: only what is expected can be found otherwise."""
AUTHOR: Final = Author(by="Tallystick", via="discovery")
_AT_ONCE: Final = 500
_IDS: Final = TimeIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """How many assets were joined with a device, entered, and brought up to date; `refused` are sentences."""

    joined: int
    entered: int
    updated: int
    refused: tuple[str, ...]


def fill(now: datetime, *, enters: bool) -> Filled:
    """`enters`: whether a device that fits no asset becomes one."""
    place = Place(using=HUB, now=now)
    known = set(RegisterAsset.objects.filter(device__isnull=False).values_list("device", flat=True))
    strangers: Any = Device.objects.filter(gone_at__isnull=True, asset_type=IT_HARDWARE)
    new = [one for one in strangers.order_by("pk").iterator(chunk_size=2000) if one.pk not in known]
    places = _Places() if new else None
    joins: list[Step] = []
    entries: list[Any] = []
    for device in new:
        fitting, is_doubtful = places.of(device) if places is not None else (None, False)
        if fitting is not None:
            joins.append(Step(doing=Doing.UPDATE, id=fitting, values={"device": device.pk}))
        elif enters and not is_doubtful and device.business_unit:
            entries.append(device)
    with transaction.atomic(using=HUB):
        joined = _carried_out(joins, place)
        references = _References(place)
        entered = _carried_out([_entry(device, references) for device in entries], place)
        updated = _carried_out(_updates(references), place)
    refused = [*joined[1], *entered[1], *updated[1]]
    return Filled(joined=joined[0], entered=entered[0], updated=updated[0], refused=tuple(refused))


def _carried_out(steps: Sequence[Step], place: Place) -> tuple[int, list[str]]:
    done = [
        one
        for start in range(0, len(steps), _AT_ONCE)
        for one in carry_out(ASSET, steps[start : start + _AT_ONCE], AUTHOR, place, new_id=_IDS.new)
    ]
    refused = [one.message for one in done if one.result is not Result.DONE]
    return len(done) - len(refused), refused


def _updates(references: _References) -> list[Step]:
    """What the devices of assets tell otherwise than the register has it."""
    steps: list[Step] = []
    assets = RegisterAsset.objects.filter(gone_at__isnull=True, device__gone_at__isnull=True, device__isnull=False)
    for asset in assets.select_related("device").order_by("pk").iterator(chunk_size=2000):
        values = _facts(asset.device)
        changed: dict[str, Value] = {
            name: value for name, value in values.items() if value is not None and _fact(asset, name) != value
        }
        for name in FILLED:
            found = getattr(asset.device, name)
            if found and not getattr(asset, ASSET.fields[name].attname):
                changed[name] = references.manufacturer(found) if name == "manufacturer" else found
        if changed:
            steps.append(Step(doing=Doing.UPDATE, id=asset.pk, values=changed))
    return steps


def _facts(device: Any) -> dict[str, Value]:
    return {name: _fact(device, name) for name in FACTS}


def _fact(record: Any, name: str) -> Value:
    return of_column(ASSET.fields[name].type, getattr(record, name))


def _entry(device: Any, references: _References) -> Step:
    values = {name: value for name in IDENTITY if (value := getattr(device, name))}
    values |= {name: value for name, value in _facts(device).items() if value is not None}
    values |= {"device": device.pk, "asset_type": device.asset_type}
    if device.manufacturer:
        values["manufacturer"] = references.manufacturer(device.manufacturer)
    if device.subtype and (subtype := references.subtypes.get(device.subtype)):
        values["subtype"] = subtype
    return Step(doing=Doing.CREATE, values=values)


class _Places:
    """Assets by what identifies them."""

    def __init__(self) -> None:
        self._serials: dict[str, list[tuple[str, str, str | None]]] = {}
        self._tags: dict[str, list[tuple[str, str | None]]] = {}
        self._macs: dict[str, list[tuple[str, str | None]]] = {}
        self._names: set[str] = set()
        assets: Any = RegisterAsset.objects.filter(gone_at__isnull=True, asset_type=IT_HARDWARE, is_in_use=True)
        columns = ("pk", "serial_key", "manufacturer__name", "asset_tag", "mac_addresses", "hostname", "device")
        for id_, serial, maker, tag, macs, hostname, device in assets.values_list(*columns).iterator(chunk_size=2000):
            if serial:
                self._serials.setdefault(serial, []).append((id_, key_of(maker or ""), device))
            if tag and key_of(tag):
                self._tags.setdefault(key_of(tag), []).append((id_, device))
            for mac in listed(macs):
                if not is_local(mac):
                    self._macs.setdefault(mac, []).append((id_, device))
            if hostname:
                self._names.add(hostname.casefold())

    def of(self, device: Any) -> tuple[str | None, bool]:
        """The asset this device is; and whether there are some it may be, so that none is entered by itself."""
        maker = key_of(device.manufacturer or "")
        serials = self._serials.get(key_of(device.serial_number or ""), [])
        found = [(id_, other) for id_, makers, other in serials if not maker or not makers or makers == maker]
        if serials:
            return _one(found), True
        for fitting in (
            self._tags.get(key_of(device.asset_tag or ""), []),
            [one for mac in listed(device.mac_addresses) for one in self._macs.get(mac, [])],
        ):
            if fitting:
                return _one(fitting), True
        return None, bool(device.hostname) and device.hostname.casefold() in self._names


def _one(fitting: Iterable[tuple[str, str | None]]) -> str | None:
    """The only one, where no other device is it already."""
    found = set(fitting)
    (id_, device), *others = found if found else [("", "")]
    return id_ if not others and id_ and device is None else None


class _References:
    """Manufacturers and subtypes by name and code; a manufacturer that is not there is made."""

    def __init__(self, place: Place) -> None:
        self._place = place
        live = RegisterManufacturer.objects.filter(gone_at__isnull=True)
        self._makers: dict[str, str] = {_maker(name): id_ for id_, name in live.values_list("pk", "name")}
        codes: Any = RegisterSubtype.objects.filter(gone_at__isnull=True).values_list("code", "pk")
        self.subtypes: Mapping[str, str] = dict(codes)

    def manufacturer(self, name: str) -> str | None:
        """Dell Inc. is Dell Inc, however it is written."""
        key = _maker(name)
        if key not in self._makers:
            steps = [Step(doing=Doing.CREATE, values={"name": name})]
            (done,) = carry_out(MANUFACTURER, steps, AUTHOR, self._place, new_id=_IDS.new)
            if done.id is None:
                return None
            self._makers[key] = done.id
        return self._makers[key]


def _maker(name: str) -> str:
    return key_of(name) or name.casefold()
