"""Cases, their notes, and service orders."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import (
    CASE_KINDS,
    CASE_SOURCES,
    CASE_STATUSES,
    ORDER_KINDS,
    ORDER_STATUSES,
    PRIORITIES,
)
from tallystick.server.records.columns import Amount, Flag, LongText, Moment, Reference, References, Text, Texts
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, rights


class Case(Entry):
    """A problem somebody reported. Closing it touches nothing else (W14)."""

    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    kind = Text(_("Kind"), 20, required=True, codes=CASE_KINDS, default="help_desk")
    status = Text(_("Status"), 20, required=True, codes=CASE_STATUSES, default="open")
    priority = Text(_("Priority"), 20, required=True, codes=PRIORITIES, default="normal")
    source = Text(_("Source"), 20, codes=CASE_SOURCES)
    category = Text(_("Category"), 100)
    business_unit = Text(_("Business unit"), 20)
    account = Reference("records.Account", _("Account"))
    location = Reference("records.Location", _("Location"))
    department = Reference("records.Department", _("Department"))
    person = Reference("records.Person", _("Requester"))
    asset = Reference("records.InstalledAsset", _("Asset"))
    product = Reference("records.Product", _("Product"))
    owner = Reference("records.Person", _("Owner"))
    team = Reference("records.Team", _("Team"))
    external_id = Text(_("External id"), 100)
    due_at = Moment(_("Due"))
    resolved_at = Moment(_("Resolved"))
    closed_at = Moment(_("Closed"))
    categories = Texts(_("Categories"))
    description = LongText(_("Description"))
    resolution = LongText(_("Resolution"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("case")
        verbose_name = _("case")
        verbose_name_plural = _("Cases")
        indexes = [
            *lists("case", "subject", "due_at"),
            models.Index(fields=["status", "number", "id"], condition=LIVE, name="case_status"),
        ]
        constraints = [numbered("case")]


class ServiceOrder(Entry):
    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    kind = Text(_("Kind"), 20, codes=ORDER_KINDS)
    status = Text(_("Status"), 20, required=True, codes=ORDER_STATUSES, default="new")
    priority = Text(_("Priority"), 20, required=True, codes=PRIORITIES, default="normal")
    account = Reference("records.Account", _("Account"))
    location = Reference("records.Location", _("Location"))
    person = Reference("records.Person", _("Contact"))
    asset = Reference("records.InstalledAsset", _("Asset"))
    case = Reference("records.Case", _("Case"))
    owner = Reference("records.Person", _("Owner"))
    team = Reference("records.Team", _("Team"))
    technicians = References("person", _("Technicians"))
    external_id = Text(_("External id"), 100)
    scheduled_start_at = Moment(_("Planned start"))
    scheduled_end_at = Moment(_("Planned end"))
    started_at = Moment(_("Started"))
    completed_at = Moment(_("Completed"))
    is_billable = Flag(_("Billable"), default=True)
    amount = Amount(_("Amount"))
    currency = Text(_("Currency"), 3)
    description = LongText(_("Description"))
    resolution = LongText(_("Resolution"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("service_order")
        verbose_name = _("service order")
        verbose_name_plural = _("Service orders")
        indexes = [
            *lists("service_order", "subject", "scheduled_start_at"),
            models.Index(fields=["status", "number", "id"], condition=LIVE, name="service_order_status"),
        ]
        constraints = [numbered("service_order")]


class Note(Entry):
    """A note about exactly one record."""

    subject = Text(pgettext_lazy("record", "Subject"), 254)
    body = LongText(_("Text"), required=True)
    is_internal = Flag(_("Internal"), default=False)
    written_at = Moment(_("Written"))
    author = Reference("records.Person", _("Author"))
    case = Reference("records.Case", _("Case"))
    task = Reference("records.Task", _("Task"))
    calendar_item = Reference("records.CalendarItem", _("Calendar item"))
    service_order = Reference("records.ServiceOrder", _("Service order"))
    lead = Reference("records.Lead", _("Lead"))
    opportunity = Reference("records.Opportunity", _("Opportunity"))
    account = Reference("records.Account", _("Account"))
    person = Reference("records.Person", _("Person"))
    asset = Reference("records.InstalledAsset", _("Asset"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("note")
        verbose_name = _("note")
        verbose_name_plural = _("Notes")
        indexes = lists("note")
        constraints = [numbered("note")]
