"""What the contract suite is given to work on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from tallystick.model.record import MARKS, Absence, Batch, End, Record, Unreadable, records_of
from tallystick.model.schema import Field, RecordType
from tallystick.model.selection import Filter, Selection, SoftDelete
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.system import System


class Outside(ABC):
    """Changes records behind the hub's back, as another user of the system would, not through the connector."""

    @abstractmethod
    def create(self, values: Mapping[str, Value]) -> str:
        """A new record with these values, as `Subject.sample` gives them; its id as the connector will say it."""

    @abstractmethod
    def update(self, id: str, values: Mapping[str, Value]) -> None:
        """Sets these fields of a record and leaves the others."""

    @abstractmethod
    def delete(self, id: str) -> None: ...

    def create_late(self, values: Mapping[str, Value], by_s: float) -> str:
        """A new record whose stamp of change lies `by_s` seconds back, as a transaction that was committed late.

        Override where cursors rest on stamps; elsewhere it is a create like any other.
        """
        return self.create(values)

    def create_together(self, values: Sequence[Mapping[str, Value]]) -> list[str]:
        """New records that share one stamp of change. Override where cursors rest on stamps."""
        return [self.create(of_one) for of_one in values]

    def archive(self, id: str) -> None:
        """Override where the system archives records."""
        raise NotImplementedError

    def merge(self, loser: str, winner: str) -> None:
        """Merges the first record into the second. Override where the system can."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class VersionsKnown:
    """Implements ports.system.Known from a mapping id -> version."""

    of_records: Mapping[str, str] = field(default_factory=dict)

    def versions(self) -> Mapping[str, str]:
        return self.of_records


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a listing or a fetch said."""

    records: dict[str, Record]
    unchanged: tuple[str, ...]
    absences: dict[str, Absence]
    unreadable: tuple[Unreadable, ...]
    end: End | None
    rows: tuple[int, ...]  # records per batch


def read(batches: Iterable[Batch]) -> Reading:
    """Reads a stream to its end. Fails where an id is named twice or an end stands before the last batch."""
    all_batches = list(batches)
    records = [record for batch in all_batches for record in records_of(batch.records)]
    absences = [absence for batch in all_batches for absence in batch.absences]
    unchanged = tuple(id for batch in all_batches for id in batch.unchanged)
    unreadable = tuple(bad for batch in all_batches for bad in batch.unreadable)
    named = Counter([*[record.id for record in records], *[absence.id for absence in absences]])
    named.update([*[bad.id for bad in unreadable], *unchanged])
    twice = sorted(id for id, count in named.items() if count > 1)
    assert not twice, f"ids stand in more than one place of one reading: {twice}"
    early = [batch.end for batch in all_batches[:-1] if batch.end is not None]
    assert not early, "only the last batch may carry an end"
    return Reading(
        records={record.id: record for record in records},
        unchanged=unchanged,
        absences={absence.id: absence for absence in absences},
        unreadable=unreadable,
        end=all_batches[-1].end if all_batches else None,
        rows=tuple(batch.records.num_rows for batch in all_batches),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An opened system with one empty record type.

    `selection` names every field that the suite may use, without filter and soft delete. `sample(n)` gives the
    values of the n-th record (n from 0): a value, not null, for every writable field of the selection, the same at
    every call; key fields and `text` differ from sample to sample, and where the fields allow it the others too.
    `batch_rows` is the most records that the system, as it was opened, puts into one batch; 3 to 10 keeps the suite
    quick. `text` is a writable text field that is not of the key and takes any text, also null. `soft` is a soft
    delete that the system's records can have; without one, a value of `text` serves.
    """

    system: System
    selection: Selection
    sample: Callable[[int], Mapping[str, Value]]
    outside: Outside
    batch_rows: int
    text: str
    soft: SoftDelete | None = None

    @property
    def record_type(self) -> RecordType:
        found = self.system.describe().record_type(self.selection.record)
        assert found is not None, f"describe() knows no record type {self.selection.record!r}"
        return found

    @property
    def writable(self) -> list[Field]:
        """Fields of the selection that a write may set, without those of the key."""
        key = self.selection.key or self.record_type.key
        fields = [self.record_type.field(name) for name in self.selection.fields if name not in key]
        return [field for field in fields if field is not None and field.is_writable]

    def field_of(self, type_: FieldType) -> Field:
        """The field on which values of this type are tried."""
        return next(
            field
            for field in self.writable
            if field.type is type_ and not field.choices and (type_ is not FieldType.TEXT or field.name == self.text)
        )

    @property
    def soft_delete(self) -> SoftDelete:
        return self.soft or SoftDelete(column=self.text, equals="(deleted)")

    def filtered(self, where: Filter) -> Selection:
        return replace(self.selection, where=where)

    def seed(self, count: int) -> list[str]:
        """Samples 0 to count - 1, made by another user; their ids."""
        return [self.outside.create(self.sample(number)) for number in range(count)]

    def listed(self, selection: Selection | None = None, known: Mapping[str, str] | None = None) -> Reading:
        return read(self.system.listing(selection or self.selection, VersionsKnown(known or {})))

    def changed(self, cursor: str, selection: Selection | None = None) -> Reading:
        return read(self.system.changes(selection or self.selection, cursor, VersionsKnown()))

    def fetched(self, *ids: str, selection: Selection | None = None, is_whole: bool = False) -> Reading:
        return read([self.system.fetch(selection or self.selection, ids, is_whole=is_whole)])

    def record(self, id: str) -> Record:
        reading = self.fetched(id)
        assert list(reading.records) == [id], f"the record {id!r} is not there: {reading.absences}"
        return reading.records[id]

    def cursor(self) -> str:
        """A cursor from a listing made now."""
        end = self.listed().end
        assert end is not None
        assert end.cursor is not None, "the listing gave no cursor"
        return end.cursor

    def write(self, *writes: Write, selection: Selection | None = None) -> list[Outcome]:
        """Outcomes of these writes, sent in calls of the size the system takes."""
        size = self.record_type.capabilities.max_writes
        outcomes: list[Outcome] = []
        for part in _parts(writes, size):
            answer = self.system.write(selection or self.selection, part)
            assert [outcome.key for outcome in answer] == [write.key for write in part], "outcomes in order of writes"
            outcomes += answer
        return outcomes

    def creations(self, *values: Mapping[str, Value]) -> list[Write]:
        """Writes that create records, with ids as the system reserves them."""
        ids = self.system.reserve(self.selection, values)
        return [
            Write(key=f"create {number} {id}", action=Action.CREATE, id=id, values=of_one)
            for number, (id, of_one) in enumerate(zip(ids, values, strict=True))
        ]

    def created(self, *values: Mapping[str, Value]) -> list[str]:
        """Creates records through the connector; their ids."""
        return [done(outcome) for outcome in self.write(*self.creations(*values))]

    def update(self, id: str, values: Mapping[str, Value], **preconditions: object) -> Outcome:
        write = Write(key=f"update {id}", action=Action.UPDATE, id=id, values=values, **preconditions)  # type: ignore[arg-type]
        return self.write(write)[0]

    def remove(self, id: str, selection: Selection | None = None, **preconditions: object) -> Outcome:
        write = Write(key=f"delete {id}", action=Action.DELETE, id=id, **preconditions)  # type: ignore[arg-type]
        return self.write(write, selection=selection)[0]


def done(outcome: Outcome) -> str:
    """The id of a record that was created."""
    assert outcome.result is Result.DONE, f"{outcome.result}: {outcome.message}"
    assert outcome.id is not None, "a create that is done names the id"
    return outcome.id


def columns(fields: Sequence[str]) -> list[str]:
    return [*MARKS, *fields]


def _parts(writes: Sequence[Write], size: int) -> Iterator[Sequence[Write]]:
    for start in range(0, len(writes), size):
        yield writes[start : start + size]
