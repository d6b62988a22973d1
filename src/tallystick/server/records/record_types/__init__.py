"""The record types of the hub, in the order menus and documents name them; a module for each subject."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tallystick.errors import UnknownRecordType
from tallystick.server.records.record_types.accounts import ACCOUNT, ACCOUNT_TYPE, DEPARTMENT, LOCATION
from tallystick.server.records.record_types.assets import ASSET_SUBTYPE, ASSET_TYPE, INSTALLED_ASSET
from tallystick.server.records.record_types.people import PERSON, TEAM
from tallystick.server.records.record_types.planned import CALENDAR_ITEM, TASK
from tallystick.server.records.record_types.products import MANUFACTURER, PRODUCT, PRODUCT_MAPPING
from tallystick.server.records.record_types.sales import LEAD, OPPORTUNITY
from tallystick.server.records.record_types.service import CASE, NOTE, SERVICE_ORDER
from tallystick.server.records.record_types.shape import Field, RecordType, flags, reference_lists, references

__all__ = [
    "BY_NAME",
    "RECORD_TYPES",
    "Field",
    "RecordType",
    "flags",
    "record_type",
    "reference_lists",
    "references",
]

RECORD_TYPES: Final = (
    ACCOUNT,
    LOCATION,
    DEPARTMENT,
    ACCOUNT_TYPE,
    PERSON,
    TEAM,
    MANUFACTURER,
    PRODUCT,
    PRODUCT_MAPPING,
    ASSET_TYPE,
    ASSET_SUBTYPE,
    INSTALLED_ASSET,
    CASE,
    NOTE,
    TASK,
    CALENDAR_ITEM,
    LEAD,
    OPPORTUNITY,
    SERVICE_ORDER,
)

BY_NAME: Final[Mapping[str, RecordType]] = MappingProxyType({kind.name: kind for kind in RECORD_TYPES})


def record_type(name: str) -> RecordType:
    """The record type of this name. Raises UnknownRecordType."""
    found = BY_NAME.get(name)
    if found is None:
        raise UnknownRecordType(
            f"There is no record type {name!r} among the hub's records.",
            hint=f"There are {', '.join(sorted(BY_NAME))}.",
        )
    return found
