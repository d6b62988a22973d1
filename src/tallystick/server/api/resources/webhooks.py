"""Webhooks: endpoints and their deliveries, and addresses for webhooks that come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.models import Attempt, Delivery, Endpoint, Inlet
from tallystick.server.api.resources.runs import chosen
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Number, Word, listing, number_cursor
from tallystick.server.api.webhooks import endpoints as actions

VIEW, CHANGE = actions.VIEW, actions.CHANGE
calls: Final = Calls("Webhooks")
deliveries: Final = Calls("Webhooks")
inlets: Final = Calls("Webhooks")


class Webhook(Schema):
    id: int
    address: str
    title: str
    events: list[str]
    is_enabled: bool
    disabled_why: str
    failing_since: datetime | None
    older_secret_until: datetime | None
    created_at: datetime
    created_by: str


class WebhookWithSecret(Webhook):
    secret: str = Shape(description="Shown this once.")


class NewWebhook(Given):
    address: str = Shape(max_length=2_000)
    events: list[str] = Shape(max_length=20)
    title: str = Shape("", max_length=200)


class ChangedWebhook(Given):
    address: str | None = Shape(None, max_length=2_000)
    events: list[str] | None = Shape(None, max_length=20)
    title: str | None = Shape(None, max_length=200)
    is_enabled: bool | None = None


class Try(Schema):
    at: datetime
    took_ms: int
    status: int | None
    message: str
    request_head: str
    request_body: str
    answer_head: str
    answer_body: str


class DeliveryShown(Schema):
    id: int
    webhook: int
    event: str = Shape(description="The webhook-id: the same however often it is sent.")
    kind: str
    status: str
    attempts: int
    next_at: datetime | None
    made_at: datetime
    is_replay: bool


class DeliveryDetail(DeliveryShown):
    data: dict[str, Any]
    tries: list[Try]


class InletShown(Schema):
    id: int
    system: str
    records: list[str]
    path: str = Shape(description="Where the system sends its messages.")
    received: int
    received_at: datetime | None
    refused_at: datetime | None
    refused_why: str


class InletWithSecret(InletShown):
    secret: str = Shape(description="Shown this once.")


class NewInlet(Given):
    system: str = Shape(max_length=100)
    records: list[str] = Shape(default_factory=list, max_length=100)
    secret: str = Shape("", max_length=200, description="The system's own; without it one is made.")


@calls.get("", VIEW, out=Listing[Webhook])
def list_webhooks(request: HttpRequest) -> Any:
    """Where webhooks go."""
    actor_of(request).check(VIEW)
    return listing(map(_webhook, Endpoint.objects.order_by("pk")))


@calls.post("", CHANGE, out=WebhookWithSecret, status=201)
def create_webhook(request: HttpRequest, body: NewWebhook, response: HttpResponse) -> Any:
    """Send events to an address from now on."""
    made = actions.add(actor_of(request), address=body.address, events=body.events, title=body.title)
    response["Location"] = f"{request.path}/{made.endpoint.pk}"
    return {**_webhook(made.endpoint), "secret": made.secret}


@calls.get("/{number}", VIEW, out=Webhook)
def get_webhook(request: HttpRequest, number: Number) -> Any:
    """One webhook."""
    return _webhook(actions.endpoint_of(actor_of(request), number))


@calls.patch("/{number}", CHANGE, out=Webhook)
def change_webhook(request: HttpRequest, number: Number, body: ChangedWebhook) -> Any:
    """Change a webhook, or switch it on or off."""
    changed = actions.change(
        actor_of(request),
        number,
        address=body.address,
        events=body.events,
        title=body.title,
        is_enabled=body.is_enabled,
    )
    return _webhook(changed)


@calls.delete("/{number}", CHANGE)
def delete_webhook(request: HttpRequest, number: Number) -> Any:
    """Remove a webhook with its deliveries."""
    actions.remove(actor_of(request), number)


@calls.post("/{number}/rotate", CHANGE, out=WebhookWithSecret)
def rotate_webhook(request: HttpRequest, number: Number) -> Any:
    """Make a new secret; the one that was signs too for a day."""
    made = actions.rotate(actor_of(request), number)
    return {**_webhook(made.endpoint), "secret": made.secret}


@calls.post("/{number}/test", CHANGE, out=DeliveryShown)
def test_webhook(request: HttpRequest, number: Number) -> Any:
    """Send an event that says nothing."""
    return _delivery(actions.send_test(actor_of(request), number))


@calls.get("/{number}/deliveries", VIEW, out=Listing[DeliveryShown])
def list_deliveries(
    request: HttpRequest, number: Number, status: Word = "", cursor: Cursor = "", limit: Limit = 50
) -> Any:
    """What was and is to be delivered, newest first."""
    rows = Delivery.objects.filter(endpoint=actions.endpoint_of(actor_of(request), number)).select_related(
        "event", "endpoint"
    )
    wanted = chosen(Delivery.Status, status, "status")
    before = number_cursor(cursor)
    if wanted is not None:
        rows = rows.filter(status=wanted)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    return listing(map(_delivery, found[:limit]), found[limit - 1].pk if len(found) > limit else None)


@deliveries.get("/{number}", VIEW, out=DeliveryDetail)
def get_delivery(request: HttpRequest, number: Number) -> Any:
    """One delivery with what was sent and what came back."""
    found = actions.delivery_of(actor_of(request), number)
    return {
        **_delivery(found),
        "data": found.event.data,
        "tries": [_try(one) for one in Attempt.objects.filter(delivery=found).order_by("pk")],
    }


@deliveries.post("/{number}/replay", CHANGE, out=DeliveryShown)
def replay_delivery(request: HttpRequest, number: Number) -> Any:
    """Send the same event again, with the same id."""
    return _delivery(actions.send_again(actor_of(request), number))


@inlets.get("", VIEW, out=Listing[InletShown])
def list_inlets(request: HttpRequest) -> Any:
    """Addresses for webhooks that come in."""
    actor_of(request).check(VIEW)
    return listing(map(_inlet, Inlet.objects.order_by("pk")))


@inlets.post("", CHANGE, out=InletWithSecret, status=201)
def create_inlet(request: HttpRequest, body: NewInlet) -> Any:
    """Make an address at which a system tells that something changed there."""
    made = actions.add_inlet(actor_of(request), connection=body.system, records=body.records, secret=body.secret)
    return {**_inlet(made.inlet), "secret": made.secret}


@inlets.delete("/{number}", CHANGE)
def delete_inlet(request: HttpRequest, number: Number) -> Any:
    """Remove an address."""
    actions.remove_inlet(actor_of(request), number)


def _webhook(one: Endpoint) -> dict[str, Any]:
    names = ("address", "title", "events", "is_enabled", "disabled_why", "failing_since", "created_at", "created_by")
    return {"id": one.pk, "older_secret_until": one.older_until, **{name: getattr(one, name) for name in names}}


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.pk,
        "webhook": one.endpoint.pk,
        "event": one.event.pk,
        "kind": one.event.kind,
        "status": str(one.status),
        "attempts": one.attempts,
        "next_at": one.next_at,
        "made_at": one.made_at,
        "is_replay": one.is_replay,
    }


def _try(one: Attempt) -> dict[str, Any]:
    names = ("at", "took_ms", "status", "message", "request_head", "request_body", "answer_head", "answer_body")
    return {name: getattr(one, name) for name in names}


def _inlet(one: Inlet) -> dict[str, Any]:
    names = ("records", "received", "received_at", "refused_at", "refused_why")
    path = reverse("webhooks:receive", args=[one.mark])
    return {"id": one.pk, "system": one.connection, "path": path, **{name: getattr(one, name) for name in names}}
