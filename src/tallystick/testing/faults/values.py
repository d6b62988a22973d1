"""Systems that change values, stamps and fields. Source: spec/engine.md E3, E5, E11, E22, scenarios S4, S18, S19."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
from msgspec.structs import replace

from tallystick.errors import UnknownField
from tallystick.model.record import CHANGED, VERSION, Batch, Record
from tallystick.model.schema import Description, RecordType
from tallystick.model.selection import Selection
from tallystick.model.value import MISSING, Value
from tallystick.model.write import Outcome, Result, Write
from tallystick.ports.system import Known, System
from tallystick.ports.world import Clock
from tallystick.testing.faults.fault import BatchLayer, Fault, Layer


class Normalisation(enum.StrEnum):
    UPPER = "upper case"
    LOWER = "lower case"
    STRIP = "no space around"

    def of(self, text: str) -> str:
        match self:
            case Normalisation.UPPER:
                return text.upper()
            case Normalisation.LOWER:
                return text.lower()
            case Normalisation.STRIP:
                return text.strip()


class _Rewrites(Layer):
    """Changes the values of some fields on their way into the system, which then keeps and shows them so."""

    def __init__(self, inner: System, fields: frozenset[str], rewrite: Callable[[str], str], is_told: bool) -> None:
        super().__init__(inner)
        self._fields = fields
        self._rewrite = rewrite
        self._is_told = is_told

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        kept = [replace(write, values=self._kept(write.values)) for write in writes]
        self.fired += sum(write.values != of_one.values for write, of_one in zip(writes, kept, strict=True))
        outcomes = self.inner.write(selection, kept)
        return list(outcomes) if self._is_told else [replace(outcome, stored=None) for outcome in outcomes]

    def _kept(self, values: Mapping[str, Value]) -> dict[str, Value]:
        return {
            name: self._rewrite(value) if name in self._fields and value is not None else value
            for name, value in values.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalises(Fault):
    """The system keeps text its own way; whether the answer to the write shows it is `is_told`."""

    fields: frozenset[str]
    by: Normalisation = Normalisation.UPPER
    is_told: bool = False

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Rewrites(inner, self.fields, self.by.of, self.is_told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts(Fault):
    """The system keeps the first `length` characters and says nothing."""

    fields: frozenset[str]
    length: int
    is_told: bool = False

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Rewrites(inner, self.fields, lambda text: text[: self.length], self.is_told)


class _Stamps(BatchLayer):
    """Changes the stamps of change of all records read."""

    def __init__(self, inner: System, restamp: Callable[[str], str]) -> None:
        super().__init__(inner)
        self._restamp = restamp

    def seen(self, batch: Batch, selection: Selection) -> Batch:
        self.fired += batch.records.num_rows
        return replace(batch, records=rewritten(batch.records, CHANGED, self._restamp))

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        found = self.inner.find(selection, values)
        return [
            replace(record, changed_at=self._restamp(record.changed_at)) if record.changed_at else record
            for record in found
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkewsClock(Fault):
    """The clock of the system is `by_s` seconds ahead (behind when negative)."""

    by_s: float

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Stamps(inner, self._skewed)

    def _skewed(self, stamp: str) -> str:
        return _text(datetime.fromisoformat(stamp) + timedelta(seconds=self.by_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualStamps(Fault):
    """All records carry one and the same stamp of change."""

    stamp: str = "2026-11-22T09:30:00Z"

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Stamps(inner, lambda _: self.stamp)


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatesStamps(Fault):
    """Stamps, and versions and cursors that are stamps, are shown in whole seconds, and so are preconditions judged."""

    def over(self, inner: System, clock: Clock) -> Layer:
        return _WholeSeconds(inner)


class _WholeSeconds(_Stamps):
    def __init__(self, inner: System) -> None:
        super().__init__(inner, whole_seconds)

    def seen(self, batch: Batch, selection: Selection) -> Batch:
        shown = super().seen(batch, selection)
        shown = replace(shown, records=rewritten(shown.records, VERSION, whole_seconds))
        if shown.end is not None and shown.end.cursor is not None:
            shown = replace(shown, end=replace(shown.end, cursor=whole_seconds(shown.end.cursor)))
        return shown

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        return [
            replace(record, version=whole_seconds(record.version)) if record.version else record
            for record in super().find(selection, values)
        ]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes = self.inner.write(selection, [self._exact(selection, write) for write in writes])
        return [
            replace(outcome, version=whole_seconds(outcome.version)) if outcome.version else outcome
            for outcome in outcomes
        ]

    def _exact(self, selection: Selection, write: Write) -> Write:
        if write.version is None or write.id is None:
            return write
        now = self.inner.fetch(selection, [write.id], is_whole=True).records.column(VERSION).to_pylist()
        is_same = bool(now) and now[0] is not None and whole_seconds(now[0]) == write.version
        return replace(write, version=now[0]) if is_same else write


@dataclass(frozen=True, slots=True, kw_only=True)
class DropsField(Fault):
    """A field is gone from the record type; or, unannounced, it is still described and never delivered."""

    record: str
    field: str
    is_announced: bool = True

    def over(self, inner: System, clock: Clock) -> Layer:
        return _WithoutField(inner, self)


class _WithoutField(BatchLayer):
    def __init__(self, inner: System, fault: DropsField) -> None:
        super().__init__(inner)
        self._fault = fault

    def describe(self) -> Description:
        description = self.inner.describe()
        if not self._fault.is_announced:
            return description
        self.fired += 1
        return replace(description, record_types=tuple(self._left(kind) for kind in description.record_types))

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        self._check(selection)
        return super().listing(selection, known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        self._check(selection)
        return super().changes(selection, cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        self._check(selection)
        return super().fetch(selection, ids, is_whole=is_whole)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        self._check(selection, *values)
        return [
            replace(record, values={name: value for name, value in record.values.items() if name != self._fault.field})
            for record in self.inner.find(selection, values)
        ]

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        hit = {write.key for write in writes if self._concerns(selection) and self._fault.field in write.values}
        answers = iter(self.inner.write(selection, [write for write in writes if write.key not in hit]))
        message = f"There is no field {self._fault.field!r}."
        return [
            Outcome(key=write.key, result=Result.REFUSED, id=write.id, message=message)
            if write.key in hit
            else next(answers)
            for write in writes
        ]

    def seen(self, batch: Batch, selection: Selection) -> Batch:
        if not self._concerns(selection) or self._fault.field not in batch.records.column_names:
            return batch
        self.fired += 1
        if self._fault.is_announced:  # of a whole fetch
            return replace(batch, records=batch.records.drop_columns([self._fault.field]))
        nothing = pa.array([MISSING] * batch.records.num_rows, pa.string())
        place = batch.records.column_names.index(self._fault.field)
        return replace(batch, records=batch.records.set_column(place, self._fault.field, nothing))

    def _concerns(self, selection: Selection) -> bool:
        return selection.record == self._fault.record

    def _left(self, kind: RecordType) -> RecordType:
        if kind.name != self._fault.record:
            return kind
        return replace(kind, fields=tuple(field for field in kind.fields if field.name != self._fault.field))

    def _check(self, selection: Selection, *others: str) -> None:
        named = {*selection.fields, *others}
        if selection.where is not None:
            named |= {clause.field for clause in selection.where.clauses}
        if self._fault.is_announced and self._concerns(selection) and self._fault.field in named:
            self.fired += 1
            raise UnknownField(f"The record type {self._fault.record!r} has no field {self._fault.field!r}.")


def whole_seconds(text: str) -> str:
    """A stamp without its fraction; anything else as it is."""
    try:
        return _text(datetime.fromisoformat(text).replace(microsecond=0)) if "T" in text else text
    except ValueError:
        return text


def rewritten(table: pa.Table, column: str, rewrite: Callable[[str], str]) -> pa.Table:
    values = [None if value is None else rewrite(value) for value in table.column(column).to_pylist()]
    return table.set_column(table.column_names.index(column), column, pa.array(values, pa.string()))


def _text(moment: datetime) -> str:
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"
