"""Operations: what a plan says, and with its outcome what the journal says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.db import IntegrityError
from django.db.backends.utils import CursorWrapper

from tallystick.errors import TallystickError
from tallystick.model.flow import Scope
from tallystick.model.plan import Operation, OperationState
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.server.state.codec import OPERATION, has_references, of_values, operation_of, rest_of, text_of
from tallystick.server.state.rows import Rows

COLUMNS = (
    "scope_id",
    "run",
    "flow",
    "seq",
    "action",
    "side",
    "left_id",
    "right_id",
    "link",
    "state",
    "message",
    "attempts",
    "at",
    "has_references",
    "before",
    "after",
    "rest",
)
SELECT = f"SELECT {OPERATION} FROM state_operation"
NOT_IN_JOURNAL = (OperationState.PLANNED.value, OperationState.DROPPED.value)


class OperationRows(Rows):
    def add_operations(self, scope: Scope, operations: Sequence[Operation]) -> None:
        try:
            with self._database.writing() as cursor:
                known = self._locked(cursor, scope)
                self._bulk.insert(cursor, "state_operation", COLUMNS, [_row(known, one) for one in operations])
        except IntegrityError as error:
            first = operations[0]
            raise TallystickError(
                f"Run {first.run} already has an operation of one of these places in flow {first.flow}."
            ) from error

    def operations(
        self,
        run: str,
        flow: str,
        states: Sequence[OperationState] = (),
        after_seq: int = -1,
        limit: int = 500,
    ) -> list[Operation]:
        among = f"AND state IN ({', '.join(['%s'] * len(states))}) " if states else ""
        with self._database.reading() as cursor:
            cursor.execute(
                f"{SELECT} WHERE run = %s AND flow = %s AND seq > %s {among}ORDER BY seq LIMIT %s",
                [run, flow, after_seq, *(state.value for state in states), limit],
            )
            return [operation_of(row) for row in cursor.fetchall()]

    def mark_sent(self, operations: Sequence[Operation]) -> None:
        with self._database.writing() as cursor:
            stored = self._stored(cursor, operations)
            cursor.executemany(
                "UPDATE state_operation SET state = %s, attempts = %s, at = %s WHERE number BETWEEN %s AND %s",
                list(_in_ranges((one.number, (OperationState.SENT.value, one.attempts, one.at)) for one in operations)),
            )
            self._set_ids(cursor, operations, stored)
            self._set(
                cursor, "before", [(of_values(o.before), o.number) for o in operations if o.action is Action.DELETE]
            )
            self._set(cursor, "after", [(text_of(o.after), o.number) for o in operations if stored[o.number][2]])

    def drop_planned(self, run: str, flow: str) -> int:
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE state_operation SET state = %s WHERE run = %s AND flow = %s AND state = %s",
                [OperationState.DROPPED.value, run, flow, OperationState.PLANNED.value],
            )
            return int(cursor.rowcount)

    def discard(self, run: str, flow: str) -> None:
        with self._database.writing() as cursor:
            cursor.execute(
                "DELETE FROM state_operation WHERE run = %s AND flow = %s AND state = %s",
                [run, flow, OperationState.PLANNED.value],
            )

    def journal(
        self,
        scope: Scope | None = None,
        *,
        side: Side | None = None,
        id: str | None = None,
        run: str | None = None,
        limit: int = 200,
    ) -> list[Operation]:
        conditions, values = ["state NOT IN (%s, %s)"], list[Any](NOT_IN_JOURNAL)
        with self._database.reading() as cursor:
            if scope is not None:
                conditions.append("scope_id = %s")
                values.append(self._known(cursor, scope))
            if run is not None:
                conditions.append("run = %s")
                values.append(run)
            if id is not None:
                found = [
                    self._bulk.among(f"{end}_id", [id], is_id=True) for end in (SIDES if side is None else (side,))
                ]
                conditions.append(f"({' OR '.join(condition for condition, _ in found)})")
                values.extend(value for _, of in found for value in of)
            cursor.execute(f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT %s", [*values, limit])
            return [operation_of(row) for row in cursor.fetchall()]

    # --- within a transaction

    def _keep_outcomes(self, cursor: CursorWrapper, operations: Sequence[Operation]) -> None:
        stored = self._stored(cursor, operations)
        cursor.executemany(
            "UPDATE state_operation SET state = %s, message = %s, attempts = %s, at = %s "
            "WHERE number BETWEEN %s AND %s",
            list(_in_ranges((one.number, (one.state.value, one.message, one.attempts, one.at)) for one in operations)),
        )
        self._set_ids(cursor, operations, stored)
        self._set(cursor, "link", [(one.link, one.number) for one in operations if one.link != stored[one.number][3]])

    def _stored(self, cursor: CursorWrapper, operations: Sequence[Operation]) -> dict[int, tuple[Any, ...]]:
        """number -> left id, right id, whether it has references, link: as stored before."""
        condition, values = self._bulk.among("number", [operation.number for operation in operations])
        cursor.execute(
            "SELECT number, left_id, right_id, CASE WHEN has_references THEN 1 ELSE 0 END, link "
            f"FROM state_operation WHERE {condition}",
            values,
        )
        stored = {row[0]: row[1:] for row in cursor.fetchall()}
        for operation in operations:
            if operation.number not in stored:
                raise TallystickError(
                    f"The journal has no operation {operation.number}; it cannot be given an outcome."
                )
        return stored

    def _set_ids(
        self, cursor: CursorWrapper, operations: Sequence[Operation], stored: dict[int, tuple[Any, ...]]
    ) -> None:
        """Only where they changed: ids are indexed."""
        for place, side in enumerate(SIDES):
            changed = [(id_, o.number) for o in operations if (id_ := o.id_on(side)) != stored[o.number][place]]
            self._set(cursor, f"{side}_id", changed)

    def _set(self, cursor: CursorWrapper, column: str, rows: list[tuple[Any, int]]) -> None:
        if rows:
            cursor.executemany(f'UPDATE state_operation SET "{column}" = %s WHERE number = %s', rows)


def _row(scope: int, operation: Operation) -> tuple[Any, ...]:
    return (
        scope,
        operation.run,
        operation.flow,
        operation.seq,
        operation.action.value,
        operation.side.value,
        operation.left_id,
        operation.right_id,
        operation.link,
        operation.state.value,
        operation.message,
        operation.attempts,
        operation.at,
        has_references(operation),
        of_values(operation.before),
        text_of(operation.after) if operation.after else "{}",
        rest_of(operation),
    )


def _in_ranges(rows: Iterable[tuple[int, tuple[Any, ...]]]) -> Iterator[tuple[Any, ...]]:
    """(*values, first, last) of each run of consecutive numbers with equal values."""
    ordered = sorted(rows, key=lambda row: row[0])
    if not ordered:
        return
    first = ordered[0][0]
    for (number, values), (following, others) in pairwise(ordered):
        if following != number + 1 or others != values:
            yield (*values, first, number)
            first = following
    number, values = ordered[-1]
    yield (*values, first, number)
