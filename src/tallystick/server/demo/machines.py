"""Invented machines of the demo, and what inventory agents report of them: the same ones at every start."""

from __future__ import annotations

import json
import random
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

COUNT: Final = 60
SEED: Final = 2042
XML: Final = "application/x-compress-zlib"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`chassis` as the firmware calls it; `sizes_gb`: memory that it is sold with."""

    maker: str
    name: str
    chassis: str
    prefix: str
    processor: str
    sizes_gb: tuple[int, ...]


MODELS: Final = (
    Model(
        maker="Dell Inc.",
        name="Latitude 7440",
        chassis="Notebook",
        prefix="NB",
        processor="Intel(R) Core(TM) i7-1365U",
        sizes_gb=(16, 32),
    ),
    Model(
        maker="LENOVO",
        name="ThinkPad T14 Gen 4",
        chassis="Notebook",
        prefix="NB",
        processor="AMD Ryzen 7 PRO 7840U",
        sizes_gb=(16, 32),
    ),
    Model(
        maker="HP",
        name="EliteBook 840 G10",
        chassis="Notebook",
        prefix="NB",
        processor="Intel(R) Core(TM) i5-1345U",
        sizes_gb=(8, 16),
    ),
    Model(
        maker="HP",
        name="ProDesk 400 G9",
        chassis="Mini PC",
        prefix="PC",
        processor="Intel(R) Core(TM) i5-13500T",
        sizes_gb=(8, 16),
    ),
    Model(
        maker="Dell Inc.",
        name="OptiPlex 7010",
        chassis="Tower",
        prefix="PC",
        processor="Intel(R) Core(TM) i5-13500",
        sizes_gb=(16,),
    ),
    Model(
        maker="Dell Inc.",
        name="PowerEdge R750xs",
        chassis="Rack Mount Chassis",
        prefix="SRV",
        processor="Intel(R) Xeon(R) Silver 4314",
        sizes_gb=(128, 256),
    ),
)
_SHARES: Final = (18, 16, 10, 8, 5, 3)
_DISKS: Final = (("Samsung", "PM9A1 NVMe", 512_110), ("KIOXIA", "KXG8 NVMe", 1_024_209), ("WDC", "SN740", 256_060))
_MONITORS: Final = (("Dell Inc.", "DELL P2422H"), ("LG Electronics", "LG 27UP850"), ("Philips", "PHL 243B1"))
_WINDOWS: Final = (
    ("Microsoft 365 Apps for enterprise", "Microsoft Corporation", "16.0.18025"),
    ("Mozilla Firefox ESR", "Mozilla", "128.5.0"),
    ("7-Zip", "Igor Pavlov", "24.08"),
    ("Zoom Workplace", "Zoom", "6.2.11"),
    ("KeePassXC", "KeePassXC Team", "2.7.9"),
    ("Notepad++", "Notepad++ Team", "8.7.1"),
    ("Adobe Acrobat Reader", "Adobe", "24.004"),
    ("Git", "The Git Development Community", "2.47.0"),
    ("Python 3.12", "Python Software Foundation", "3.12.7"),
    ("VLC media player", "VideoLAN", "3.0.21"),
)
_LINUX: Final = (
    ("firefox-esr", "Mozilla", "128.5.0esr-1~deb12u1"),
    ("libreoffice", "The Document Foundation", "4:7.4.7-1"),
    ("openssh-server", "OpenBSD", "1:9.2p1-2"),
    ("postgresql-15", "PostgreSQL", "15.10-0"),
    ("nginx", "Nginx", "1.22.1-9"),
    ("git", "Git", "1:2.39.5-0"),
    ("python3", "Python Software Foundation", "3.11.2-1"),
    ("vlc", "VideoLAN", "3.0.21-0"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    number: int  # from 1
    model: Model
    serial: str
    system_id: str  # its UUID
    mac: str
    user: str
    is_linux: bool
    memory_gb: int
    disk: tuple[str, str, int]  # maker, name, size in MB
    programs: tuple[tuple[str, str, str], ...]
    monitor: tuple[str, str] | None

    @property
    def hostname(self) -> str:
        return f"{self.model.prefix}-{self.number:04d}"

    @property
    def agent(self) -> str:
        """What the agent calls its machine: the host and the moment it was installed."""
        return f"{self.hostname.lower()}-2025-0{1 + self.number % 9}-11-08-{self.number % 60:02d}-00"


def machines() -> Iterator[Machine]:
    """By number."""
    chance = random.Random(SEED)  # noqa: S311
    for number in range(1, COUNT + 1):
        (model,) = chance.choices(MODELS, weights=_SHARES)
        is_linux = model.prefix == "SRV" or number % 6 == 0
        known = _LINUX if is_linux else _WINDOWS
        yield Machine(
            number=number,
            model=model,
            serial="".join(chance.choice("BCDFGHJKLMNPQRSTVWXYZ0123456789") for _ in range(7)),
            system_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            mac=":".join(("3c", "52", "82", *(f"{chance.getrandbits(8):02x}" for _ in range(3)))),
            user=f"user{number:02d}",
            is_linux=is_linux,
            memory_gb=chance.choice(model.sizes_gb),
            disk=chance.choice(_DISKS),
            programs=tuple(sorted(chance.sample(known, len(known) - 2))),
            monitor=chance.choice(_MONITORS) if model.prefix != "SRV" and chance.random() < 0.7 else None,
        )


def report_of(machine: Machine, *, extra: tuple[str, str, str] | None = None) -> tuple[bytes, str]:
    """What its agent sends, and the content type: Linux machines have the JSON one, others the XML one, compressed.

    `extra`: a program that came since.
    """
    content = _content(machine, extra)
    if machine.is_linux:
        body = {"action": "inventory", "deviceid": machine.agent, "itemtype": "Computer", "content": content}
        return json.dumps(body).encode(), JSON
    rows = "".join(_xml(name.upper(), value) for name, value in content.items())
    head = f"<DEVICEID>{escape(machine.agent)}</DEVICEID><QUERY>INVENTORY</QUERY>"
    text = f'<?xml version="1.0" encoding="UTF-8"?><REQUEST><CONTENT>{rows}</CONTENT>{head}</REQUEST>'
    return zlib.compress(text.encode()), XML


def _content(machine: Machine, extra: tuple[str, str, str] | None) -> dict[str, Any]:
    model = machine.model
    maker, disk, size = machine.disk
    system = (
        ("Debian GNU/Linux 12 (bookworm)", "6.1.0-28-amd64") if machine.is_linux else ("Windows 11 Pro", "10.0.26100")
    )
    programs = (*machine.programs, extra) if extra else machine.programs
    content: dict[str, Any] = {
        "hardware": {
            "name": machine.hostname,
            "uuid": machine.system_id,
            "memory": machine.memory_gb * 1024,
            "lastloggeduser": machine.user,
            "chassis_type": model.chassis,
            "vmsystem": "Physical",
            "workgroup": "service.example",
        },
        "bios": {
            "ssn": machine.serial,
            "smanufacturer": model.maker,
            "smodel": model.name,
            "type": model.chassis,
            "assettag": f"T{10_000 + machine.number}",
        },
        "operatingsystem": {"full_name": system[0], "kernel_version": system[1], "name": system[0].split()[0]},
        "cpus": [{"name": model.processor, "manufacturer": model.processor.split()[0], "core": 8}],
        "memories": [
            {"description": "DIMM", "capacity": machine.memory_gb * 512, "type": "DDR5", "numslots": slot}
            for slot in (1, 2)
        ],
        "storages": [{"name": "nvme0", "manufacturer": maker, "model": disk, "disksize": size, "type": "disk"}],
        "networks": [
            {
                "description": "eth0",
                "macaddr": machine.mac,
                "ipaddress": f"10.20.{machine.number // 200}.{machine.number % 200 + 20}",
                "type": "ethernet",
                "status": "Up",
            }
        ],
        "softwares": [{"name": name, "publisher": publisher, "version": v} for name, publisher, v in programs],
        "versionclient": "GLPI-Agent_v1.11" if machine.is_linux else "FusionInventory-Agent_v2.6",
    }
    if machine.monitor:
        content["monitors"] = [
            {"manufacturer": machine.monitor[0], "caption": machine.monitor[1], "serial": f"CN{machine.number:07d}"}
        ]
    return content


def _xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, one) for one in value)
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_xml(key.upper(), inner) for key, inner in value.items())}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"
