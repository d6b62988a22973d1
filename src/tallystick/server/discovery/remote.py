"""Links that begin remote control of a device, by an address the hub's owner configures. Source: spec/assets.md A14.

TALLYSTICK_REMOTE_URL has places in braces: `rustdesk://{hostname}`, `https://remote.example.org/?id={id}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from tallystick.server.configuration import REMOTE_PLACES

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


def remote_links(pattern: str, device: Any, ids: Mapping[str, str]) -> list[tuple[str, str]]:
    """(title, address); none where nothing is configured, or the device lacks a value the address needs."""
    if not pattern:
        return []
    if "{id}" in pattern:
        return [(kind, _filled(pattern, device, id_)) for kind, id_ in ids.items()]
    filled = _filled(pattern, device, "")
    return [("", filled)] if filled else []


def _filled(pattern: str, device: Any, id_: str) -> str:
    """Empty where a value lacks."""
    values = {place: str(getattr(device, place, None) or "") for place in REMOTE_PLACES}
    addresses = json.loads(device.ip_addresses or "[]")
    values |= {"id": id_, "ip_address": addresses[0] if addresses else ""}
    wanted = _PLACE.findall(pattern)
    if any(not values.get(place) for place in wanted):
        return ""
    return _PLACE.sub(lambda found: quote(values[found[1]], safe=""), pattern)
