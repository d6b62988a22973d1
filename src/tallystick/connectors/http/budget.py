"""One rate budget per connection, shared by all flows that use it (spec/engine.md E30)."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Pace(Protocol):
    """A monotonic time to measure by and a way to wait; the real one unless a test holds it still."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


class RateBudget:
    """Hands out at most `rate_per_s` turns a second in order of asking, and none while the server asked for a pause."""

    def __init__(self, rate_per_s: float | None, *, pace: Pace = time) -> None:
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._pace = pace
        self._lock = threading.Lock()
        self._next_at_s = 0.0
        self._paused_until_s = 0.0

    def take(self) -> None:
        """Waits for a turn."""
        with self._lock:
            now_s = self._pace.monotonic()
            turn_s = max(now_s, self._next_at_s, self._paused_until_s)
            self._next_at_s = turn_s + self._interval_s
        if turn_s > now_s:
            self._pace.sleep(turn_s - now_s)

    def pause(self, duration_s: float) -> None:
        """Nobody gets a turn for `duration_s` from now."""
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, self._pace.monotonic() + duration_s)


_budgets: dict[tuple[object, ...], RateBudget] = {}
_budgets_lock = threading.Lock()


def budget_of(key: tuple[object, ...], rate_per_s: float | None) -> RateBudget:
    """The one budget of this process for `key` (server, user and rate)."""
    with _budgets_lock:
        return _budgets.setdefault((*key, rate_per_s), RateBudget(rate_per_s))
