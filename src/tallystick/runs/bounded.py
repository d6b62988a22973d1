"""A system whose answers are waited for only so long in all. Source: spec/engine.md E36.

Its calls are made in a thread of its own, one after the other. One that takes too long is not waited for: what it
read counts as no answer, what it wrote as an answer that was lost. From then on the system counts as out of reach.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from tallystick.errors import Recovery, TallystickError, Unreachable
from tallystick.model.record import Batch, Record
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Result, Write
from tallystick.ports.system import Known, System

T = TypeVar("T")
_Call = Callable[[System], object]


class _Unanswered(Unreachable):
    """The call was made, and may yet be carried out."""


class Bounded:
    """Implements ports.system.System, without listings. Used by one thread."""

    def __init__(self, open_system: Callable[[], System], *, name: str, timeout_s: float) -> None:
        """`open_system` is called in the thread of the system; `timeout_s`: for all calls together, from now on."""
        self._name = name
        self._timeout_s = timeout_s
        self._ends_at = time.monotonic() + timeout_s
        self._calls: queue.SimpleQueue[tuple[_Call, Future[object]] | None] = queue.SimpleQueue()
        self.is_down = False  # whether it was out of reach, or too slow
        self._is_late = False
        threading.Thread(target=self._work, args=(open_system,), name=f"system {name}", daemon=True).start()

    def _work(self, open_system: Callable[[], System]) -> None:
        system: System | None = None
        while (call := self._calls.get()) is not None:
            act, answer = call
            try:
                system = system or open_system()
                answer.set_result(act(system))
            except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits
                answer.set_exception(error)

    def _ask(self, act: Callable[[System], T]) -> T:
        left_s = self._ends_at - time.monotonic()
        message = f"The system {self._name} did not answer within {self._timeout_s:g} s."
        if self._is_late or left_s <= 0.0:
            self.is_down = True
            raise Unreachable(message, hint="Try again later.")
        answer: Future[object] = Future()
        self._calls.put((act, answer))
        try:
            return answer.result(timeout=left_s)  # type: ignore[return-value]
        except TallystickError as error:
            self.is_down |= error.recovery in (Recovery.RETRY, Recovery.WAIT)
            raise
        except TimeoutError:
            if answer.done():
                raise
            self.is_down = self._is_late = True
            raise _Unanswered(message, hint="Try again later.") from None

    def describe(self) -> Description:
        return self._ask(lambda system: system.describe())

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        return self._ask(lambda system: system.fetch(selection, ids, is_whole=is_whole))

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        return self._ask(lambda system: system.find(selection, values))

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        return self._ask(lambda system: system.reserve(selection, values))

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        try:
            return self._ask(lambda system: system.write(selection, writes))
        except _Unanswered as error:
            return [Outcome(key=one.key, result=Result.UNKNOWN, message=error.message) for one in writes]

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        raise NotImplementedError("Nothing is listed for a transaction.")

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        raise NotImplementedError("Nothing is listed for a transaction.")

    def close(self) -> None:
        """The thread ends with the call it is in; the system is closed by whoever opened it."""
        self._calls.put(None)
