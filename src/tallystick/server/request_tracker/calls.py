"""The calls of the API about queues of Request Tracker."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Given, Listing, Number, listing
from tallystick.server.messages.domain.partners import CHANGE
from tallystick.server.request_tracker.domain import trackers
from tallystick.server.request_tracker.models import Tracker

VIEW: Final = "messaging.view_peer"
calls: Final = Calls("Messages")


class QueueChanged(Given):
    """`fields`: of a request to the custom field that holds it. `statuses`: of work orders to those of tickets."""

    title: str = Shape("", max_length=200)
    connection: str = Shape(max_length=100)
    queue: str = Shape(max_length=200)
    condition: str = Shape("", max_length=500, description="TicketSQL, besides the queue.")
    fields: dict[str, str] = Shape(default_factory=dict, max_length=50)
    order_field: str = Shape("", max_length=100)
    status_field: str = Shape("", max_length=100)
    statuses: dict[str, str] = Shape(default_factory=dict, max_length=100)
    hears_replies: bool = False
    every_s: int = Shape(20, ge=5, le=3600)


class NewQueue(QueueChanged):
    name: str = Shape(max_length=60, description="Of the message partner that the queue becomes.")


class Queue(Schema):
    number: int
    name: str
    title: str
    connection: str
    queue: str
    condition: str
    fields: dict[str, str]
    order_field: str
    status_field: str
    statuses: dict[str, str]
    hears_replies: bool
    every_s: int
    is_paused: bool
    looked_at: datetime | None
    fault: str
    unmapped: list[str] = Shape(description="Statuses of work orders that would be parked.")


@calls.get("", VIEW, out=Listing[Queue])
def list_queues(request: HttpRequest) -> Any:
    """Queues of Request Tracker whose tickets become work orders."""
    actor_of(request).check(VIEW)
    return listing([_shown(one) for one in trackers.in_use().order_by("pk")])


@calls.post("", CHANGE, out=Queue, status=201)
def add_queue(request: HttpRequest, body: NewQueue) -> Any:
    """Connect a queue: tickets that are touched from now on become work orders."""
    return _shown(trackers.add(actor_of(request), name=body.name, title=body.title, wanted=_wanted(body)))


@calls.put("/{number}", CHANGE, out=Queue)
def change_queue(request: HttpRequest, number: Number, body: QueueChanged) -> Any:
    """Change what is set for a queue; what was parked for want of a status is taken up."""
    return _shown(trackers.change(actor_of(request), number, title=body.title, wanted=_wanted(body)))


@calls.delete("/{number}", CHANGE)
def delete_queue(request: HttpRequest, number: Number) -> Any:
    """Disconnect a queue: its tickets hear nothing any more; work orders and messages stay as they are."""
    trackers.delete(actor_of(request), number)
    return None


def _wanted(body: QueueChanged) -> trackers.Wanted:
    return trackers.Wanted(**body.dict(exclude={"name", "title"}))


def _shown(one: Tracker) -> dict[str, Any]:
    return {
        "number": one.pk,
        "name": one.peer.name,
        "title": one.peer.title,
        "connection": one.connection,
        "queue": one.queue,
        "condition": one.condition,
        "fields": one.fields,
        "order_field": one.order_field,
        "status_field": one.status_field,
        "statuses": one.statuses,
        "hears_replies": one.hears_replies,
        "every_s": one.every_s,
        "is_paused": one.peer.is_paused,
        "looked_at": one.looked_at,
        "fault": one.fault,
        "unmapped": trackers.unmapped(one),
    }
