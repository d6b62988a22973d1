"""The history of records: who changed what, from what to what, and what a record was at an earlier version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tallystick.model.value import Value
from tallystick.server.records.domain import tables
from tallystick.server.records.domain.steps import Doing, Row
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.models import Change
from tallystick.server.records.record_types import RecordType

HUB: Final = "default"
SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One change of a record."""

    seq: int
    version: int
    at: datetime
    doing: Doing
    by: str
    via: str
    run: str | None
    reason: str
    changes: Mapping[str, tuple[Value, Value]]  # field -> before, after


def of_record(id_: str, *, before: int | None = None, count: int = SHOWN) -> list[Past]:
    """The changes of a record, newest first, those with `seq` below `before`. The caller checked who asks."""
    found = Change.objects.using(HUB).filter(record=id_)
    if before is not None:
        found = found.filter(seq__lt=before)
    return [_past(change) for change in found.order_by("-seq")[:count]]


def since(kind: RecordType, id_: str, version: int) -> list[Past]:
    """The changes after this version, oldest first."""
    found = Change.objects.using(HUB).filter(record=id_, record_type=kind.name, version__gt=version)
    return [_past(change) for change in found.order_by("seq")]


def as_it_was(values: Mapping[str, Value], changes: Iterable[Past]) -> dict[str, Value]:
    """The values before these changes (oldest first)."""
    found = dict(values)
    for change in reversed(list(changes)):
        found |= {name: before for name, (before, _after) in change.changes.items()}
    return found


def rows_now(kind: RecordType, ids: Sequence[str]) -> dict[str, Row]:
    """Records as they are, read without keeping them from others."""
    return tables.rows(kind, ids, Place(using=HUB, now=datetime.now(UTC)), is_kept=False)


def _past(change: Change) -> Past:
    return Past(
        seq=change.seq,
        version=change.version,
        at=change.at,
        doing=Doing(change.action),
        by=change.by,
        via=change.via,
        run=change.run,
        reason=change.reason,
        changes=tables.changes_of(change.changes),
    )
