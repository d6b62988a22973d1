"""Whose turn it is: few pieces of work at a time, and every integration's turn comes round. Source: spec/engine.md E32.

A run takes a turn for each of its pieces (a plan, a batch) and gives it back after it. The next turn goes to the
integration that had none for longest, so that one with a million records does not starve the rest.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(BaseException):
    """The process is to stop: the work at hand is left where it is, to be gone on with.

    Not an Exception: nothing on the way out may take it for a fault of the work.
    """


class Turns:
    """Shared by all threads of a worker."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[object]] = {}
        self._served: Counter[str] = Counter()  # key -> when it was last served; of keys never served 0
        self._count = 0
        self._is_closed = False

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Waits for a turn of `key`. Raises Stopped once closed."""
        self._take(key)
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def aside(self, key: str) -> Iterator[None]:
        """Within a turn: lets others have it while this one only waits, then waits for another."""
        self._give()
        try:
            yield
        finally:
            self._take(key, is_owed=True)

    def _take(self, key: str, *, is_owed: bool = False) -> None:
        """`is_owed`: it is taken even when closed, for somebody gives it back."""
        me = object()
        with self._changed:
            self._waiting.setdefault(key, deque()).append(me)
            try:
                self._changed.wait_for(lambda: self._is_closed or (self._free > 0 and self._next() is me))
                if self._is_closed and not is_owed:
                    raise Stopped
                self._free -= 1
                self._count += 1
                self._served[key] = self._count
            finally:
                self._waiting[key].remove(me)
                if not self._waiting[key]:
                    del self._waiting[key]
                self._changed.notify_all()

    def _give(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def _next(self) -> object:
        key = min(self._waiting, key=lambda one: self._served[one])
        return self._waiting[key][0]

    def close(self) -> None:
        """Nobody gets a turn any more; turns that are taken end by themselves."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
