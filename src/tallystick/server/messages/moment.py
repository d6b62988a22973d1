"""What time it is for messages and work orders; tests hold it still (house rule: time arrives through a port)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tallystick.ports.world import Clock
from tallystick.runs.world import SystemClock

_clock: Clock = SystemClock()


def now() -> datetime:
    """Aware, in UTC."""
    return _clock.now()


@contextmanager
def told_by(clock: Clock) -> Iterator[Clock]:
    """Within it, this clock says what time it is."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield clock
    finally:
        _clock = before
