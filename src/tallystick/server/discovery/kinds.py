"""Devices as a record type: with list, page, search, history, API and connector like every other."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.discovery.models import APP, Device
from tallystick.server.records import record_types
from tallystick.server.records.record_types import RecordType

DEVICE: Final = RecordType(
    app=APP,
    name="device",
    prefix="D",
    model=Device,
    icon="devices",
    title_field="name",
    shown=("name", "kind", "serial_number", "manufacturer", "model", "last_user", "last_seen_on"),
    searched=("name", "serial_number", "hostname", "asset_tag", "mac_addresses", "ip_addresses", "last_user", "model"),
    filters=("kind", "subtype", "business_unit", "manufacturer", "last_seen_on"),
    sorts=("name", "last_seen_on", "number", "changed_at"),
    sections=(
        ("", ("name", "kind", "subtype", "asset_type", "business_unit", "manufacturer", "model")),
        (_("Identity"), ("serial_number", "asset_tag", "uuid", "hostname", "domain", "mac_addresses", "device_id")),
        (_("System"), ("operating_system", "os_version", "processor", "memory_mb", "storage_gb")),
        (_("Network and use"), ("ip_addresses", "last_user", "remote_ids")),
        (_("Reports"), ("agent", "tag", "first_seen_on", "last_seen_on")),
    ),
)


def add() -> None:
    """Makes the type known to this process."""
    record_types.add(DEVICE)
