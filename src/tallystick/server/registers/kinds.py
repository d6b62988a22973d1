"""The record types of the register: with lists, pages, search, history, API and connector like every other."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.discovery import kinds as discovery
from tallystick.server.records import record_types
from tallystick.server.records.domain import registry
from tallystick.server.records.record_types import RecordType
from tallystick.server.registers import models
from tallystick.server.registers.domain.rules import RegisterAssetRules, RegisterEmployeeRules

SUBTYPE: Final = RecordType(
    app=models.APP,
    name="register_subtype",
    prefix="RST",
    model=models.RegisterSubtype,
    icon="devices_other",
    title_field="name",
    shown=("name", "code", "asset_type", "is_active"),
    searched=("name", "code"),
    filters=("asset_type", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "asset_type", "is_active")),),
    unique=(("code",),),
)
MANUFACTURER: Final = RecordType(
    app=models.APP,
    name="register_manufacturer",
    prefix="RM",
    model=models.RegisterManufacturer,
    icon="factory",
    title_field="name",
    shown=("name", "code", "website", "is_active"),
    searched=("name", "code"),
    filters=("is_active",),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "website", "is_active")),),
    unique=(("name",),),
)
LOCATION: Final = RecordType(
    app=models.APP,
    name="register_location",
    prefix="RL",
    model=models.RegisterLocation,
    icon="location_on",
    title_field="name",
    shown=("name", "code", "city", "country", "is_active"),
    searched=("name", "code", "city"),
    filters=("is_active",),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "is_active")), (_("Address"), ("street", "zip", "city", "country"))),
    unique=(("name",),),
)
DEPARTMENT: Final = RecordType(
    app=models.APP,
    name="register_department",
    prefix="RD",
    model=models.RegisterDepartment,
    icon="lan",
    title_field="name",
    shown=("name", "code", "is_active"),
    searched=("name", "code"),
    filters=("is_active",),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "is_active")),),
    unique=(("name",),),
)
EMPLOYEE: Final = RecordType(
    app=models.APP,
    name="register_employee",
    prefix="RE",
    model=models.RegisterEmployee,
    icon="badge",
    title_field="name",
    shown=("name", "employee_id", "email", "department", "is_active"),
    searched=("name", "employee_id", "email"),
    filters=("department", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "first_name", "last_name", "employee_id", "email", "department", "is_active")),),
    unique=(("employee_id",),),
)
ASSET: Final = RecordType(
    app=models.APP,
    name="register_asset",
    prefix="RA",
    model=models.RegisterAsset,
    icon="inventory",
    title_field="name",
    shown=("name", "status", "asset_id", "serial_number", "manufacturer", "model", "employee", "last_seen_on"),
    searched=("name", "asset_id", "serial_number", "asset_tag", "hostname", "model", "mac_addresses"),
    filters=(
        "business_unit",
        "asset_type",
        "subtype",
        "status",
        "is_in_use",
        "manufacturer",
        "employee",
        "location",
        "department",
        "device",
    ),
    sorts=("name", "serial_number", "number", "changed_at"),
    sections=(
        ("", ("name", "status", "asset_type", "subtype", "manufacturer", "model", "is_in_use")),
        (
            _("Identity"),
            ("business_unit", "asset_id", "serial_number", "asset_tag", "installed_product_id"),
        ),
        (_("Where and whose"), ("employee", "location", "department")),
        (_("Costs"), ("cost", "currency", "purchased_on", "warranty_until")),
        (
            _("Discovered"),
            (
                "device",
                "last_seen_on",
                "hostname",
                "operating_system",
                "os_version",
                "processor",
                "memory_mb",
                "storage_gb",
                "mac_addresses",
                "ip_addresses",
                "last_user",
            ),
        ),
        (_("More"), ("user_field1", "user_field2", "user_field3", "note")),
    ),
    unique=(("business_unit", "asset_id"),),
)
COST: Final = RecordType(
    app=models.APP,
    name="register_cost",
    prefix="RC",
    model=models.RegisterCost,
    icon="payments",
    title_field="name",
    shown=("name", "kind", "asset", "amount", "currency", "incurred_on"),
    searched=("name",),
    filters=("kind", "asset"),
    sorts=("number", "changed_at", "name"),
    sections=(
        ("", ("name", "asset", "kind", "amount", "currency", "incurred_on", "until_on")),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
EXCEPTION: Final = RecordType(
    app=models.APP,
    name="register_exception",
    prefix="X",
    model=models.RegisterException,
    icon="rule",
    title_field="name",
    shown=("name", "kind", "state", "expected", "discovered", "found_at"),
    searched=("name", "expected", "discovered"),
    filters=("state", "kind", "asset", "device"),
    sorts=("number", "changed_at", "name"),
    sections=(
        ("", ("name", "kind", "state", "asset", "device", "field", "expected", "discovered", "found_at")),
        (_("Decision"), ("decided_at", "decided_by", "reason")),
    ),
)
KINDS: Final = (SUBTYPE, MANUFACTURER, LOCATION, DEPARTMENT, EMPLOYEE, ASSET, COST, EXCEPTION)


def add() -> None:
    """Makes the types known to this process, and those they refer to."""
    discovery.add()
    record_types.add(*KINDS)
    registry.add(ASSET.name, RegisterAssetRules())
    registry.add(EMPLOYEE.name, RegisterEmployeeRules())
