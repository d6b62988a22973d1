"""A system's description as it is kept between two times of asking."""

from __future__ import annotations

from typing import Any

import msgspec
from django.utils import timezone

from tallystick.model.schema import Description
from tallystick.server.connections.models import Connection


def shown(description: Description) -> dict[str, Any]:
    """Plain data, as JSON gives it back."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(description))
    return found


def restored(data: Any) -> Description:
    return msgspec.convert(data, Description)


def keep(connection: Connection, description: Description) -> None:
    """What the system offers now; nothing where the connection was edited since it was asked."""
    Connection.objects.filter(pk=connection.pk, version=connection.version).update(
        described=shown(description), described_at=timezone.now()
    )
