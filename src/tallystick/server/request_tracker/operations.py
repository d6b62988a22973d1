"""What the hub says to a ticket besides the events of the pack: what came of something the ticket asked for."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.operation import Kind, Operation, register

ANSWER: Final = "ticket.answer"
_TEXT: Final = {"type": "string"}


def add() -> None:
    """Makes it known to this process. Nobody else speaks it: a help desk that speaks messages is answered by them."""
    register(
        Operation(
            name=ANSWER,
            version=1,
            kind=Kind.EVENT,
            title=_("Answer on a ticket"),
            request={
                "type": "object",
                "required": ["reference", "asked"],
                "additionalProperties": False,
                "properties": {
                    "reference": {**_TEXT, "pattern": "^#[0-9]+$"},
                    "asked": {"enum": ["create", "more", "relate", "note"]},
                    "number": _TEXT,
                    "status": {"type": "object"},
                    "sequence": {"type": "integer"},
                    "errors": {"type": "array", "items": _TEXT},
                },
            },
            response={"type": "object"},
            is_published=False,
        )
    )
