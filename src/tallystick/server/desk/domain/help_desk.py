"""What an agent does with a case and maintenance: ask for work, correct, relate, write, answer (W1-W7, W11, W16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.server.desk import looking, operations
from tallystick.server.desk.domain import events, notices
from tallystick.server.desk.domain.replying import checked
from tallystick.server.desk.models import CaseOrder, Happening
from tallystick.server.messages import moment, outbox, partners
from tallystick.server.messages.courier import Courier, when_concluded
from tallystick.server.messages.course import SENT_AGAIN, State
from tallystick.server.messages.domain import handling
from tallystick.server.messages.models import KeptList, Peer, Role, Transaction
from tallystick.server.messages.operation import faults, operation
from tallystick.server.messages.outbox import About
from tallystick.server.people.actor import Actor
from tallystick.server.people.models import User
from tallystick.server.records import queries
from tallystick.server.records.models import Case
from tallystick.server.records.record_types import record_type

REQUEST: Final = "desk.request_work_order"
FOR: Final = "help_desk"
"""Work orders are asked for from cases of the help desk alone, not of support or human resources."""
FIELDS: Final = ("subject", "description", "problem", "shop", "priority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of maintenance; codes are those of its lists."""

    subject: str
    description: str = ""
    problem: str = ""
    shop: str = ""
    priority: str = ""
    assets: Sequence[str] = ()


def case_of(actor: Actor, case_id: str) -> Case:
    """A case the actor may see. Raises NotAllowed, NotFound."""
    found = queries.one(record_type("case"), actor, case_id)
    if not isinstance(found, Case):
        raise TypeError("a case is a Case")
    return found


def case_order_of(actor: Actor, number: int) -> CaseOrder:
    """Raises NotAllowed, NotFound."""
    found = CaseOrder.objects.select_related("case", "peer", "transaction").filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such work order of a case."), hint=_("Open the case to see its work orders."))
    case_of(actor, found.case_id)
    return found


def request_order(
    actor: Actor, case_id: str, peer: Peer, wanted: Wanted, *, courier: Courier | None = None
) -> CaseOrder:
    """Asks maintenance for a work order and waits for its answer as long as the partner may take.

    The request stands on the case from this moment on; what came of it, at the latest when it is known (W5-W7).
    Raises NotAllowed, NotFound, InputRefused.
    """
    actor.check(REQUEST)
    case = _open_case(actor, case_id)
    if peer.role != Role.MAINTENANCE or not peer.is_enabled:
        raise InputRefused(_("Nothing was asked."), fields={"peer": _("Choose a maintenance system that is in use.")})
    refresh(peer)
    body = _body(actor, case, wanted)
    _check(body, operations.CREATE)
    now = moment.now()
    with transaction.atomic():
        row = outbox.put(peer, operations.CREATE, body, about=_about(case), by=actor.name)
        made = CaseOrder.objects.create(
            case=case,
            peer=peer,
            transaction=row,
            subject=body["subject"],
            description=body.get("description", ""),
            requested_by=actor.person,
            created_at=now,
            changed_at=now,
        )
    (courier or Courier()).deliver_now(row.pk)
    return CaseOrder.objects.select_related("case", "peer", "transaction").get(pk=made.pk)


def correct(actor: Actor, number: int, wanted: Wanted, *, courier: Courier | None = None) -> CaseOrder:
    """Sends a refused request again, corrected: a further attempt of the same transaction (S6).

    Raises NotAllowed, NotFound, InputRefused, AlreadyDecided.
    """
    actor.check(REQUEST)
    found = case_order_of(actor, number)
    case = _open_case(actor, found.case_id)
    partners.check_in_use(found.peer)
    refresh(found.peer)
    body = _body(actor, case, wanted)
    _check(body, operations.CREATE)
    with transaction.atomic():
        row = Transaction.objects.select_for_update(of=("self",)).select_related("peer").get(pk=found.transaction_id)
        if row.state == State.NEEDS_PERSON or row.state not in SENT_AGAIN:
            handling.again(row)  # says why not
        handling.again(row, body=body)
        CaseOrder.objects.filter(pk=found.pk).update(
            subject=body["subject"], description=body.get("description", ""), changed_at=moment.now()
        )
    (courier or Courier()).deliver_now(row.pk)
    return case_order_of(actor, number)


def relate(actor: Actor, case_id: str, peer: Peer, number: str, *, courier: Courier | None = None) -> CaseOrder:
    """Puts a work order that is there already onto the case. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(REQUEST)
    case = _open_case(actor, case_id)
    partners.check_in_use(peer)
    number = number.strip().upper()
    body = {"number": number, "reference": called(case), **_contact(actor)}
    _check(body, operations.RELATE)
    now = moment.now()
    try:
        with transaction.atomic():
            row = outbox.put(peer, operations.RELATE, body, about=_about(case), by=actor.name, subject=number)
            made = CaseOrder.objects.create(
                case=case,
                peer=peer,
                transaction=row,
                number=number,
                subject=number,
                requested_by=actor.person,
                is_related=True,
                created_at=now,
                changed_at=now,
            )
    except IntegrityError:
        sentence = _("{number} belongs to this case already.").format(number=number)
        raise InputRefused(_("Nothing was changed."), fields={"number": sentence}) from None
    row = (courier or Courier()).deliver_now(row.pk)
    if row.state == State.REFUSED:
        CaseOrder.objects.filter(pk=made.pk).delete()
        raise InputRefused(
            _("The work order was not related."), fields={"number": " ".join(one["message"] for one in row.errors)}
        )
    return CaseOrder.objects.select_related("case", "peer", "transaction").get(pk=made.pk)


def write(actor: Actor, number: int, text: str, *, is_answer: bool = False) -> Transaction:
    """A note to maintenance inside the order; with `is_answer` it answers what is asked (W11).

    Raises NotAllowed, NotFound, InputRefused.
    """
    actor.check(REQUEST)
    found = case_order_of(actor, number)
    partners.check_in_use(found.peer)
    if not found.number:
        raise InputRefused(_("Maintenance has no work order yet, so there is nobody to write to."))
    body: dict[str, Any] = {"number": found.number, "text": checked(text), "author": actor.name[:200]}
    with transaction.atomic():
        held = CaseOrder.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if is_answer:
            if not held.question:
                raise InputRefused(
                    _("Nothing is asked any more: somebody answered meanwhile."),
                    hint=_("Send it as a note if it is still of use."),
                )
            body["question"] = held.question
        row = outbox.put(
            found.peer,
            operations.NOTE,
            body,
            subject=found.number,
            about=_about(found.case),
            by=actor.name,
        )
    return Courier().deliver_now(row.pk)


def created(row: Transaction) -> None:
    """The request of a case came to an end: number and status, or the errors, stand on the case (W6, W7)."""
    found = CaseOrder.objects.select_related("case", "peer").filter(transaction=row).first()
    if found is None:
        return
    if row.state == State.DONE:
        answer = row.answer or {}
        status = answer.get("status", {})
        found.number = answer["number"]
        found.status = notices.meaning(found.peer, status) or ""
        found.their_status = str(status.get("name") or status.get("code", ""))[:100]
        found.status_sequence = found.description_sequence = int(answer.get("sequence", 0))
        if found.is_related or answer.get("subject"):
            found.subject = str(answer.get("subject") or found.subject)[:254]
            found.description = str(answer.get("description") or found.description)
    found.changed_at = moment.now()
    found.save()
    if found.number:
        events.take_up_parked(found.peer, found.number)
        found.refresh_from_db()
    if row.state in (State.DONE, State.REFUSED, State.NEEDS_PERSON, State.FAILED):
        facts = {"state": row.state, "number": found.number, "errors": [one["message"] for one in row.errors][:5]}
        notices.tell(found, Happening.REQUEST, facts)


def refresh(peer: Peer) -> None:
    """Reads the lists of maintenance again where they are older than their limit (S6)."""
    since = moment.now() - looking.LIMIT
    fresh = set(KeptList.objects.filter(peer=peer, fetched_at__gte=since).values_list("name", flat=True))
    for name in looking.KEPT:
        if name not in fresh:
            looking.look(peer, name)


def called(case: Case) -> str:
    return record_type("case").called(case.number)


def _open_case(actor: Actor, case_id: str) -> Case:
    """Raises InputRefused for a case that asks for no work."""
    case = case_of(actor, case_id)
    if case.gone_at is not None:
        raise InputRefused(_("This case was deleted; restore it first."))
    if case.kind != FOR:
        raise InputRefused(
            _("Work orders are for cases of the help desk."),
            hint=_("Make it a case of the help desk first, if it is one."),
        )
    return case


def _body(actor: Actor, case: Case, wanted: Wanted) -> dict[str, Any]:
    given = {name: getattr(wanted, name).strip() for name in FIELDS}
    body: dict[str, Any] = {"reference": called(case), **{name: text for name, text in given.items() if text}}
    body.setdefault("subject", "")
    if wanted.assets:
        body["assets"] = list(dict.fromkeys(one.strip() for one in wanted.assets if one.strip()))
    if case.business_unit:
        body["business_unit"] = case.business_unit
    requester = case.person.name if case.person_id and case.person is not None else ""
    if requester:
        body["requester"] = requester[:330]
    return {**body, **_contact(actor)}


def _contact(actor: Actor) -> Mapping[str, Any]:
    """Who is asked by email when something is not clear; nobody, where they do not want it."""
    user = User.objects.filter(pk=actor.person).first() if actor.person is not None else None
    if user is None or not notices.wants_email(user, Happening.QUESTION):
        return {}
    return {"contact": {"name": user.name[:200], "email": user.email}}


def _check(body: Mapping[str, Any], name: str) -> None:
    """Raises InputRefused."""
    wrong = faults(operation(name, 1).request, dict(body))
    if wrong:
        fields = {
            one.field.split(".")[0] or "subject": _("This cannot be sent: {why}").format(why=one.message)
            for one in wrong
        }
        if not body.get("subject", "x"):
            fields["subject"] = _("Say in a few words what is to be done.")
        raise InputRefused(_("Nothing was asked."), fields=fields)


def _about(case: Case) -> About:
    return About(type="case", id=case.pk, called=called(case))


def add() -> None:
    """Makes known what follows from the end of a request."""
    when_concluded(operations.CREATE, 1, created)
    when_concluded(operations.RELATE, 1, created)
