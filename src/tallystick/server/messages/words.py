"""Messages in words and badges."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.course import Came, Found, State
from tallystick.server.messages.models import STATES
from tallystick.server.messages.operation import known

TONES: Final = {
    State.WAITING: "info",
    State.SENDING: "info",
    State.UNKNOWN: "warn",
    State.NEEDS_PERSON: "bad",
    State.PARKED: "warn",
    State.DONE: "ok",
    State.REFUSED: "bad",
    State.FAILED: "bad",
    State.CANCELLED: "quiet",
}
CAME: Final[dict[str, tuple[str, Any]]] = {
    "": ("info", _("Under way")),
    Came.ANSWERED: ("ok", _("Answered")),
    Came.REFUSED: ("bad", _("Refused")),
    Came.NOT_SENT: ("warn", _("Not sent")),
    Came.NOT_TAKEN: ("bad", _("Not taken")),
    Came.LOST: ("warn", _("Answer lost")),
    Came.UNMAPPED: ("warn", _("Not mapped")),
    Found.ABSENT: ("info", _("Not there")),
    Found.UNANSWERED: ("warn", _("No answer")),
    Found.CANNOT: ("bad", _("Cannot be asked")),
}


def state_badge(state: str) -> tuple[str, Any]:
    return TONES[State(state)], STATES[State(state)]


def came_badge(came: str) -> tuple[str, Any]:
    return CAME.get(came, ("quiet", came))


def operation_titles() -> dict[str, Any]:
    return {one.name: one.title for one in known()}
