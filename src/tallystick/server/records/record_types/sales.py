"""Leads and opportunities."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

LEAD = RecordType(
    name="lead",
    prefix="L",
    model=models.Lead,
    icon="person_search",
    title_field="name",
    shown=("name", "status", "company_name", "account", "estimated_value", "owner", "closes_on"),
    searched=("name", "company_name", "contact_name", "email"),
    filters=("status", "source", "priority", "account", "person", "owner", "team", "product"),
    sorts=("number", "changed_at", "name", "closes_on"),
    sections=(
        ("", ("name", "status", "source", "priority", "categories")),
        (_("Who"), ("account", "person", "company_name", "contact_name", "email", "phone")),
        (_("Sale"), ("owner", "team", "product", "estimated_value", "currency", "closes_on")),
        (_("Description"), ("description",)),
    ),
)
OPPORTUNITY = RecordType(
    name="opportunity",
    prefix="O",
    model=models.Opportunity,
    icon="trending_up",
    title_field="name",
    shown=("name", "stage", "account", "amount", "probability", "owner", "closes_on"),
    searched=("name",),
    filters=("stage", "account", "person", "lead", "owner", "team", "product"),
    sorts=("number", "changed_at", "name", "closes_on"),
    sections=(
        ("", ("name", "stage", "probability", "categories")),
        (_("Who"), ("account", "person", "lead")),
        (_("Sale"), ("owner", "team", "product", "amount", "currency", "closes_on")),
        (_("Description"), ("description",)),
    ),
)
