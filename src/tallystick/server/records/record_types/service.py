"""Cases, notes and service orders."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

CASE = RecordType(
    name="case",
    prefix="C",
    model=models.Case,
    icon="support_agent",
    title_field="subject",
    shown=("subject", "status", "priority", "account", "person", "owner", "due_at"),
    searched=("subject", "category", "external_id"),
    filters=("status", "priority", "kind", "source", "account", "person", "asset", "owner", "team"),
    sorts=("number", "changed_at", "subject", "due_at"),
    sections=(
        ("", ("subject", "status", "priority", "kind", "source", "category", "business_unit", "categories")),
        (_("Who and what"), ("account", "location", "department", "person", "asset", "product", "external_id")),
        (_("Handling"), ("owner", "team", "due_at", "resolved_at", "closed_at")),
        (_("Description"), ("description", "resolution")),
    ),
)
NOTE = RecordType(
    name="note",
    prefix="N",
    model=models.Note,
    icon="sticky_note_2",
    title_field="subject",
    shown=("subject", "body", "author", "case", "task", "account"),
    searched=("subject", "body"),
    filters=("author", "case", "task", "account", "person", "asset", "is_internal"),
    sorts=("number", "changed_at"),
    sections=(
        ("", ("subject", "body", "is_internal", "author", "written_at")),
        (
            _("About"),
            (
                "case",
                "task",
                "calendar_item",
                "service_order",
                "lead",
                "opportunity",
                "account",
                "person",
                "asset",
            ),
        ),
    ),
)
SERVICE_ORDER = RecordType(
    name="service_order",
    prefix="SO",
    model=models.ServiceOrder,
    icon="handyman",
    title_field="subject",
    shown=("subject", "status", "kind", "account", "asset", "technicians", "scheduled_start_at"),
    searched=("subject", "external_id"),
    filters=("status", "kind", "priority", "account", "person", "asset", "case", "owner", "team", "technicians"),
    sorts=("number", "changed_at", "subject", "scheduled_start_at"),
    sections=(
        ("", ("subject", "kind", "status", "priority", "external_id")),
        (_("For"), ("account", "location", "person", "asset", "case")),
        (_("Who"), ("owner", "team", "technicians")),
        (_("When"), ("scheduled_start_at", "scheduled_end_at", "started_at", "completed_at")),
        (_("Billing"), ("is_billable", "amount", "currency")),
        (_("Text"), ("description", "resolution")),
    ),
)
