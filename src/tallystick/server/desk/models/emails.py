"""Emails that came in, and files."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

APP = "desk"


class Email(models.Model):
    """An email as it came: kept before anything is done with it. Nothing it says of its sender is proven."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits")
        TAKEN = "taken", _("Taken")
        ASIDE = "aside", _("Left alone")
        FAILED = "failed", _("Could not be taken")

    digest = models.CharField(max_length=64, unique=True)  # what comes twice is kept once
    message_id = models.CharField(max_length=900, blank=True, default="")
    envelope_sender = models.CharField(max_length=320, blank=True, default="")
    sent_for = models.JSONField(default=list)  # addresses it was handed over for
    author = models.CharField(max_length=254, blank=True, default="")
    author_name = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=254, blank=True, default="")
    raw = models.BinaryField(null=True)  # None once it is old
    size = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    aside = models.CharField(max_length=12, blank=True, default="")  # one of judging.Aside
    why = models.CharField(max_length=400, blank=True, default="")
    is_answer = models.BooleanField(default=False)  # it was added to a case that was there
    is_proven = models.BooleanField(default=False)  # it answers a letter that went to its sender
    case = models.ForeignKey("records.Case", models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("records.Person", models.PROTECT, null=True, related_name="+")  # proposed
    at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    handled_by = models.CharField(max_length=200, blank=True, default="")  # a person who decided on it

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [("handle_email", gettext_noop("See emails that came in, and decide on those left alone"))]
        indexes = [
            models.Index(fields=["state", "-id"], name="email_state"),
            models.Index(fields=["case", "-id"], name="email_case"),
            models.Index(fields=["author", "at"], name="email_author"),
            models.Index(fields=["message_id"], name="email_message_id"),
        ]

    def __str__(self) -> str:
        return self.subject or self.author


class FileContent(models.Model):
    """What is in a file, once for all that have it."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()

    class Meta:
        app_label = APP
        default_permissions = ()


class Attachment(models.Model):
    """A file of a case or a work order. Whoever sees the record may have it."""

    id = models.CharField(max_length=32, primary_key=True)
    record_type = models.CharField(max_length=30)
    record = models.CharField(max_length=32)
    name = models.CharField(max_length=200)
    media = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    content = models.ForeignKey(FileContent, models.PROTECT, related_name="+")
    email = models.ForeignKey(Email, models.PROTECT, null=True, related_name="+")  # it came with
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["record", "at"], name="attachment_record")]
        constraints = [models.UniqueConstraint(fields=["record", "content", "name"], name="attachment_once")]

    def __str__(self) -> str:
        return self.name
