"""Records that come late, change their ids or are merged. Source: spec/engine.md E2, E3, E12, scenarios S18, S25."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from tallystick.model.record import ID, Absence, Batch, Cause, Record
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.system import Known, System
from tallystick.ports.world import Clock
from tallystick.testing.faults.fault import BatchLayer, Fault, Layer, ids_now


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCommits(Fault):
    """Records that other users make from now on become visible only `reads` listings or readings of changes later.

    Theirs is then the older stamp of change; whether changes still bring them is a matter of the system's overlap.
    Hits those with one of `ids`, or without them that share of all (0 to 1), the same ones every time.
    """

    reads: int = 1
    share: float = 1.0
    ids: frozenset[str] | None = None

    def hits(self, id: str) -> bool:
        if self.ids is not None:
            return id in self.ids
        return zlib.crc32(id.encode()) % 1000 < self.share * 1000

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Late(inner, self)


class _Late(BatchLayer):
    def __init__(self, inner: System, fault: LateCommits) -> None:
        super().__init__(inner)
        self._fault = fault
        names = [kind.name for kind in inner.describe().record_types]
        self._committed = {(name, id) for name in names for id in ids_now(inner, name)}
        self._since: dict[tuple[str, str], int] = {}  # number of the reading that first left the record out
        self._reading = 0

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        self._reading += 1
        return super().listing(selection, known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        self._reading += 1
        return super().changes(selection, cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        batch = self.inner.fetch(selection, ids, is_whole=is_whole)
        shown = self.seen(batch, selection)
        hidden = set(batch.records.column(ID).to_pylist()) - set(shown.records.column(ID).to_pylist())
        return replace(
            shown, absences=(*shown.absences, *[Absence(id=id, cause=Cause.DELETED) for id in sorted(hidden)])
        )

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        found = self.inner.find(selection, values)
        return [record for record in found if not self._is_hidden(selection.record, record.id)]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes = self.inner.write(selection, writes)
        self._committed |= {(selection.record, outcome.id) for outcome in outcomes if outcome.id is not None}
        return outcomes

    def seen(self, batch: Batch, selection: Selection) -> Batch:
        ids = batch.records.column(ID).to_pylist()
        shown = [id for id in ids if not self._is_hidden(selection.record, id)]
        self.fired += len(ids) - len(shown)
        return replace(batch, records=_only(batch.records, shown))

    def _is_hidden(self, record: str, id: str) -> bool:
        if (record, id) in self._committed or not self._fault.hits(id):
            return False
        if self._reading < self._since.setdefault((record, id), self._reading) + self._fault.reads:
            return True
        self._committed.add((record, id))
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergesRecords(Fault):
    """Each loser of `pairs` (loser, winner) answers that it was merged into the winner; its record is gone."""

    record: str
    pairs: tuple[tuple[str, str], ...]

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Merged(inner, self)


class _Merged(BatchLayer):
    def __init__(self, inner: System, fault: MergesRecords) -> None:
        super().__init__(inner)
        self._record = fault.record
        self._winners = dict(fault.pairs)

    def seen(self, batch: Batch, selection: Selection) -> Batch:
        if selection.record != self._record:
            return batch
        ids = batch.records.column(ID).to_pylist()
        shown = [id for id in ids if id not in self._winners]
        self.fired += len(ids) - len(shown)
        return replace(
            batch,
            records=_only(batch.records, shown),
            unchanged=tuple(id for id in batch.unchanged if id not in self._winners),
            absences=tuple(absence for absence in batch.absences if absence.id not in self._winners),
        )

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        """Changes name the merged every time, as feeds do that tell a thing twice."""
        for batch in super().changes(selection, cursor, known):
            yield self._with_absences(batch, selection, list(self._winners)) if batch.end is not None else batch

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        batch = super().fetch(selection, ids, is_whole=is_whole)
        return self._with_absences(batch, selection, [id for id in ids if id in self._winners])

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        found = self.inner.find(selection, values)
        return [record for record in found if selection.record != self._record or record.id not in self._winners]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        def is_hit(write: Write) -> bool:
            return selection.record == self._record and write.action is not Action.CREATE and write.id in self._winners

        answers = iter(self.inner.write(selection, [write for write in writes if not is_hit(write)]))
        return [
            Outcome(
                key=write.key,
                result=Result.DONE if write.action is Action.DELETE else Result.ABSENT,
                id=write.id,
                message=f"The record was merged into {self._winners[write.id or '']!r}.",
            )
            if is_hit(write)
            else next(answers)
            for write in writes
        ]

    def _with_absences(self, batch: Batch, selection: Selection, losers: Sequence[str]) -> Batch:
        if selection.record != self._record:
            return batch
        merged = tuple(Absence(id=id, cause=Cause.MERGED, merged_into=self._winners[id]) for id in losers)
        return replace(batch, absences=batch.absences + merged)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusesIds(Fault):
    """Records made from now on, by whomever, get the ids of records deleted from now on, or `freed` before.

    For a record type whose ids the system gives and keeps in no field, and which is read by these ids.
    """

    record: str
    freed: tuple[str, ...] = ()

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Reused(inner, self)


class _Reused(Layer):
    def __init__(self, inner: System, fault: ReusesIds) -> None:
        super().__init__(inner)
        self._record = fault.record
        self._freed = list(fault.freed)
        self._present = ids_now(inner, fault.record)
        self._shown: dict[str, str] = {}  # id in the system -> id shown instead; kept after the record is gone
        self._meant: dict[str, str] = {}  # the same the other way round, for the newest bearer

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        self._learn()
        return self._renamed(selection, self.inner.listing(selection, _Renamed(known, self._meant)))

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        self._learn()
        return self._renamed(selection, self.inner.changes(selection, cursor, _Renamed(known, self._meant)))

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        if selection.record != self._record:
            return self.inner.fetch(selection, ids, is_whole=is_whole)
        self._learn()
        meant = [self._meant.get(id, id) for id in ids]
        return next(self._renamed(selection, iter([self.inner.fetch(selection, meant, is_whole=is_whole)])))

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        self._learn()
        found = self.inner.find(selection, values)
        if selection.record != self._record:
            return found
        return [replace(record, id=self._shown.get(record.id, record.id)) for record in found]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        if selection.record != self._record:
            return self.inner.write(selection, writes)
        self._learn()
        meant = [
            write
            if write.id is None or write.action is Action.CREATE
            else replace(write, id=self._meant.get(write.id, write.id))
            for write in writes
        ]
        outcomes = self.inner.write(selection, meant)
        self._learn()
        return [
            outcome if outcome.id is None else replace(outcome, id=self._shown.get(outcome.id, outcome.id))
            for outcome in outcomes
        ]

    def _learn(self) -> None:
        """Looks which records came and went since the last call, and names the new ones."""
        now = ids_now(self.inner, self._record)
        self._freed += sorted(self._shown.get(id, id) for id in self._present - now)
        for id in sorted(now - self._present):
            if self._freed:
                self._shown[id] = self._freed.pop(0)
                self._meant[self._shown[id]] = id
                self.fired += 1
        self._present = now

    def _renamed(self, selection: Selection, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            if selection.record != self._record:
                yield batch
                continue
            ids = [self._shown.get(id, id) for id in batch.records.column(ID).to_pylist()]
            place = batch.records.column_names.index(ID)
            yield replace(
                batch,
                records=batch.records.set_column(place, ID, pa.array(ids, pa.string())),
                unchanged=tuple(self._shown.get(id, id) for id in batch.unchanged),
                absences=tuple(
                    replace(absence, id=self._shown.get(absence.id, absence.id))
                    for absence in batch.absences
                    if not self._has_another_bearer(absence.id)
                ),
                unreadable=tuple(replace(bad, id=self._shown.get(bad.id, bad.id)) for bad in batch.unreadable),
            )

    def _has_another_bearer(self, id: str) -> bool:
        """Whether the id that this record was known by is another record's by now."""
        shown = self._shown.get(id, id)
        return self._meant.get(shown, id) != id


class _Renamed:
    """What the hub knows, under the ids that the system itself uses."""

    def __init__(self, known: Known, meant: Mapping[str, str]) -> None:
        self._known = known
        self._meant = meant

    def versions(self) -> Mapping[str, str]:
        return {self._meant.get(id, id): version for id, version in self._known.versions().items()}


def _only(table: pa.Table, ids: Sequence[str]) -> pa.Table:
    return table.filter(pc.is_in(table.column(ID), value_set=pa.array(ids, pa.string())))
