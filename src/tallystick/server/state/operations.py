"""Operations: what a plan says, and with its outcome what the journal says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.db import IntegrityError
from django.db.backends.utils import CursorWrapper
from msgspec.structs import replace

from tallystick.errors import TallystickError
from tallystick.model.flow import Scope
from tallystick.model.plan import Operation, OperationState
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.server.state.codec import OPERATION, has_references, of_values, operation_of, rest_of, text_of
from tallystick.server.state.rows import Rows

NARROW = (
    "number",
    "scope_id",
    "has_references",
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
)
MOVING = {
    "state": "text",
    "message": "text",
    "attempts": "integer",
    "at": "text",
    "left_id": "text",
    "right_id": "text",
    "link": "bigint",
}
WIDE = ("number", "before", "after", "rest")
NOT_IN_JOURNAL = (OperationState.PLANNED.value, OperationState.DROPPED.value)


class OperationRows(Rows):
    def add_operations(self, scope: Scope, operations: Sequence[Operation]) -> None:
        try:
            with self._database.writing() as cursor:
                known = self._locked(cursor, scope)
                numbers = list(self._bulk.numbers(cursor, "state_operation", len(operations)))
                texts = [(of_values(one.before), of_values(one.after), rest_of(one)) for one in operations]
                self._bulk.insert(
                    cursor,
                    "state_operation",
                    NARROW,
                    [
                        (number, known, has_references(after), *_narrow(one))
                        for number, one, (_, after, _) in zip(numbers, operations, texts, strict=True)
                    ],
                )
                wide = [(number, *of) for number, of in zip(numbers, texts, strict=True)]
                self._bulk.insert(cursor, "state_operationvalues", WIDE, wide)
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
        among = f"AND o.state IN ({', '.join(['%s'] * len(states))}) " if states else ""
        with self._database.reading() as cursor:
            cursor.execute(
                f"{OPERATION} WHERE o.run = %s AND o.flow = %s AND o.seq > %s {among}ORDER BY o.seq LIMIT %s",
                [run, flow, after_seq, *(state.value for state in states), limit],
            )
            return [operation_of(row) for row in cursor.fetchall()]

    def mark_sent(self, operations: Sequence[Operation]) -> None:
        with self._database.writing() as cursor:
            stored = self._stored(cursor, operations)
            sent = [replace(one, state=OperationState.SENT) for one in operations]
            self._set_states(cursor, sent, stored)
            deleted = [(of_values(one.before), one.number) for one in sent if one.action is Action.DELETE]
            resolved = [(text_of(one.after), one.number) for one in sent if stored[one.number][3]]
            for column, rows in (("before", deleted), ("after", resolved)):
                if rows:
                    self._bulk.update(cursor, "state_operationvalues", {column: "text"}, rows)

    def drop_planned(self, run: str, flow: str) -> int:
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE state_operation SET state = %s WHERE run = %s AND flow = %s AND state = %s",
                [OperationState.DROPPED.value, run, flow, OperationState.PLANNED.value],
            )
            return int(cursor.rowcount)

    def discard(self, run: str, flow: str) -> None:
        with self._database.writing() as cursor:
            planned = "FROM state_operation WHERE run = %s AND flow = %s AND state = %s"
            values = [run, flow, OperationState.PLANNED.value]
            cursor.execute(f"DELETE FROM state_operationvalues WHERE number IN (SELECT number {planned})", values)
            cursor.execute(f"DELETE {planned}", values)

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
        order = "number"
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
                order = "+number"  # few rows: find them by their id instead of walking all in order
            cursor.execute(
                f"{OPERATION} WHERE o.number IN (SELECT number FROM state_operation "
                f"WHERE {' AND '.join(conditions)} ORDER BY {order} DESC LIMIT %s) ORDER BY o.number DESC",
                [*values, limit],
            )
            return [operation_of(row) for row in cursor.fetchall()]

    # --- within a transaction

    def _keep_outcomes(self, cursor: CursorWrapper, operations: Sequence[Operation]) -> None:
        self._set_states(cursor, operations, self._stored(cursor, operations))

    def _stored(self, cursor: CursorWrapper, operations: Sequence[Operation]) -> dict[int, tuple[Any, ...]]:
        """number -> left id, right id, link, whether it has references: as stored before."""
        condition, values = self._bulk.among("number", [operation.number for operation in operations])
        cursor.execute(
            "SELECT number, left_id, right_id, link, CASE WHEN has_references THEN 1 ELSE 0 END "
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

    def _set_states(
        self, cursor: CursorWrapper, operations: Sequence[Operation], stored: dict[int, tuple[Any, ...]]
    ) -> None:
        """Ids are indexed: they are written only where they changed, the others in ranges of numbers."""
        alike, moved = [], []
        for one in operations:
            state = (one.state.value, one.message, one.attempts, one.at)
            if (one.left_id, one.right_id, one.link) == stored[one.number][:3]:
                alike.append((one.number, state))
            else:
                moved.append((*state, one.left_id, one.right_id, one.link, one.number))
        if alike:
            cursor.executemany(
                "UPDATE state_operation SET state = %s, message = %s, attempts = %s, at = %s "
                "WHERE number BETWEEN %s AND %s",
                list(_in_ranges(alike)),
            )
        if moved:
            self._bulk.update(cursor, "state_operation", MOVING, moved)


def _narrow(operation: Operation) -> tuple[Any, ...]:
    """The values of the columns NARROW from `run` on."""
    return (
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
