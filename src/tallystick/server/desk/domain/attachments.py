"""Files of cases and work orders: kept in the database, so that backups and further processes have them.

Whoever may see the record may have its files; whoever may change it puts them there and takes them away. What is in a
file is never shown by the hub, only handed out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.errors import InputRefused, NotFound
from tallystick.runs.world import TimeIds
from tallystick.server.desk.mail.reading import file_name, one_line
from tallystick.server.desk.models import Attachment, Email, FileContent
from tallystick.server.messages import moment
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records import queries
from tallystick.server.records.entry import Entry
from tallystick.server.records.record_types import RecordType, record_type

TYPES: Final = ("case", "work_order")
MEGABYTE: Final = 1_000_000
LARGEST_BYTES: Final = 10 * MEGABYTE
MOST_OF_A_RECORD: Final = 100
MOST_BYTES_OF_A_RECORD: Final = 200 * MEGABYTE
PLAIN_MEDIA: Final = "application/octet-stream"
_IDS: Final = TimeIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file somebody brings."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`refused` has a sentence for each file that was not kept."""

    files: tuple[Attachment, ...]
    refused: tuple[str, ...]


def of(actor: Actor, type_: str, id_: str) -> QuerySet[Attachment, Attachment]:
    """Files of a record, the newest first. Raises NotAllowed, NotFound."""
    _record(actor, type_, id_)
    rows = Attachment.objects.filter(record_type=type_, record=id_)
    return rows.select_related("email").order_by("-at", "-pk")


def add(actor: Actor, type_: str, id_: str, files: Sequence[Given]) -> Kept:
    """Puts files there: all of them, or none. Raises NotAllowed, NotFound, InputRefused."""
    kind = kind_of(type_)
    actor.check(kind.permission("change"))
    if _record(actor, type_, id_).gone_at is not None:
        raise InputRefused(_("Nothing was kept: the record was deleted."), hint=_("Restore it first."))
    if not files:
        raise InputRefused(_("Nothing was kept."), fields={"files": _("Choose a file.")})
    with transaction.atomic():
        kept = keep(kind, id_, files, by=actor.name)
        if kept.refused:
            raise InputRefused(_("Nothing was kept."), fields={"files": " ".join(kept.refused)})
        for one in kept.files:
            audit(actor, "desk.add_attachment", subject=one, details={"record": id_, "bytes": one.size})
    return kept


def keep(kind: RecordType, id_: str, files: Sequence[Given], *, by: str, email: Email | None = None) -> Kept:
    """Those that may be kept, in the transaction around; a sentence for each other one."""
    there = Attachment.objects.filter(record_type=kind.name, record=id_).aggregate(n=Count("pk"), size=Sum("size"))
    count, total = there["n"], there["size"] or 0
    kept: list[Attachment] = []
    refused: list[str] = []
    for one in files:
        name = file_name(one.name) or "file"
        digest = hashlib.sha256(one.content).hexdigest()
        same = Attachment.objects.filter(record=id_, content=digest, name=name).first()
        if same is not None:
            kept.append(same)
            continue
        fault = _fault(name, len(one.content), count, total)
        if fault:
            refused.append(fault)
            continue
        FileContent.objects.bulk_create([FileContent(digest=digest, content=one.content)], ignore_conflicts=True)
        kept.append(
            Attachment.objects.create(
                id=_IDS.new(),
                record_type=kind.name,
                record=id_,
                name=name,
                media=one_line(one.media)[:100] or PLAIN_MEDIA,
                size=len(one.content),
                content_id=digest,
                email=email,
                by=by[:200],
                at=moment.now(),
            )
        )
        count, total = count + 1, total + len(one.content)
    return Kept(files=tuple(kept), refused=tuple(refused))


def take_away(actor: Actor, id_: str) -> Attachment:
    """Removes a file for good; the audit trail keeps its name. Raises NotAllowed, NotFound."""
    found = _attachment(actor, id_)
    actor.check(kind_of(found.record_type).permission("change"))
    with transaction.atomic():
        details = {"record": found.record, "bytes": found.size, "sha256": found.content_id}
        audit(actor, "desk.remove_attachment", subject=found, details=details)
        digest = found.content_id
        Attachment.objects.filter(pk=found.pk).delete()
        if not Attachment.objects.filter(content=digest).exists():
            FileContent.objects.filter(pk=digest).delete()
    return found


def hand_out(actor: Actor, id_: str) -> tuple[Attachment, bytes]:
    """A file with what is in it. Raises NotAllowed, NotFound."""
    found = _attachment(actor, id_)
    content = FileContent.objects.get(pk=found.content_id).content
    return found, bytes(content)


def kind_of(type_: str) -> RecordType:
    """Raises NotFound."""
    if type_ not in TYPES:
        raise NotFound(_("Records of this type have no files."), hint=_("Cases and work orders have."))
    return record_type(type_)


def _record(actor: Actor, type_: str, id_: str) -> Entry:
    return queries.one(kind_of(type_), actor, id_)


def _attachment(actor: Actor, id_: str) -> Attachment:
    found = Attachment.objects.filter(pk=id_).first()
    if found is None:
        raise NotFound(_("There is no such file."), hint=_("Somebody may have taken it away; load the record again."))
    _record(actor, found.record_type, found.record)
    return found


def _fault(name: str, size: int, count: int, total: int) -> str:
    if size > LARGEST_BYTES:
        return _("{name} ({size} MB) is too large: a file may have {most} MB.").format(
            name=name, size=f"{size / MEGABYTE:.1f}", most=LARGEST_BYTES // MEGABYTE
        )
    if not size:
        return _("{name} is empty.").format(name=name)
    if count >= MOST_OF_A_RECORD:
        return ngettext(
            "{name} is one too many: there may be {most} file.",
            "{name} is one too many: there may be {most} files.",
            MOST_OF_A_RECORD,
        ).format(name=name, most=MOST_OF_A_RECORD)
    if total + size > MOST_BYTES_OF_A_RECORD:
        return _("{name} does not fit: the files of a record may have {most} MB together.").format(
            name=name, most=MOST_BYTES_OF_A_RECORD // MEGABYTE
        )
    return ""
