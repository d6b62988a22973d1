"""Readings that fail, hang, stop short or say the wrong thing. Source: spec/engine.md E1, scenarios S16."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import pyarrow as pa
from msgspec.structs import replace

from tallystick.errors import Unreachable
from tallystick.model.record import Batch, Record, no_records
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Known, System
from tallystick.ports.world import Clock
from tallystick.testing.faults.fault import READS, Call, CallFault, Layer, error_of


class _Before(Layer):
    """Does something before calls of the kinds named, of which it counts them all together."""

    def __init__(self, inner: System, calls: frozenset[Call], act: Callable[[int], None]) -> None:
        super().__init__(inner)
        self._calls = calls
        self._act = act
        self._number = 0

    def _before(self, call: Call) -> None:
        if call in self._calls:
            self._number += 1
            self._act(self._number)

    def describe(self) -> Description:
        self._before(Call.DESCRIBE)
        return self.inner.describe()

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        self._before(Call.LISTING)
        return self.inner.listing(selection, known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        self._before(Call.CHANGES)
        return self.inner.changes(selection, cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        self._before(Call.FETCH)
        return self.inner.fetch(selection, ids, is_whole=is_whole)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        self._before(Call.FIND)
        return self.inner.find(selection, values)

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        self._before(Call.RESERVE)
        return self.inner.reserve(selection, values)

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        self._before(Call.WRITE)
        return self.inner.write(selection, writes)


class _Stream(Layer):
    """Changes the stream of the readings that the fault hits."""

    def __init__(self, inner: System, fault: StreamFault) -> None:
        super().__init__(inner)
        self._fault = fault
        self._number = 0

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        return self._stream(Call.LISTING, self.inner.listing(selection, known), selection)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        return self._stream(Call.CHANGES, self.inner.changes(selection, cursor, known), selection)

    def _stream(self, call: Call, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        if call not in self._fault.on:
            return batches
        self._number += 1
        if not self._fault.hits(self._number):
            return batches
        self.fired += 1
        return self._fault.stream(batches, selection)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFault(CallFault):
    """Hits listings and changes, or only those in `on`."""

    on: frozenset[Call] = READS

    def stream(self, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        """What the hub gets to read instead of `batches`."""
        raise NotImplementedError

    def over(self, inner: System, clock: Clock) -> Layer:
        return _Stream(inner, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFails(StreamFault):
    """The answer to page `page` is this status, at the latest that to the last page; None: no answer at all."""

    status: int | None = HTTPStatus.INTERNAL_SERVER_ERROR
    page: int = 1
    retry_after_s: float | None = None

    def stream(self, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        for number, batch in enumerate(batches, start=1):
            if number == self.page or batch.end is not None:
                break
            yield batch
        raise error_of(self.status, self.retry_after_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPage(StreamFault):
    """Page `page` (or the last) brings half its records, and the stream stops there without an `End`."""

    page: int = 1

    def stream(self, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        for number, batch in enumerate(batches, start=1):
            if number == self.page or batch.end is not None:
                yield replace(batch, records=batch.records.slice(0, batch.records.num_rows // 2), end=None)
                return
            yield batch


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteListing(StreamFault):
    """Page `page` (or the last) has no records; the `End` says so, unless `is_noticed` is false."""

    page: int = 1
    is_noticed: bool = True

    def stream(self, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        for number, batch in enumerate(batches, start=1):
            is_lost = number == self.page or (batch.end is not None and number < self.page)
            left = Batch(records=no_records(selection.fields), end=batch.end) if is_lost else batch
            if left.end is not None and self.is_noticed:
                left = replace(left, end=replace(left.end, is_complete=False, reason=f"Page {self.page} is missing."))
            yield left


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyListing(StreamFault):
    """The system answers well, and with no records at all."""

    on: frozenset[Call] = frozenset({Call.LISTING})

    def stream(self, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        for batch in batches:
            if batch.end is not None:
                yield Batch(records=no_records(selection.fields), end=batch.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateId(StreamFault):
    """The first record of the reading comes once more, on its last page."""

    def stream(self, batches: Iterator[Batch], selection: Selection) -> Iterator[Batch]:
        first: pa.Table | None = None
        for batch in batches:
            if first is None and batch.records.num_rows:
                first = batch.records.slice(0, 1)
            if batch.end is not None and first is not None:
                yield replace(batch, records=pa.concat_tables([batch.records, first]))
            else:
                yield batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangs(CallFault):
    """The call takes `duration_s`; from `timeout_s` on the connector gives up, and nothing was sent."""

    duration_s: float
    timeout_s: float = 60.0
    on: frozenset[Call] = READS

    def over(self, inner: System, clock: Clock) -> Layer:
        def act(number: int) -> None:
            if not self.hits(number):
                return
            layer.fired += 1
            clock.sleep(min(self.duration_s, self.timeout_s))
            if self.duration_s >= self.timeout_s:
                raise Unreachable(f"The system did not answer within {self.timeout_s:g} s.", hint="Try again later.")

        layer = _Before(inner, self.on, act)
        return layer
