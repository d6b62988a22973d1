"""Maintenance hears a help desk: makes a work order, lets it be followed, takes notes and answers (W1, W5-W7, W11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.desk import operations, told
from tallystick.server.desk.domain import replying
from tallystick.server.desk.models import Conversation, Follower, OrderNote, Problem, Shop, WorkOrder, WorkPriority
from tallystick.server.messages import moment, receiving
from tallystick.server.messages.envelope import Answer, Fault, accepted
from tallystick.server.messages.models import Peer, Transaction
from tallystick.server.messages.receiving import Refusal
from tallystick.server.people.actor import Actor
from tallystick.server.records.domain import actions
from tallystick.server.records.entry import LIVE
from tallystick.server.records.models import InstalledAsset
from tallystick.server.records.record_types import record_type
from tallystick.server.records.values import list_of

_CALLED: Final = re.compile(r"([A-Z]+)-([1-9][0-9]{0,17})")


def speaker(peer: Peer) -> Actor:
    """A help desk that speaks, as histories show it; it may make orders and nothing else."""
    return Actor(
        person=None,
        name=peer.title,
        permissions=frozenset({"desk.add_work_order", "desk.view_work_order"}),
        via=f"message of {peer.name}",
    )


def create(peer: Peer, message: Transaction) -> Answer:
    """A new work order: its number and status, or every error at once. Raises Refusal."""
    body = message.body
    values: dict[str, str | None] = {name: body.get(name) for name in ("subject", "description", "business_unit")}
    values["requester"] = body.get("requester")
    faults: list[Fault] = []
    for name, title, model in (
        ("problem", _("problem"), Problem),
        ("priority", _("priority"), WorkPriority),
        ("shop", _("shop"), Shop),
    ):
        code = body.get(name)
        if not code:
            continue
        row: Any = model._default_manager.filter(LIVE, code=code).first()
        if row is None:
            text = _("There is no {what} {code}.").format(what=title, code=code)
            faults.append(Fault(code="unknown", field=name, message=text))
        elif not getattr(row, "is_open", True) or not getattr(row, "is_active", True):
            text = _("The {what} {code} is closed.").format(what=title, code=code)
            faults.append(Fault(code="closed", field=name, message=text))
        values[name] = None if row is None else str(row.pk)
    assets, unknown = assets_of(body.get("assets", ()))
    faults += [
        Fault(code="unknown", field="assets", message=_("There is no asset {code}.").format(code=code))
        for code in unknown
    ]
    if faults:
        raise Refusal(*faults)
    if assets:
        values["assets"] = list_of(assets)
    try:
        saved = actions.create(speaker(peer), "work_order", values)
    except InputRefused as error:
        wrong = error.fields or {"": error.message}
        raise Refusal(*(Fault(code="refused", field=name, message=text) for name, text in wrong.items())) from error
    order = WorkOrder.objects.get(pk=saved.id)
    _follow(peer, order, body)
    _keep_about(message, order)
    return accepted(header(order))


def relate(peer: Peer, message: Transaction) -> Answer:
    """Tells this help desk of an order that is there, from now on. Raises Refusal."""
    order = order_of(message.body["number"])
    _follow(peer, order, message.body)
    _keep_about(message, order)
    return accepted(header(order))


def note(peer: Peer, message: Transaction) -> Answer:
    """A note of the help desk, or its answer to a request for information. Raises Refusal."""
    body = message.body
    order = order_of(body["number"])
    if not Follower.objects.filter(order=order, peer=peer).exists():
        raise Refusal(_not_there(body["number"]))
    by = body.get("author") or peer.title
    if body.get("question"):
        replying.answer_by_note(order, body["question"], body["text"], by=by)
    else:
        OrderNote.objects.create(
            order=order, text=body["text"], by=by[:200], side=OrderNote.Side.HELP_DESK, at=moment.now()
        )
        replying.settle_by_note(order, by=by)
    _keep_about(message, order)
    return accepted()


def header(order: WorkOrder) -> dict[str, Any]:
    """An order as answers tell it."""
    conversation = Conversation.objects.filter(pk=order.pk).first()
    shown: dict[str, Any] = {
        "number": told.called(order.number),
        "status": told.status_shown(order.status, order.own_status_id),
        "subject": order.subject,
        "description": order.description or "",
    }
    if conversation is not None and conversation.sequence:
        shown["sequence"] = conversation.sequence
    return shown


def order_of(number: str) -> WorkOrder:
    """Raises Refusal."""
    found = _CALLED.fullmatch(number)
    order = None
    if found is not None and found[1] == "WO":
        order = WorkOrder.objects.filter(LIVE, number=int(found[2])).first()
    if order is None:
        raise Refusal(_not_there(number))
    return order


def assets_of(codes: Any) -> tuple[list[str], list[str]]:
    """Ids of assets by the numbers they are called, and the numbers of none."""
    prefix = record_type("installed_asset").prefix
    numbers = {code: int(found[2]) for code in codes if (found := _CALLED.fullmatch(code)) and found[1] == prefix}
    ids = dict(InstalledAsset.objects.filter(LIVE, number__in=numbers.values()).values_list("number", "pk"))
    known = {code: ids[number] for code, number in numbers.items() if number in ids}
    return list(dict.fromkeys(known[code] for code in codes if code in known)), [c for c in codes if c not in known]


def _not_there(number: str) -> Fault:
    text = _("There is no work order {number}.").format(number=number)
    return Fault(code="unknown", field="number", message=text)


def _follow(peer: Peer, order: WorkOrder, body: Mapping[str, Any]) -> None:
    contact = body.get("contact") or {}
    Follower.objects.update_or_create(
        order=order,
        peer=peer,
        reference=body["reference"],
        defaults={
            "contact_name": str(contact.get("name", ""))[:200],
            "contact_email": str(contact.get("email", ""))[:254],
            "created_at": moment.now(),
        },
    )
    Conversation.objects.get_or_create(order=order)


def _keep_about(message: Transaction, order: WorkOrder) -> None:
    message.about_type, message.about, message.about_called = "work_order", order.pk, told.called(order.number)


def add() -> None:
    """Makes the handlers known to this process."""
    receiving.handle(operations.CREATE, 1, create)
    receiving.handle(operations.RELATE, 1, relate)
    receiving.handle(operations.NOTE, 1, note)
