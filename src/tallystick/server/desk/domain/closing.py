"""Completed work orders close by themselves after the period of their business unit; cases stay (W14, W15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q

from tallystick.errors import InputRefused
from tallystick.server.desk.models import CLOSES_AFTER_DAYS, MaintenanceUnit, WorkOrder
from tallystick.server.messages import moment
from tallystick.server.people.actor import Actor
from tallystick.server.records.domain import actions
from tallystick.server.records.entry import LIVE
from tallystick.server.records.values import stamp

AT_ONCE: Final = 200
CLOSER: Final = Actor(
    person=None,
    name="Automatic close",
    permissions=frozenset({"desk.change_work_order", "desk.view_work_order"}),
    via="automatic",
)


def close_due() -> int:
    """Closes what is due; how many. Safe to do in several processes: an order closes once."""
    now = moment.now()
    days: dict[str, int] = dict(MaintenanceUnit.objects.filter(LIVE).values_list("code", "closes_after_days"))
    others = Q(business_unit__isnull=True) | ~Q(business_unit__in=list(days))
    due = others & Q(completed_at__lte=now - timedelta(days=CLOSES_AFTER_DAYS))
    for unit, period in days.items():
        due |= Q(business_unit=unit, completed_at__lte=now - timedelta(days=period))
    ids = WorkOrder.objects.filter(LIVE, due, status="completed").order_by("completed_at").values_list("pk", flat=True)
    closed = 0
    for id_ in ids[:AT_ONCE]:
        try:
            values = {"status": "closed", "own_status": None, "closed_at": stamp(now)}
            saved = actions.update(CLOSER, "work_order", id_, values)
        except InputRefused:  # somebody was faster
            continue
        closed += bool(saved.changes)
    return closed


def period_of(order: WorkOrder) -> int:
    """Days after which this order closes by itself once it is completed."""
    found = MaintenanceUnit.objects.filter(LIVE, code=order.business_unit or "").first()
    return int(found.closes_after_days) if found is not None else CLOSES_AFTER_DAYS
