"""What maintenance tells the help desks that follow an order: events, numbered per order, written with the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F

from tallystick.server.desk.codes import STATUSES
from tallystick.server.desk.models import Conversation, Follower, WorkStatus
from tallystick.server.messages import moment, outbox
from tallystick.server.messages.outbox import About
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place

HUB = "default"


def called(number: int) -> str:
    return f"WO-{number}"


def tell_changes(drafts: Sequence[Draft], place: Place) -> None:
    """Status and description, as far as they changed; both, where both did."""
    changed = {
        draft.id: draft
        for draft in drafts
        if draft.is_changed("status", "own_status", "subject", "description") and place.using == HUB
    }
    if not changed:
        return
    followed: dict[str, list[Follower]] = {}
    for follower in followers_of(*changed):
        followed.setdefault(follower.order_id, []).append(follower)
    for id_, followers in followed.items():
        draft = changed[id_]
        number = called(draft.row.number) if draft.row is not None else ""
        if draft.is_changed("status", "own_status"):
            status = status_shown(str(draft.after["status"]), draft.after["own_status"])
            body: dict[str, Any] = {"status": status}
            if draft.after["status"] in ("completed", "closed") and draft.after["resolution"]:
                body["resolution"] = draft.after["resolution"]
            tell(id_, number, followers, "work_order.status_changed", body)
        if draft.is_changed("subject", "description"):
            text = {"subject": draft.after["subject"] or "", "description": draft.after["description"] or ""}
            tell(id_, number, followers, "work_order.description_changed", text)


def followers_of(*orders: str) -> list[Follower]:
    """Who is told of these orders: help desks that were deleted are not any more."""
    rows = Follower.objects.select_related("peer").filter(order__in=orders, peer__is_enabled=True)
    return list(rows.order_by("pk"))


def tell(order: str, number: str, followers: Sequence[Follower], operation: str, body: Mapping[str, Any]) -> int:
    """Puts one event for each follower into the outbox, in the transaction around; its number in the order's line."""
    sequence = next_sequence(order)
    now = moment.now().isoformat()
    for follower in followers:
        outbox.put(
            follower.peer,
            operation,
            {"number": number, "sequence": sequence, "reference": follower.reference, "at": now, **body},
            subject=number,
            about=About(type="work_order", id=order, called=number),
        )
    return sequence


def next_sequence(order: str) -> int:
    mine = Conversation.objects.filter(pk=order)
    if not mine.update(sequence=F("sequence") + 1):
        Conversation.objects.bulk_create([Conversation(order_id=order)], ignore_conflicts=True)
        mine.update(sequence=F("sequence") + 1)
    return int(mine.values_list("sequence", flat=True).get())


def status_shown(status: str, own: str | None) -> dict[str, str]:
    """As it stands in messages: one's own code, and what it means."""
    if own is not None:
        found = WorkStatus.objects.filter(pk=own).values_list("code", "name").first()
        if found is not None:
            return {"code": found[0], "name": found[1], "kind": status}
    return {"code": status, "name": str(STATUSES.title(status)), "kind": status}
