"""What a person asked for that takes longer than a page: it goes on in the background and tells how far it is."""

# mypy: disable-error-code="var-annotated"

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Errand(models.Model):
    """One errand. Its row outlives the process; whatever it changes is safe to ask for again."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        GOING = "going", _("under way")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=120, db_index=True)  # "review 12", "run 0192…", "link 7"
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    by = models.TextField()
    asked_at = models.DateTimeField()
    beat_at = models.DateTimeField()  # told again while it goes on; one that stands still belongs to a dead process
    finished_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    is_blocked = models.BooleanField(default=False)  # waits for a run that is going
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=1)
    refused: models.JSONField[Any, Any] = models.JSONField(default=list)  # [{"id", "message"}], the first of them
    refused_count = models.IntegerField(default=0)
    run = models.TextField(default="")  # that it led to
    code = models.CharField(max_length=60, default="")  # of the error it failed with
    message = models.TextField(default="")
    hint = models.TextField(default="")

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            ("view_run", gettext_noop("See runs and the dashboard")),
            ("control_run", gettext_noop("Stop, resume and undo runs")),
            ("view_journal", gettext_noop("See the journal, why, and where values came from")),
            ("view_link", gettext_noop("See links")),
            ("change_link", gettext_noop("Unlink and link records by hand")),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "beat_at"], name="errand_status")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.FAILED)

    @property
    def percent(self) -> int:
        return int(min(100, 100 * self.done // max(1, self.total)))
