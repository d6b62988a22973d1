"""What a report says of a device, in our words and units. Source: spec/assets.md A2, A13."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.server.discovery.protocol.report import Report, Row
from tallystick.server.discovery.solid import solid

_MAC: Final = re.compile(r"[0-9a-f]{12}")
_NOT_HEX: Final = re.compile(r"[^0-9a-f]")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_UNREAL: Final = re.compile(
    r"^(lo|docker|veth|virbr|vmnet|vboxnet|br-|tun|tap|ppp|wg|zt|cni|flannel|dummy)|loopback|bluetooth|virtual"
    r"|vpn|tunnel|pseudo|miniport|teredo|isatap",
    re.IGNORECASE,
)
JUNK_UUIDS: Final = frozenset(
    {
        "030002000400050006000700080009",
        "03000200040005000006000700080009",
        "00020003000400050006000700080009",
        "12345678123412341234123456789012",
        "fefefefefefefefefefefefefefefefe",
    }
)
"""Written by makers of boards who did not care."""
JUNK_MACS: Final = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:00:4c:4f:4f:50", "00:ff:ff:ff:ff:ff"})
_KINDS: Final = {"computer": "computer", "phone": "phone", "printer": "printer", "networkequipment": "network"}
_SUBTYPES: Final = (
    (("virtual",), "VIRTUAL"),
    (("laptop", "notebook", "portable", "convertible", "detachable", "sub notebook"), "LAPTOP"),
    (("tablet",), "TABLET"),
    (("server", "rack", "blade", "main server"), "SERVER"),
    (("desktop", "tower", "mini pc", "all in one", "low profile", "pizza box", "space-saving"), "DESKTOP"),
)
_BY_KIND: Final = {"phone": "PHONE", "printer": "PRINTER", "network": "NETWORK"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFound:
    kind: str
    name: str
    maker: str
    serial: str
    size_mb: int | None
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    name: str
    publisher: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`values`: fields of a device; None where the report says nothing. Sections that are not there say nothing."""

    values: Mapping[str, str | int | None]
    macs: tuple[str, ...] = ()  # of real network cards, the makers' own first
    ips: tuple[str, ...] = ()
    remote: Mapping[str, str] = field(default_factory=dict)  # teamviewer -> 123456789
    parts: Mapping[str, Sequence[PartFound]] = field(default_factory=dict)  # kind -> parts
    programs: Sequence[Program] | None = None  # None: not reported


def facts_of(report: Report) -> Facts:
    """Never raises: what makes no sense is left out."""
    hardware, bios, system = report.first("hardware"), report.first("bios"), report.first("operatingsystem")
    device = report.first("network_device")
    kind = _KINDS.get(report.kind, "other")
    networks = [*report.sections.get("networks", ()), *report.sections.get("network_ports", ())]
    macs = tuple(dict.fromkeys(mac for row in networks if _is_real(row) and (mac := mac_of(row))))
    macs += tuple(mac for mac in (mac_text(device.get("mac", "")),) if mac and mac not in macs)
    hostname = (hardware.get("name") or device.get("name") or "").strip()
    parts = {
        kind: list(_parts(kind, report.sections[name])) for name, kind in SECTIONS.items() if name in report.sections
    }
    values: dict[str, str | int | None] = {
        "kind": kind,
        "hostname": hostname or None,
        "domain": hardware.get("workgroup") or system.get("dns_domain"),
        "serial_number": solid(bios.get("ssn")) or solid(device.get("serial")) or solid(hardware.get("serial")),
        "asset_tag": solid(bios.get("assettag")),
        "uuid": uuid_of(hardware.get("uuid", "")) or None,
        "manufacturer": solid(bios.get("smanufacturer")) or solid(device.get("manufacturer")) or _maker(bios),
        "model": solid(bios.get("smodel")) or solid(device.get("model")) or solid(bios.get("mmodel")),
        "subtype": _BY_KIND.get(kind) or _subtype(hardware, bios),
        "operating_system": system.get("full_name") or system.get("name") or hardware.get("osname"),
        "os_version": system.get("kernel_version") or system.get("version") or hardware.get("osversion"),
        "processor": _processor(report) or hardware.get("processort"),
        "memory_mb": _whole(hardware.get("memory")) or _sum(parts.get("memory")),
        "storage_gb": _storage(parts.get("disk")),
        "last_user": hardware.get("lastloggeduser") or hardware.get("userid"),
    }
    return Facts(
        values=values,
        macs=tuple(sorted(macs, key=is_local)),
        ips=tuple(dict.fromkeys(_ips(networks, device))),
        remote={
            row["type"][:40]: row["id"][:100]
            for row in report.sections.get("remote_mgmt", ())
            if "type" in row and "id" in row
        },
        parts=parts,
        programs=_programs(report.sections["softwares"]) if "softwares" in report.sections else None,
    )


def uuid_of(text: str) -> str:
    """32 hexadecimal characters; "" for junk."""
    found = _NOT_HEX.sub("", text.lower())
    is_right = len(found) == 32 and len(set(found)) > 2 and found not in JUNK_UUIDS
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}" if is_right else ""


def mac_text(text: str) -> str:
    """`aa:bb:cc:dd:ee:ff`; "" for junk, broadcast and multicast."""
    found = _NOT_HEX.sub("", text.lower())
    if not _MAC.fullmatch(found) or int(found[:2], 16) & 1:
        return ""
    mac = ":".join(found[place : place + 2] for place in range(0, 12, 2))
    return "" if mac in JUNK_MACS else mac


def mac_of(row: Row) -> str:
    return mac_text(row.get("macaddr") or row.get("mac") or "")


def is_local(mac: str) -> bool:
    """Given by software, not by the maker of the card: others may have the same."""
    return bool(int(mac[:2], 16) & 2)


# --- parts

SECTIONS: Final = {
    "cpus": "processor",
    "memories": "memory",
    "storages": "disk",
    "drives": "volume",
    "networks": "network",
    "monitors": "monitor",
    "batteries": "battery",
    "printers": "printer",
    "simcards": "sim",
}
MOST_PARTS: Final = 500
MOST_PROGRAMS: Final = 20_000
_NAMES: Final = {
    "processor": ("name", "type"),
    "memory": ("caption", "description", "type"),
    "disk": ("model", "name", "description"),
    "volume": ("letter", "type", "volumn", "label"),
    "network": ("description", "name"),
    "monitor": ("caption", "name", "description"),
}
_SIZES: Final = {"memory": "capacity", "disk": "disksize", "volume": "total"}
_LEFT_OUT: Final = frozenset({"base64", "uuencode", "ssh_key", "serial", "serialnumber", "manufacturer"})


def _parts(kind: str, rows: Sequence[Row]) -> Iterator[PartFound]:
    for row in rows[:MOST_PARTS]:
        if kind == "disk" and _is_drive_for_discs(row):
            continue
        if kind == "memory" and not _whole(row.get("capacity")):
            continue  # an empty slot
        name = next((row[key] for key in _NAMES.get(kind, ("name", "caption", "description")) if row.get(key)), "")
        details = {key: value[:200] for key, value in row.items() if key not in _LEFT_OUT and value != name}
        yield PartFound(
            kind=kind,
            name=name[:200],
            maker=row.get("manufacturer", "")[:100],
            serial=(solid(row.get("serialnumber") or row.get("serial")) or "")[:100],
            size_mb=_whole(row.get(_SIZES.get(kind, ""))),
            details=dict(sorted(details.items())[:20]),
        )


def _programs(rows: Sequence[Row]) -> list[Program]:
    found = (
        Program(name=row["name"][:300], publisher=row.get("publisher", "")[:200], version=row.get("version", "")[:120])
        for row in rows[:MOST_PROGRAMS]
        if row.get("name")
    )
    return list(dict.fromkeys(found))


def _is_drive_for_discs(row: Row) -> bool:
    words = f"{row.get('type', '')} {row.get('name', '')} {row.get('model', '')}".lower()
    return any(word in words for word in ("cd-rom", "cdrom", "dvd", "floppy", "/dev/sr"))


# --- single facts


def _is_real(row: Row) -> bool:
    if row.get("virtualdev", "0").lower() not in ("0", "", "false", "no") or row.get("type", "").lower() == "loopback":
        return False
    return not _UNREAL.search(row.get("description", ""))


def _ips(networks: Sequence[Row], device: Row) -> Iterator[str]:
    for row in networks:
        for name in ("ipaddress", "ip", "ipaddress6"):
            for text in row.get(name, "").replace("/", "\n").split():
                if text and not text.startswith(("127.", "::1", "fe80:", "0.0.0.0", "169.254.")):  # noqa: S104
                    yield text[:45]
    yield from (text[:45] for text in device.get("ips", "").split())


def _maker(bios: Row) -> str | None:
    return solid(bios.get("mmanufacturer")) or solid(bios.get("bmanufacturer"))


def _subtype(hardware: Row, bios: Row) -> str | None:
    if hardware.get("vmsystem", "physical").lower() not in ("physical", ""):
        return "VIRTUAL"
    words = f"{hardware.get('chassis_type', '')} {bios.get('type', '')}".lower()
    return next((code for marks, code in _SUBTYPES if any(mark in words for mark in marks)), None)


def _processor(report: Report) -> str | None:
    return report.first("cpus").get("name") or report.first("cpus").get("type")


def _storage(disks: Sequence[PartFound] | None) -> int | None:
    total = _sum(
        [disk for disk in disks if "usb" not in disk.details.get("description", "").lower()] if disks else None
    )
    return None if total is None else round(total / 1000)


def _sum(parts: Sequence[PartFound] | None) -> int | None:
    return sum(part.size_mb or 0 for part in parts) or None if parts else None


def _whole(text: Any) -> int | None:
    found = _NUMBER.match(text or "")
    return int(float(found[0])) if found and len(found[0]) < 16 else None
