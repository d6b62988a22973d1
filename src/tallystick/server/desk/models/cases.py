"""What the help desk remembers of a case: work orders it asked for, what it was told, if the requester is satisfied."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.models import Peer, Transaction

APP = "desk"


class CaseOrder(models.Model):
    """A work order as the help desk knows it, from the moment it is asked for. One case has any number (W16)."""

    case = models.ForeignKey("records.Case", models.PROTECT, related_name="+")
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="+")  # that asked for it
    number = models.CharField(max_length=60, blank=True, default="")  # in maintenance; empty until it is known
    subject = models.CharField(max_length=254)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=20, blank=True, default="")  # one of STATUSES
    their_status = models.CharField(max_length=100, blank=True, default="")  # as they call it
    resolution = models.TextField(blank=True, default="")
    status_sequence = models.BigIntegerField(default=0)
    description_sequence = models.BigIntegerField(default=0)
    question_sequence = models.BigIntegerField(default=0)
    question = models.CharField(max_length=40, blank=True, default="")  # the request for information that is open
    question_text = models.TextField(blank=True, default="")
    question_expires_at = models.DateTimeField(null=True)
    requested_by = models.BigIntegerField(null=True)  # user
    is_related = models.BooleanField(default=False)  # it was there before
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [
            models.Index(fields=["case", "id"], name="case_order_case"),
            models.Index(fields=["transaction"], name="case_order_transaction"),
            models.Index(fields=["status", "id"], name="case_order_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["peer", "number", "case"], condition=~Q(number=""), name="case_order_number_once"
            )
        ]


class Told(models.Model):
    """An event of an order that the help desk has heard: the same is not told to anybody twice."""

    case_order = models.ForeignKey(CaseOrder, models.CASCADE, related_name="told")
    sequence = models.BigIntegerField()
    operation = models.CharField(max_length=80)
    text = models.TextField(blank=True, default="")  # of a note
    by = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case_order", "sequence"], name="told_once")]


class StatusMap(models.Model):
    """What a status of another maintenance system means."""

    peer = models.ForeignKey(Peer, models.CASCADE, related_name="+")
    theirs = models.CharField(max_length=40)
    means = models.CharField(max_length=20)

    class Meta:
        app_label = APP
        default_permissions = ("view", "change")
        verbose_name = _("status of a maintenance system")
        verbose_name_plural = _("Statuses of maintenance systems")
        constraints = [models.UniqueConstraint(fields=["peer", "theirs"], name="status_map_once")]


class Satisfaction(models.Model):
    """A requester was told that the problem is solved, and asked whether they are satisfied (W13)."""

    id = models.CharField(max_length=32, primary_key=True)
    case = models.ForeignKey("records.Case", models.PROTECT, related_name="+")
    email = models.CharField(max_length=254)
    nonce = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    is_satisfied = models.BooleanField(null=True)
    remark = models.TextField(blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["case", "asked_at"], name="satisfaction_case")]
