"""The help desk hears maintenance: statuses, descriptions, questions and notes, each once and in its place (W8, W12).

Events may come twice and out of order: an older status never replaces a newer one. A status that nobody mapped is
parked without changing anything. Source: scenario S7.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.server.desk import operations
from tallystick.server.desk.codes import STATUSES
from tallystick.server.desk.domain import notices
from tallystick.server.desk.models import CaseOrder, Happening, Told
from tallystick.server.messages import moment, receiving
from tallystick.server.messages.course import OPEN, State
from tallystick.server.messages.envelope import Answer, Fault, accepted
from tallystick.server.messages.models import Direction, Peer, Transaction
from tallystick.server.messages.receiving import Parked, Refusal
from tallystick.server.records.domain.steps import Doing
from tallystick.server.records.record_types import record_type

SHOWN: Final = 300
Hear = Callable[[CaseOrder, dict[str, Any]], tuple[Happening, dict[str, Any]] | None]


def _heard(operation: str, hear: Hear) -> receiving.Handler:
    def handler(peer: Peer, message: Transaction) -> Answer:
        body = message.body
        rows = CaseOrder.objects.select_for_update(of=("self",)).filter(peer=peer, number=body["number"])
        found = list(rows.select_related("case", "peer").order_by("pk"))
        mine = [one for one in found if _called(one) == body.get("reference")] or found
        if not mine:
            if _is_asking(peer):
                raise Parked(
                    _("The answer that brings the number {number} is not here yet.").format(number=body["number"])
                )
            text = _("No case here follows the work order {number}.").format(number=body["number"])
            raise Refusal(Fault(code="unknown", field="number", message=text))
        for one in mine:
            message.about_type, message.about, message.about_called = "case", one.case_id, _called(one)
            if one.told.filter(sequence=body["sequence"]).exists():
                continue
            happened = hear(one, body)
            Told.objects.create(
                case_order=one,
                sequence=body["sequence"],
                operation=operation,
                text=str(body.get("text", "")),
                by=str(body.get("author") or body.get("asked_by") or "")[:200],
                at=moment.now(),
            )
            one.changed_at = moment.now()
            one.save()
            if happened is not None and one.case.gone_why != Doing.MERGE:  # the case it became is told
                notices.tell(one, happened[0], {"number": one.number, **happened[1]})
        return accepted()

    return handler


def _status(one: CaseOrder, body: dict[str, Any]) -> tuple[Happening, dict[str, Any]] | None:
    status = body["status"]
    means = notices.meaning(one.peer, status)
    if means is None:
        raise Parked(
            _("The status {code} of {peer} is not mapped to one of the help desk.").format(
                code=status["code"], peer=one.peer.title
            )
        )
    if body["sequence"] <= one.status_sequence:
        return None
    before = one.their_status, one.status
    one.status_sequence, one.status = body["sequence"], means
    one.their_status = str(status.get("name") or status["code"])[:100]
    if body.get("resolution"):
        one.resolution = body["resolution"]
    if before == (one.their_status, one.status):
        return None
    name = str(STATUSES.titles[means]) if status["code"] == means else one.their_status
    return Happening.STATUS, {"status": means, "status_name": name}


def _description(one: CaseOrder, body: dict[str, Any]) -> tuple[Happening, dict[str, Any]] | None:
    if body["sequence"] <= one.description_sequence:
        return None
    one.description_sequence = body["sequence"]
    one.subject, one.description = body["subject"][:254], body.get("description", "")
    return Happening.DESCRIPTION, {"subject": one.subject}


def _question(one: CaseOrder, body: dict[str, Any]) -> tuple[Happening, dict[str, Any]] | None:
    if body["sequence"] <= one.question_sequence:
        return None
    one.question_sequence = body["sequence"]
    one.question, one.question_text = body["question"], body["text"]
    expires = body.get("expires_at")
    one.question_expires_at = datetime.fromisoformat(expires) if expires else None
    return Happening.QUESTION, {"text": body["text"][:SHOWN], "by": body.get("asked_by", "")}


def _answered(one: CaseOrder, body: dict[str, Any]) -> tuple[Happening, dict[str, Any]] | None:
    if body["sequence"] > one.question_sequence:
        one.question_sequence = body["sequence"]
        one.question = one.question_text = ""
        one.question_expires_at = None
    return None


def _note(one: CaseOrder, body: dict[str, Any]) -> tuple[Happening, dict[str, Any]] | None:
    return Happening.NOTE, {"text": body["text"][:SHOWN], "by": body.get("author", "")}


def _is_asking(peer: Peer) -> bool:
    """An order may be told of before the answer that brings its number."""
    return CaseOrder.objects.filter(
        peer=peer, number="", transaction__state__in=(*OPEN, State.NEEDS_PERSON, State.FAILED)
    ).exists()


def take_up_parked(peer: Peer, number: str = "") -> int:
    """Hears again what was parked, of one order or all; how many are settled now."""
    rows = Transaction.objects.filter(peer=peer, direction=Direction.IN, state=State.PARKED).order_by("number")
    if number:
        rows = rows.filter(body__number=number)
    return sum(receiving.take_up(row) is not State.PARKED for row in rows)


def _called(one: CaseOrder) -> str:
    return record_type("case").called(one.case.number)


def add() -> None:
    """Makes the handlers known to this process."""
    for operation, hear in (
        (operations.STATUS_CHANGED, _status),
        (operations.DESCRIPTION_CHANGED, _description),
        (operations.INFORMATION_REQUESTED, _question),
        (operations.INFORMATION_RECEIVED, _answered),
        (operations.NOTE_ADDED, _note),
    ):
        receiving.handle(operation, 1, _heard(operation, hear))
