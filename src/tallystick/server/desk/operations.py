"""The service operations of the work order pack: its documents, made known to the message layer."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.operation import Kind, Operation, document, register

PACK: Final = "work_orders"
CREATE: Final = "work_order.create"
RELATE: Final = "work_order.relate"
NOTE: Final = "work_order.note"
STATUS_CHANGED: Final = "work_order.status_changed"
DESCRIPTION_CHANGED: Final = "work_order.description_changed"
INFORMATION_REQUESTED: Final = "work_order.information_requested"
INFORMATION_RECEIVED: Final = "work_order.information_received"
NOTE_ADDED: Final = "work_order.note_added"
TITLES: Final[dict[str, Any]] = {
    CREATE: _("Create a work order"),
    RELATE: _("Follow a work order"),
    NOTE: _("Note to a work order"),
    STATUS_CHANGED: _("Status changed"),
    DESCRIPTION_CHANGED: _("Description changed"),
    INFORMATION_REQUESTED: _("Information requested"),
    INFORMATION_RECEIVED: _("Information received"),
    NOTE_ADDED: _("Note added"),
}


def add() -> None:
    """Makes the operations known to this process."""
    for name, title in TITLES.items():
        found = document(PACK, f"messages/{name}.v1.json")
        register(
            Operation(
                name=found["name"],
                version=found["version"],
                kind=Kind(found["kind"]),
                title=title,
                request=found["request"],
                response=found["response"],
                is_repeatable=found["is_repeatable"],
            )
        )
