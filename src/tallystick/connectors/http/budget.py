"""One rate budget per connection, shared by all flows that use it (spec/engine.md E30).

Turns of one process are handed out in order of asking. Where a keeper of turns is known, the processes share a budget:
each takes a few turns ahead from it, so that a connection costs the keeper a question or two a second and not one for
each request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final, Protocol

from tallystick.ports.world import Turns

AHEAD_S: Final = 0.5
"""Turns for so long are taken from the keeper at a time; those that a process does not use are lost."""


class Pace(Protocol):
    """A monotonic time to measure by and a way to wait; the real one unless a test holds it still."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


class RateBudget:
    """Hands out at most `rate_per_s` turns a second in order of asking, and none while the server asked for a pause."""

    def __init__(self, rate_per_s: float | None, *, name: str = "", pace: Pace = time) -> None:
        """`name`: the same in all processes that share the budget."""
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._name = name
        self._pace = pace
        self._lock = threading.Lock()
        self._next_at_s = 0.0
        self._paused_until_s = 0.0
        self._ahead = 0  # turns taken from the keeper and not handed out yet

    def take(self) -> None:
        """Waits for a turn. Raises what the keeper of turns raises."""
        with self._lock:
            now_s = self._pace.monotonic()
            if self._interval_s and not self._ahead and (keeper := _keeper()) is not None:
                self._ahead = max(1, int(AHEAD_S / self._interval_s))
                first_s = now_s + keeper.take_turns(self._name, self._ahead, self._interval_s)
                self._next_at_s = max(self._next_at_s, first_s)
            self._ahead = max(0, self._ahead - 1)
            turn_s = max(now_s, self._next_at_s, self._paused_until_s)
            self._next_at_s = turn_s + self._interval_s
        if turn_s > now_s:
            self._pace.sleep(turn_s - now_s)

    def pause(self, duration_s: float) -> None:
        """Nobody gets a turn for `duration_s` from now."""
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, self._pace.monotonic() + duration_s)
            if self._interval_s and (keeper := _keeper()) is not None:
                keeper.pause_turns(self._name, duration_s)


_budgets: dict[tuple[object, ...], RateBudget] = {}
_budgets_lock = threading.Lock()
_keepers: list[Turns] = []


def budget_of(key: tuple[object, ...], rate_per_s: float | None) -> RateBudget:
    """The one budget of this process for `key` (server, user and rate)."""
    name = blake2b(repr(key).encode(), digest_size=16).hexdigest()
    with _budgets_lock:
        return _budgets.setdefault((*key, rate_per_s), RateBudget(rate_per_s, name=name))


def _keeper() -> Turns | None:
    """The last one made known; another thread may take it away at any moment."""
    return next(reversed(_keepers[:]), None)


@contextmanager
def turns_kept_by(keeper: Turns) -> Iterator[None]:
    """In the block, budgets are shared with whoever else takes turns from `keeper`."""
    _keepers.append(keeper)
    try:
        yield
    finally:
        _keepers.remove(keeper)
