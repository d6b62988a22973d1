"""People in their roles, the companies they belong to, and teams."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import ROLES, SALUTATIONS, TEAM_KINDS
from tallystick.server.records.columns import Day, Flag, LongText, Reference, References, Text, Texts
from tallystick.server.records.entry import Entry, lists, numbered, once, rights


class Person(Entry):
    """One human being, who may be contact, consumer and worker at once (P2) and belong to several companies (P9).

    `companies` names them; `account` is the main one. `domain.companies` keeps both in step with `Employment`.
    """

    name = Text(_("Name"), 330, required=True, writable=False)
    roles = Texts(_("Roles"), codes=ROLES)
    salutation = Text(_("Title"), 30, codes=SALUTATIONS)
    first_name = Text(_("First name"), 100)
    middle_name = Text(_("Middle name"), 100)
    last_name = Text(_("Last name"), 100)
    suffix = Text(_("Suffix"), 20)
    account = Reference("records.Account", _("Main company"))
    companies = Texts(_("Companies"))
    department = Reference("records.Department", _("Department"))
    location = Reference("records.Location", _("Location"))
    job_title = Text(_("Job title"), 100)
    employee_id = Text(_("Employee number"), 40)
    email1 = Text(_("Email"), 254)
    email2 = Text(_("Second email"), 254)
    phone_work = Text(_("Office telephone"), 40)
    phone_mobile = Text(_("Mobile telephone"), 40)
    phone_home = Text(_("Home telephone"), 40)
    phone_other = Text(_("Other telephone"), 40)
    phone_fax = Text(_("Fax"), 40)
    phone_pager = Text(_("Pager"), 40)
    address_work_street = Text(_("Office street"), 200)
    address_work_city = Text(_("Office city"), 100)
    address_work_state = Text(_("Office state"), 100)
    address_work_zip = Text(_("Office postal code"), 20)
    address_work_country = Text(_("Office country"), 100)
    address_home_street = Text(_("Home street"), 200)
    address_home_city = Text(_("Home city"), 100)
    address_home_state = Text(_("Home state"), 100)
    address_home_zip = Text(_("Home postal code"), 20)
    address_home_country = Text(_("Home country"), 100)
    address_other_street = Text(_("Other street"), 200)
    address_other_city = Text(_("Other city"), 100)
    address_other_state = Text(_("Other state"), 100)
    address_other_zip = Text(_("Other postal code"), 20)
    address_other_country = Text(_("Other country"), 100)
    website = Text(_("Website"), 400)
    birthday = Day(_("Birthday"))
    categories = Texts(_("Categories"))
    is_private = Flag(_("Private"), default=False)
    is_active = Flag(_("Active"), default=True)
    user = Text(_("User of the hub"), 40, help_text=_("The id of the user who is this person."))
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("person")
        verbose_name = _("person")
        verbose_name_plural = _("People")
        indexes = [
            *lists("person", "name"),
            models.Index(fields=["email1"], name="person_email1"),
            models.Index(fields=["employee_id"], name="person_employee_id"),
            models.Index(fields=["user"], name="person_user"),
        ]
        constraints = [numbered("person"), once("person", "user")]


class Employment(models.Model):
    """That a person belongs to a company: the rows behind `Person.companies`, in their order."""

    number = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    account = models.ForeignKey("records.Account", models.PROTECT, null=True, related_name="+")
    company = models.CharField(max_length=16_000)  # as it is named; the account's name where it is one
    folded = models.CharField(max_length=150)  # for looking an account up by it
    position = models.IntegerField()
    is_main = models.BooleanField()

    class Meta:
        app_label = "records"
        default_permissions = ()
        indexes = [models.Index(fields=["folded"], name="employment_folded")]
        constraints = [
            models.UniqueConstraint(fields=["person", "position"], name="employment_position_once"),
            models.UniqueConstraint(fields=["person"], condition=models.Q(is_main=True), name="employment_main_once"),
        ]


class Team(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    kind = Text(_("Kind"), 20, codes=TEAM_KINDS)
    lead = Reference("records.Person", _("Team lead"))
    members = References("person", _("Members"))
    email = Text(_("Email"), 254)
    is_active = Flag(_("Active"), default=True)
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("team")
        verbose_name = _("team")
        verbose_name_plural = _("Teams")
        indexes = lists("team", "name")
        constraints = [numbered("team"), once("team", "name")]
