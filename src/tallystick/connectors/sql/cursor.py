"""Where an incremental read begins.

A cursor holds the greatest stamp the *database's own values* showed before a read began, and both clocks at that
moment: not to compare them with each other, which nobody may (E5), but to notice that the database's was put back.
Source: spec/engine.md E3, E5.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tallystick.connectors import spelling
from tallystick.errors import CursorRefused

_CAUTION_S = 3600.0
"""Reached back further where stamps name no zone: in the hour a summer ends, they come twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    column: str
    changed: str | int | None  # canonical datetime, or a count; None: the table had no stamp yet
    overlap_s: float
    database_at: str  # the database's clock, canonical
    hub_at: str  # our clock, canonical

    def text(self) -> str:
        return json.dumps(
            {
                "changed": self.changed,
                "overlap_s": self.overlap_s,
                "column": self.column,
                "database_at": self.database_at,
                "hub_at": self.hub_at,
            },
            separators=(",", ":"),
        )


def parsed(text: str, column: str) -> Cursor:
    """Raises CursorRefused for what is no cursor of this column."""
    try:
        content = json.loads(text)
        changed = content["changed"]
        cursor = Cursor(
            column=content.get("column", column),
            changed=changed if isinstance(changed, int | None) else spelling.moment(changed),
            overlap_s=float(content["overlap_s"]),
            database_at=content.get("database_at", ""),
            hub_at=content.get("hub_at", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CursorRefused(
            "The cursor of this flow cannot be read.", hint="A full listing goes on from here."
        ) from None
    if cursor.column != column:
        raise CursorRefused(
            f"The cursor counts the column {cursor.column!r}, the flow now names {column!r}.",
            hint="A full listing goes on from here.",
        )
    return cursor


def since(
    cursor: Cursor, *, overlap_s: float, overlap_count: int, is_zoned: bool, database_at: str, hub_at: str
) -> str | int | None:
    """The stamp from which on everything is read again; None for all there is."""
    if cursor.changed is None:
        return None
    if isinstance(cursor.changed, int):
        return cursor.changed - max(overlap_count, _ticks(cursor.changed, overlap_s))
    reached = datetime.fromisoformat(cursor.changed)
    if cursor.database_at and cursor.hub_at:
        # What the database's clock of now would have shown when the last read began: earlier than the stamps seen
        # then, if the clock was put back since.
        passed = max(datetime.fromisoformat(hub_at) - datetime.fromisoformat(cursor.hub_at), timedelta())
        reached = min(reached, datetime.fromisoformat(database_at) - passed)
    try:
        reached -= timedelta(seconds=overlap_s + (0.0 if is_zoned else _CAUTION_S))
    except OverflowError:
        return None
    return stamp(reached)


def stamp(moment: datetime) -> str:
    """An aware moment as canonical text."""
    return str(spelling.moment(moment.astimezone(UTC)))


def _ticks(count: int, overlap_s: float) -> int:
    """Seconds in the unit of a count that looks like milli-, micro- or nanoseconds since 1970."""
    for least, unit in ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3)):
        if count >= least:
            return int(overlap_s * unit)
    return int(overlap_s) if count >= 10**9 else 0
