"""Which linked records changed, which are gone, which are not linked yet.

One columnar question over everything, in DuckDB; the same question over a handful of records is asked directly of
the store, because a hundred index look-ups cost less than planning one wide query. Both give the same findings (held
by a property test). Source: design/house.md; spec/engine.md E1-E4, E12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from tallystick.engine.detect_few import Few
from tallystick.engine.detected import Detected
from tallystick.engine.reading import Reading
from tallystick.model.flow import Scope
from tallystick.model.side import Side
from tallystick.ports.store import Store

FEW: Final = 2_000
"""Up to so many records read, the store is asked directly."""


def detect(store: Store, scope: Scope, readings: Mapping[Side, Reading], *, is_forced: bool, folder: Path) -> Detected:
    """Consumes both readings. `is_forced`: every linked record counts as changed (a mapping changed).

    Raises KeyNotUnique when a listing names a key twice, and whatever the readers raise.
    """
    heads = {side: _Head(reading) for side, reading in readings.items()}
    if all(head.is_whole for head in heads.values()) and _has_few_links(store, scope, readings):
        tables = {side: head.tables for side, head in heads.items()}
        return Few(store, scope, readings, tables, is_forced=is_forced)
    from tallystick.engine.detect_many import Many  # DuckDB: a run that finds little to do is spared 40 ms

    streams = {side: head.rest() for side, head in heads.items()}
    return Many(store, scope, readings, streams, is_forced=is_forced, folder=folder)


def _has_few_links(store: Store, scope: Scope, readings: Mapping[Side, Reading]) -> bool:
    """Whether the links that have to be looked at are few: all of them where a full listing tells what is gone."""
    if not any(reading.is_full for reading in readings.values()):
        return True
    count = 0
    for batch in store.link_marks(scope):
        count += batch.num_rows
        if count > FEW:
            return False
    return True


class _Head:
    """The first records of a reading, to learn whether there are only few."""

    def __init__(self, reading: Reading) -> None:
        self._stream = reading.tables()
        self.tables: list[pa.Table] = []
        self.is_whole = False
        rows = 0
        for table in self._stream:
            self.tables.append(table)
            rows += table.num_rows
            if rows > FEW:
                return
        self.is_whole = True

    def rest(self) -> Iterator[pa.Table]:
        yield from self.tables
        yield from self._stream
