"""Runs as people look through them: filtered, a page at a time, and how far one that is going has come.

A run may hold a million operations; nothing here reads more than a few rows of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.model.plan import LAST, OperationState, RunKind, RunStatus
from tallystick.server.state.codec import mapping
from tallystick.server.state.pages import At, Page, bounds, page
from tallystick.server.state.rows import Rows

LINE: Final = 'number, run, kind, integration, file, status, "by", started_at, finished_at, result, "of"'
RECENT: Final = 2_000
"""Operations over which the rate of a run that is going is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run without its document."""

    number: int
    run: str
    kind: RunKind
    integration: str
    file: str
    status: RunStatus
    by: str
    started_at: str
    finished_at: str
    result: Mapping[str, Any]
    of: str

    @property
    def is_going(self) -> bool:
        return self.status in (RunStatus.PLANNING, RunStatus.APPLYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    """Which runs; empty: any."""

    integration: str = ""
    kind: RunKind | None = None
    status: RunStatus | None = None
    by: str = ""
    since: str = ""  # started at or after
    until: str = ""  # started at or before


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far one flow's part of a run has come. `first_at` and `last_at` are of the operations `timed` is about."""

    flow: str
    status: RunStatus
    total: int = 0
    done: int = 0
    timed: int = 0
    first_at: str = ""
    last_at: str = ""
    counts: Mapping[str, Any] = field(default_factory=dict)


class HistoryRows(Rows):
    def runs_page(self, wanted: RunsWanted, at: At) -> Page[RunLine]:
        """Newest first. One statement."""
        conditions, values = _conditions(wanted)
        more, places, order = bounds(at, "number", is_descending=True)
        where = " AND ".join([*conditions, *more]) or "1 = 1"
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT {LINE} FROM state_run WHERE {where} {order}", [*values, *places])
            rows = cursor.fetchall()
        return page(rows, at, lambda row: int(row[0]), run_line)

    def run_line(self, run: str) -> RunLine | None:
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT {LINE} FROM state_run WHERE run = %s", [run])
            row = cursor.fetchone()
        return run_line(row) if row else None

    def run_by_start(self, start: str) -> list[str]:
        """The ids of runs that begin like this, at most ten."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT run FROM state_run WHERE run >= %s AND run < %s ORDER BY run LIMIT 10",
                [start, start + "\U0010ffff"],
            )
            return [run for (run,) in cursor.fetchall()]

    def undone_by(self, run: str) -> list[RunLine]:
        """The runs that undo this one or carry out its plan."""
        with self._database.reading() as cursor:
            cursor.execute(
                f'SELECT {LINE} FROM state_run WHERE "of" <> \'\' AND "of" = %s ORDER BY number LIMIT 20', [run]
            )
            return [run_line(row) for row in cursor.fetchall()]

    def people(self) -> list[str]:
        """Everybody who ever started a run."""
        with self._database.reading() as cursor:
            cursor.execute('SELECT DISTINCT "by" FROM state_run ORDER BY "by" LIMIT 200')
            return [by for (by,) in cursor.fetchall() if by]

    def integrations(self) -> list[str]:
        """Every integration that ever ran."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT DISTINCT integration FROM state_run ORDER BY integration LIMIT 500")
            return [name for (name,) in cursor.fetchall()]

    def newest_fingerprint(self, integration: str) -> str:
        """The fingerprint of the document of its newest run; empty when it never ran."""
        return self._of_newest("fingerprint", integration)

    def newest_document(self, integration: str) -> str:
        return self._of_newest("document", integration)

    def _of_newest(self, column: str, integration: str) -> str:
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {column} FROM state_run WHERE integration = %s ORDER BY number DESC LIMIT 1", [integration]
            )
            row = cursor.fetchone()
        return str(row[0]) if row else ""

    def newest(
        self, integration: str, statuses: Sequence[RunStatus] = (), kinds: Sequence[RunKind] = ()
    ) -> RunLine | None:
        """The newest run of the integration, of these statuses and kinds."""
        conditions, values = ["integration = %s"], [integration]
        for column, among in (("status", statuses), ("kind", kinds)):
            if among:
                conditions.append(f"{column} IN ({', '.join(['%s'] * len(among))})")
                values += [one.value for one in among]
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {LINE} FROM state_run WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT 1", values
            )
            row = cursor.fetchone()
        return run_line(row) if row else None

    def runs_since(self, moment: str, limit: int = 5_000) -> list[RunLine]:
        """Those started at or after the moment, newest first."""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {LINE} FROM state_run WHERE started_at >= %s ORDER BY started_at DESC LIMIT %s",
                [moment, limit],
            )
            return [run_line(row) for row in cursor.fetchall()]

    # --- how far a run has come

    def positions(self, run: str) -> list[Position]:
        """Each flow's part of the run, in the order they run.

        Operations are carried out in the order of their numbers, so a few looks tell where a run is.
        """
        with self._database.reading() as cursor:
            cursor.execute("SELECT flow, status, counts FROM state_flowrun WHERE run = %s ORDER BY number", [run])
            parts = cursor.fetchall()
            return [self._position(cursor, run, flow, RunStatus(status), counts) for flow, status, counts in parts]

    def _position(self, cursor: Any, run: str, flow: str, status: RunStatus, counts: str) -> Position:
        usual, last = self._ends(cursor, run, flow)
        total = usual + last
        done = total if status is not RunStatus.APPLYING else 0
        timed, first_at, last_at = 0, "", ""
        if status is RunStatus.APPLYING and total:
            done = self._begun(cursor, run, flow, 0, usual)
            if done == usual and last:
                done += self._begun(cursor, run, flow, LAST, last)
            first = max(0, done - RECENT)
            timed = done - first
            if timed > 1:
                first_at, last_at = (self._at(cursor, run, flow, place, usual) for place in (first, done - 1))
        return Position(
            flow=flow,
            status=status,
            total=total,
            done=done,
            timed=timed,
            first_at=first_at,
            last_at=last_at,
            counts=mapping(counts),
        )

    def _ends(self, cursor: Any, run: str, flow: str) -> tuple[int, int]:
        """How many operations were numbered: those that go first, and the deletions, which go last."""
        found = []
        for condition, start in (("seq < %s", 0), ("seq >= %s", LAST)):
            cursor.execute(
                "SELECT seq FROM state_operation "
                f"WHERE run = %s AND flow = %s AND {condition} ORDER BY seq DESC LIMIT 1",
                [run, flow, LAST],
            )
            row = cursor.fetchone()
            found.append(row[0] - start + 1 if row else 0)
        return found[0], found[1]

    def _begun(self, cursor: Any, run: str, flow: str, start: int, count: int) -> int:
        """How many of the operations from `start` on are no longer only planned; halving, for they go in order."""
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            cursor.execute(
                "SELECT seq, state FROM state_operation "
                "WHERE run = %s AND flow = %s AND seq >= %s ORDER BY seq LIMIT 1",
                [run, flow, start + middle],
            )
            row = cursor.fetchone()
            if row is None or row[0] >= start + high or row[1] == OperationState.PLANNED.value:
                high = middle
            else:
                low = row[0] - start + 1
        return low

    def _at(self, cursor: Any, run: str, flow: str, place: int, usual: int) -> str:
        seq = place if place < usual else LAST + place - usual
        cursor.execute(
            "SELECT at FROM state_operation WHERE run = %s AND flow = %s AND seq <= %s ORDER BY seq DESC LIMIT 1",
            [run, flow, seq],
        )
        row = cursor.fetchone()
        return str(row[0]) if row else ""


def run_line(row: tuple[Any, ...]) -> RunLine:
    number, run, kind, integration, file, status, by, started_at, finished_at, result, of = row
    return RunLine(
        number=number,
        run=run,
        kind=RunKind(kind),
        integration=integration,
        file=file,
        status=RunStatus(status),
        by=by,
        started_at=started_at,
        finished_at=finished_at,
        result=mapping(result),
        of=of,
    )


def _conditions(wanted: RunsWanted) -> tuple[list[str], list[Any]]:
    pairs = (
        ("integration = %s", wanted.integration),
        ("kind = %s", wanted.kind.value if wanted.kind else ""),
        ("status = %s", wanted.status.value if wanted.status else ""),
        ('"by" = %s', wanted.by),
        ("started_at >= %s", wanted.since),
        ("started_at <= %s", wanted.until),
    )
    asked = [(condition, value) for condition, value in pairs if value]
    return [condition for condition, _ in asked], [value for _, value in asked]
