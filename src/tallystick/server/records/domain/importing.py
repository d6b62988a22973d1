"""Imports of files: looked at first, then taken row by row; a bad row is told with its line and the others go in.

Whoever begins one need not stay: `server.records.importer` goes on with it, also after a restart.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.taking import take
from tallystick.server.records.models import Upload, UploadFault
from tallystick.server.records.record_types import record_type
from tallystick.server.records.table_files import FileRow, columns_of, fields_of, form_of, placed_rows

STEP_ROWS: Final = 1_000
CHECKED_ROWS: Final = 2_000
KEPT_FOR: Final = timedelta(days=1)
"""A file that nobody began to import."""
KEPT_AFTER: Final = timedelta(days=14)
"""One that is through: its bad rows can be fetched."""
LEASE: Final = timedelta(seconds=30)
"""A process that is at an import and says nothing for so long is dead."""
MOST_CHARACTERS: Final = 50_000_000
_COUNTED: Final = ("offset", "line", "is_begun", "created", "updated", "refused", "claimed_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import would do. `faults`: (line, sentence) of the rows looked at; `columns`: column -> field or ""."""

    upload: Upload
    columns: dict[str, str]
    rows: int
    checked: int
    faults: list[tuple[int, str]]
    sample: list[FileRow]

    @property
    def good(self) -> int:
        """Rows that go in, as far as they were looked at."""
        return self.rows - len(self.faults)


class _RollBack(Exception):
    pass


def receive(actor: Actor, type_: str, name: str, text: str) -> Upload:
    """Keeps a file to be imported. Raises NotAllowed and InputRefused."""
    kind = record_type(type_)
    actor.check(kind.permission("add"))
    if not text.strip():
        raise InputRefused(_("The file is empty."), fields={"file": _("Choose a file with a line for each record.")})
    if len(text) > MOST_CHARACTERS:
        raise InputRefused(
            _("The file is too large to be taken in one piece."),
            fields={"file": _("Cut it into parts of at most 50 million characters.")},
        )
    form = form_of(name, text)
    columns = columns_of(text, form)
    if not fields_of(kind, columns):
        raise InputRefused(
            _("None of the columns is a field of this type: {names}.").format(names=", ".join(columns[:8])),
            fields={
                "file": _("Name the columns like the fields, for example {names}.").format(
                    names=", ".join(kind.written[:4])
                )
            },
        )
    forget_old()
    return Upload.objects.create(
        token=secrets.token_hex(16),
        record_type=kind.name,
        by_id=str(actor.person or ""),
        by=actor.name[:150],
        via=actor.via[:100],
        name=name[:200],
        form=form,
        content=text,
        created_at=datetime.now(UTC),
        rows=sum(1 for _row in placed_rows(text, form)),
    )


def forget_old() -> None:
    now = datetime.now(UTC)
    Upload.objects.filter(
        Q(is_begun=False, created_at__lt=now - KEPT_FOR) | Q(is_done=True, ended_at__lt=now - KEPT_AFTER)
    ).delete()


def upload_of(actor: Actor, token: str) -> Upload:
    """With its file. Raises NotFound for one that is not there or somebody else's."""
    found = Upload.objects.filter(token=token, by_id=str(actor.person or "")).first()
    if found is None:
        raise NotFound(_("This import is not there any more."), hint=_("Begin again with the file."))
    return found


def uploads_of(actor: Actor) -> list[Upload]:
    """Those the person began, the last first, without their files."""
    rows = Upload.objects.filter(by_id=str(actor.person or ""), is_begun=True).defer("content")
    return list(rows.order_by("-created_at")[:100])


def preview(actor: Actor, upload: Upload) -> Preview:
    """Takes the first rows on trial and takes them back."""
    kind = record_type(upload.record_type)
    columns = columns_of(upload.content, upload.form)
    fields = fields_of(kind, columns)
    faults: list[tuple[int, str]] = []
    sample: list[FileRow] = []
    checked = 0
    for part in _parts(upload, CHECKED_ROWS):
        rows = [row for row, _offset, _line in part]
        sample += rows[: max(0, 5 - len(sample))]
        checked += len(rows)
        try:
            with transaction.atomic(using=queries.HUB):
                faults += take(actor, kind, fields, rows, upload).faults
                raise _RollBack
        except _RollBack:
            continue
    return Preview(
        upload=upload,
        columns={column: fields.get(column, "") for column in columns},
        rows=upload.rows,
        checked=checked,
        faults=faults,
        sample=sample,
    )


def begin(actor: Actor, upload: Upload, *, is_claimed: bool = False) -> Upload:
    """Lets the import go on by itself, or, when it is claimed, by the caller. Beginning twice is once."""
    actor.check(record_type(upload.record_type).permission("add"))
    now = datetime.now(UTC)
    claimed_until = now + LEASE if is_claimed else None
    begun = Upload.objects.filter(pk=upload.pk, is_begun=False)
    begun.update(is_begun=True, begun_at=now, claimed_until=claimed_until)
    upload.refresh_from_db(fields=["is_begun", "begun_at"])
    return upload


def stop(actor: Actor, upload: Upload) -> None:
    """No further rows are taken; those that are in stay."""
    upload_of(actor, upload.token)
    end(upload, _("{name} stopped it.").format(name=actor.name))


def end(upload: Upload, error: str = "") -> None:
    now = datetime.now(UTC)
    Upload.objects.filter(pk=upload.pk, is_done=False).update(is_done=True, ended_at=now, error=error)
    upload.refresh_from_db(fields=["is_done", "ended_at", "error"])


def go_on(actor: Actor, upload: Upload) -> Upload:
    """Takes the next rows; each batch is whole or not there, and taken once however often it is asked for.

    Raises NotAllowed.
    """
    kind = record_type(upload.record_type)
    actor.check(kind.permission("add"))
    actor = replace(actor, name=upload.by or actor.name, via=upload.via)
    fields = fields_of(kind, columns_of(upload.content, upload.form))
    for part in _parts(upload, STEP_ROWS, offset=upload.offset, line=upload.line):
        with transaction.atomic(using=queries.HUB):
            kept = (
                Upload.objects.select_for_update().defer("content").filter(pk=upload.pk, offset=upload.offset).first()
            )
            if kept is None or kept.is_done:  # another process was quicker, or it was stopped
                return upload_of(actor, upload.token)
            taken = take(actor, kind, fields, [row for row, _offset, _line in part], upload)
            _row, upload.offset, upload.line = part[-1]
            upload.is_begun = True
            upload.claimed_until = datetime.now(UTC) + LEASE
            upload.created += taken.created
            upload.updated += taken.updated
            upload.refused += len(taken.faults)
            faults = [UploadFault(upload=upload, line=line, sentence=sentence) for line, sentence in taken.faults]
            UploadFault.objects.bulk_create(faults)
            upload.save(update_fields=_COUNTED)
    if next(_parts(upload, 1, offset=upload.offset, line=upload.line), None) is None:
        end(upload)
    return upload


def faults_of(upload: Upload, count: int) -> list[tuple[int, str]]:
    """(line, sentence) of the first rows that were not taken."""
    return list(upload.faults.order_by("line").values_list("line", "sentence")[:count])


def _parts(upload: Upload, most: int, *, offset: int = 0, line: int = 0) -> Iterator[list[tuple[FileRow, int, int]]]:
    part: list[tuple[FileRow, int, int]] = []
    for number, placed in enumerate(placed_rows(upload.content, upload.form, offset=offset, line=line)):
        if number == most:
            break
        part.append(placed)
        if len(part) == actions.MOST_AT_ONCE:
            yield part
            part = []
    if part:
        yield part
