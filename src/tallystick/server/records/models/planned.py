"""Tasks and calendar items: what people planned, alone or for a lead, an opportunity, a service order or a case."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import EVENT_STATUSES, PRIORITIES, SHOW_AS, TASK_STATUSES
from tallystick.server.records.columns import (
    Day,
    Document,
    Flag,
    LongText,
    Moment,
    Reference,
    References,
    Text,
    Texts,
    Whole,
)
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, rights

RECURRING = LIVE & models.Q(recurrence__isnull=False)


class Planned(Entry):
    """What tasks and calendar items share. A private one is shown to its creator, owner and assignees alone."""

    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    is_private = Flag(_("Private"), default=False)
    owner = Reference("records.Person", _("Owner"))
    assignees = References("person", _("Assignees"))
    answers = Document(_("Answers of the assignees"))  # {"<person id>": "assigned|accepted|declined|completed"}
    account = Reference("records.Account", _("Account"))
    person = Reference("records.Person", _("Contact"))
    lead = Reference("records.Lead", _("Lead"))
    opportunity = Reference("records.Opportunity", _("Opportunity"))
    service_order = Reference("records.ServiceOrder", _("Service order"))
    case = Reference("records.Case", _("Case"))
    categories = Texts(_("Categories"))
    recurrence = LongText(_("Recurrence"), 2_000)  # RFC 5545: RRULE, RDATE and EXDATE lines
    body = LongText(_("Text"))

    class Meta:
        abstract = True


class Task(Planned):
    status = Text(_("Status"), 26, required=True, codes=TASK_STATUSES, default="open")
    priority = Text(_("Priority"), 20, required=True, codes=PRIORITIES, default="normal")
    starts_on = Day(_("Start"))
    due_on = Day(_("Due"))
    completed_at = Moment(_("Completed"))
    percent_complete = Whole(_("Done, %"), least=0, most=100)

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("task")
        verbose_name = _("task")
        verbose_name_plural = _("Tasks")
        indexes = [
            *lists("task", "subject", "due_on"),
            models.Index(fields=["status", "number", "id"], condition=LIVE, name="task_status"),
            models.Index(fields=["id"], condition=RECURRING, name="task_recurring"),
        ]
        constraints = [numbered("task")]


class CalendarItem(Planned):
    """A time span: of moments, with the zone people meant; or of whole days, first and last."""

    status = Text(_("Status"), 20, required=True, codes=EVENT_STATUSES, default="confirmed")
    show_as = Text(_("Shown as"), 10, required=True, codes=SHOW_AS, default="busy")
    is_all_day = Flag(_("All day"), default=False)
    starts_at = Moment(_("Start"))
    ends_at = Moment(_("End"))
    starts_on = Day(_("First day"))
    ends_on = Day(_("Last day"))
    zone = Text(_("Time zone"), 64)
    place = Text(_("Place"), 255)
    series = Reference("records.CalendarItem", _("Series"))
    original_at = Moment(_("Instead of the one at"))
    is_read_only = Flag(_("Read only"), default=False)

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("calendar_item")
        verbose_name = _("calendar item")
        verbose_name_plural = _("Calendar items")
        indexes = [
            *lists("calendar_item", "subject", "starts_at", "starts_on"),
            models.Index(fields=["id"], condition=RECURRING, name="calendar_item_recurring"),
            models.Index(fields=["series"], condition=models.Q(series__isnull=False), name="calendar_item_of_series"),
        ]
        constraints = [numbered("calendar_item")]
