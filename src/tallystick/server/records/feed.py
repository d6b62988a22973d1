"""The feed of changes, and cursors into it.

On SQLite one transaction writes at a time, so that numbers of changes become visible in their order: a cursor is the
greatest. On PostgreSQL a change with a small number may become visible after one with a greater; a cursor is there a
snapshot, which knows of every transaction whether it was over, and a reading brings exactly what it had not seen.
"""

from __future__ import annotations

import re
from typing import Final

from django.db import connections
from django.db.models import Max

from tallystick.errors import CursorRefused
from tallystick.server.records.models import Change
from tallystick.server.records.record_types import BY_NAME, RecordType

_NUMBER: Final = re.compile(r"seq:(\d{1,18})", re.ASCII)
_SNAPSHOT: Final = re.compile(r"snapshot:((\d{1,19}):(\d{1,19}):[\d,]*)", re.ASCII)


class Feed:
    """Of the hub's database under one alias."""

    def __init__(self, using: str) -> None:
        self._using = using

    def cursor(self) -> str:
        """Where a reading that begins now goes on from."""
        if connections[self._using].vendor == "postgresql":
            return f"snapshot:{self._snapshot()}"
        return f"seq:{self._last()}"

    def since(self, kind: RecordType, cursor: str) -> list[str]:
        """Ids of the records changed since, each once, in the order of their last changes. Raises CursorRefused."""
        if connections[self._using].vendor == "postgresql":
            ids = self._not_seen(kind, cursor)
        else:
            ids = self._after(kind, cursor)
        return list(reversed(dict.fromkeys(reversed(ids))))

    def stirred(self, cursor: str) -> tuple[set[tuple[str, str, str]], str]:
        """What was written since, of any type: (type, run or empty, by whom); and where the next look goes on from.

        Each change is met by exactly one look, whenever its transaction ended. Raises CursorRefused.
        """
        now = self.cursor()
        if now == cursor:
            return set(), now
        if connections[self._using].vendor == "postgresql":
            return self._stirred_between(cursor, now), now
        changes = Change.objects.using(self._using).filter(seq__gt=_number(cursor), seq__lte=_number(now)).order_by()
        found = changes.values_list("record_type", "run", "by").distinct()
        return {(kind, run or "", by) for kind, run, by in found}, now

    def _stirred_between(self, cursor: str, now: str) -> set[tuple[str, str, str]]:
        before, after = _snapshot_of(cursor), _snapshot_of(now)
        with connections[self._using].cursor() as statement:
            statement.execute(
                "SELECT DISTINCT record_type, coalesce(run, ''), by FROM records_change "
                "WHERE record_type = ANY(%s) AND transaction >= %s "  # all types: the index begins with the type
                "AND NOT pg_visible_in_snapshot(transaction::text::xid8, %s::pg_snapshot) "
                "AND pg_visible_in_snapshot(transaction::text::xid8, %s::pg_snapshot)",
                [list(BY_NAME), int(before[2]), before[1], after[1]],
            )
            return set(statement.fetchall())

    def _after(self, kind: RecordType, cursor: str) -> list[str]:
        number = _number(cursor)
        if number > self._last():
            raise _refused()
        changes = Change.objects.using(self._using).filter(record_type=kind.name, seq__gt=number)
        return list(changes.order_by("seq").values_list("record", flat=True))

    def _last(self) -> int:
        return Change.objects.using(self._using).aggregate(last=Max("seq"))["last"] or 0

    def _not_seen(self, kind: RecordType, cursor: str) -> list[str]:
        found, now = _snapshot_of(cursor), _snapshot_of(self.cursor())
        if int(found[3]) > int(now[3]):
            raise _refused()
        with connections[self._using].cursor() as statement:
            statement.execute(
                "SELECT record FROM records_change WHERE record_type = %s AND transaction >= %s "
                "AND NOT pg_visible_in_snapshot(transaction::text::xid8, %s::pg_snapshot) ORDER BY seq",
                [kind.name, int(found[2]), found[1]],
            )
            return [record for (record,) in statement.fetchall()]

    def _snapshot(self) -> str:
        with connections[self._using].cursor() as statement:
            statement.execute("SELECT pg_current_snapshot()::text")
            return str(statement.fetchone()[0])


def _number(cursor: str) -> int:
    found = _NUMBER.fullmatch(cursor)
    if found is None:
        raise _refused()
    return int(found[1])


def _snapshot_of(cursor: str) -> re.Match[str]:
    """Groups: the snapshot, the first transaction it does not know to be over, the first that had not begun."""
    found = _SNAPSHOT.fullmatch(cursor)
    if found is None or int(found[2]) > int(found[3]):
        raise _refused()
    return found


def _refused() -> CursorRefused:
    return CursorRefused(
        "The hub's history does not reach back to this cursor, or knows nothing of it.",
        hint="A full listing goes on from here.",
    )
