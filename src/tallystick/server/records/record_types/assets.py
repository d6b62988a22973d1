"""Installed assets and what kinds of them there are."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

ASSET_TYPE = RecordType(
    name="asset_type",
    prefix="AST",
    model=models.AssetType,
    icon="devices",
    title_field="name",
    shown=("name", "code", "is_active"),
    searched=("name", "code"),
    filters=("is_active",),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "is_active")),),
)
ASSET_SUBTYPE = RecordType(
    name="asset_subtype",
    prefix="ASS",
    model=models.AssetSubtype,
    icon="devices_other",
    title_field="name",
    shown=("name", "asset_type", "code", "is_active"),
    searched=("name", "code"),
    filters=("asset_type", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("asset_type", "name", "code", "is_active")),),
)
INSTALLED_ASSET = RecordType(
    name="installed_asset",
    prefix="IA",
    model=models.InstalledAsset,
    icon="computer",
    title_field="name",
    shown=("name", "status", "serial_number", "manufacturer", "model", "account", "person"),
    searched=("name", "serial_number", "asset_id", "hostname", "model", "mac_addresses", "installed_product_id"),
    filters=("status", "asset_type", "asset_subtype", "manufacturer", "product", "account", "location", "person"),
    sorts=("name", "serial_number", "number", "changed_at"),
    sections=(
        ("", ("name", "status", "asset_type", "asset_subtype", "product", "manufacturer", "model", "is_in_use")),
        (_("Identity"), ("serial_number", "business_unit", "asset_id", "installed_product_id", "parent")),
        (_("Where and whose"), ("account", "location", "department", "person")),
        (
            _("Inventory"),
            (
                "hostname",
                "operating_system",
                "os_version",
                "processor",
                "memory_mb",
                "storage_gb",
                "mac_addresses",
                "ip_addresses",
                "last_user",
                "inventoried_at",
            ),
        ),
        (_("Purchase"), ("purchased_on", "installed_on", "warranty_until", "cost", "currency")),
        (_("More"), ("user_field1", "user_field2", "user_field3", "details", "note")),
    ),
)
