"""What maintenance tells, written on the ticket: custom fields and status first, then a comment that says it.

The comment comes last, so that where it stands everything stands. Request Tracker knows no ids of ours: when an answer
is lost the comment is looked for by its subject. An older status never replaces a newer one, and the status of a
ticket that is closed is left alone. Source: spec/work-orders.md W8, W12, W14, scenarios S5, S7.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.connectors.http.errors import AnswerLost
from tallystick.connectors.request_tracker.answers import Ticket
from tallystick.connectors.request_tracker.client import RequestTracker, TicketGone, TicketMoved
from tallystick.errors import RecordError, SystemFault, TallystickError
from tallystick.server.desk import operations as desk
from tallystick.server.messages.course import Came, Found
from tallystick.server.messages.envelope import Envelope, accepted
from tallystick.server.messages.lists import Entry
from tallystick.server.messages.models import Direction, Peer, Transaction
from tallystick.server.messages.transports import LookedUp, Sent
from tallystick.server.request_tracker import hearing, operations, wording
from tallystick.server.request_tracker.models import TicketOrder, Tracker
from tallystick.server.request_tracker.opening import opened

AS_IT_IS: Final = "-"
TRIES: Final = 3


class OnTickets:
    """Implements messages.transports.Transport."""

    knows_repeats = False

    def send(self, peer: Peer, message: Envelope) -> Sent:
        tracker = Tracker.objects.filter(peer=peer).first()
        if tracker is None:
            return Sent(came=Came.NOT_TAKEN, message=_("Its queue is not connected any more."))
        with translation.override(settings.LANGUAGE_CODE):
            text = wording.text_of(message.operation, message.body)
            if not text:
                return Sent(came=Came.ANSWERED, answer=accepted())
            writing = _Writing(tracker, message, text)
            try:
                with opened(tracker.connection) as tickets:
                    return writing.on(tickets)
            except AnswerLost as error:
                return Sent(came=Came.LOST if writing.is_begun else Came.NOT_SENT, message=str(error)[:400])
            except RecordError as error:
                return Sent(came=Came.NOT_TAKEN, message=str(error)[:400])
            except TallystickError as error:
                return Sent(came=Came.NOT_SENT, message=str(error)[:400])

    def look_up(self, peer: Peer, id_: str) -> LookedUp:
        tracker = Tracker.objects.filter(peer=peer).first()
        row = Transaction.objects.filter(peer=peer, direction=Direction.OUT, correlation=id_).first()
        if tracker is None or row is None:
            return LookedUp(found=Found.CANNOT, message=_("Its queue is not connected any more."))
        try:
            with opened(tracker.connection) as tickets:
                number = tickets.ticket(_ticket(tracker, row.body)).id
                is_there = tickets.has_said(number, wording.subject_of(id_, row.body))
        except TicketGone as error:
            return LookedUp(found=Found.ABSENT, message=str(error)[:400])
        except TallystickError as error:
            return LookedUp(found=Found.UNANSWERED, message=str(error)[:400])
        return LookedUp(found=Found.ANSWERED, answer=accepted()) if is_there else LookedUp(found=Found.ABSENT)

    def read_list(self, peer: Peer, name: str, words: str) -> list[Entry]:
        raise SystemFault(_("Request Tracker offers maintenance no lists."))


class _Writing:
    """One message on its way. `is_begun`: something may have been written."""

    def __init__(self, tracker: Tracker, message: Envelope, text: str) -> None:
        self._tracker, self._message, self._text = tracker, message, text
        self._body = dict(message.body)
        self.is_begun = False

    def on(self, tickets: RequestTracker) -> Sent:
        """Raises what asking and writing raise."""
        subject = wording.subject_of(self._message.id, self._body)
        before = _ticket(self._tracker, self._body)
        ticket = tickets.ticket(before)
        hearing.follow_merge(self._tracker, before, ticket.id)
        if self._was_tried() and tickets.has_said(ticket.id, subject):  # a person had it sent again
            return Sent(came=Came.ANSWERED, answer=accepted())
        if self._sets_status():
            unmapped = self._set(tickets, ticket)
            if unmapped:
                return Sent(came=Came.UNMAPPED, message=unmapped[:400])
        self.is_begun = True
        tickets.comment(ticket.id, subject, self._text)
        return Sent(came=Came.ANSWERED, answer=accepted())

    def _was_tried(self) -> bool:
        rows = Transaction.objects.filter(
            peer=self._tracker.peer, direction=Direction.OUT, correlation=self._message.id, attempts__gt=1
        )
        return rows.exists()

    def _sets_status(self) -> bool:
        """Whether this is the newest that is known of the newest order of the ticket."""
        if self._message.operation not in (desk.STATUS_CHANGED, operations.ANSWER) or not self._body.get("status"):
            return False
        order = _order(self._tracker, self._body)
        if order is None:
            return False
        newer = TicketOrder.objects.filter(tracker=self._tracker, ticket=order.ticket, pk__gt=order.pk)
        return not newer.exists() and int(self._body.get("sequence", 0)) >= order.status_sequence

    def _set(self, tickets: RequestTracker, ticket: Ticket) -> str:
        """A sentence where the status is not mapped, or mapped to what the queue has not got. Raises TicketMoved."""
        tracker = self._tracker
        status = self._status()
        if not status:
            return _("The status {code} of work orders is not mapped to one of tickets.").format(
                code=self._body["status"].get("code", "")
            )
        fields = {tracker.order_field: str(self._body["number"]), tracker.status_field: wording.status_name(self._body)}
        for tries_left in reversed(range(TRIES)):
            wanted = {name: value for name, value in fields.items() if name and ticket.fields.get(name, ()) != (value,)}
            moves = status not in (AS_IT_IS, ticket.status) and bool(
                tickets.tickets(f"id = {ticket.id} AND Status = '__Active__'")
            )
            if not wanted and not moves:
                break
            self.is_begun = True
            try:
                told = tickets.update(ticket, status=status if moves else "", fields=wanted)
            except TicketMoved:
                if not tries_left:
                    raise
                ticket = tickets.ticket(ticket.id)
                continue
            # it answers 200 also where it took one half: only the ticket says what was done
            if moves and tickets.ticket(ticket.id).status != status:
                return _("Request Tracker did not take the status {status}: {told}").format(status=status, told=told)
            break
        sequence = int(self._body.get("sequence", 0))
        TicketOrder.objects.filter(
            tracker=tracker, number=self._body["number"], reference=self._body["reference"]
        ).update(status_sequence=sequence)
        return ""

    def _status(self) -> str:
        """Of the ticket; empty where neither the own status nor what it means is mapped."""
        status: dict[str, Any] = self._body["status"]
        statuses = self._tracker.statuses
        return str(statuses.get(status.get("code", "")) or statuses.get(status.get("kind", "")) or "")


def _order(tracker: Tracker, body: dict[str, Any]) -> TicketOrder | None:
    return TicketOrder.objects.filter(
        tracker=tracker, number=body.get("number", ""), reference=body.get("reference", "")
    ).first()


def _ticket(tracker: Tracker, body: dict[str, Any]) -> int:
    """The ticket that a message is for."""
    order = _order(tracker, body)
    return order.ticket if order is not None else int(str(body["reference"]).removeprefix("#"))
