"""Settings of the connector `sql`."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tallystick.connectors.declared import ADVANCED, GUARD
from tallystick.connectors.http.addresses import Networks
from tallystick.model.value import FieldType


class Settings(BaseModel):
    """A connection to a database."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1,
        repr=False,
        title="Address",
        description="sqlite:///file.db (relative to the integration file), postgresql://… or mariadb://…",
    )
    password: SecretStr = Field(
        default=SecretStr(""), title="Password", description="of the user that `url` names, where it stands not there"
    )
    schema_: str | None = Field(
        default=None,
        alias="schema",
        title="Schema",
        description="schema of the tables; the database's own default where left out",
    )
    overlap_s: float = Field(
        default=600.0,
        ge=0,
        title="Overlap (s)",
        description="how far incremental reads reach back before the last stamp, in seconds",
        json_schema_extra=ADVANCED,
    )
    overlap_count: int = Field(
        default=1000,
        ge=0,
        title="Overlap (count)",
        description="the same for a changed column that counts instead of telling the time",
        json_schema_extra=ADVANCED,
    )
    touch: bool = Field(
        default=True,
        title="Touch the changed column",
        description="a write sets the flow's `changed` column to the database's time, as its own applications do",
        json_schema_extra=ADVANCED,
    )
    zone: str = Field(
        default="UTC", title="Time zone", description="time zone of stamps that name none, such as Europe/Berlin"
    )
    types: dict[str, FieldType] = Field(
        default_factory=dict,
        title="Field types",
        description="field types by `table.column`, where the declared type says less",
    )
    versions: dict[str, str] = Field(
        default_factory=dict,
        title="Version columns",
        description="by table, the integer column that an application counts up at every change",
    )
    feed: bool = Field(
        default=False,
        title="Heed changes at once",
        description="a worker hears of changes from the database and need not wait for the schedule; SQLite tells by"
        " itself, PostgreSQL by triggers that notify the channel `tallystick`, MariaDB cannot",
    )
    batch_rows: int = Field(
        default=50_000,
        ge=1,
        title="Rows at a time",
        description="most records in one batch of a listing",
        json_schema_extra=ADVANCED,
    )
    timeout_s: float = Field(
        default=30.0,
        gt=0,
        title="Wait (s)",
        description="how long to wait for a connection or a lock, in seconds",
        json_schema_extra=ADVANCED,
    )
    allow_private: bool | Networks = Field(
        default=True,
        title="Own network",
        description="whether the server may be inside the own network, or the networks it may be in",
        json_schema_extra=GUARD,
    )

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {zone!r}; write one such as UTC or Europe/Berlin") from None
        return zone
