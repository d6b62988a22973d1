"""What a technician does with a work order: take it, begin, pause, complete, close, write (W10, W11, W15)."""

from __future__ import annotations

import enum
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.desk import told
from tallystick.server.desk.domain.replying import checked
from tallystick.server.desk.models import OrderNote, WorkOrder
from tallystick.server.messages import moment
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.actions import Saved
from tallystick.server.records.entry import LIVE
from tallystick.server.records.models import Person
from tallystick.server.records.record_types import record_type
from tallystick.server.records.values import list_of, listed, stamp

CHANGE: Final = "desk.change_work_order"


class Doing(enum.StrEnum):
    BEGIN = "begin"
    HOLD = "hold"
    COMPLETE = "complete"
    CLOSE = "close"


STATUS_OF: Final = {
    Doing.BEGIN: "in_progress",
    Doing.HOLD: "on_hold",
    Doing.COMPLETE: "completed",
    Doing.CLOSE: "closed",
}
FROM: Final = {
    Doing.BEGIN: ("open", "scheduled", "on_hold", "completed"),
    Doing.HOLD: ("in_progress",),
    Doing.COMPLETE: ("open", "scheduled", "in_progress", "on_hold"),
    Doing.CLOSE: ("completed",),
}


def order_of(actor: Actor, order_id: str) -> WorkOrder:
    """Raises NotAllowed, NotFound."""
    found = queries.one(record_type("work_order"), actor, order_id)
    if not isinstance(found, WorkOrder):
        raise TypeError("a work order is a WorkOrder")
    return found


def person_of(actor: Actor) -> Person | None:
    """The record of the person who acts, where there is one."""
    if actor.person is None:
        return None
    return Person.objects.filter(LIVE, user=str(actor.person)).first()


def take(actor: Actor, order_id: str) -> Saved:
    """Puts oneself down for an order. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(CHANGE)
    order = order_of(actor, order_id)
    person = person_of(actor)
    if person is None:
        raise InputRefused(
            _("You are not among the people of the records, so no order can be yours."),
            hint=_("An administrator can name you as the user of your person record."),
        )
    mine = listed(order.technicians or "[]")
    return actions.update(actor, "work_order", order_id, {"technicians": list_of([*mine, person.pk])})


def do(actor: Actor, order_id: str, doing: Doing, *, resolution: str = "") -> Saved:
    """Moves an order on; its followers are told. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(CHANGE)
    order = order_of(actor, order_id)
    if order.status not in FROM[doing]:
        raise InputRefused(
            _("The work order has moved on; nothing was changed."),
            hint=_("Load the page again to see where it stands."),
        )
    now = stamp(moment.now())
    values: dict[str, str | None] = {"status": STATUS_OF[doing], "own_status": None}
    match doing:
        case Doing.BEGIN if order.started_at is None:
            values["started_at"] = now
        case Doing.COMPLETE:
            values["completed_at"] = now
            if resolution.strip():
                values["resolution"] = resolution.strip()
        case Doing.CLOSE:
            values["closed_at"] = now
    return actions.update(actor, "work_order", order_id, values)


def note(actor: Actor, order_id: str, text: str) -> OrderNote:
    """Writes inside the order; the help desks that follow it are told. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(CHANGE)
    order = order_of(actor, order_id)
    text = checked(text)
    with transaction.atomic():
        made = OrderNote.objects.create(
            order=order, text=text, by=actor.name[:200], side=OrderNote.Side.MAINTENANCE, at=moment.now()
        )
        followers = told.followers_of(order.pk)
        if followers:
            body = {"text": text, "author": actor.name[:200]}
            told.tell(order.pk, told.called(order.number), followers, "work_order.note_added", body)
    return made
