"""Orders as pages and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.server.desk.codes import STATUSES, status_name
from tallystick.server.desk.models import CaseOrder, Conversation
from tallystick.server.messages.course import State

REPLIES: Final[dict[str, tuple[str, Any]]] = {
    Conversation.Reply.AWAITING: ("warn", gettext_lazy("Awaiting a reply")),
    Conversation.Reply.REPLIED: ("info", gettext_lazy("Replied")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOrderShown:
    """`can_correct`: it was refused, and can be sent again."""

    one: CaseOrder
    title: str
    badge: tuple[str, Any]
    errors: tuple[dict[str, str], ...]
    sentence: str
    can_correct: bool
    is_awaited: bool


def case_order_shown(one: CaseOrder) -> CaseOrderShown:
    state = State(one.transaction.state)
    sentence = ""
    match state:
        case State.DONE:
            badge = _status_badge(one)
        case State.REFUSED:
            badge = ("bad", _("Refused"))
            sentence = _("Maintenance refused the request. Correct it and send it again.")
        case State.NEEDS_PERSON:
            badge = ("bad", _("Unknown, needs a person"))
            sentence = _("Whether maintenance took the request is not known. Look there before anything is sent again.")
        case State.FAILED:
            badge = ("bad", _("Not delivered"))
            sentence = _("The request could not be delivered: {why}").format(why=one.transaction.why)
        case State.CANCELLED:
            badge = ("quiet", _("Cancelled"))
        case State.UNKNOWN:
            badge = ("warn", _("Answer awaited"))
            sentence = _("The answer was lost on its way; the hub asks maintenance what became of the request.")
        case _:
            badge = ("info", _("Being sent"))
            sentence = one.transaction.why
    return CaseOrderShown(
        one=one,
        title=one.number or _("Requested"),
        badge=badge,
        errors=tuple(one.transaction.errors) if state is State.REFUSED else (),
        sentence=sentence,
        can_correct=state in (State.REFUSED, State.FAILED),
        is_awaited=state in (State.WAITING, State.SENDING, State.UNKNOWN),
    )


def _status_badge(one: CaseOrder) -> tuple[str, Any]:
    if not one.status:
        return "warn", one.their_status or _("Status not mapped")
    return STATUSES.tone(one.status), status_name(one.status, one.their_status)
