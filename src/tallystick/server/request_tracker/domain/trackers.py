"""Connecting a queue of Request Tracker, and changing what is set for it: both look at the queue first. Deleting it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.connectors.request_tracker.client import ConditionRefused, RequestTracker
from tallystick.errors import InputRefused, NotFound, TallystickError
from tallystick.server.api.webhooks import signatures
from tallystick.server.connections import vault
from tallystick.server.connections.domain.using import Use
from tallystick.server.connections.models import Connection
from tallystick.server.desk.codes import STATUSES
from tallystick.server.messages import beside, moment, outbox, partners
from tallystick.server.messages.domain.partners import CHANGE, retire
from tallystick.server.messages.models import Peer, Role, Transaction
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.request_tracker.asking import FIELDS
from tallystick.server.request_tracker.hearing import wants_work
from tallystick.server.request_tracker.models import Tracker
from tallystick.server.request_tracker.opening import opened

SCHEME: Final = "request-tracker"
PATIENCE_S: Final = 60
"""A comment may be on its way so long: several calls of up to 15 seconds each."""
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`fields`: of a request -> custom field. `statuses`: of a work order, or a code of its own -> of the ticket."""

    connection: str
    queue: str
    condition: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    order_field: str = ""
    status_field: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)
    hears_replies: bool = False
    every_s: int = 20


def in_use() -> QuerySet[Tracker, Tracker]:
    """Queues that are connected; of a deleted one the work orders of its tickets are remembered."""
    return Tracker.objects.select_related("peer").filter(peer__is_enabled=True)


def tracker_of(number: int) -> Tracker:
    """Raises NotFound."""
    found = in_use().filter(pk=number).first()
    if found is None:
        raise NotFound(
            _("There is no such queue of Request Tracker."), hint=_("The list of queues shows those there are.")
        )
    return found


def add(actor: Actor, *, name: str, title: str, wanted: Wanted) -> Tracker:
    """Tickets that are touched from now on become work orders; a queue that was connected before goes on with those
    it had. Raises NotAllowed, InputRefused.
    """
    actor.check(CHANGE)
    faults: dict[str, str] = {}
    if not _NAME.fullmatch(name):
        faults["name"] = _("Write small letters, digits and dashes, a letter first.")
    elif Peer.objects.filter(name=name).exists():
        faults["name"] = _("There is a message partner of this name already.")
    _judged(wanted, faults)
    with _trying(), opened(wanted.connection) as tickets:
        _check(tickets, wanted)
        newest = tickets.newest()
    now = moment.now()
    try:
        with transaction.atomic():
            named = {"name": name, "title": title.strip()[:200] or name, "address": f"{SCHEME}:{name}"}
            begins = {"started_after": newest, "seen": newest, "started_at": now, "compared_at": now}
            made = _before(wanted)
            if made is None:
                peer = Peer.objects.create(
                    **named,
                    role=Role.HELP_DESK,
                    timeout_s=PATIENCE_S,
                    mark=partners.new_mark(),
                    secret=vault.seal(signatures.new_secret()),
                    created_at=now,
                    changed_at=now,
                )
                made = Tracker.objects.create(peer=peer, **begins, **_columns(wanted))
            else:
                Peer.objects.filter(pk=made.peer_id).update(**named, is_enabled=True, changed_at=now)
                fresh = {"looked_at": None, "leased_until": None, "fault": "", "fault_at": None}
                Tracker.objects.filter(pk=made.pk).update(**begins, **fresh, **_columns(wanted))
                made = tracker_of(made.pk)
            audit(actor, "request_tracker.add", subject=made.peer, details=_columns(wanted))
    except IntegrityError:
        raise InputRefused(
            _("The queue was not connected."), fields={"queue": _("This queue is connected already.")}
        ) from None
    return made


def change(actor: Actor, number: int, *, title: str, wanted: Wanted) -> Tracker:
    """What was parked for want of a status is taken up. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(CHANGE)
    tracker = tracker_of(number)
    _judged(wanted)
    with _trying(), opened(wanted.connection) as tickets:
        _check(tickets, wanted)
    columns = _columns(wanted)
    before = {name: getattr(tracker, name) for name in columns}
    try:
        with transaction.atomic():
            Tracker.objects.filter(pk=number).update(**columns, looked_at=None)
            Peer.objects.filter(pk=tracker.peer_id).update(
                title=title.strip()[:200] or tracker.peer.name, changed_at=moment.now()
            )
            outbox.unpark(Transaction.objects.filter(peer=tracker.peer_id))
            details = {name: [before[name], value] for name, value in columns.items() if before[name] != value}
            audit(actor, "request_tracker.change", subject=tracker.peer, details=details)
    except IntegrityError:
        raise InputRefused(_("Nothing was changed."), fields={"queue": _("This queue is connected already.")}) from None
    beside.wake()
    return tracker_of(number)


def delete(actor: Actor, number: int) -> Tracker:
    """Its tickets become no work orders any more and hear nothing; work orders and messages stay as they are.

    Raises NotAllowed, NotFound.
    """
    actor.check(CHANGE)
    with transaction.atomic():
        tracker = tracker_of(number)
        retire(actor, tracker.peer)
    return tracker


def _before(wanted: Wanted) -> Tracker | None:
    """The same queue of the same connection, which was deleted: its tickets have their work orders still."""
    deleted = Tracker.objects.select_related("peer").filter(peer__is_enabled=False)
    found = deleted.filter(connection=wanted.connection, queue=wanted.queue.strip()).first()
    if found is None:
        return None
    newer = Connection.objects.filter(name=wanted.connection, created_at__gt=found.peer.changed_at)
    if newer.exists():  # the same name for what may be another system: its tickets are others
        Tracker.objects.filter(pk=found.pk).update(queue=f"{found.queue[:150]} ({_('deleted')} {found.pk})")
        return None
    return found


def uses(connection: str) -> list[Use]:
    """Queues of a connection, which cannot go as long as they are."""
    rows = in_use().filter(connection=connection).order_by("pk")
    return [Use(title=str(one), address=reverse("request_tracker:queue", args=[one.pk])) for one in rows]


@contextmanager
def _trying() -> Iterator[None]:
    """What the system says against the settings stands at the form. Raises InputRefused."""
    try:
        yield
    except InputRefused:
        raise
    except TallystickError as error:
        place = "condition" if isinstance(error, ConditionRefused) else "connection"
        raise InputRefused(_("The queue was not connected."), fields={place: str(error)}) from error


def _judged(wanted: Wanted, faults: dict[str, str] | None = None) -> None:
    """Raises InputRefused with everything that is wrong at once."""
    faults = {} if faults is None else faults
    if not wanted.queue.strip():
        faults["queue"] = _("This is needed.")
    if not 5 <= wanted.every_s <= 3_600:
        faults["every_s"] = _("Write 5 to 3600 seconds.")
    if unknown := sorted(set(wanted.fields) - set(FIELDS)):
        faults["fields"] = _("There is no {name} in a request; there are {names}.").format(
            name=unknown[0], names=", ".join(FIELDS)
        )
    for code, status in wanted.statuses.items():
        if not code.strip() or len(code) > 40 or not status.strip() or len(status) > 64:
            faults["statuses"] = _("Write a status of work orders, a colon and a status of tickets, one a line.")
    if faults:
        raise InputRefused(_("The queue was not connected."), fields=faults)


def _check(tickets: RequestTracker, wanted: Wanted) -> None:
    """The queue is there, has the custom fields, and the condition can be read. Raises InputRefused and its faults."""
    there = set(tickets.fields_of_queue(wanted.queue).values())
    faults: dict[str, str] = {}
    named = {
        "order_field": [wanted.order_field],
        "status_field": [wanted.status_field],
        "fields": wanted.fields.values(),
    }
    for place, names in named.items():
        if missing := [name for name in names if name and name not in there]:
            faults[place] = _("Tickets of this queue have no custom field {name}; they have {names}.").format(
                name=missing[0], names=", ".join(sorted(there)) or "-"
            )
    if faults:
        raise InputRefused(_("The queue was not connected."), fields=faults)
    tickets.tickets(f"{wants_work(Tracker(queue=wanted.queue, condition=wanted.condition))} AND id = 0")


def _columns(wanted: Wanted) -> dict[str, Any]:
    return {
        "connection": wanted.connection,
        "queue": wanted.queue.strip(),
        "condition": wanted.condition.strip(),
        "fields": dict(wanted.fields),
        "order_field": wanted.order_field.strip(),
        "status_field": wanted.status_field.strip(),
        "statuses": dict(wanted.statuses),
        "hears_replies": wanted.hears_replies,
        "every_s": wanted.every_s,
    }


def unmapped(tracker: Tracker) -> list[str]:
    """Statuses of work orders that would be parked."""
    return [code for code in STATUSES.codes if not tracker.statuses.get(code)]
