"""Files that people bring, while they are imported and a while after."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models


class Upload(models.Model):
    """A file somebody is importing: kept until it is through, so that it goes on after a restart where it was."""

    token = models.CharField(max_length=32, primary_key=True)
    record_type = models.CharField(max_length=30)
    by_id = models.CharField(max_length=40)
    by = models.CharField(max_length=150, default="")  # as the history shows who
    via = models.CharField(max_length=100, default="web")
    name = models.CharField(max_length=200)
    form = models.CharField(max_length=10)  # csv, jsonl
    content = models.TextField()
    created_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)  # by the process that is at it
    is_begun = models.BooleanField(default=False)
    is_done = models.BooleanField(default=False)  # through, or ended before
    error = models.TextField(default="")  # why it ended before the last row
    offset = models.BigIntegerField(default=0)  # of the next row, in characters
    line = models.BigIntegerField(default=0)  # lines read before it
    rows = models.BigIntegerField(default=0)  # in all
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)

    class Meta:
        app_label = "records"
        default_permissions = ()
        indexes = [
            models.Index(fields=["created_at"], name="upload_created_at"),
            models.Index(fields=["by_id", "created_at"], name="upload_by"),
        ]

    @property
    def taken(self) -> int:
        """Rows that are through, good and bad."""
        return int(self.created + self.updated + self.refused)


class UploadFault(models.Model):
    """A row of a file that was not taken."""

    number = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="faults")
    line = models.BigIntegerField()
    sentence = models.TextField()

    class Meta:
        app_label = "records"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["upload", "line"], name="upload_fault_once")]
