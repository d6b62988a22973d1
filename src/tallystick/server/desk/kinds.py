"""What maintenance is made of, as record types: with list, page, form, search, history, import, API and connector."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.desk import models
from tallystick.server.desk.models.orders import APP
from tallystick.server.desk.rules import TaskRules, TreeRules, WorkOrderRules
from tallystick.server.records import record_types
from tallystick.server.records.domain import registry
from tallystick.server.records.record_types import RecordType

PROBLEM: Final = RecordType(
    app=APP,
    name="problem",
    prefix="PB",
    model=models.Problem,
    icon="account_tree",
    title_field="name",
    shown=("name", "code", "parent", "is_active"),
    searched=("name", "code"),
    filters=("parent", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "parent", "is_active")),),
    unique=(("code",),),
)
SHOP: Final = RecordType(
    app=APP,
    name="shop",
    prefix="SH",
    model=models.Shop,
    icon="home_repair_service",
    title_field="name",
    shown=("name", "code", "business_unit", "is_open"),
    searched=("name", "code"),
    filters=("business_unit", "is_open"),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "business_unit", "is_open")),),
    unique=(("code",),),
)
WORK_PRIORITY: Final = RecordType(
    app=APP,
    name="work_priority",
    prefix="WP",
    model=models.WorkPriority,
    icon="priority_high",
    title_field="name",
    shown=("name", "code", "rank"),
    searched=("name", "code"),
    filters=(),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "rank")),),
    unique=(("code",),),
)
WORK_STATUS: Final = RecordType(
    app=APP,
    name="work_status",
    prefix="WS",
    model=models.WorkStatus,
    icon="flag",
    title_field="name",
    shown=("name", "code", "meaning"),
    searched=("name", "code"),
    filters=("meaning",),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "meaning")),),
    unique=(("code",),),
)
MAINTENANCE_UNIT: Final = RecordType(
    app=APP,
    name="maintenance_unit",
    prefix="MU",
    model=models.MaintenanceUnit,
    icon="domain",
    title_field="name",
    shown=("name", "code", "closes_after_days"),
    searched=("name", "code"),
    filters=(),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "code", "closes_after_days")),),
    unique=(("code",),),
)
WORK_ORDER: Final = RecordType(
    app=APP,
    name="work_order",
    prefix="WO",
    model=models.WorkOrder,
    icon="engineering",
    title_field="subject",
    shown=("subject", "status", "priority", "shop", "technicians", "planned_start_at"),
    searched=("subject", "requester"),
    filters=("status", "own_status", "priority", "problem", "shop", "business_unit", "assets", "technicians"),
    sorts=("number", "changed_at", "subject", "planned_start_at"),
    sections=(
        ("", ("subject", "status", "own_status", "priority", "business_unit")),
        (_("What and where"), ("problem", "shop", "assets", "requester")),
        (_("Who and when"), ("technicians", "planned_start_at", "planned_end_at")),
        (_("Done"), ("started_at", "completed_at", "closed_at")),
        (_("Text"), ("description", "resolution")),
    ),
)
WORK_TASK: Final = RecordType(
    app=APP,
    name="work_task",
    prefix="WT",
    model=models.WorkTask,
    icon="checklist",
    title_field="subject",
    shown=("subject", "order", "status", "technician", "planned_start_at", "actual_minutes"),
    searched=("subject",),
    filters=("status", "order", "technician", "asset"),
    sorts=("number", "changed_at", "subject"),
    sections=(
        ("", ("subject", "order", "status", "technician", "asset")),
        (_("Planned"), ("planned_start_at", "planned_end_at", "planned_minutes")),
        (_("Done"), ("started_at", "completed_at", "actual_minutes")),
        (_("Text"), ("remarks",)),
    ),
)


def add() -> None:
    """Makes the types known to this process."""
    record_types.add(WORK_ORDER, WORK_TASK, PROBLEM, SHOP, WORK_PRIORITY, WORK_STATUS, MAINTENANCE_UNIT)
    registry.add("work_order", WorkOrderRules())
    registry.add("work_task", TaskRules())
    registry.add("problem", TreeRules())
