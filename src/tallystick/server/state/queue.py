"""The queue of questions as people look through it: filtered, a page at a time, with those that are alike counted.

Every statement is answered by an index of the review table, but for words of one or two characters, which are looked
for in the order of the list. Pages count no further than COUNTED.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tallystick.model.flow import Scope
from tallystick.model.plan import Review, ReviewKind, ReviewStatus
from tallystick.server.state.grams import FEW, REVIEW_WORDS, looked_up, statement
from tallystick.server.state.likeness import folded
from tallystick.server.state.pages import At, Page, bounds, page
from tallystick.server.state.reviews import REVIEW, review_of
from tallystick.server.state.rows import Rows

COLUMNS = ", ".join(f"r.{name}" for name in REVIEW.split(", "))
COUNTED: Final = 1_000
"""What pages count up to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which questions; empty: any."""

    status: ReviewStatus | None = ReviewStatus.OPEN
    kinds: tuple[ReviewKind, ...] = ()
    integration: str = ""
    flow: str = ""
    text: str = ""  # words it shows, any case
    until: str = ""  # asked at or before this moment
    since: str = ""  # asked at or after it
    by: str = ""  # decided by this person
    like: int | None = None  # alike to this question, itself among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with where it was asked, and how many open ones are alike (up to COUNTED), itself among them."""

    review: Review
    scope: Scope
    alike: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many questions are open: of each kind, of each (integration, flow). Each is counted up to `most`."""

    kinds: dict[ReviewKind, int] = field(default_factory=dict)
    flows: dict[tuple[str, str], int] = field(default_factory=dict)
    most: int | None = None

    @property
    def total(self) -> int:
        return sum(self.kinds.values())

    def of(self, integration: str) -> int:
        return sum(count for (name, _flow), count in self.flows.items() if name == integration)

    @property
    def is_more(self) -> bool:
        """Than `total`."""
        return self.most is not None and any(count >= self.most for count in self.kinds.values())


class QueueRows(Rows):
    def waiting(self, most: int | None = COUNTED) -> Waiting:
        """What waits for a person. Two statements; without `most` they read all that is open."""
        end = f"LIMIT {most}" if most is not None else ""
        open_ones = "SELECT COUNT(*) FROM (SELECT 1 FROM state_review r WHERE r.status = 'open' AND"
        with self._database.reading() as cursor:
            of_kinds = (f"SELECT '{kind.value}', ({open_ones} r.kind = '{kind.value}' {end}) q)" for kind in ReviewKind)
            cursor.execute(" UNION ALL ".join(of_kinds))
            kinds = {ReviewKind(kind): count for kind, count in cursor.fetchall() if count}
            cursor.execute(
                f"SELECT s.integration, s.flow, ({open_ones} r.scope_id = s.number {end}) q) "
                "FROM state_scope s ORDER BY s.integration, s.flow"
            )
            flows: dict[tuple[str, str], int] = {}
            for integration, flow, count in cursor.fetchall():
                if count:
                    flows[integration, flow] = flows.get((integration, flow), 0) + count
        return Waiting(kinds=kinds, flows=flows, most=most)

    def waiting_count(self, most: int) -> int:
        """How many questions are open, counted up to `most`. One statement."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT COUNT(*) FROM (SELECT number FROM state_review WHERE status = 'open' LIMIT %s) AS waiting",
                [most],
            )
            return int(cursor.fetchone()[0])

    def questions(self, wanted: Wanted, at: At) -> Page[Asked]:
        """A page: the open ones oldest first, the answered ones by their number, newest first. Two or three statements.

        `alike` is told of open ones.
        """
        is_open = wanted.status is ReviewStatus.OPEN
        with self._database.reading() as cursor:
            conditions, values = self._conditions(cursor, wanted)
            more, places, order = bounds(at, "r.number", is_descending=not is_open)
            where = " AND ".join([*conditions, *more]) or "1 = 1"
            cursor.execute(
                f"SELECT {COLUMNS}, s.integration, s.flow, s.instance, r.scope_id, r.likeness FROM state_review r "
                f"JOIN state_scope s ON s.number = r.scope_id WHERE {where} {order}",
                [*values, *places],
            )
            rows = cursor.fetchall()
            alike = self._alike(cursor, rows) if is_open else {}
        return page(rows, at, lambda row: int(row[0]), lambda row: _asked(row, alike))

    def answered(self, wanted: Wanted, after: tuple[str, int] | None, rows: int) -> list[Asked]:
        """Answered questions, the newest answer first, those behind `after` (when decided, number)."""
        with self._database.reading() as cursor:
            conditions, values = self._conditions(cursor, replace(wanted, status=ReviewStatus.DECIDED))
            if after is not None:
                conditions.append("(r.decided_at < %s OR (r.decided_at = %s AND r.number < %s))")
                values += [after[0], after[0], after[1]]
            cursor.execute(
                f"SELECT {COLUMNS}, s.integration, s.flow, s.instance, r.scope_id, r.likeness FROM state_review r "
                f"JOIN state_scope s ON s.number = r.scope_id WHERE {' AND '.join(conditions)} "
                "ORDER BY r.decided_at DESC, r.number DESC LIMIT %s",
                [*values, rows],
            )
            return [_asked(row, {}) for row in cursor.fetchall()]

    def question(self, number: int) -> Asked | None:
        """One question of any status. Two statements."""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {COLUMNS}, s.integration, s.flow, s.instance, r.scope_id, r.likeness FROM state_review r "
                "JOIN state_scope s ON s.number = r.scope_id WHERE r.number = %s",
                [number],
            )
            row = cursor.fetchone()
            return _asked(row, self._alike(cursor, [row])) if row else None

    def neighbours(self, wanted: Wanted, number: int) -> tuple[int | None, int | None]:
        """The questions of the list before and after this one, which need not be of it."""
        found: list[int | None] = []
        is_open = wanted.status is ReviewStatus.OPEN
        with self._database.reading() as cursor:
            conditions, values = self._conditions(cursor, wanted)
            for at in (At(before=number, rows=1), At(after=number, rows=1)):
                more, places, order = bounds(at, "r.number", is_descending=not is_open)
                cursor.execute(
                    f"SELECT r.number FROM state_review r WHERE {' AND '.join([*conditions, *more])} {order}",
                    [*values, *places],
                )
                row = cursor.fetchone()
                found.append(row[0] if row else None)
        return found[0], found[1]

    def alike(self, number: int, limit: int) -> list[int]:
        """The numbers of the open questions alike to this one, itself first, the others oldest first."""
        with self._database.reading() as cursor:
            conditions, values = self._conditions(cursor, Wanted(like=number))
            cursor.execute(
                f"SELECT r.number FROM state_review r WHERE {' AND '.join(conditions)} AND r.number <> %s "
                "ORDER BY r.number LIMIT %s",
                [*values, number, limit],
            )
            return [number, *(row[0] for row in cursor.fetchall())]

    def about_record(self, system_scopes: Sequence[tuple[int, str]], id_: str) -> list[Asked]:
        """The open questions about the record: `system_scopes` are (number of scope, side) it may be in.

        Found by its id, which the index of what is open would hide from SQLite.
        """
        found: list[Asked] = []
        with self._database.reading() as cursor:
            for scope, side in system_scopes:
                condition, values = self._bulk.among(f"r.{side}_id", [id_], is_id=True)
                cursor.execute(
                    f"SELECT {COLUMNS}, s.integration, s.flow, s.instance, r.scope_id, r.likeness FROM state_review r "
                    f"JOIN state_scope s ON s.number = r.scope_id "
                    f"WHERE r.scope_id = %s AND r.status || '' = 'open' AND {condition} ORDER BY +r.number LIMIT 50",
                    [scope, *values],
                )
                found += [_asked(row, {}) for row in cursor.fetchall()]
        return found

    # --- inside

    def _alike(self, cursor: Any, rows: Sequence[tuple[Any, ...]]) -> dict[tuple[int, str], int]:
        places = {(row[-2], ReviewKind(row[2]).value, row[-1]) for row in rows if row[9] == ReviewStatus.OPEN.value}
        if not places:
            return {}
        one = (
            "SELECT %s, (SELECT COUNT(*) FROM (SELECT 1 FROM state_review WHERE status = 'open' "
            f"AND scope_id = %s AND kind = %s AND likeness = %s LIMIT {COUNTED}) q)"
        )
        ordered = sorted(places)
        cursor.execute(
            " UNION ALL ".join([one] * len(ordered)),
            [value for at, place in enumerate(ordered) for value in (at, *place)],
        )
        return {(ordered[at][0], ordered[at][2]): many for at, many in cursor.fetchall()}

    def _conditions(self, cursor: Any, wanted: Wanted) -> tuple[list[str], list[Any]]:
        conditions: list[str] = []
        values: list[Any] = []
        if wanted.status is not None:
            conditions.append("r.status = %s")
            values.append(wanted.status.value)
        if wanted.like is not None:
            cursor.execute("SELECT scope_id, kind, likeness FROM state_review WHERE number = %s", [wanted.like])
            row = cursor.fetchone()
            conditions.append("r.scope_id = %s AND r.kind = %s AND r.likeness = %s")
            values += row if row else (-1, "", "")
        if wanted.kinds:
            conditions.append(f"r.kind IN ({', '.join(['%s'] * len(wanted.kinds))})")
            values += [kind.value for kind in wanted.kinds]
        if wanted.integration or wanted.flow:
            scopes = self._scopes(cursor, wanted.integration, wanted.flow)
            conditions.append(f"r.scope_id IN ({', '.join(map(str, scopes)) or '-1'})")
        for moment, comparison in ((wanted.until, "<="), (wanted.since, ">=")):
            if moment:
                conditions.append(f"r.since {comparison} %s")
                values.append(moment)
        if wanted.by:
            conditions.append("r.decided_by = %s")
            values.append(wanted.by)
        words = folded(wanted.text).split()[:8]
        is_open = wanted.status is ReviewStatus.OPEN
        selected = statement(self._bulk, REVIEW_WORDS, "number", words) if is_open else None
        if selected is not None and len(numbers := looked_up(cursor, selected)) <= FEW:
            condition, found = self._bulk.among("r.number", numbers)
            return [*conditions, condition], [*values, *found]
        for word in words:
            conditions.append(self._bulk.holds("r.words"))
            values.append(word)
        return conditions, values

    def _scopes(self, cursor: Any, integration: str, flow: str) -> list[int]:
        pairs = (("integration", integration), ("flow", flow))
        asked = {column: value for column, value in pairs if value}
        where = " AND ".join(f"{column} = %s" for column in asked)
        cursor.execute(f"SELECT number FROM state_scope WHERE {where}", list(asked.values()))
        return [int(number) for (number,) in cursor.fetchall()]


def _asked(row: tuple[Any, ...], alike: dict[tuple[int, str], int]) -> Asked:
    width = len(REVIEW.split(", "))
    integration, flow, instance, scope, likeness = row[width:]
    return Asked(
        review=review_of(row[:width]),
        scope=Scope(integration=integration, flow=flow, instance=instance),
        alike=alike.get((scope, likeness), 1),
    )
