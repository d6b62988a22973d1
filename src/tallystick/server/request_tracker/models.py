"""Which queue of which Request Tracker is a help desk of maintenance, and which ticket has which work order."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.models import Peer

APP = "request_tracker"


class Tracker(models.Model):
    """One queue. Its title, and whether it is paused, are those of its message partner."""

    peer = models.OneToOneField(Peer, models.PROTECT, related_name="+")
    connection = models.CharField(_("Connection"), max_length=100)  # its name
    queue = models.CharField(_("Queue"), max_length=200)
    condition = models.CharField(_("Condition"), max_length=500, blank=True, default="")  # TicketSQL, besides the queue
    fields = models.JSONField(default=dict)  # of a request -> custom field that holds it
    order_field = models.CharField(_("Custom field for the number"), max_length=100, blank=True, default="")
    status_field = models.CharField(_("Custom field for the status"), max_length=100, blank=True, default="")
    statuses = models.JSONField(default=dict)  # of work orders -> status of the ticket, "-" leaves it as it is
    hears_replies = models.BooleanField(_("Replies go to maintenance too"), default=False)
    every_s = models.PositiveIntegerField(_("Seconds between looks"), default=20)
    started_after = models.BigIntegerField()  # the last transaction there was; what is older is not looked at
    started_at = models.DateTimeField()
    seen = models.BigIntegerField()  # transactions up to this one were taken
    looked_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)  # the whole queue was gone through
    leased_until = models.DateTimeField(null=True)
    fault = models.CharField(max_length=400, blank=True, default="")  # of the last look, empty when all is well
    fault_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        verbose_name = _("queue of Request Tracker")
        verbose_name_plural = _("Queues of Request Tracker")
        constraints = [models.UniqueConstraint(fields=["connection", "queue"], name="tracker_queue_once")]

    def __str__(self) -> str:
        return f"{self.peer.title}: {self.queue}"


class TicketOrder(models.Model):
    """A work order of a ticket. A ticket has any number of them (spec/work-orders.md W16)."""

    tracker = models.ForeignKey(Tracker, models.PROTECT, related_name="orders")
    ticket = models.BigIntegerField()  # the one it was merged into, where it was
    reference = models.CharField(max_length=60)  # as maintenance knows it: #17, from when it was asked for
    number = models.CharField(max_length=60)
    asked_at = models.BigIntegerField()  # the ticket's last transaction then
    status_sequence = models.BigIntegerField(default=0)  # of the last status that was written on the ticket
    created_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["tracker", "ticket"], name="ticket_order_ticket")]
        constraints = [models.UniqueConstraint(fields=["tracker", "number", "reference"], name="ticket_order_once")]
