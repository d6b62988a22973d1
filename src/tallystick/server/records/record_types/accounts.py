"""Accounts, their locations and departments, and the types of accounts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

_ADDRESS = ("street", "zip", "city", "state", "country")

ACCOUNT = RecordType(
    name="account",
    prefix="A",
    model=models.Account,
    icon="apartment",
    title_field="name",
    shown=("name", "status", "account_type", "city", "phone", "owner"),
    searched=("name", "city", "external_id", "email", "phone", "tax_id"),
    filters=("status", "account_type", "owner", "team", "country"),
    sorts=("name", "city", "number", "changed_at"),
    sections=(
        ("", ("name", "status", "account_type", "parent", "owner", "team", "industry", "categories")),
        (_("Contact"), ("phone", "fax", "email", "website")),
        (_("Address"), _ADDRESS),
        (_("Business"), ("external_id", "tax_id", "employee_count", "credit_limit", "currency")),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
LOCATION = RecordType(
    name="location",
    prefix="LOC",
    model=models.Location,
    icon="location_on",
    title_field="name",
    shown=("name", "account", "is_main", "city", "is_active"),
    searched=("name", "code", "city", "street"),
    filters=("account", "is_main", "is_active"),
    sorts=("name", "city", "number", "changed_at"),
    sections=(
        ("", ("account", "name", "is_main", "is_active", "code", "phone")),
        (_("Address"), _ADDRESS),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
DEPARTMENT = RecordType(
    name="department",
    prefix="DEP",
    model=models.Department,
    icon="lan",
    title_field="name",
    shown=("name", "account", "location", "manager", "is_active"),
    searched=("name", "code"),
    filters=("account", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(
        ("", ("account", "name", "code", "location", "manager", "is_active")),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
ACCOUNT_TYPE = RecordType(
    name="account_type",
    prefix="AT",
    model=models.AccountType,
    icon="category",
    title_field="name",
    shown=("name", "is_active"),
    searched=("name",),
    filters=("is_active",),
    sorts=("name", "number", "changed_at"),
    sections=(("", ("name", "is_active")),),
)
