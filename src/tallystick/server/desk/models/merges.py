"""What a merge of two records moved of all this."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models

APP = "desk"


class MovedRow(models.Model):
    """A row of the tables above that a merge moved, so that it goes back when the merge is taken back."""

    key = models.CharField(max_length=300)  # of the merge
    loser = models.CharField(max_length=32)
    survivor = models.CharField(max_length=32)
    table = models.CharField(max_length=40)
    row = models.CharField(max_length=40)

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["key", "loser"], name="moved_row_key")]
