"""Faults kept together, made up from a seed or drawn by Hypothesis."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from tallystick.model.record import Batch, Record
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Known, System
from tallystick.ports.world import Clock
from tallystick.testing.faults.fault import CallFault, Fault, Layer
from tallystick.testing.faults.reading import DuplicateId, EmptyListing, Hangs, IncompleteListing, ReadFails, ShortPage
from tallystick.testing.faults.values import EqualStamps, SkewsClock, TruncatesStamps
from tallystick.testing.faults.writing import CallFails, HalfBatch, LostAnswer, WriteFails

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Pick = Callable[[int, int], int]
"""A number from the first to the second, both included."""

MOST_AT = 6
MOST_TIMES = 3
MOST_PAGES = 4

_READ = (None, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY)
_WRITE = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
)


def _at_some_time(fault: CallFault, pick: Pick) -> Fault:
    return replace(fault, at=pick(1, MOST_AT), times=pick(1, MOST_TIMES))


def _read_fails(pick: Pick) -> Fault:
    status = _READ[pick(0, len(_READ) - 1)]
    after_s = 2.0 if status is HTTPStatus.TOO_MANY_REQUESTS else None
    return _at_some_time(ReadFails(status=status, page=pick(1, MOST_PAGES), retry_after_s=after_s), pick)


def _write_fails(pick: Pick) -> Fault:
    status = _WRITE[pick(0, len(_WRITE) - 1)]
    is_written = status is HTTPStatus.INTERNAL_SERVER_ERROR and bool(pick(0, 1))
    after_s = 2.0 if status is HTTPStatus.TOO_MANY_REQUESTS else None
    return _at_some_time(WriteFails(status=status, is_written=is_written, retry_after_s=after_s), pick)


PASSING: Mapping[type[Fault], Callable[[Pick], Fault]] = {
    ReadFails: _read_fails,
    ShortPage: lambda pick: _at_some_time(ShortPage(page=pick(1, MOST_PAGES)), pick),
    IncompleteListing: lambda pick: _at_some_time(IncompleteListing(page=pick(1, MOST_PAGES)), pick),
    Hangs: lambda pick: _at_some_time(Hangs(duration_s=float(pick(1, 120))), pick),
    LostAnswer: lambda pick: _at_some_time(LostAnswer(is_written=bool(pick(0, 1))), pick),
    WriteFails: _write_fails,
    CallFails: lambda pick: _at_some_time(CallFails(), pick),
    HalfBatch: lambda pick: _at_some_time(HalfBatch(), pick),
    SkewsClock: lambda pick: SkewsClock(by_s=float(pick(-600, 600))),
    EqualStamps: lambda _: EqualStamps(),
    TruncatesStamps: lambda _: TruncatesStamps(),
}
"""Faults that pass or that a hub lives with: after them two sides still come to agree, and nothing is lost."""

MISLEADING: Mapping[type[Fault], Callable[[Pick], Fault]] = {
    EmptyListing: lambda pick: _at_some_time(EmptyListing(), pick),
    DuplicateId: lambda pick: _at_some_time(DuplicateId(), pick),
}
"""Readings that look whole and are wrong: here a hub has to stop and ask."""

_MAKERS = {**PASSING, **MISLEADING}


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults in the order in which an answer meets them, the last one nearest to the hub."""

    faults: tuple[Fault, ...] = ()

    @classmethod
    def seeded(cls, seed: int, *, most: int = 4, of: Iterable[type[Fault]] = tuple(PASSING)) -> FaultPlan:
        """One to `most` faults of these kinds, the same ones for a seed every time."""
        chance = random.Random(seed)  # noqa: S311 - decides nothing secret
        makers = [_MAKERS[kind] for kind in of]
        return cls(tuple(chance.choice(makers)(chance.randint) for _ in range(chance.randint(1, most))))

    def over(self, system: System, clock: Clock) -> FaultySystem:
        return FaultySystem(system, self.faults, clock)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.faults)


def fault_plans(*, most: int = 4, of: Iterable[type[Fault]] = tuple(PASSING)) -> SearchStrategy[FaultPlan]:
    """A Hypothesis strategy of plans with up to `most` faults of these kinds (default: all in `PASSING`)."""
    from hypothesis import strategies

    kinds = strategies.lists(strategies.sampled_from(list(of)), max_size=most)

    @strategies.composite
    def plans(draw: DrawFn) -> FaultPlan:
        def pick(low: int, high: int) -> int:
            return draw(strategies.integers(low, high))

        return FaultPlan(tuple(_MAKERS[kind](pick) for kind in draw(kinds)))

    return plans()


class FaultySystem:
    """Implements ports.system.System: `inner` with faults over it, which can be switched at any time."""

    def __init__(self, inner: System, faults: Iterable[Fault], clock: Clock) -> None:
        self.inner = inner
        self._clock = clock
        self.use(*faults)

    def use(self, *faults: Fault) -> None:
        """From the next call on these faults and no others; all counts begin again."""
        self._layers: list[tuple[Fault, Layer]] = []
        outermost: System = self.inner
        for fault in faults:
            layer = fault.over(outermost, self._clock)
            self._layers.append((fault, layer))
            outermost = layer
        self._outermost = outermost

    def fired(self, kind: type[Fault] = Fault) -> int:
        """How many times faults of this kind have shown since they were put on."""
        return sum(layer.fired for fault, layer in self._layers if isinstance(fault, kind))

    def describe(self) -> Description:
        return self._outermost.describe()

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        return self._outermost.listing(selection, known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        return self._outermost.changes(selection, cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        return self._outermost.fetch(selection, ids, is_whole=is_whole)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        return self._outermost.find(selection, values)

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        return self._outermost.reserve(selection, values)

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        return self._outermost.write(selection, writes)

    def close(self) -> None:
        self.inner.close()
