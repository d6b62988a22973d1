"""The journal as people search it: by record, run, person, field, time. Source: design/house.md, "ops/".

The journal grows without end and is written by every run, so that it has no index for what is seldom asked: such a
search reads back a bounded number of operations and says where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tallystick.model.plan import LAST, Operation, OperationState
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action
from tallystick.server.state.codec import OPERATION, operation_of
from tallystick.server.state.rows import Rows

NARROW_ROWS: Final = 50_000
WIDE_ROWS: Final = 5_000
"""Operations read at most for one answer: of the narrow table alone, and with their values."""
RUNS_AT_A_TIME: Final = 40
UNTOLD: Final = (OperationState.PLANNED.value, OperationState.DROPPED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the journal with who stood behind its run."""

    operation: Operation
    integration: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Some lines. `after` is where to go on looking, None at the end; `searched` how many operations were looked at."""

    lines: tuple[Told, ...]
    after: str | None = None
    searched: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalWanted:
    """Which operations; empty: any. `id` is looked for on both sides unless `side` names one."""

    integration: str = ""
    flow: str = ""
    id: str = ""
    run: str = ""
    by: str = ""
    field: str = ""
    side: Side | None = None
    action: Action | None = None
    state: OperationState | None = None
    since: str = ""
    until: str = ""


class JournalRows(Rows):
    def lines(self, wanted: JournalWanted, after: str = "", rows: int = 50) -> Lines:
        """The newest first. `after` is what an earlier answer gave."""
        with self._database.reading() as cursor:
            if wanted.id:
                return self._of_record(cursor, wanted, after, rows)
            is_by_run = any((wanted.run, wanted.by, wanted.integration, wanted.since, wanted.until))
            searches = self._run_spans(cursor, wanted, after) if is_by_run else self._all_span(cursor, after)
            return self._read_back(cursor, wanted, searches, rows)

    def planned(
        self,
        run: str,
        flow: str,
        *,
        action: Action | None = None,
        side: Side | None = None,
        state: OperationState | None = None,
        after: int = -1,
        rows: int = 50,
    ) -> Lines:
        """The operations of one flow of a run in the order they are carried out, planned and dropped ones too.

        `after`: the seq to go on behind.
        """
        if action is Action.DELETE:
            after = max(after, LAST - 1)
        conditions, values = ["run = %s", "flow = %s"], [run, flow]
        for column, one in (("action", action), ("side", side), ("state", state)):
            if one is not None:
                conditions.append(f"{column} = %s")
                values.append(one.value)
        is_filtered = len(conditions) > 2
        with self._database.reading() as cursor:
            stop = self._seq_at(cursor, run, flow, after, NARROW_ROWS) if is_filtered else None
            until = ["seq <= %s"] if stop is not None else []
            cursor.execute(
                f"SELECT number, seq FROM state_operation WHERE {' AND '.join([*conditions, 'seq > %s', *until])} "
                f"ORDER BY seq LIMIT {rows + 1}",
                [*values, after, *([stop] if stop is not None else [])],
            )
            found = cursor.fetchall()
            is_full = len(found) > rows
            found = found[:rows]
            lines = self._whole(cursor, [number for number, _ in found])
        lines.sort(key=lambda told: told.operation.seq)
        if is_full:
            next_after: str | None = str(found[-1][1])
        else:
            next_after = str(stop) if stop is not None else None
        return Lines(lines=tuple(lines), after=next_after, searched=NARROW_ROWS if stop is not None else len(found))

    def record_lines(self, scope: int, side: Side, id_: str, limit: int) -> list[Told]:
        """Everything that was done to a record or because of it, newest first."""
        condition, values = self._bulk.among(f"{side}_id", [id_], is_id=True)
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT number FROM state_operation WHERE scope_id = %s AND state NOT IN (%s, %s) AND {condition} "
                "ORDER BY +number DESC LIMIT %s",
                [scope, *UNTOLD, *values, limit],
            )
            return self._whole(cursor, [number for (number,) in cursor.fetchall()])

    # --- inside

    def _of_record(self, cursor: Any, wanted: JournalWanted, after: str, rows: int) -> Lines:
        sides = SIDES if wanted.side is None else (wanted.side,)
        found = [self._bulk.among(f"o.{side}_id", [wanted.id], is_id=True) for side in sides]
        conditions = [f"({' OR '.join(condition for condition, _ in found)})"]
        values: list[Any] = [value for _, of in found for value in of]
        for condition, value in (
            ("r.integration = %s", wanted.integration),
            ('r."by" = %s', wanted.by),
            ("r.run = %s", wanted.run),
        ):
            if value:
                conditions.append(condition)
                values.append(value)
        narrow, more = _narrow(wanted)
        wide, fields = self._wide(wanted)
        if after:
            narrow.append("o.number < %s")
            more.append(int(after))
        cursor.execute(
            "SELECT o.number FROM state_operation o JOIN state_run r ON r.run = o.run "
            f"{'JOIN state_operationvalues v ON v.number = o.number ' if wide else ''}"
            f"WHERE {' AND '.join([*conditions, *narrow, *wide])} ORDER BY +o.number DESC LIMIT {rows + 1}",
            [*values, *more, *fields],
        )
        numbers = [number for (number,) in cursor.fetchall()]
        lines = self._whole(cursor, numbers[:rows])
        return Lines(lines=tuple(lines), after=str(numbers[rows - 1]) if len(numbers) > rows else None)

    def _all_span(self, cursor: Any, after: str) -> Iterator[tuple[str, int, int, str]]:
        if after:
            last = int(after) - 1
        else:
            cursor.execute("SELECT MAX(number) FROM state_operation")
            last = cursor.fetchone()[0] or 0
        yield "", 0, last, ""

    def _run_spans(self, cursor: Any, wanted: JournalWanted, after: str) -> Iterator[tuple[str, int, int, str]]:
        """(run, first, last number of its operations, mark of its run to go on with), newest run first."""
        conditions, values = ["1 = 1"], list[Any]()
        for condition, value in (
            ("run = %s", wanted.run),
            ("integration = %s", wanted.integration),
            ('"by" = %s', wanted.by),
            ("started_at <= %s", wanted.until),
            ("(finished_at >= %s OR finished_at = '')", wanted.since),
        ):
            if value:
                conditions.append(condition)
                values.append(value)
        mark, _, before = after.partition(":")
        if mark:
            conditions.append("number <= %s")
            values.append(int(mark))
        cursor.execute(
            f"SELECT number, run FROM state_run WHERE {' AND '.join(conditions)} ORDER BY number DESC "
            f"LIMIT {RUNS_AT_A_TIME + 1}",
            values,
        )
        runs = cursor.fetchall()
        for number, run in runs[:RUNS_AT_A_TIME]:
            first, last = self._numbers(cursor, run, wanted.flow)
            if mark and number == int(mark) and before:
                last = min(last, int(before) - 1)
            yield run, first, last, f"{number}:"
        if len(runs) > RUNS_AT_A_TIME:
            yield "", 0, -1, f"{runs[-1][0]}:"

    def _numbers(self, cursor: Any, run: str, flow: str) -> tuple[int, int]:
        """The first and last number among the operations of a run; (0, -1): it has none."""
        cursor.execute("SELECT flow FROM state_flowrun WHERE run = %s", [run])
        flows = [name for (name,) in cursor.fetchall() if not flow or name == flow]
        numbers: list[int] = []
        for name in flows:
            for condition in ("seq < %s", "seq >= %s"):
                for order in ("ASC", "DESC"):
                    cursor.execute(
                        "SELECT number FROM state_operation WHERE run = %s AND flow = %s "
                        f"AND {condition} ORDER BY seq {order} LIMIT 1",
                        [run, name, LAST],
                    )
                    row = cursor.fetchone()
                    numbers += row or ()
        return (min(numbers), max(numbers)) if numbers else (0, -1)

    def _read_back(
        self, cursor: Any, wanted: JournalWanted, spans: Iterator[tuple[str, int, int, str]], rows: int
    ) -> Lines:
        narrow, values = _narrow(wanted)
        wide, fields = self._wide(wanted)
        step = WIDE_ROWS if wide else NARROW_ROWS
        budget = step
        numbers: list[int] = []
        for run, first, last, mark in spans:
            if last < 0 and not run:
                return Lines(lines=tuple(self._whole(cursor, numbers)), after=mark, searched=step - budget)
            while last >= first:
                if budget <= 0 or len(numbers) >= rows:
                    lines = tuple(self._whole(cursor, numbers))
                    return Lines(lines=lines, after=f"{mark}{last + 1}", searched=step - budget)
                start = max(first, last - budget + 1)
                of_run = ["o.run || '' = %s"] if run else []  # the stretch of numbers is the shorter way
                cursor.execute(
                    "SELECT o.number FROM state_operation o "
                    f"{'JOIN state_operationvalues v ON v.number = o.number ' if wide else ''}"
                    f"WHERE o.number BETWEEN %s AND %s AND {' AND '.join([*of_run, *narrow, *wide])} "
                    f"ORDER BY o.number DESC LIMIT {rows - len(numbers)}",
                    [start, last, *([run] if run else []), *values, *fields],
                )
                found = [number for (number,) in cursor.fetchall()]
                is_full = len(numbers) + len(found) >= rows
                numbers += found
                reached = found[-1] if is_full else start
                budget -= last - reached + 1
                last = reached - 1
        return Lines(lines=tuple(self._whole(cursor, numbers)), searched=step - budget)

    def _wide(self, wanted: JournalWanted) -> tuple[list[str], list[Any]]:
        """A field is a key of the values' JSON."""
        if not wanted.field:
            return [], []
        key = '"' + wanted.field.replace("\\", "\\\\").replace('"', '\\"') + '":'
        before, after = (self._bulk.holds(f'v."{column}"') for column in ("before", "after"))
        return [f"({before} OR {after})"], [key, key]

    def _seq_at(self, cursor: Any, run: str, flow: str, after: int, count: int) -> int | None:
        """The seq that is `count` operations behind `after`, None where there are fewer."""
        cursor.execute(
            "SELECT seq FROM state_operation WHERE run = %s AND flow = %s AND seq > %s "
            f"ORDER BY seq LIMIT 1 OFFSET {count}",
            [run, flow, after],
        )
        row = cursor.fetchone()
        return row[0] if row else None

    def _whole(self, cursor: Any, numbers: list[int]) -> list[Told]:
        """These operations, newest first. Two statements."""
        if not numbers:
            return []
        condition, values = self._bulk.among("o.number", numbers)
        cursor.execute(f"{OPERATION} WHERE {condition}", values)
        operations = sorted(map(operation_of, cursor.fetchall()), key=lambda one: one.number, reverse=True)
        runs = sorted({one.run for one in operations})
        condition, values = self._bulk.among("run", runs)
        cursor.execute(f'SELECT run, integration, "by" FROM state_run WHERE {condition}', values)
        by_run = {run: (integration, by) for run, integration, by in cursor.fetchall()}
        return [
            Told(operation=one, integration=by_run.get(one.run, ("", ""))[0], by=by_run.get(one.run, ("", ""))[1])
            for one in operations
        ]


def _narrow(wanted: JournalWanted) -> tuple[list[str], list[Any]]:
    conditions, values = ["o.state NOT IN (%s, %s)"], list[Any](UNTOLD)
    for condition, value in (
        ("o.flow = %s", wanted.flow),
        ("o.action = %s", wanted.action.value if wanted.action else ""),
        ("o.state = %s", wanted.state.value if wanted.state else ""),
        ("o.at >= %s", wanted.since),
        ("o.at <= %s", wanted.until),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    if wanted.side is not None and not wanted.id:
        conditions.append("o.side = %s")
        values.append(wanted.side.value)
    return conditions, values
