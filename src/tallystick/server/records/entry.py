"""What every record has: id, number, version, stamps, and whether it is still there."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tallystick.server.records.codes import CodeSet
from tallystick.server.records.columns import Moment, Text, Whole

ABSENCES = CodeSet(
    name="absence",
    titles={"deleted": _("Deleted"), "merged": _("Merged"), "archived": _("Archived")},
    tones={"deleted": "bad"},
)
LIVE = Q(gone_at__isnull=True)
GONE = Q(gone_at__isnull=False)


class Entry(models.Model):
    """One record. Only `domain.write` changes it."""

    id = Text(_("Id"), 32, required=True, writable=False, primary_key=True)
    number = Whole(_("Number"), writable=False, null=False)
    version = Whole(_("Version"), writable=False, null=False, default=1)
    created_at = Moment(_("Created"), writable=False, null=False)
    created_by = Text(_("Created by"), 150, writable=False, null=False, default="")
    changed_at = Moment(_("Changed"), writable=False, null=False)
    changed_by = Text(_("Changed by"), 150, writable=False, null=False, default="")
    creator = Text(_("Creator's user id"), 40, writable=False)
    gone_at = Moment(_("Gone"), writable=False)
    gone_by = Text(_("Gone by"), 150, writable=False)
    gone_why = Text(_("Why it is gone"), 10, writable=False, codes=ABSENCES)
    merged_into = Text(_("Merged into"), 32, writable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


KEPT = ("id", "number", "version", "created_at", "created_by", "changed_at", "changed_by")
"""Fields of every record that the connector and the pages show; nobody sets them."""

RIGHTS = {"view": "See", "add": "Create", "change": "Change", "delete": "Delete and restore"}
HIDDEN = ("creator", "gone_at", "gone_by", "gone_why", "merged_into")


def lists(table: str, *columns: str) -> list[models.Index]:
    """Indexes that let a list of live records be sorted by each of these columns and read page by page; also what is
    gone by the time it went, and what was merged into a record.
    """
    return [
        *(
            models.Index(fields=[column, "id"], condition=LIVE, name=f"{table}_{column}"[:30])
            for column in ("number", "changed_at", *columns)
        ),
        models.Index(fields=["gone_at", "id"], condition=GONE, name=f"{table}_gone"),
        models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name=f"{table}_merged"),
    ]


def once(table: str, *columns: str) -> models.UniqueConstraint:
    """No two live records share these values; where one of them is null, they may."""
    return models.UniqueConstraint(fields=list(columns), condition=LIVE, name=f"{table}_{columns[-1]}_once"[:30])


def numbered(table: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["number"], name=f"{table}_number_once")


def rights(thing: str) -> list[tuple[str, Any]]:
    """Permissions of a record type, named like `change_installed_asset`."""
    words = thing.replace("_", " ")
    return [(f"{verb}_{thing}", f"{title} {words}") for verb, title in RIGHTS.items()]
