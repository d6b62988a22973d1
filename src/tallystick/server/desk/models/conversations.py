"""What maintenance remembers of a work order besides its fields: who is told, what was asked and said."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tallystick.server.desk.models.orders import WorkOrder
from tallystick.server.messages.models import Peer

APP = "desk"


class Follower(models.Model):
    """A help desk that is told of what becomes of an order, by its own number for it."""

    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="followers")
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    reference = models.CharField(max_length=60)
    contact_name = models.CharField(max_length=200, blank=True, default="")
    contact_email = models.CharField(max_length=254, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["order", "peer", "reference"], name="follower_once")]


class Conversation(models.Model):
    """What there is of an order besides its fields: how far its events are, and whether an answer is awaited (W10)."""

    class Reply(models.TextChoices):
        NONE = "none", _("Nothing asked")
        AWAITING = "awaiting", _("Awaiting a reply")
        REPLIED = "replied", _("Replied")

    order = models.OneToOneField(WorkOrder, models.PROTECT, primary_key=True, related_name="conversation")
    sequence = models.BigIntegerField(default=0)  # of the last event told
    reply = models.CharField(max_length=8, choices=Reply.choices, default=Reply.NONE)
    reply_at = models.DateTimeField(null=True)  # it has been so

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["reply", "reply_at"], name="conversation_reply")]


class Question(models.Model):
    """A request for information. `nonce` is in its link; used or replaced, the link is worth nothing."""

    id = models.CharField(max_length=32, primary_key=True)
    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="questions")
    text = models.TextField()
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    nonce = models.CharField(max_length=40)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_via = models.CharField(max_length=10, blank=True, default="")  # link, note

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["order", "asked_at"], name="question_order")]


class OrderNote(models.Model):
    """What was said inside a work order, by either half (W11). Never changed."""

    class Side(models.TextChoices):
        MAINTENANCE = "maintenance", _("Maintenance")
        HELP_DESK = "help_desk", _("Help desk")

    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="notes")
    question = models.ForeignKey(Question, models.PROTECT, null=True, related_name="answers")
    text = models.TextField()
    by = models.CharField(max_length=200)
    side = models.CharField(max_length=12, choices=Side.choices)
    form = models.CharField(max_length=40, blank=True, default="")  # the page of a link it came from
    at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["order", "at"], name="order_note_order")]
