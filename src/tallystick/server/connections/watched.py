"""A system under way in a run: whether it answers is kept for the page that shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from tallystick.errors import ConfigurationError, SystemFault, TallystickError, Throttled, Unreachable
from tallystick.model.record import Batch, Record
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Feed, Feeding, Known, System
from tallystick.server.connections import health
from tallystick.server.connections.described import keep, shown
from tallystick.server.connections.models import Connection

NOTE_EVERY_S: Final = 60.0
_OF_SYSTEM: Final = (Unreachable, SystemFault, ConfigurationError)
"""Errors that say something of the system, not of a record."""


class Watched:
    """Implements tallystick.ports.system.System and Feeding."""

    def __init__(self, inner: System, connection: Connection) -> None:
        self._inner = inner
        self._connection = connection
        self._noted_s = -NOTE_EVERY_S
        self._was_failing = False

    def describe(self) -> Description:
        with self._watching():
            description = self._inner.describe()
        if (offered := shown(description)) != self._connection.described:  # the designer offers what is new
            keep(self._connection, description)
            self._connection.described = offered
        return description

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        with self._watching():
            yield from self._inner.listing(selection, known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        with self._watching():
            yield from self._inner.changes(selection, cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        with self._watching():
            return self._inner.fetch(selection, ids, is_whole=is_whole)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        with self._watching():
            return self._inner.find(selection, values)

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        with self._watching():
            return self._inner.reserve(selection, values)

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        with self._watching():
            return self._inner.write(selection, writes)

    def feed(self) -> Feed | None:
        return self._inner.feed() if isinstance(self._inner, Feeding) else None

    def close(self) -> None:
        self._inner.close()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except TallystickError as error:
            if isinstance(error, _OF_SYSTEM) and not isinstance(error, Throttled):
                self._note(error)
            raise
        self._note(None)

    def _note(self, error: TallystickError | None) -> None:
        """Once a minute, and at once when it turned."""
        is_failing = error is not None
        now_s = time.monotonic()
        if is_failing != self._was_failing or now_s - self._noted_s >= NOTE_EVERY_S:
            self._noted_s, self._was_failing = now_s, is_failing
            health.note(self._connection.pk, error)
