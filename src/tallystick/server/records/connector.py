"""The connector `records`: the hub's own records as a system like any other.

Inside the hub it is the hub's database; on the command line the one that TALLYSTICK_DATABASE_URL names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from tallystick.errors import ConfigurationError

if TYPE_CHECKING:
    from tallystick.ports.system import System
    from tallystick.ports.world import Clock, Ids

APP = "tallystick.server.records"


class Settings(BaseModel):
    """A connection to the hub's records."""

    model_config = ConfigDict(extra="forbid")

    user: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="id of a user: private tasks and calendar items of others are left out; none: all are there",
    )
    needs_product_mapping: bool = Field(
        default=False,
        description="installed assets are neither read nor written before the product mapping has its default row",
    )
    batch_rows: int = Field(default=1000, ge=1, le=10_000, description="records in one batch of a listing")


def connect(settings: Settings, *, folder: Path, clock: Clock, ids: Ids) -> System:
    """Raises ConfigurationError where there is no hub, besides what opening its database raises."""
    using, title = hub_database()
    from tallystick.server.records.client import RecordsSystem

    return RecordsSystem(settings, using=using, title=title, clock=clock, ids=ids)


def hub_database() -> tuple[str, str]:
    """Django's alias of the hub's database, and what the database is called in messages."""
    from django.apps import apps
    from django.conf import settings

    if settings.configured and apps.ready and apps.is_installed(APP):
        return "default", "of the hub"
    url = os.environ.get("TALLYSTICK_DATABASE_URL")
    if not url:
        raise ConfigurationError(
            "The connector 'records' works inside a hub, and the command line does not know where one is.",
            hint="Set TALLYSTICK_DATABASE_URL to the hub's database.",
        )
    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database

    database = Database(address_of(url))
    with database.reading() as cursor:
        tables = database.connection.introspection.table_names(cursor)
    if "records_change" not in tables:
        raise ConfigurationError(
            f"The database {database.address.title} holds no records: it is no hub's.",
            hint="Set TALLYSTICK_DATABASE_URL to a hub's database; `tallystick serve` makes it at its first start.",
        )
    return database.alias, database.address.title
