"""People and teams."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

_ADDRESS = ("street", "zip", "city", "state", "country")
_PERSON_ADDRESSES = tuple(
    (
        title,
        tuple(f"address_{kind}_{part}" for part in _ADDRESS),
    )
    for kind, title in (("work", _("Office address")), ("home", _("Home address")), ("other", _("Other address")))
)

PERSON = RecordType(
    name="person",
    prefix="P",
    model=models.Person,
    icon="person",
    title_field="name",
    shown=("name", "roles", "companies", "job_title", "email1", "phone_work"),
    searched=("name", "email1", "email2", "employee_id", "phone_work", "phone_mobile", "companies"),
    filters=("roles", "account", "department", "is_active", "is_private"),
    sorts=("name", "number", "changed_at"),
    sections=(
        (
            "",
            ("salutation", "first_name", "middle_name", "last_name", "suffix", "roles", "is_private", "is_active"),
        ),
        (_("Work"), ("companies", "account", "department", "location", "job_title", "employee_id", "user")),
        (
            _("Contact"),
            (
                "email1",
                "email2",
                "phone_work",
                "phone_mobile",
                "phone_home",
                "phone_other",
                "phone_fax",
                "phone_pager",
                "website",
            ),
        ),
        *_PERSON_ADDRESSES,
        (_("More"), ("birthday", "categories", "note")),
    ),
)
TEAM = RecordType(
    name="team",
    prefix="TEAM",
    model=models.Team,
    icon="groups",
    title_field="name",
    shown=("name", "kind", "lead", "members", "is_active"),
    searched=("name", "email"),
    filters=("kind", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(
        ("", ("name", "kind", "lead", "members", "email", "is_active")),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
