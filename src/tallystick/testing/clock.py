"""Time and ids that tests hold still."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class FixedClock:
    """Implements ports.world.Clock: moves only when told to, or when somebody sleeps. Safe for threads."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self._now = now.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, duration_s: float) -> None:
        """Returns at once; the clock has moved on by `duration_s` seconds."""
        self.move(duration_s)

    def move(self, duration_s: float) -> None:
        """Moves the clock by so many seconds, back too when negative."""
        with self._lock:
            self._now += timedelta(seconds=duration_s)

    def set(self, now: datetime) -> None:
        with self._lock:
            self._now = now.astimezone(UTC)


class SequentialIds:
    """Implements ports.world.Ids: 1, 2, 3 ... as 32 hexadecimal characters. Safe for threads."""

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._lock = threading.Lock()

    def new(self) -> str:
        with self._lock:
            self._last += 1
            return f"{self._last:032x}"
