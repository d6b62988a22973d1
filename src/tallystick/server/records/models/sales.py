"""Leads and opportunities."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import LEAD_SOURCES, LEAD_STATUSES, PRIORITIES, STAGES
from tallystick.server.records.columns import Amount, Day, LongText, Reference, Text, Texts, Whole
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, rights


class Lead(Entry):
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    status = Text(_("Status"), 20, required=True, codes=LEAD_STATUSES, default="new")
    source = Text(_("Source"), 20, codes=LEAD_SOURCES)
    priority = Text(_("Priority"), 20, codes=PRIORITIES)
    account = Reference("records.Account", _("Account"))
    person = Reference("records.Person", _("Contact"))
    company_name = Text(_("Company"), 150)
    contact_name = Text(_("Contact name"), 150)
    email = Text(_("Email"), 254)
    phone = Text(_("Telephone"), 40)
    product = Reference("records.Product", _("Product"))
    owner = Reference("records.Person", _("Owner"))
    team = Reference("records.Team", _("Sales team"))
    estimated_value = Amount(_("Estimated value"))
    currency = Text(_("Currency"), 3)
    closes_on = Day(_("Expected close"))
    categories = Texts(_("Categories"))
    description = LongText(_("Description"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("lead")
        verbose_name = _("lead")
        verbose_name_plural = _("Leads")
        indexes = [
            *lists("lead", "name", "closes_on"),
            models.Index(fields=["status", "number", "id"], condition=LIVE, name="lead_status"),
        ]
        constraints = [numbered("lead")]


class Opportunity(Entry):
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    stage = Text(_("Stage"), 20, required=True, codes=STAGES, default="prospecting")
    probability = Whole(_("Probability, %"), least=0, most=100)
    account = Reference("records.Account", _("Account"))
    person = Reference("records.Person", _("Contact"))
    lead = Reference("records.Lead", _("Lead"))
    product = Reference("records.Product", _("Product"))
    owner = Reference("records.Person", _("Owner"))
    team = Reference("records.Team", _("Sales team"))
    amount = Amount(_("Amount"))
    currency = Text(_("Currency"), 3)
    closes_on = Day(_("Expected close"))
    categories = Texts(_("Categories"))
    description = LongText(_("Description"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("opportunity")
        verbose_name = _("opportunity")
        verbose_name_plural = _("Opportunities")
        indexes = [
            *lists("opportunity", "name", "closes_on"),
            models.Index(fields=["stage", "id"], condition=LIVE, name="opportunity_stage"),
        ]
        constraints = [numbered("opportunity")]
