"""What people read about connectors and health, in their language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tallystick.server.connections.models import Health

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    title: Text
    note: Text
    icon: str


CONNECTORS: Final = {
    "sql": Offer(title=_("SQL database"), note=_("Tables of SQLite, PostgreSQL, MariaDB or MySQL."), icon="database"),
    "dav": Offer(
        title=_("CardDAV and CalDAV"), note=_("Address books, calendars and tasks of any server."), icon="contacts"
    ),
    "files": Offer(title=_("Files"), note=_("CSV and JSON Lines in the hub's folder for files."), icon="description"),
    "request_tracker": Offer(
        title=_("Request Tracker"),
        note=_("A help desk whose tickets become work orders, by messages."),
        icon="confirmation_number",
    ),
    "memory": Offer(title=_("Memory"), note=_("Records in the process, for trying things out."), icon="memory"),
    "records": Offer(
        title=_("Records of this hub"), note=_("The built-in accounts, people, assets, cases."), icon="inventory_2"
    ),
    "register": Offer(title=_("Asset register of this hub"), note=_("What is owned, and its costs."), icon="inventory"),
    "discovery": Offer(
        title=_("Discovered devices"), note=_("What inventory agents report to this hub."), icon="sensors"
    ),
}

TALKS: Final = frozenset({"request_tracker"})
"""Connectors of systems that talk to the hub by messages and offer flows no records."""

_TONES: Final = {Health.OK: "ok", Health.FAILING: "bad", Health.UNKNOWN: "quiet"}


def health_badge(health: str) -> tuple[str, Text]:
    """Tone and word."""
    state = Health(health)
    return _TONES[state], state.label
