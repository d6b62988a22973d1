"""Accounts with their locations and departments."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import ACCOUNT_STATUSES
from tallystick.server.records.columns import Amount, Flag, LongText, Reference, Text, Texts, Whole
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, once, rights


class AccountType(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("account_type")
        verbose_name = _("account type")
        verbose_name_plural = _("Account types")
        indexes = lists("account_type", "name")
        constraints = [numbered("account_type"), once("account_type", "name")]


class Account(Entry):
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    status = Text(_("Status"), 20, required=True, codes=ACCOUNT_STATUSES, default="active")
    account_type = Reference("records.AccountType", _("Account type"))
    parent = Reference("records.Account", _("Parent account"))
    owner = Reference("records.Person", _("Owner"))
    team = Reference("records.Team", _("Account team"))
    phone = Text(_("Telephone"), 40)
    fax = Text(_("Fax"), 40)
    email = Text(_("Email"), 254)
    website = Text(_("Website"), 400)
    street = Text(_("Street"), 200)
    city = Text(_("City"), 100)
    state = Text(pgettext_lazy("record", "State"), 100)
    zip = Text(_("Postal code"), 20)
    country = Text(_("Country"), 100)
    industry = Text(_("Industry"), 100)
    tax_id = Text(_("Tax number"), 50)
    external_id = Text(_("External id"), 100)
    employee_count = Whole(_("Employees"), least=0)
    credit_limit = Amount(_("Credit limit"))
    currency = Text(_("Currency"), 3)
    categories = Texts(_("Categories"))
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("account")
        verbose_name = _("account")
        verbose_name_plural = pgettext_lazy("record", "Accounts")
        indexes = [
            *lists("account", "name", "city"),
            models.Index(Lower("name"), name="account_name_folded"),
            models.Index(fields=["external_id"], name="account_external_id"),
            models.Index(fields=["status", "name", "id"], condition=LIVE, name="account_status"),
        ]
        constraints = [numbered("account")]


class Location(Entry):
    """A place of an account. Of each account that has locations, exactly one is the main one."""

    account = Reference("records.Account", _("Account"), required=True)
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    is_main = Flag(_("Main location"), default=False)
    is_active = Flag(_("Active"), default=True)
    code = Text(_("Code"), 50)
    phone = Text(_("Telephone"), 40)
    street = Text(_("Street"), 200)
    city = Text(_("City"), 100)
    state = Text(pgettext_lazy("record", "State"), 100)
    zip = Text(_("Postal code"), 20)
    country = Text(_("Country"), 100)
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("location")
        verbose_name = _("location")
        verbose_name_plural = _("Locations")
        indexes = lists("location", "name", "city")
        constraints = [
            numbered("location"),
            once("location", "account", "name"),
            models.UniqueConstraint(fields=["account"], condition=LIVE & Q(is_main=True), name="location_main_once"),
        ]


class Department(Entry):
    account = Reference("records.Account", _("Account"), required=True)
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 50)
    location = Reference("records.Location", _("Location"))
    manager = Reference("records.Person", _("Manager"))
    is_active = Flag(_("Active"), default=True)
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("department")
        verbose_name = _("department")
        verbose_name_plural = _("Departments")
        indexes = lists("department", "name")
        constraints = [numbered("department"), once("department", "account", "name")]
