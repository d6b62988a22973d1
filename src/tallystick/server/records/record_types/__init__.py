"""The record types of the hub, in the order menus and documents name them; a module for each subject."""

from __future__ import annotations

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
    "add",
    "flags",
    "of_app",
    "record_type",
    "reference_lists",
    "references",
]

RECORD_TYPES: Final[list[RecordType]] = [
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
]

BY_NAME: Final[dict[str, RecordType]] = {kind.name: kind for kind in RECORD_TYPES}


def add(*kinds: RecordType) -> None:
    """Makes types of another app known: what is done with records is done with them too.

    Called while the apps are made ready, before the addresses of the hub are read. A type that is known stays.
    """
    for kind in kinds:
        if kind.name not in BY_NAME:
            RECORD_TYPES.append(kind)
            BY_NAME[kind.name] = kind


def of_app(app: str) -> tuple[RecordType, ...]:
    """The types of one app, in the order they were made known."""
    return tuple(kind for kind in RECORD_TYPES if kind.app == app)


def record_type(name: str, app: str = "") -> RecordType:
    """The record type of this name, of one app where it is named. Raises UnknownRecordType."""
    found = BY_NAME.get(name)
    if found is None or app not in ("", found.app):
        known = sorted(kind.name for kind in RECORD_TYPES if app in ("", kind.app))
        raise UnknownRecordType(
            f"There is no record type {name!r} among the hub's records.", hint=f"There are {', '.join(known)}."
        )
    return found
