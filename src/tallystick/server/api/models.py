"""Answers kept for repeated calls; endpoints of webhooks, their deliveries, and addresses for webhooks that come in."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class KeptAnswer(models.Model):
    """The answer to an idempotency key. `status` 0: the call is under way."""

    caller = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    began_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(default="")  # encrypted

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="answer_once")]

    def __str__(self) -> str:
        return str(self.key)


class Allowance(models.Model):
    """What is left of the calls of one caller, where several processes answer (see `api.pace`)."""

    caller = models.CharField(primary_key=True, max_length=40)  # a digest
    left = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.left:.0f}"


class Endpoint(models.Model):
    """Where webhooks go. Secrets are encrypted; the older one signs too until `older_until`."""

    address = models.CharField(_("Address"), max_length=2000)
    title = models.CharField(_("Title"), max_length=200, blank=True, default="")
    events = models.JSONField(default=list)  # names of kinds of events
    secret = models.TextField()
    older_secret = models.TextField(blank=True, default="")
    older_until = models.DateTimeField(null=True)
    is_enabled = models.BooleanField(default=True)
    disabled_why = models.CharField(max_length=400, blank=True, default="")  # when it was not a person
    failing_since = models.DateTimeField(null=True)  # no delivery succeeded since
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            ("view_webhook", gettext_noop("See webhooks and their deliveries")),
            ("change_webhook", gettext_noop("Set up webhooks, send them again")),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.title or self.address)


class Event(models.Model):
    """Something that happened and that an endpoint wanted to know."""

    id = models.CharField(primary_key=True, max_length=40)  # the webhook-id
    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=200, unique=True)  # what happened, so that nothing is told as two events
    at = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="event_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Reach(models.Model):
    """How far one source of events was looked through."""

    source = models.CharField(primary_key=True, max_length=40)
    place = models.TextField(default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.source} {self.place}"


class Delivery(models.Model):
    """One event on its way to one endpoint."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)  # None: nothing is to come
    made_at = models.DateTimeField(default=timezone.now)
    is_replay = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(status="waiting"), name="delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="delivery_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"


class Attempt(models.Model):
    """One try of a delivery: what was sent and what came back, shortened, without secrets."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)  # of the answer; None: there was none
    message = models.CharField(max_length=400, blank=True, default="")  # why there was none
    request_head = models.TextField()
    request_body = models.TextField()
    answer_head = models.TextField(blank=True, default="")
    answer_body = models.TextField(blank=True, default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.status or self.message}"


class Inlet(models.Model):
    """An address at which a system tells that something changed there. `mark` is its last part."""

    mark = models.CharField(max_length=40, unique=True)
    connection = models.CharField(max_length=100, db_index=True)  # by name
    records = models.JSONField(default=list)  # record types that may have changed; none: any
    secret = models.TextField()  # encrypted
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=200)
    received_at = models.DateTimeField(null=True)  # the last one that was taken
    received = models.PositiveBigIntegerField(default=0)
    refused_at = models.DateTimeField(null=True)
    refused_why = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        default_permissions = ()
        ordering = ["connection", "id"]

    def __str__(self) -> str:
        return str(self.connection)


class Received(models.Model):
    """A message that came in, so that it counts once."""

    inlet = models.ForeignKey(Inlet, models.CASCADE, related_name="messages")
    message = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["inlet", "message"], name="message_once")]

    def __str__(self) -> str:
        return str(self.message)
