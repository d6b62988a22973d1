"""A system's description as it is kept between two times of asking."""

from __future__ import annotations

from typing import Any

import msgspec

from tallystick.model.schema import Description


def shown(description: Description) -> dict[str, Any]:
    """Plain data."""
    found: dict[str, Any] = msgspec.to_builtins(description)
    return found


def restored(data: Any) -> Description:
    return msgspec.convert(data, Description)
