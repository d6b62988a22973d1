"""Integrations, their documents in versions, and plans that were made to be looked at."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Integration(models.Model):
    """`name` is what its document says after `integration:`; links and runs belong to that name."""

    name = models.CharField(_("Name"), max_length=100, unique=True)
    title = models.CharField(_("Title"), max_length=400, blank=True, default="")  # as in the current document
    current = models.ForeignKey("IntegrationVersion", models.PROTECT, null=True, related_name="+")
    is_enabled = models.BooleanField(default=False)  # its flows run on their schedules
    is_draining = models.BooleanField(default=False)  # what is going is finished, nothing new is begun
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = _("Integrations")
        permissions = [
            ("run_integration", gettext_noop("Run integrations, and look at what a run would do")),
            ("pause_integration", gettext_noop("Enable, pause and drain integrations")),
        ]

    def __str__(self) -> str:
        return str(self.title or self.name)


class IntegrationVersion(models.Model):
    """A document exactly as it was written. Never changed."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # from 1
    text = models.TextField()
    fingerprint = models.CharField(max_length=64)
    comment = models.CharField(max_length=400, blank=True, default="")
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["integration", "number"], name="version_once")]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"version {self.number}"


class PlanState(models.TextChoices):
    PLANNING = "planning", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    APPLYING = "applying", _("Being applied")
    APPLIED = "applied", _("Applied")


class KeptPlan(models.Model):
    """What a run would do, kept to be looked at and perhaps applied."""

    id = models.CharField(primary_key=True, max_length=32)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="plans")
    version = models.PositiveIntegerField()
    flows = models.JSONField(default=list)  # names; none: all
    is_full = models.BooleanField()
    state = models.CharField(max_length=10, choices=PlanState.choices, default=PlanState.PLANNING)
    doing = models.CharField(max_length=200, blank=True, default="")  # while it is made or applied
    done = models.BigIntegerField(default=0)  # records, of what is being done
    artefact = models.BinaryField(null=True)  # zlib over JSON
    summary = models.JSONField(default=dict)  # per flow: counts, situations, held, notes
    message = models.TextField(blank=True, default="")  # what went wrong
    hint = models.TextField(blank=True, default="")
    run = models.CharField(max_length=64, blank=True, default="")  # that applied it
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.CharField(max_length=200)
    applied_by = models.CharField(max_length=200, blank=True, default="")
    touched_at = models.DateTimeField(default=timezone.now)  # a worker told then how far it is

    class Meta:
        default_permissions = ()
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return str(self.id)


class PlanPage(models.Model):
    """Some operations of a plan, so that a page of a large one costs what a page of a small one costs."""

    plan = models.ForeignKey(KeptPlan, models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()  # from 0
    rows = models.BinaryField()  # zlib over a JSON list; each names its flow

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_page_once")]

    def __str__(self) -> str:
        return f"page {self.number}"


class LessonState(models.TextChoices):
    LEARNING = "learning", _("Being learned")
    READY = "ready", _("Learned")
    FAILED = "failed", _("Failed")
    IN_USE = "in_use", _("Switched on")
    BACK = "back", _("Switched back")


class KeptLesson(models.Model):
    """Weights that were learned for a flow, kept to be looked at, switched on, and switched back."""

    id = models.CharField(primary_key=True, max_length=32)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="lessons")
    flow = models.CharField(max_length=200)
    version = models.PositiveIntegerField()  # of the document it was learned for
    state = models.CharField(max_length=10, choices=LessonState.choices, default=LessonState.LEARNING)
    doing = models.CharField(max_length=200, blank=True, default="")  # while it is learned
    done = models.BigIntegerField(default=0)  # records, of what is being done
    told = models.JSONField(default=dict)  # what was learned, and what it would change: runs.lessons.lesson_shown
    rules = models.JSONField(default=list)  # each rule's own precision when it was learned
    match = models.JSONField(default=dict)  # weights and junk, as they go into the document
    before = models.JSONField(default=dict)  # weights and junk the flow had before it was switched on
    message = models.TextField(blank=True, default="")  # what went wrong
    hint = models.TextField(blank=True, default="")
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.CharField(max_length=200)
    used_at = models.DateTimeField(null=True)
    used_by = models.CharField(max_length=200, blank=True, default="")
    touched_at = models.DateTimeField(default=timezone.now)  # a worker told then how far it is

    class Meta:
        default_permissions = ()
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return str(self.id)
