"""Tasks and calendar items."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

_RELATED = ("lead", "opportunity", "service_order", "case")

TASK = RecordType(
    name="task",
    prefix="T",
    model=models.Task,
    icon="task_alt",
    title_field="subject",
    shown=("subject", "status", "priority", "due_on", "owner", "assignees"),
    searched=("subject", "categories"),
    filters=("status", "priority", "owner", "assignees", "account", *_RELATED, "is_private"),
    sorts=("number", "changed_at", "subject", "due_on"),
    sections=(
        ("", ("subject", "status", "priority", "is_private", "categories")),
        (_("When"), ("starts_on", "due_on", "completed_at", "percent_complete", "recurrence")),
        (_("Who"), ("owner", "assignees", "answers", "account", "person")),
        (_("Belongs to"), _RELATED),
        (_("Text"), ("body",)),
    ),
    is_private_to_people=True,
)
CALENDAR_ITEM = RecordType(
    name="calendar_item",
    prefix="E",
    model=models.CalendarItem,
    icon="calendar_month",
    title_field="subject",
    shown=("subject", "starts_at", "starts_on", "place", "owner", "assignees"),
    searched=("subject", "place", "categories"),
    filters=("status", "owner", "assignees", "account", *_RELATED, "is_private"),
    sorts=("starts_at", "number", "changed_at", "subject"),
    sections=(
        ("", ("subject", "status", "show_as", "place", "is_private", "categories")),
        (
            _("When"),
            (
                "is_all_day",
                "starts_at",
                "ends_at",
                "zone",
                "starts_on",
                "ends_on",
                "recurrence",
                "series",
                "original_at",
                "is_read_only",
            ),
        ),
        (_("Who"), ("owner", "assignees", "answers", "account", "person")),
        (_("Belongs to"), _RELATED),
        (_("Text"), ("body",)),
    ),
    is_private_to_people=True,
)
