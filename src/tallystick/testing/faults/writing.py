"""Writes that are refused, lost or half done. Source: spec/engine.md E27-E31, scenarios S5, S17."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from tallystick.model.selection import Selection
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.system import System
from tallystick.ports.world import Clock
from tallystick.testing.faults.fault import CallFault, Fault, Layer, error_of

_LOST = "The connection was lost before the answer came."


class _PerWrite(Layer):
    """Counts single writes; those hit are sent or not, and answered by the fault."""

    def __init__(self, inner: System, fault: WriteFault, clock: Clock) -> None:
        super().__init__(inner)
        self._fault = fault
        self._clock = clock
        self._number = 0

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        hit: dict[int, Outcome] = {}
        for place, write in enumerate(writes):
            self._number += 1
            if self._fault.hits(self._number):
                hit[place] = self._fault.answer(write)
        self.fired += len(hit)
        sent = [place for place in range(len(writes)) if place not in hit or self._fault.is_written]
        answers = self.inner.write(selection, [writes[place] for place in sent]) if sent else ()
        outcomes = dict(zip(sent, answers, strict=True)) | hit
        if hit and self._fault.after_s:
            self._clock.sleep(self._fault.after_s)
        return [outcomes[place] for place in range(len(writes))]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFault(CallFault):
    """Hits single writes, however many come in one call. `after_s`: how long the answer takes, in seconds."""

    is_written: bool = False
    after_s: float = 0.0

    def answer(self, write: Write) -> Outcome:
        raise NotImplementedError

    def over(self, inner: System, clock: Clock) -> Layer:
        return _PerWrite(inner, self, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswer(WriteFault):
    """The connection drops after the write (`is_written`, the default) or before it; the hub cannot know which."""

    is_written: bool = True

    def answer(self, write: Write) -> Outcome:
        return Outcome(key=write.key, result=Result.UNKNOWN, message=_LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFails(WriteFault):
    """The system answers a write with this status. A 5xx may come although it was written (`is_written`)."""

    status: int
    retry_after_s: float | None = None

    def answer(self, write: Write) -> Outcome:
        return Outcome(
            key=write.key,
            result=self._result(write),
            id=write.id,
            message=f"The system answered {int(self.status)}.",
            retry_after_s=self.retry_after_s,
        )

    def _result(self, write: Write) -> Result:
        match self.status:
            case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
                return Result.ABSENT
            case HTTPStatus.CONFLICT if write.action is Action.CREATE:
                return Result.EXISTS
            case HTTPStatus.CONFLICT | HTTPStatus.PRECONDITION_FAILED:
                return Result.MOVED
            case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.LOCKED:
                return Result.RETRY
            case _ if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return Result.UNKNOWN
            case _:
                return Result.REFUSED


class _PerCall(Layer):
    def __init__(
        self, inner: System, fault: CallFault, act: Callable[[Selection, Sequence[Write]], Sequence[Outcome]]
    ) -> None:
        super().__init__(inner)
        self._fault = fault
        self._act = act
        self._number = 0

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        self._number += 1
        if not self._fault.hits(self._number):
            return self.inner.write(selection, writes)
        self.fired += 1
        return self._act(selection, writes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFails(CallFault):
    """A call to write is refused as a whole (401, 403) or finds nobody (None); nothing was written."""

    status: int | None = None

    def over(self, inner: System, clock: Clock) -> Layer:
        def act(selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
            raise error_of(self.status)

        return _PerCall(inner, self, act)


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfBatch(CallFault):
    """Half of the writes of a call (rounded down) are done when the connection drops; all answers are lost."""

    def over(self, inner: System, clock: Clock) -> Layer:
        def act(selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
            inner.write(selection, writes[: len(writes) // 2])
            return [Outcome(key=write.key, result=Result.UNKNOWN, message=_LOST) for write in writes]

        return _PerCall(inner, self, act)


class Moment(enum.StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillPoint:
    """A place where a process can die: before or after the `number`-th write (from 1)."""

    moment: Moment
    number: int
    write: Write


@dataclass(frozen=True, slots=True, kw_only=True)
class KillPoints(Fault):
    """Calls `act` before and after every single write; there a test kills the process, or counts."""

    act: Callable[[KillPoint], None]

    def over(self, inner: System, clock: Clock) -> Layer:
        return _KillPoints(inner, self.act)


class _KillPoints(Layer):
    def __init__(self, inner: System, act: Callable[[KillPoint], None]) -> None:
        super().__init__(inner)
        self._act = act
        self._number = 0

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for write in writes:
            self._number += 1
            self.fired += 1
            self._act(KillPoint(moment=Moment.BEFORE, number=self._number, write=write))
            outcomes += self.inner.write(selection, [write])
            self._act(KillPoint(moment=Moment.AFTER, number=self._number, write=write))
        return outcomes
