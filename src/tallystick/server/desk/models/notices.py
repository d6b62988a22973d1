"""What people of the help desk are told of, and how they want to be."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tallystick.server.desk.models.cases import CaseOrder

APP = "desk"


class Happening(models.TextChoices):
    """What an agent may be told of."""

    STATUS = "status", _("The status of a work order changed")
    DESCRIPTION = "description", _("The description of a work order changed")
    QUESTION = "question", _("Maintenance asks for information")
    NOTE = "note", _("Maintenance wrote a note")
    REQUEST = "request", _("A request to maintenance was answered or refused")
    REQUESTER = "requester", _("A requester answered")
    MAIL = "mail", _("An email came for a case")


class Notice(models.Model):
    """One thing told to one person in the hub: their worklist."""

    user = models.ForeignKey("people.User", models.CASCADE, related_name="+")
    happening = models.CharField(max_length=12, choices=Happening.choices)
    case = models.ForeignKey("records.Case", models.PROTECT, related_name="+")
    case_order = models.ForeignKey(CaseOrder, models.CASCADE, null=True, related_name="+")
    facts = models.JSONField(default=dict)  # worded when it is shown
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]


class NoticeChoice(models.Model):
    """How a person wants to be told of something; without a row both ways."""

    user = models.ForeignKey("people.User", models.CASCADE, related_name="+")
    happening = models.CharField(max_length=12, choices=Happening.choices)
    in_hub = models.BooleanField(default=True)
    by_email = models.BooleanField(default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "happening"], name="notice_choice_once")]
