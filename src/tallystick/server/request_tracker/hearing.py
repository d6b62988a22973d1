"""Looks at a queue: tickets that want work, tickets that want more of it, comments for technicians.

Everything that happens to tickets comes in one line of transactions with rising ids, so a look reads what is newer
than the last. A few older ones are read again, because a transaction with a lower id may be committed later; once an
hour the queue is gone through. Each message's id is made of what it came from: however often something is
looked at, and wherever a look was broken off, maintenance hears it once. Source: docs/adr/0015.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.db import transaction

from tallystick.connectors.http.errors import AnswerLost
from tallystick.connectors.request_tracker.answers import SYSTEM, Happened, Ticket
from tallystick.connectors.request_tracker.client import RequestTracker, TicketGone
from tallystick.errors import SystemFault
from tallystick.server.desk import operations as desk
from tallystick.server.messages import moment, outbox, receiving
from tallystick.server.messages.course import State
from tallystick.server.messages.envelope import Answer, Envelope, Fault
from tallystick.server.messages.models import Direction, Transaction
from tallystick.server.messages.outbox import About
from tallystick.server.request_tracker import operations, wording
from tallystick.server.request_tracker.asking import request_of, words_of
from tallystick.server.request_tracker.models import TicketOrder, Tracker

T = TypeVar("T")
OVERLAP: Final = 80
"""Transactions that are read again: more than a busy tracker commits while one of its requests is under way."""
COMPARED_EVERY: Final = timedelta(hours=1)
CLOCKS_APART: Final = timedelta(days=2)
"""Days are what Request Tracker compares, by a time zone of its own."""
IDS_IN_A_QUERY: Final = 50
NEW: Final = "new"
"""Written into the custom field of the number, it asks for one more work order."""
_NUMBER: Final = re.compile(r"\bWO-[1-9][0-9]{0,17}\b")
_SPOKEN: Final = ("Comment", "Correspond")


@dataclass
class Look:
    """One look. `heard`: messages that maintenance took or refused; `passed`: tickets that could not be read."""

    tracker: Tracker
    tickets: RequestTracker
    heard: int = 0
    passed: list[str] = field(default_factory=list)
    held: list[int] = field(default_factory=list)  # transactions the next look has to begin with
    names: dict[str, str] = field(default_factory=dict)  # of users

    def at(self) -> None:
        """Raises what asking raises; what was taken by then is kept, and the rest is taken by the next look."""
        tracker, tickets = self.tracker, self.tickets
        number_field = _field_id(tickets.fields_of_queue(tracker.queue), tracker.order_field)
        newest = tickets.newest()
        since = max(tracker.seen - OVERLAP, tracker.started_after)
        events = list(tickets.happened(since, newest))
        self._merged(events)
        self._asked(events)
        if tracker.compared_at is None or moment.now() - tracker.compared_at >= COMPARED_EVERY:
            self._compare()
        for event in events:
            if event.kind == "CustomField" and event.field == number_field:
                self._one_by_one(self._wants, event, event.id)
            elif event.kind in _SPOKEN and (event.kind == "Comment" or tracker.hears_replies):
                self._one_by_one(self._said, event, event.id)
        Tracker.objects.filter(pk=tracker.pk).update(seen=min([newest, *(number - 1 for number in self.held)]))

    def _one_by_one(self, take: Callable[[T], None], what: T, since: int = 0) -> None:
        """What Request Tracker fails to give stands in nobody's way, and is asked for again by the next look (E7)."""
        try:
            take(what)
        except (TicketGone, receiving.NotTaken) as error:  # gone, or another process was faster
            self.passed.append(str(error))
        except AnswerLost:
            raise
        except SystemFault as error:
            self.passed.append(str(error))
            self.held += [since] if since else []

    # --- tickets without a work order

    def _asked(self, events: Sequence[Happened]) -> None:
        touched = {one.ticket: max(one.id, 0) for one in events if one.kind != "EmailRecord"}
        with_order = _with_orders(self.tracker, touched)
        known = _known(self.tracker, [_asks(number) for number in touched])
        wanted = [
            number
            for number, last in touched.items()
            if number not in with_order and (last > self.tracker.seen or _asks(number) not in known)
        ]
        for start in range(0, len(wanted), IDS_IN_A_QUERY):
            ids = " OR ".join(f"id = {number}" for number in wanted[start : start + IDS_IN_A_QUERY])
            for number in self.tickets.tickets(f"({ids}) AND {wants_work(self.tracker)}"):
                self._one_by_one(self._take, number, touched[number])

    def _compare(self) -> None:
        """The queue, as far as it was touched since it was gone through the last time."""
        now = moment.now()
        since = max(self.tracker.compared_at or self.tracker.started_at, self.tracker.started_at) - CLOCKS_APART
        found = self.tickets.tickets(f"{wants_work(self.tracker)} AND LastUpdated > '{since:%Y-%m-%d}'")
        with_order = _with_orders(self.tracker, found)
        known = _known(self.tracker, [_asks(number) for number in found])
        for number in found:
            if number not in with_order and _asks(number) not in known:
                self._one_by_one(lambda ticket: self._take(ticket, is_compared=True), number)
        Tracker.objects.filter(pk=self.tracker.pk).update(compared_at=now)

    def _take(self, number: int, *, is_compared: bool = False) -> None:
        """Asks for the first work order of a ticket, or again where it was refused and has changed since."""
        ticket = self.tickets.ticket(number)
        if is_compared and _last(ticket) <= self.tracker.started_after:  # nobody touched it since
            return
        row = Transaction.objects.filter(**_key(self.tracker, _asks(ticket.id))).first()
        if row is not None and row.state != State.REFUSED:
            return
        body = request_of(self.tracker, self.tickets, ticket)
        if row is None or row.body != body:
            self._ask(desk.CREATE, _asks(ticket.id), body, ticket)

    # --- tickets with one

    def _wants(self, event: Happened) -> None:
        """Somebody wrote into the custom field of the number: one more, or one that is there."""
        value = event.new.strip()
        orders = list(_orders(self.tracker, event.ticket))
        if not value or not orders or event.id <= min(one.asked_at for one in orders):
            return
        is_more = value.casefold() == NEW
        if not is_more and (not _NUMBER.fullmatch(value.upper()) or any(one.number == value.upper() for one in orders)):
            return
        id_ = f"{_asks(event.ticket)}:{event.id}"
        if _known(self.tracker, [id_]):
            return
        ticket = self.tickets.ticket(event.ticket)
        if is_more:
            self._ask(desk.CREATE, id_, request_of(self.tracker, self.tickets, ticket), ticket, asked="more")
        else:
            body = {"number": value.upper(), "reference": f"#{ticket.id}"}
            self._ask(desk.RELATE, id_, body, ticket, asked="relate")

    def _said(self, event: Happened) -> None:
        """A comment goes to the orders it names, else to the newest of the ticket; never one of the hub's own."""
        if event.by == SYSTEM or self._is_own(event.subject):
            return
        orders = {one.number: one for one in _orders(self.tracker, event.ticket)}
        ids = {f"rt-said:{event.id}:{number}": number for number in orders}
        if not orders or _known(self.tracker, list(ids)):
            return
        said = self.tickets.said(event.id)
        text = words_of(said)
        if not text:
            return
        named = [number for number in dict.fromkeys(_NUMBER.findall(text.upper())) if number in orders]
        for number in named or [next(reversed(orders))]:
            body = {"number": number, "text": text, "author": self._name(event.by)}
            message = Envelope(id=f"rt-said:{event.id}:{number}", operation=desk.NOTE, version=1, body=body)
            with transaction.atomic():
                answer = self._heard(message)
                if not answer.is_accepted:
                    self._put("note", orders[number].reference, answer, number=number)

    # --- to maintenance, and what it said back to the ticket

    def _ask(self, operation: str, id_: str, body: dict[str, Any], ticket: Ticket, *, asked: str = "create") -> None:
        """Maintenance's order, the ticket's link to it and the answer on its way to the ticket: all, or nothing."""
        message = Envelope(id=id_, operation=operation, version=1, body=body, subject=body["reference"])
        with transaction.atomic():
            answer = self._heard(message)
            is_new = True
            if answer.is_accepted:
                _order, is_new = TicketOrder.objects.get_or_create(
                    tracker=self.tracker,
                    number=answer.body["number"],
                    reference=body["reference"],
                    defaults={
                        "ticket": ticket.id,
                        "asked_at": _last(ticket) or self.tracker.seen,
                        "created_at": moment.now(),
                    },
                )
            if is_new:
                self._put(asked, body["reference"], answer)

    def _heard(self, message: Envelope) -> Answer:
        self.heard += 1
        return receiving.take(self.tracker.peer, message)

    def _put(self, asked: str, reference: str, answer: Answer, *, number: str = "") -> None:
        body: dict[str, Any] = {"reference": reference, "asked": asked}
        if answer.is_accepted:
            body |= {name: answer.body[name] for name in ("number", "status", "sequence") if name in answer.body}
        else:
            body |= {"errors": [_told(one) for one in answer.errors]}
        if number:
            body["number"] = number
        about = About(type="", id="", called=str(body.get("number") or reference))
        subject = str(body.get("number") or reference)
        outbox.put(self.tracker.peer, operations.ANSWER, body, subject=subject, about=about)

    def _is_own(self, subject: str) -> bool:
        """By what the hub wrote, not by who wrote it: others may use the hub's user too (S4)."""
        id_ = wording.id_in(subject)
        if not id_:
            return False
        row = Transaction.objects.filter(peer=self.tracker.peer, direction=Direction.OUT, correlation=id_).first()
        return row is not None and wording.subject_of(id_, row.body) == subject

    def _merged(self, events: Sequence[Happened]) -> None:
        """Orders of a ticket that was merged belong to the one it was merged into."""
        for number in {one.ticket for one in events if one.kind == "AddLink" and one.field == "MergedInto"}:
            if _with_orders(self.tracker, [number]):
                self._one_by_one(self._follow_merge, number)

    def _follow_merge(self, number: int) -> None:
        follow_merge(self.tracker, number, self.tickets.ticket(number).id)

    def _name(self, user: str) -> str:
        if user not in self.names:
            self.names[user] = (self.tickets.email_of(user)[0] or user)[:200]
        return self.names[user]


def wants_work(tracker: Tracker) -> str:
    """As TicketSQL: active tickets of the queue that meet the condition."""
    found = f"Queue = '{quoted(tracker.queue)}' AND Status = '__Active__'"
    return f"{found} AND ({tracker.condition})" if tracker.condition.strip() else found


def quoted(text: str) -> str:
    """For a place between single quotes in TicketSQL."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def follow_merge(tracker: Tracker, before: int, ticket: int) -> None:
    if before != ticket:
        TicketOrder.objects.filter(tracker=tracker, ticket=before).update(ticket=ticket)


def _orders(tracker: Tracker, ticket: int) -> Iterable[TicketOrder]:
    return TicketOrder.objects.filter(tracker=tracker, ticket=ticket).order_by("pk")


def _with_orders(tracker: Tracker, tickets: Iterable[int]) -> set[int]:
    """Also those of another queue, which a ticket was in before."""
    rows = TicketOrder.objects.filter(tracker__connection=tracker.connection, ticket__in=list(tickets))
    return set(rows.values_list("ticket", flat=True))


def _known(tracker: Tracker, ids: Sequence[str]) -> set[str]:
    rows = Transaction.objects.filter(peer=tracker.peer, direction=Direction.IN, correlation__in=ids)
    return set(rows.values_list("correlation", flat=True))


def _asks(ticket: int) -> str:
    return f"rt-ticket:{ticket}"


def _key(tracker: Tracker, id_: str) -> dict[str, Any]:
    return {"peer": tracker.peer, "direction": Direction.IN, "correlation": id_}


def _field_id(fields: dict[str, str], name: str) -> str:
    return next((id_ for id_, called in fields.items() if called == name), "")


def _told(fault: Fault) -> str:
    return f"{fault.field}: {fault.message}" if fault.code == "schema" and fault.field else fault.message


def _last(ticket: Ticket) -> int:
    """The ETag of a ticket is its last transaction."""
    digits = ticket.etag.strip('W/"')
    return int(digits) if digits.isdecimal() else 0
