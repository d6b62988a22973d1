"""Peers, transactions, their attempts, lists kept from peers, and letters."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from tallystick.server.messages.course import OPEN, State

APP = "messaging"


class Role(models.TextChoices):
    """What the other system is to the hub."""

    MAINTENANCE = "maintenance", _("Maintenance")
    HELP_DESK = "help_desk", _("Help desk")


OWN_TITLES = {Role.MAINTENANCE: _("Own maintenance"), Role.HELP_DESK: _("Own help desk")}


class Peer(models.Model):
    """A system that messages are exchanged with. Without `address` it is the hub itself."""

    name = models.CharField(_("Name"), max_length=60, unique=True)
    title = models.CharField(_("Title"), max_length=200)
    role = models.CharField(_("Role"), max_length=12, choices=Role.choices)
    is_own = models.BooleanField(default=False)  # the hub's own help desk or maintenance
    address = models.CharField(_("Address of its messages"), max_length=500, blank=True, default="")
    mark = models.CharField(max_length=40, unique=True)  # in the address of messages that come in
    secret = models.TextField()  # encrypted: signs both ways
    can_look_up = models.BooleanField(_("Can be asked about a message"), default=True)
    timeout_s = models.PositiveIntegerField(_("Seconds to wait for an answer"), default=15)
    is_enabled = models.BooleanField(_("In use"), default=True)  # not any more: it was deleted, its messages stay
    is_paused = models.BooleanField(_("Paused"), default=False)  # messages wait
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)  # it last answered, or sent something
    fault = models.CharField(max_length=400, blank=True, default="")  # the last one, empty when all is well
    fault_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        default_permissions = ("view", "change")
        verbose_name = _("message partner")
        verbose_name_plural = _("Message partners")
        ordering = ["name"]

    def __str__(self) -> str:
        if self.is_own:
            return str(OWN_TITLES[Role(self.role)])
        return self.title or self.name


class Direction(models.TextChoices):
    OUT = "out", _("Sent")
    IN = "in", _("Received")


STATES = {
    State.WAITING: _("Waits to be sent"),
    State.SENDING: _("Being sent"),
    State.UNKNOWN: _("Answer awaited"),
    State.NEEDS_PERSON: _("Unknown, needs a person"),
    State.PARKED: _("Parked"),
    State.DONE: _("Done"),
    State.REFUSED: _("Refused"),
    State.FAILED: _("Not delivered"),
    State.CANCELLED: _("Cancelled"),
}


class Transaction(models.Model):
    """One message with what became of it. Rows are never removed. Source: spec/work-orders.md W4."""

    number = models.BigAutoField(primary_key=True)  # order of delivery
    correlation = models.CharField(max_length=64)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    operation = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=100, blank=True, default="")
    body = models.JSONField()
    answer = models.JSONField(null=True)  # body of the answer
    errors = models.JSONField(default=list)  # [{"code", "field", "message"}]
    state = models.CharField(max_length=12, choices=[(state.value, title) for state, title in STATES.items()])
    why = models.CharField(max_length=400, blank=True, default="")  # a sentence, where it did not end well
    attempts = models.PositiveIntegerField(default=0)
    look_ups = models.PositiveIntegerField(default=0)  # since the answer was lost
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200, default="")
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    about_type = models.CharField(max_length=30, blank=True, default="")  # the record it is about
    about = models.CharField(max_length=32, blank=True, default="")
    about_called = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [
            ("view_message", gettext_noop("See messages and their history")),
            ("handle_message", gettext_noop("Send messages again, settle and cancel them")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["peer", "direction", "correlation"], name="transaction_correlation_once")
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=[state.value for state in OPEN], direction="out"),
                name="transaction_due",
            ),
            models.Index(
                fields=["peer", "subject", "number"],
                condition=Q(state__in=[state.value for state in OPEN], direction="out"),
                name="transaction_line",
            ),
            models.Index(fields=["state", "-number"], name="transaction_state"),
            models.Index(fields=["operation", "-number"], name="transaction_operation"),
            models.Index(fields=["about", "-number"], name="transaction_about"),
            models.Index(fields=["peer", "-number"], name="transaction_peer"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.correlation}"


class Words(models.Model):
    """What a transaction can be found by, folded. Narrow, so that looking through many is quick."""

    transaction = models.OneToOneField(Transaction, models.CASCADE, primary_key=True, related_name="words")
    text = models.TextField()

    class Meta:
        app_label = APP
        default_permissions = ()


class Purpose(models.TextChoices):
    SEND = "send", _("Sent")
    LOOK_UP = "look_up", _("Looked up")
    PERSON = "person", _("Settled by a person")


class Attempt(models.Model):
    """One try: written before anything is sent, closed with what came of it."""

    transaction = models.ForeignKey(Transaction, models.CASCADE, related_name="tries")
    ordinal = models.PositiveIntegerField()
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.SEND)
    body = models.JSONField()  # as it was this time
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    came = models.CharField(max_length=12, blank=True, default="")
    status = models.PositiveSmallIntegerField(null=True)  # of HTTP
    answer = models.TextField(blank=True, default="")  # the beginning of it
    message = models.CharField(max_length=400, blank=True, default="")
    by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()
        ordering = ["ordinal"]
        constraints = [models.UniqueConstraint(fields=["transaction", "ordinal"], name="attempt_ordinal_once")]


class KeptList(models.Model):
    """A list a peer offers, as it was when it was last asked. Source: spec/work-orders.md W3."""

    peer = models.ForeignKey(Peer, models.CASCADE, related_name="lists")
    name = models.CharField(max_length=40)
    entries = models.JSONField(default=list)  # [{"code", "name", ...}]
    fetched_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["peer", "name"], name="kept_list_once")]


class Letter(models.Model):
    """An email on its way out, written in the transaction of what it tells."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waits")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not sent")

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=254)
    text = models.TextField()  # encrypted: it may hold a link that acts
    mark = models.CharField(max_length=64, unique=True)  # Message-ID: the same however often it is sent
    reply_to = models.CharField(max_length=254, blank=True, default="")
    answers = models.TextField(blank=True, default="")  # the id of the email it answers, without brackets
    is_written = models.BooleanField(default=False)  # by a person, not by the hub itself
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=400, blank=True, default="")
    about_type = models.CharField(max_length=30, blank=True, default="")
    about = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_at"], condition=Q(status="waiting"), name="letter_due"),
            models.Index(fields=["to", "created_at"], name="letter_to"),
            models.Index(fields=["about", "-id"], name="letter_about"),
        ]
