"""Work orders and what they are made of: records."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from tallystick.server.desk.codes import STATUSES
from tallystick.server.records.codes import TASK_STATUSES
from tallystick.server.records.columns import Flag, LongText, Moment, Reference, References, Text, Whole
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, once, rights

APP = "desk"
CLOSES_AFTER_DAYS = 7


def _code() -> Text:
    return Text(_("Code"), 40, required=True)


class Problem(Entry):
    """A place in the problem tree: Electrical > Lighting > Lamp is dark."""

    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    parent = Reference("desk.Problem", _("Belongs to"))
    is_active = Flag(_("In use"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("problem")
        verbose_name = _("problem")
        verbose_name_plural = _("Problem tree")
        indexes = lists("problem", "name")
        constraints = [numbered("problem"), once("problem", "code")]


class Shop(Entry):
    """Who does the work: a workshop or crew."""

    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    business_unit = Text(_("Business unit"), 20)
    is_open = Flag(_("Takes orders"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("shop")
        verbose_name = _("shop")
        verbose_name_plural = _("Shops")
        indexes = lists("shop", "name")
        constraints = [numbered("shop"), once("shop", "code")]


class WorkPriority(Entry):
    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    rank = Whole(_("Rank"), least=0, most=999, help_text=_("The most urgent has the lowest."))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("work_priority")
        verbose_name = _("work priority")
        verbose_name_plural = _("Work priorities")
        indexes = lists("work_priority", "name")
        constraints = [numbered("work_priority"), once("work_priority", "code")]


class WorkStatus(Entry):
    """A status of one's own, with what it means to the product."""

    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    meaning = Text(_("Means"), 20, required=True, codes=STATUSES)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("work_status")
        verbose_name = _("work status")
        verbose_name_plural = _("Work statuses")
        indexes = lists("work_status", "name")
        constraints = [numbered("work_status"), once("work_status", "code")]


class MaintenanceUnit(Entry):
    """What holds for the work orders of a business unit."""

    code = Text(_("Business unit"), 20, required=True)
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    closes_after_days = Whole(
        _("Days until a completed order closes"), least=0, most=3_650, default=CLOSES_AFTER_DAYS, null=False
    )

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("maintenance_unit")
        verbose_name = _("maintenance unit")
        verbose_name_plural = _("Maintenance units")
        indexes = lists("maintenance_unit", "name")
        constraints = [numbered("maintenance_unit"), once("maintenance_unit", "code")]


class WorkOrder(Entry):
    """Work that maintenance is to do. Whoever changes it, followers are told (`rules`)."""

    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    status = Text(_("Status"), 20, required=True, codes=STATUSES, default="open")
    own_status = Reference("desk.WorkStatus", _("Own status"))
    priority = Reference("desk.WorkPriority", _("Priority"))
    problem = Reference("desk.Problem", _("Problem"))
    shop = Reference("desk.Shop", _("Shop"))
    business_unit = Text(_("Business unit"), 20)
    requester = Text(_("Requester"), 330)
    assets = References("installed_asset", _("Assets"))
    technicians = References("person", _("Technicians"))
    planned_start_at = Moment(_("Planned start"))
    planned_end_at = Moment(_("Planned end"))
    started_at = Moment(_("Started"))
    completed_at = Moment(_("Completed"))
    closed_at = Moment(_("Closed"))
    description = LongText(_("Description"))
    resolution = LongText(_("Resolution"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [
            *rights("work_order"),
            ("request_work_order", gettext_noop("Ask maintenance for work from a case")),
        ]
        verbose_name = _("work order")
        verbose_name_plural = _("Work orders")
        indexes = [
            *lists("work_order", "subject", "planned_start_at"),
            models.Index(fields=["status", "completed_at"], condition=LIVE, name="work_order_status"),
        ]
        constraints = [numbered("work_order")]


class WorkTask(Entry):
    """A step of a work order, with planned and actual times."""

    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    order = Reference("desk.WorkOrder", _("Work order"), required=True)
    status = Text(_("Status"), 20, required=True, codes=TASK_STATUSES, default="open")
    technician = Reference("records.Person", _("Technician"))
    asset = Reference("records.InstalledAsset", _("Asset"))
    planned_start_at = Moment(_("Planned start"))
    planned_end_at = Moment(_("Planned end"))
    planned_minutes = Whole(_("Planned minutes"), least=0, most=1_000_000)
    started_at = Moment(_("Started"))
    completed_at = Moment(_("Completed"))
    actual_minutes = Whole(_("Actual minutes"), least=0, most=1_000_000)
    remarks = LongText(_("Remarks"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("work_task")
        verbose_name = _("work order task")
        verbose_name_plural = _("Work order tasks")
        indexes = [
            *lists("work_task", "subject"),
            models.Index(fields=["order", "number"], condition=LIVE, name="work_task_order"),
        ]
        constraints = [numbered("work_task")]
