"""The desk through the API: a case asks for work, technicians do it, messages are looked at and settled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Path, Query, Schema
from pydantic import Field as Shape

from tallystick.errors import InputRefused
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Number, Word, listing, number_cursor
from tallystick.server.desk.domain import cases, help_desk, replying, technician
from tallystick.server.desk.domain.help_desk import REQUEST, Wanted
from tallystick.server.desk.domain.technician import CHANGE, Doing
from tallystick.server.desk.models import CaseOrder
from tallystick.server.messages import beside, partners, queries
from tallystick.server.messages.domain import handling
from tallystick.server.messages.models import Role, Transaction
from tallystick.server.messages.queries import VIEW

calls: Final = Calls("Work orders")
messages: Final = Calls("Messages")
Id = Annotated[str, Path(min_length=1, max_length=32)]
Code = Annotated[str, Shape(max_length=40)]
LONGEST: Final = 32_000


class OrderAsked(Given):
    """What is asked of maintenance; codes are those of its lists. Without `partner` the hub's own maintenance."""

    partner: str = Shape("", max_length=60)
    subject: str = Shape(max_length=254)
    description: str = Shape("", max_length=LONGEST)
    problem: Code = ""
    shop: Code = ""
    priority: Code = ""
    assets: list[Annotated[str, Shape(min_length=1, max_length=60)]] = Shape(default_factory=list, max_length=50)


class OrderRelated(Given):
    partner: str = Shape("", max_length=60)
    number: str = Shape(min_length=1, max_length=60)


class Text(Given):
    text: str = Shape(min_length=1, max_length=LONGEST)


class Note(Text):
    """`is_answer`: it answers what maintenance asks."""

    is_answer: bool = False


class Resolution(Given):
    resolution: str = Shape("", max_length=LONGEST)
    tells: bool = Shape(True, description="Tell the requester and ask whether they are satisfied.")


class WorkStep(Given):
    doing: Literal["take", "begin", "hold", "complete", "close"]
    resolution: str = Shape("", max_length=LONGEST)


class OrderFault(Schema):
    code: str
    field: str
    message: str


class OrderOfCase(Schema):
    """A work order as the help desk knows it. `state` is that of the message that asked for it."""

    id: int
    case: str
    partner: str
    number: str = Shape(description="In maintenance; empty until it is known.")
    subject: str
    status: str = Shape(description="open, scheduled, in_progress, on_hold, completed, closed or cancelled.")
    their_status: str
    state: str
    errors: list[OrderFault]
    question: str = Shape(description="What maintenance asks and nobody answered yet.")
    message: int = Shape(description="The number of the message that asked for it.")
    attempts: int
    is_related: bool


class RecordChanged(Schema):
    id: str
    version: int


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
    errors: list[OrderFault]
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


@calls.get("/cases/{case}/orders", REQUEST, "desk.view_work_order", out=list[OrderOfCase])
def list_orders_of_case(request: HttpRequest, case: Id) -> Any:
    """Work orders of a case, the newest first."""
    help_desk.case_of(actor_of(request), case)
    rows = CaseOrder.objects.select_related("peer", "transaction").filter(case=case).order_by("-pk")[:200]
    return [_shown(one) for one in rows]


@calls.post("/cases/{case}/orders", REQUEST, out=OrderOfCase, status=201)
def ask_for_order(request: HttpRequest, case: Id, body: OrderAsked) -> Any:
    """Ask maintenance for a work order.

    `state` says what came of it: done with a number, refused with all errors, or still on its way: ask again then.
    """
    made = help_desk.request_order(actor_of(request), case, _partner(body.partner), _wanted(body))
    beside.wake()
    return _shown(made)


@calls.post("/cases/{case}/related", REQUEST, out=OrderOfCase, status=201)
def relate_order(request: HttpRequest, case: Id, body: OrderRelated) -> Any:
    """Put an existing work order onto a case."""
    return _shown(help_desk.relate(actor_of(request), case, _partner(body.partner), body.number))


@calls.post("/orders/{number}/correct", REQUEST, out=OrderOfCase)
def correct_order(request: HttpRequest, number: Number, body: OrderAsked) -> Any:
    """Send a refused request again, corrected: a further attempt of the same message."""
    made = help_desk.correct(actor_of(request), number, _wanted(body))
    beside.wake()
    return _shown(made)


@calls.post("/orders/{number}/notes", REQUEST, out=OrderOfCase)
def write_to_maintenance(request: HttpRequest, number: Number, body: Note) -> Any:
    """Write a note to maintenance, or answer what it asks."""
    actor = actor_of(request)
    help_desk.write(actor, number, body.text, is_answer=body.is_answer)
    beside.wake()
    return _shown(help_desk.case_order_of(actor, number))


@calls.post("/cases/{case}/resolve", cases.CHANGE, out=RecordChanged)
def resolve_case(request: HttpRequest, case: Id, body: Resolution) -> Any:
    """Say that a problem is solved; its requester is told."""
    saved = cases.resolve(actor_of(request), case, body.resolution, tells=body.tells).saved
    beside.wake()
    return {"id": saved.id, "version": saved.version}


@calls.post("/cases/{case}/close", cases.CHANGE, out=RecordChanged)
def close_case(request: HttpRequest, case: Id) -> Any:
    """Close a case; its work orders go on as they are."""
    saved = cases.close(actor_of(request), case)
    return {"id": saved.id, "version": saved.version}


@calls.post("/cases/{case}/reopen", cases.CHANGE, out=RecordChanged)
def reopen_case(request: HttpRequest, case: Id) -> Any:
    """Open a case again."""
    saved = cases.reopen(actor_of(request), case)
    return {"id": saved.id, "version": saved.version}


@calls.post("/work/{order}/steps", CHANGE, out=RecordChanged)
def move_work_order(request: HttpRequest, order: Id, body: WorkStep) -> Any:
    """Take a work order, begin it, put it on hold, complete or close it; whoever follows it is told."""
    actor = actor_of(request)
    if body.doing == "take":
        saved = technician.take(actor, order)
    else:
        saved = technician.do(actor, order, Doing(body.doing), resolution=body.resolution)
    beside.wake()
    return {"id": saved.id, "version": saved.version}


@calls.post("/work/{order}/notes", CHANGE, out=None, status=204)
def write_in_order(request: HttpRequest, order: Id, body: Text) -> Any:
    """Write a note in a work order; whoever follows it is told."""
    technician.note(actor_of(request), order, body.text)
    beside.wake()
    return None


@calls.post("/work/{order}/questions", CHANGE, out=None, status=204)
def ask_about_order(request: HttpRequest, order: Id, body: Text) -> Any:
    """Ask the help desks that follow a work order; they answer by a link or a note."""
    replying.ask(actor_of(request), order, body.text)
    beside.wake()
    return None


@messages.get("", VIEW, out=Listing[MessageShown])
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


@messages.get("/{number}", VIEW, out=MessageWithAttempts)
def get_message(request: HttpRequest, number: Number) -> Any:
    """One message with all its attempts."""
    return _with_tries(queries.one(actor_of(request), number))


@messages.post("/{number}/again", handling.HANDLE, out=MessageWithAttempts)
def send_message_again(request: HttpRequest, number: Number, body: Again) -> Any:
    """Send a message again that was refused, not delivered, or whose answer is lost for good."""
    row = handling.send_again(actor_of(request), number, body=body.body, is_absent=body.is_absent)
    beside.wake()
    return _with_tries(row)


@messages.post("/{number}/settle", handling.HANDLE, out=MessageWithAttempts)
def settle_message(request: HttpRequest, number: Number, body: Settled) -> Any:
    """Settle a message whose answer is lost: somebody found it on the other side."""
    return _with_tries(handling.settle_as_done(actor_of(request), number, body.body))


@messages.post("/{number}/cancel", handling.HANDLE, out=MessageWithAttempts)
def cancel_message(request: HttpRequest, number: Number) -> Any:
    """Give a message up."""
    return _with_tries(handling.cancel(actor_of(request), number))


@messages.post("/{number}/take-up", handling.HANDLE, out=MessageWithAttempts)
def take_up_message(request: HttpRequest, number: Number) -> Any:
    """Try a parked message again, once what it lacked is there."""
    actor = actor_of(request)
    handling.take_up(actor, number)
    beside.wake()
    return _with_tries(queries.one(actor, number))


def _partner(name: str) -> Any:
    offered = partners.of_role(Role.MAINTENANCE)
    found = next((one for one in offered if one.name == name), None) if name else offered[0]
    if found is None:
        names = ", ".join(one.name for one in offered)
        raise InputRefused("Nothing was asked.", fields={"partner": f"There are {names}."})
    return found


def _wanted(body: OrderAsked) -> Wanted:
    return Wanted(
        subject=body.subject,
        description=body.description,
        problem=body.problem,
        shop=body.shop,
        priority=body.priority,
        assets=tuple(body.assets),
    )


def _shown(one: CaseOrder) -> dict[str, Any]:
    row = one.transaction
    return {
        "id": one.pk,
        "case": one.case_id,
        "partner": one.peer.name,
        "number": one.number,
        "subject": one.subject,
        "status": one.status,
        "their_status": one.their_status,
        "state": row.state,
        "errors": row.errors,
        "question": one.question_text,
        "message": row.pk,
        "attempts": row.attempts,
        "is_related": one.is_related,
    }


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
