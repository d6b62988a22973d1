"""What is read of one side: a full listing, changes since a cursor, or just some records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import pyarrow as pa

from tallystick.errors import CursorRefused
from tallystick.model.flow import Scope
from tallystick.model.record import MARKS, Absence, Batch, Cause, End, Unreadable
from tallystick.model.selection import Selection
from tallystick.model.side import Side
from tallystick.ports.store import Store
from tallystick.ports.system import System

FETCH: Final = 500
FOR_GOOD: Final = frozenset({Cause.DELETED, Cause.MERGED, Cause.ARCHIVED, Cause.OUT_OF_FILTER})
"""Causes of absence that do not pass by themselves."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One side's stream of batches while it is consumed, and what it said besides the records."""

    batches: Iterator[Batch]
    fields: tuple[str, ...]
    is_full: bool
    count: int = 0
    end: End | None = None
    unchanged: list[str] = field(default_factory=list)
    absences: dict[str, Absence] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    def tables(self) -> Iterator[pa.Table]:
        """The records, batch by batch, columns in a fixed order."""
        for batch in self.batches:
            self.count += batch.records.num_rows + len(batch.unchanged)
            self.unchanged.extend(batch.unchanged)
            self.absences.update((absence.id, absence) for absence in batch.absences)
            self.unreadable.extend(batch.unreadable)
            self.end = batch.end or self.end
            if batch.records.num_rows:
                yield batch.records.select([*MARKS, *self.fields])

    @property
    def seen(self) -> set[str]:
        """Ids that are there although no record came for them: unchanged, or not readable (E7)."""
        return {*self.unchanged, *(one.id for one in self.unreadable)}

    @property
    def gone_for_good(self) -> set[str]:
        """Ids named as absent for such a cause."""
        return {id_ for id_, absence in self.absences.items() if absence.cause in FOR_GOOD}

    @property
    def is_complete(self) -> bool:
        """Whether what is not there may count as absent: only in a full listing that came to its end (E1)."""
        return self.is_full and self.end is not None and self.end.is_complete


class KnownVersions:
    """The versions the store holds for one side, read on first use. Implements ports.system.Known."""

    def __init__(self, store: Store, scope: Scope, side: Side, *, is_blank: bool = False) -> None:
        """`is_blank`: everything has to be read, because a field map changed."""
        self._store = store
        self._scope = scope
        self._side = side
        self._versions: Mapping[str, str] | None = {} if is_blank else None

    @property
    def is_used(self) -> bool:
        return self._versions is not None

    def versions(self) -> Mapping[str, str]:
        if self._versions is None:
            self._versions = self._store.versions(self._scope, self._side)
        return self._versions


def full(system: System, selection: Selection, known: KnownVersions) -> Reading:
    return Reading(batches=iter(system.listing(selection, known)), fields=selection.fields, is_full=True)


def since(
    system: System, selection: Selection, cursor: str, known: KnownVersions, again: Sequence[str] = ()
) -> Reading:
    """Changes since `cursor`, and the records `again` as they are now; a full listing when the cursor is refused."""
    stream = iter(system.changes(selection, cursor, known))
    try:
        first = next(stream, None)
    except CursorRefused:
        return full(system, selection, known)
    head: Iterator[Batch] = iter(()) if first is None else iter((first,))
    return Reading(
        batches=chain(fetched(system, selection, again), head, stream), fields=selection.fields, is_full=False
    )


def some(system: System, selection: Selection, ids: Sequence[str]) -> Reading:
    """Just these records, as they are now."""
    return Reading(batches=fetched(system, selection, ids), fields=selection.fields, is_full=False)


def fetched(system: System, selection: Selection, ids: Sequence[str]) -> Iterator[Batch]:
    for start in range(0, len(ids), FETCH):
        yield system.fetch(selection, ids[start : start + FETCH])
