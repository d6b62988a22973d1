"""Which known device a report is about. Source: spec/assets.md A13, A23; issue 4, "Bad input".

An agent's id alone says little: a re-installed agent has a new one, some change it daily, and copied disks share one.
So the machine itself is asked first, each value only as far as it tells machines apart: one that several devices have
is no evidence, and devices that contradict each other are never the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tallystick.server.discovery.facts import Facts, is_local
from tallystick.server.discovery.models import Device, DeviceKey, KeyKind
from tallystick.server.discovery.solid import key_of
from tallystick.server.records.values import listed

MOST_ALIKE: Final = 20
"""A value that more devices have is not looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a machine is recognised by, comparable; "" and empty where it is not known."""

    agent: str
    uuid: str
    serial: str
    macs: frozenset[str]  # of makers
    local_macs: frozenset[str]  # given by software
    hostname: str

    def pairs(self) -> list[tuple[str, str]]:
        single = ((KeyKind.AGENT, self.agent), (KeyKind.UUID, self.uuid), (KeyKind.SERIAL, self.serial))
        found = [(kind.value, value) for kind, value in single if value]
        found += [(KeyKind.MAC.value, mac) for mac in sorted(self.macs)]
        return found + [(KeyKind.LOCAL_MAC.value, mac) for mac in sorted(self.local_macs)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    id: str
    marks: Marks


def marks_of(agent: str, facts: Facts) -> Marks:
    return _marks(
        agent, facts.values.get("uuid"), facts.values.get("serial_number"), facts.macs, facts.values.get("hostname")
    )


def recognise(marks: Marks) -> tuple[str, str]:
    """Id of the device and the kind of key that told; two empty texts for one that is new."""
    known = {kind: _having(kind, values) for kind, values in _asked(marks)}
    for one in known.get(KeyKind.AGENT, ()):
        if not _contradicts(one.marks, marks) or _is_repaired(one.marks, marks):
            return one.id, KeyKind.AGENT.value
    for kind in (KeyKind.UUID, KeyKind.SERIAL, KeyKind.MAC, KeyKind.LOCAL_MAC):
        fitting = [one for one in known.get(kind, ()) if _fits(kind, one.marks, marks)]
        if len(fitting) > 1:
            fitting = [one for one in fitting if one.marks.hostname == marks.hostname]
        if len(fitting) == 1:
            return fitting[0].id, kind.value
    return "", ""


def _asked(marks: Marks) -> Iterable[tuple[KeyKind, Collection[str]]]:
    values: dict[str, list[str]] = {}
    for kind, value in marks.pairs():
        values.setdefault(kind, []).append(value)
    return ((KeyKind(kind), some) for kind, some in values.items())


def _contradicts(one: Marks, other: Marks) -> bool:
    """Whether they cannot be one machine. Cards in common count for nothing here: docks and adapters go round."""
    return _differ(one.uuid, other.uuid) or _differ(one.serial, other.serial)


def _is_repaired(one: Marks, other: Marks) -> bool:
    """The same agent in the same case, after the board with its cards was replaced."""
    return bool(one.serial) and one.serial == other.serial and one.hostname == other.hostname


def _fits(kind: KeyKind, one: Marks, other: Marks) -> bool:
    if _contradicts(one, other):
        return False
    is_same_name = bool(one.hostname) and one.hostname == other.hostname
    match kind:
        case KeyKind.SERIAL:
            cards, others = one.macs | one.local_macs, other.macs | other.local_macs
            return is_same_name or not (cards and others) or bool(cards & others)
        case KeyKind.LOCAL_MAC:
            return is_same_name
    return True


def _differ(one: str, other: str) -> bool:
    return bool(one) and bool(other) and one != other


def _having(kind: KeyKind, values: Collection[str]) -> list[Known]:
    """Devices with one of these keys; none where there are too many for it to mean anything."""
    keys = DeviceKey.objects.filter(kind=kind, value__in=values)
    ids = list(keys.order_by().values_list("device", flat=True).distinct()[: MOST_ALIKE + 1])
    if not ids or len(ids) > MOST_ALIKE:
        return []
    columns = ("pk", "uuid", "serial_number", "mac_addresses", "hostname")
    rows: Any = Device.objects.filter(pk__in=ids).order_by("pk").values_list(*columns)
    return [
        Known(id=id_, marks=_marks("", uuid, serial, listed(macs), hostname))
        for id_, uuid, serial, macs, hostname in rows
    ]


def _marks(agent: str, uuid: Any, serial: Any, macs: Collection[str], hostname: Any) -> Marks:
    return Marks(
        agent=agent[:200],
        uuid=str(uuid or ""),
        serial=key_of(str(serial or ""))[:200],
        macs=frozenset(mac for mac in macs if not is_local(mac)),
        local_macs=frozenset(mac for mac in macs if is_local(mac)),
        hostname=str(hostname or "").casefold(),
    )
