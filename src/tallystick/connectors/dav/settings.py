"""The settings of a `dav` system."""

from __future__ import annotations

import enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from tallystick.connectors.declared import ADVANCED
from tallystick.connectors.http.settings import HttpSettings


class CardVersion(enum.StrEnum):
    V3 = "3.0"
    V4 = "4.0"


class Settings(HttpSettings):
    url: str = Field(
        min_length=1,
        title="Address",
        description="Address of the server, of a collection, or a bare domain to look up.",
    )
    collection: str | None = Field(
        default=None, title="Collection", description="Only this address book or calendar: its name or title."
    )
    vcard_version: CardVersion = Field(
        default=CardVersion.V3,
        title="vCard version",
        description="Version of contacts that are created.",
        json_schema_extra=ADVANCED,
    )
    zone: str = Field(
        default="UTC",
        title="Time zone",
        description="Time zone in which new events are kept when the flow maps none.",
    )
    properties: dict[str, str] = Field(
        default_factory=dict,
        title="Further fields",
        description="Further fields: name of the field -> property, such as X-CUSTOMER-ID.",
    )
    batch_records: int = Field(
        default=100,
        ge=1,
        le=1000,
        title="Records at a time",
        description="Records asked for and handed on at a time.",
        json_schema_extra=ADVANCED,
    )
    max_record_bytes: int = Field(
        default=10 * 2**20,
        ge=1024,
        title="Largest record (bytes)",
        description="Larger records are left out and reported.",
        json_schema_extra=ADVANCED,
    )

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be a zone of the time zone database, such as Europe/London") from None
        return zone

    @field_validator("properties")
    @classmethod
    def _properties_are_names(cls, properties: dict[str, str]) -> dict[str, str]:
        for name, prop in properties.items():
            if not name.replace("_", "").isalnum() or not prop.replace("-", "").isalnum() or not prop.isascii():
                raise ValueError("must name a field and a property, such as customer_id: X-CUSTOMER-ID")
        return properties
