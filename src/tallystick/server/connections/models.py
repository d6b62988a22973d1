"""A connection: how one system is reached, and how it has been doing."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Health(models.TextChoices):
    UNKNOWN = "unknown", _("Not tried yet")
    OK = "ok", _("Answers")
    FAILING = "failing", _("Failing")


class Connection(models.Model):
    """`settings` are plain data without secrets; `secrets` is one encrypted JSON object, empty where there are none."""

    name = models.CharField(_("Name"), max_length=100, unique=True)  # what integrations call it
    title = models.CharField(_("Title"), max_length=200, blank=True, default="")
    connector = models.CharField(_("Connector"), max_length=100)
    settings = models.JSONField(default=dict)
    secrets = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)  # counts up with each edit
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=200)

    health = models.CharField(max_length=10, choices=Health.choices, default=Health.UNKNOWN)
    health_message = models.TextField(blank=True, default="")  # the last fault, or what was found
    health_hint = models.TextField(blank=True, default="")
    health_code = models.CharField(max_length=40, blank=True, default="")  # of the error
    health_since = models.DateTimeField(null=True)  # it has been like this
    seen_at = models.DateTimeField(null=True)  # it last answered or failed
    tested_at = models.DateTimeField(null=True)
    tested_by = models.CharField(max_length=200, blank=True, default="")

    described = models.JSONField(null=True)  # what it offered when it was last asked
    described_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = _("Systems")
        permissions = [("test_connection", gettext_noop("Test connections and look at what they hold"))]

    def __str__(self) -> str:
        return str(self.title or self.name)
