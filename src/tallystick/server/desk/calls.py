"""The desk through the API: a case asks for work, technicians do it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Path, Schema
from pydantic import Field as Shape

from tallystick.errors import InputRefused
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Given, Number
from tallystick.server.desk.domain import cases, help_desk, replying, technician
from tallystick.server.desk.domain.help_desk import REQUEST, Wanted
from tallystick.server.desk.domain.technician import CHANGE, Doing
from tallystick.server.desk.models import CaseOrder
from tallystick.server.messages import beside, partners
from tallystick.server.messages.calls import MessageFault
from tallystick.server.messages.models import Role

calls: Final = Calls("Work orders")
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
    errors: list[MessageFault]
    question: str = Shape(description="What maintenance asks and nobody answered yet.")
    message: int = Shape(description="The number of the message that asked for it.")
    attempts: int
    is_related: bool


class RecordChanged(Schema):
    id: str
    version: int


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
