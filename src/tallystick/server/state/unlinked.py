"""Records that are known but not linked, and the match keys of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from django.db.backends.utils import CursorWrapper

from tallystick.model.flow import Scope
from tallystick.model.link import PENDING, MatchKey, Standing, Unlinked
from tallystick.model.plan import Parked
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import UNLINKED_MARKS
from tallystick.server.state.codec import mapping, of_values
from tallystick.server.state.links import MARKS_PER_BATCH, record_batch
from tallystick.server.state.rows import Rows

RECORDS_PER_PAGE = 1_000
RECORD = "side, record, fingerprint, version, standing, reason, waits_flow, waits_side, waits_record, held"
SELECT = f"SELECT {RECORD} FROM state_unlinked"


class UnlinkedRows(Rows):
    def unlinked_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]:
        columns = ", ".join(self._bulk.gathered(name) for name in ("side", "record", "fingerprint"))
        after = 0
        while True:
            with self._database.reading() as cursor:
                cursor.execute(
                    f"SELECT MAX(number), {columns} FROM (SELECT number, side, record, fingerprint "
                    "FROM state_unlinked WHERE scope_id = %s AND number > %s ORDER BY number LIMIT %s) marks",
                    [self._known(cursor, scope), after, MARKS_PER_BATCH],
                )
                last, *gathered = cursor.fetchone()
            if last is None:
                return
            yield record_batch(gathered, UNLINKED_MARKS)
            after = last

    def unlinked(self, scope: Scope, side: Side, ids: Sequence[str] | None = None) -> Iterator[Unlinked]:
        if ids is None:
            return self._pages(scope, "side = %s", [side.value])
        condition, values = self._bulk.among("record", ids, is_id=True)
        with self._database.reading() as cursor:
            cursor.execute(
                f"{SELECT} WHERE scope_id = %s AND side = %s AND {condition} ORDER BY record",
                [self._known(cursor, scope), side.value, *values],
            )
            return map(_unlinked, cursor.fetchall())

    def standing(self, scope: Scope, side: Side, standing: Standing) -> Iterator[Unlinked]:
        condition = "side = %s AND standing = %s"
        if standing in PENDING:
            condition += f" AND standing IN ({', '.join(repr(one.value) for one in PENDING)})"  # so it is indexed
        return self._pages(scope, condition, [side.value, standing.value])

    def _pages(self, scope: Scope, condition: str, values: Sequence[str]) -> Iterator[Unlinked]:
        after = 0
        while True:
            with self._database.reading() as cursor:
                cursor.execute(
                    f"SELECT {RECORD}, number FROM state_unlinked "
                    f"WHERE scope_id = %s AND {condition} AND number > %s ORDER BY number LIMIT %s",
                    [self._known(cursor, scope), *values, after, RECORDS_PER_PAGE],
                )
                rows = cursor.fetchall()
            if not rows:
                return
            yield from (_unlinked(row[:-1]) for row in rows)
            after = rows[-1][-1]

    def waiting_for(self, scope: Scope, flow: str, side: Side, ids: Sequence[str]) -> list[Unlinked]:
        condition, values = self._bulk.among("waits_record", ids, is_id=True)
        with self._database.reading() as cursor:
            cursor.execute(
                f"{SELECT} WHERE scope_id = %s AND waits_flow = %s AND waits_side = %s AND {condition} "
                "ORDER BY side, record",
                [self._known(cursor, scope), flow, side.value, *values],
            )
            return [_unlinked(row) for row in cursor.fetchall()]

    def park(self, scope: Scope, parked: Parked) -> None:
        with self._database.writing() as cursor:
            self._park(cursor, self._locked(cursor, scope), parked)

    def matching(self, scope: Scope, side: Side, keys: Sequence[int]) -> list[MatchKey]:
        condition, values = self._bulk.among("key", keys)
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT key, record FROM state_matchkey WHERE scope_id = %s AND side = %s AND {condition} "
                "ORDER BY key, record",
                [self._known(cursor, scope), side.value, *values],
            )
            return [MatchKey(side=side, key=key, id=id_) for key, id_ in cursor.fetchall()]

    # --- within a transaction that holds the scope's row

    def _park(self, cursor: CursorWrapper, scope: int, parked: Parked) -> None:
        for side in SIDES:
            if ids := [id_ for at, id_ in parked.forget if at is side]:
                condition, values = self._bulk.among("record", ids, is_id=True)
                cursor.execute(
                    f"DELETE FROM state_unlinked WHERE scope_id = %s AND side = %s AND {condition}",
                    [scope, side.value, *values],
                )
        if parked.keep:
            indexed = self._bulk.indexed("record")
            names = ("fingerprint", "version", "standing", "reason", "waits_flow", "waits_side", "waits_record", "held")
            cursor.executemany(
                f"INSERT INTO state_unlinked (scope_id, {RECORD}) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                f"ON CONFLICT (scope_id, side, {indexed}) DO UPDATE SET "
                + ", ".join(f"{name} = excluded.{name}" for name in names),
                [(scope, *_values(record)) for record in parked.keep],
            )

    def _change_keys(
        self,
        cursor: CursorWrapper,
        scope: int,
        keys: Sequence[MatchKey],
        keyless: Sequence[tuple[Side, str]],
    ) -> None:
        """Writes only the difference: most records keep most of their keys."""
        for side in SIDES:
            wanted = {(key.id, key.key) for key in keys if key.side is side}
            ids = {id_ for id_, _ in wanted} | {id_ for at, id_ in keyless if at is side}
            if not ids:
                continue
            condition, values = self._bulk.among("record", sorted(ids), is_id=True)
            cursor.execute(
                f"SELECT number, record, key FROM state_matchkey WHERE scope_id = %s AND side = %s AND {condition}",
                [scope, side.value, *values],
            )
            kept = {(id_, key): number for number, id_, key in cursor.fetchall()}
            if gone := [number for pair, number in kept.items() if pair not in wanted]:
                condition, values = self._bulk.among("number", gone)
                cursor.execute(f"DELETE FROM state_matchkey WHERE {condition}", values)
            if fresh := wanted - kept.keys():
                self._bulk.insert(
                    cursor,
                    "state_matchkey",
                    ("scope_id", "side", "key", "record"),
                    [(scope, side.value, key, id_) for id_, key in sorted(fresh)],
                )


def _values(record: Unlinked) -> tuple[Any, ...]:
    flow, side, id_ = record.waits_for or (None, None, None)
    return (
        record.side.value,
        record.id,
        record.fingerprint,
        record.version,
        record.standing.value,
        record.reason,
        flow,
        side.value if side else None,
        id_,
        of_values(record.values),
    )


def _unlinked(row: tuple[Any, ...]) -> Unlinked:
    side, id_, fingerprint, version, standing, reason, flow, waits_side, waits_id, held = row
    return Unlinked(
        side=Side(side),
        id=id_,
        fingerprint=fingerprint,
        values=mapping(held),
        version=version,
        standing=Standing(standing),
        reason=reason,
        waits_for=(flow, Side(waits_side), waits_id) if flow is not None else None,
    )
