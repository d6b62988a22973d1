"""The calls of the API about messages: looking at them, sending again, settling, cancelling."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Query, Schema

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Number, Word, listing, number_cursor
from tallystick.server.messages import beside, queries
from tallystick.server.messages.domain import handling
from tallystick.server.messages.models import Transaction
from tallystick.server.messages.queries import VIEW

calls: Final = Calls("Messages")


class MessageFault(Schema):
    code: str
    field: str
    message: str


class MessageShown(Schema):
    """One message with what became of it."""

    number: int
    correlation: str
    direction: str
    partner: str
    operation: str
    version: int
    subject: str
    state: str
    why: str
    body: dict[str, Any]
    answer: dict[str, Any] | None
    errors: list[MessageFault]
    attempts: int
    about: str
    created_at: datetime
    settled_at: datetime | None


class AttemptShown(Schema):
    ordinal: int
    purpose: str
    came: str
    status: int | None
    message: str
    started_at: datetime
    ended_at: datetime | None


class MessageWithAttempts(MessageShown):
    tries: list[AttemptShown]


class Again(Given):
    """`body`: the corrected one. `is_absent`: somebody looked on the other side, and it is not there."""

    body: dict[str, Any] | None = None
    is_absent: bool = False


class Settled(Given):
    """What the answer would have said."""

    body: dict[str, Any]


@calls.get("", VIEW, out=Listing[MessageShown])
def list_messages(
    request: HttpRequest,
    q: Word = "",
    state: Annotated[str, Query(max_length=20)] = "",
    direction: Annotated[str, Query(max_length=3)] = "",
    operation: Word = "",
    partner: Word = "",
    about: Annotated[str, Query(max_length=32, description="The id of a record.")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Messages, the newest first."""
    wanted = queries.Wanted(words=q, state=state, direction=direction, operation=operation, peer=partner, about=about)
    rows = queries.transactions(actor_of(request), wanted).order_by("-number")
    before = number_cursor(cursor)
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: limit + 1])
    following = found[limit - 1].number if len(found) > limit else None
    return listing([_message(one) for one in found[:limit]], following)


@calls.get("/{number}", VIEW, out=MessageWithAttempts)
def get_message(request: HttpRequest, number: Number) -> Any:
    """One message with all its attempts."""
    return _with_tries(queries.one(actor_of(request), number))


@calls.post("/{number}/again", handling.HANDLE, out=MessageWithAttempts)
def send_message_again(request: HttpRequest, number: Number, body: Again) -> Any:
    """Send a message again that was refused, not delivered, or whose answer is lost for good."""
    row = handling.send_again(actor_of(request), number, body=body.body, is_absent=body.is_absent)
    beside.wake()
    return _with_tries(row)


@calls.post("/{number}/settle", handling.HANDLE, out=MessageWithAttempts)
def settle_message(request: HttpRequest, number: Number, body: Settled) -> Any:
    """Settle a message whose answer is lost: somebody found it on the other side."""
    return _with_tries(handling.settle_as_done(actor_of(request), number, body.body))


@calls.post("/{number}/cancel", handling.HANDLE, out=MessageWithAttempts)
def cancel_message(request: HttpRequest, number: Number) -> Any:
    """Give a message up."""
    return _with_tries(handling.cancel(actor_of(request), number))


@calls.post("/{number}/take-up", handling.HANDLE, out=MessageWithAttempts)
def take_up_message(request: HttpRequest, number: Number) -> Any:
    """Try a parked message again, once what it lacked is there."""
    actor = actor_of(request)
    handling.take_up(actor, number)
    beside.wake()
    return _with_tries(queries.one(actor, number))


def _message(row: Transaction) -> dict[str, Any]:
    return {
        "number": row.pk,
        "correlation": row.correlation,
        "direction": row.direction,
        "partner": row.peer.name,
        "operation": row.operation,
        "version": row.version,
        "subject": row.subject,
        "state": row.state,
        "why": row.why,
        "body": row.body,
        "answer": row.answer,
        "errors": row.errors,
        "attempts": row.attempts,
        "about": row.about_called,
        "created_at": row.created_at,
        "settled_at": row.settled_at,
    }


def _with_tries(row: Transaction) -> dict[str, Any]:
    tries = [
        {
            "ordinal": one.ordinal,
            "purpose": one.purpose,
            "came": one.came,
            "status": one.status,
            "message": one.message,
            "started_at": one.started_at,
            "ended_at": one.ended_at,
        }
        for one in row.tries.all()
    ]
    return {**_message(row), "tries": tries}
