"""Settings of the connector `sql`."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tallystick.model.value import FieldType


class Settings(BaseModel):
    """A connection to a database."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1,
        repr=False,
        description="sqlite:///file.db (relative to the integration file), postgresql://… or mariadb://…",
    )
    schema_: str | None = Field(
        default=None, alias="schema", description="schema of the tables; the database's own default where left out"
    )
    overlap_s: float = Field(
        default=120.0, ge=0, description="how far incremental reads reach back before the last stamp, in seconds"
    )
    overlap_count: int = Field(
        default=1000, ge=0, description="the same for a changed column that counts instead of telling the time"
    )
    touch: bool = Field(
        default=True,
        description="a write sets the flow's `changed` column to the database's time, as its own applications do",
    )
    zone: str = Field(default="UTC", description="time zone of stamps that name none, such as Europe/Berlin")
    types: dict[str, FieldType] = Field(
        default_factory=dict, description="field types by `table.column`, where the declared type says less"
    )
    versions: dict[str, str] = Field(
        default_factory=dict, description="by table, the integer column that an application counts up at every change"
    )
    batch_rows: int = Field(default=50_000, ge=1, description="most records in one batch of a listing")
    timeout_s: float = Field(default=30.0, gt=0, description="how long to wait for a connection or a lock, in seconds")

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {zone!r}; write one such as UTC or Europe/Berlin") from None
        return zone
