"""Time, ids and secrets, handed in so that tests can hold them still."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...

    def sleep(self, duration_s: float) -> None: ...


class Ids(Protocol):
    def new(self) -> str:
        """A fresh id that sorts by creation time (32 hexadecimal characters)."""
        ...


class Secrets(Protocol):
    def secret(self, name: str) -> str:
        """The secret of this name. Raises ConfigurationError when there is none."""
        ...


class Turns(Protocol):
    """Who may ask a system when, over all processes (E30)."""

    def take_turns(self, name: str, count: int, interval_s: float) -> float:
        """Seconds until the first of `count` turns, `interval_s` apart, that nobody else is given."""
        ...

    def pause_turns(self, name: str, duration_s: float) -> None:
        """Nobody is given a turn for `duration_s` from now."""
        ...
