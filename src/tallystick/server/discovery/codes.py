"""Code sets of discovery."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.records.codes import CodeSet

DEVICE_KINDS: Final = CodeSet(
    name="device_kind",
    titles={
        "computer": _("Computer"),
        "phone": _("Telephone"),
        "printer": _("Printer"),
        "network": _("Network device"),
        "other": _("Other"),
    },
    tones={},
)
PART_KINDS: Final = CodeSet(
    name="part_kind",
    titles={
        "processor": _("Processors"),
        "memory": _("Memory"),
        "disk": _("Disks"),
        "volume": _("Volumes"),
        "network": _("Network cards"),
        "monitor": _("Monitors"),
        "battery": _("Batteries"),
        "printer": _("Printers"),
        "sim": _("SIM cards"),
    },
    tones={},
)
"""In the order the page of a device shows them."""
IT_HARDWARE: Final = "010"
"""The asset type of everything an agent finds. Source: spec/assets.md A12."""
