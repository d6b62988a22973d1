"""The link table: narrow rows in `state_link`, bases in `state_linkbase`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
from django.db import IntegrityError
from django.db.backends.utils import CursorWrapper

from tallystick.errors import TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, LinkState
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import LINK_MARKS, LinkTaken
from tallystick.server.state.bulk import chunks
from tallystick.server.state.codec import mapping, of_values, text_of
from tallystick.server.state.rows import Rows

MARKS_PER_BATCH = 16_384
LINKS_PER_PAGE = 1_000
NARROW = (
    "number",
    "scope_id",
    "left_id",
    "right_id",
    "left_fingerprint",
    "right_fingerprint",
    "left_version",
    "right_version",
    "is_active",
    "cause",
    "turns",
    "last_side",
)
WIDE = ("number", "left", "right", "evidence")
NARROW_CHANGES = {
    "left_fingerprint": "bigint",
    "right_fingerprint": "bigint",
    "left_version": "text",
    "right_version": "text",
    "is_active": "boolean",
    "cause": "text",
    "turns": "integer",
    "last_side": "text",
}
WIDE_CHANGES = dict.fromkeys(WIDE[1:], "text")
WHOLE = (
    "SELECT n.number, n.left_id, n.right_id, n.left_fingerprint, n.right_fingerprint, n.left_version, "
    'n.right_version, n.is_active, n.cause, n.turns, n.last_side, b."left", b."right", b.evidence '
    "FROM state_link n JOIN state_linkbase b ON b.number = n.number"
)


class LinkRows(Rows):
    def link_marks(self, scope: Scope) -> Iterator[pa.RecordBatch]:
        columns = ", ".join(self._bulk.gathered(name) for name in LINK_MARKS.names)
        after = 0
        while True:
            with self._database.reading() as cursor:
                cursor.execute(
                    f"SELECT {columns} FROM (SELECT number, left_id, right_id, left_fingerprint, right_fingerprint, "
                    "CASE WHEN is_active THEN 1 ELSE 0 END AS is_active FROM state_link "
                    "WHERE scope_id = %s AND number > %s ORDER BY number LIMIT %s) marks",
                    [self._known(cursor, scope), after, MARKS_PER_BATCH],
                )
                gathered = cursor.fetchone()
            batch = record_batch(gathered, LINK_MARKS)
            if not batch.num_rows:
                return
            yield batch
            after = batch.column("number")[-1].as_py()

    def versions(self, scope: Scope, side: Side) -> Mapping[str, str]:
        with self._database.reading() as cursor:
            number = self._known(cursor, scope)
            cursor.execute(
                "SELECT record, version FROM state_unlinked WHERE scope_id = %s AND side = %s AND version IS NOT NULL",
                [number, side.value],
            )
            known: dict[str, str] = dict(cursor.fetchall())
            cursor.execute(
                f"SELECT {side}_id, {side}_version FROM state_link "
                f"WHERE scope_id = %s AND is_active AND {side}_version IS NOT NULL",
                [number],
            )
            while rows := cursor.fetchmany(MARKS_PER_BATCH):
                known.update(rows)
            return known

    def links(self, scope: Scope, numbers: Sequence[int]) -> list[Link]:
        condition, values = self._bulk.among("n.number", numbers)
        return self._found(scope, condition, values)

    def links_of(self, scope: Scope, side: Side, ids: Sequence[str]) -> list[Link]:
        condition, values = self._bulk.among(f"n.{side}_id", ids, is_id=True)
        return self._found(scope, condition, values)

    def _found(self, scope: Scope, condition: str, values: list[Any]) -> list[Link]:
        with self._database.reading() as cursor:
            known = self._known(cursor, scope)
            # Sorted here: asked for an order, SQLite would walk the whole scope in that order.
            cursor.execute(f"{WHOLE} WHERE n.scope_id = %s AND {condition}", [known, *values])
            return sorted(map(link_of, cursor.fetchall()), key=lambda link: link.number)

    def all_links(self, scope: Scope) -> Iterator[Link]:
        after = 0
        while True:
            with self._database.reading() as cursor:
                cursor.execute(
                    f"{WHOLE} WHERE n.scope_id = %s AND n.number > %s ORDER BY n.number LIMIT %s",
                    [self._known(cursor, scope), after, LINKS_PER_PAGE],
                )
                rows = cursor.fetchall()
            if not rows:
                return
            yield from map(link_of, rows)
            after = rows[-1][0]

    def replace_links(self, scope: Scope, links: Iterable[Link]) -> int:
        count = linked = 0
        with self._database.writing() as cursor:
            number = self._locked(cursor, scope)
            cursor.execute(
                "DELETE FROM state_linkbase WHERE number IN (SELECT number FROM state_link WHERE scope_id = %s)",
                [number],
            )
            for table in ("state_link", "state_matchkey", "state_unlinked"):
                cursor.execute(f"DELETE FROM {table} WHERE scope_id = %s", [number])
            for chunk in chunks(links):
                self._insert_links(cursor, number, chunk)
                count += len(chunk)
                linked += sum(link.state is LinkState.ACTIVE for link in chunk)
            cursor.execute(
                "UPDATE state_scope SET linked = %s, cursors = '{}', last_full_at = '' WHERE number = %s",
                [linked, number],
            )
        return count

    # --- within a transaction that holds the scope's row

    def _change_links(self, cursor: CursorWrapper, scope: int, links: Sequence[Link], removed: Sequence[int]) -> None:
        """Removes, then replaces, then inserts. Raises LinkTaken; then the transaction must not be kept."""
        changed = [link for link in links if link.number]
        fresh = [link for link in links if not link.number]
        before = self._active(cursor, scope, [*removed, *(link.number for link in changed)])
        if removed:
            condition, values = self._bulk.among("number", removed)
            cursor.execute(f"DELETE FROM state_linkbase WHERE {condition}", values)
            cursor.execute(f"DELETE FROM state_link WHERE {condition}", values)
        if changed:
            self._update_links(cursor, scope, changed)
        if fresh:
            self._insert_links(cursor, scope, fresh)
        after = sum(link.state is LinkState.ACTIVE for link in links)
        if after != before:
            cursor.execute("UPDATE state_scope SET linked = linked + %s WHERE number = %s", [after - before, scope])

    def _active(self, cursor: CursorWrapper, scope: int, numbers: Sequence[int]) -> int:
        """How many of the numbered links are active."""
        if not numbers:
            return 0
        condition, values = self._bulk.among("number", numbers)
        cursor.execute(
            f"SELECT COUNT(*) FROM state_link WHERE scope_id = %s AND is_active AND {condition}", [scope, *values]
        )
        count: int = cursor.fetchone()[0]
        return count

    def _insert_links(self, cursor: CursorWrapper, scope: int, links: Sequence[Link]) -> None:
        numbers = list(self._bulk.numbers(cursor, "state_link", len(links)))
        try:
            with self._database.part():
                rows = [(number, scope, *_narrow(link)) for number, link in zip(numbers, links, strict=True)]
                self._bulk.insert(cursor, "state_link", NARROW, rows)
        except IntegrityError as error:
            raise self._taken(cursor, scope, links) from error
        wide = [(number, *_wide(link)) for number, link in zip(numbers, links, strict=True)]
        self._bulk.insert(cursor, "state_linkbase", WIDE, wide)

    def _update_links(self, cursor: CursorWrapper, scope: int, links: Sequence[Link]) -> None:
        condition, values = self._bulk.among("number", [link.number for link in links])
        cursor.execute(
            f"SELECT number, left_id, right_id FROM state_link WHERE scope_id = %s AND {condition}", [scope, *values]
        )
        ids = {number: (left, right) for number, left, right in cursor.fetchall()}
        moved = []
        for link in links:
            if link.number not in ids:
                raise TallystickError(f"The link table has no link {link.number}; it cannot be replaced.")
            if ids[link.number] != (_id(link.left), _id(link.right)):
                moved.append(link)
        try:
            with self._database.part():
                self._move_ids(cursor, moved)
        except IntegrityError as error:
            raise self._taken(cursor, scope, links) from error
        narrow = [(*_narrow(link)[2:], link.number) for link in links]
        self._bulk.update(cursor, "state_link", NARROW_CHANGES, narrow)
        self._bulk.update(cursor, "state_linkbase", WIDE_CHANGES, [(*_wide(link), link.number) for link in links])

    def _move_ids(self, cursor: CursorWrapper, links: Sequence[Link]) -> None:
        """Frees all ids first: two links may swap theirs."""
        if not links:
            return
        condition, values = self._bulk.among("number", [link.number for link in links])
        cursor.execute(f"UPDATE state_link SET left_id = NULL, right_id = NULL WHERE {condition}", values)
        ids = [(_id(link.left), _id(link.right), link.number) for link in links]
        self._bulk.update(cursor, "state_link", {"left_id": "text", "right_id": "text"}, ids)

    def _taken(self, cursor: CursorWrapper, scope: int, links: Sequence[Link]) -> LinkTaken | TallystickError:
        """Which of the links' ids another link of the scope has."""
        own = {link.number for link in links}
        for side in SIDES:
            ids = [end.id for link in links if (end := link.end(side)) is not None]
            condition, values = self._bulk.among(f"{side}_id", ids, is_id=True)
            cursor.execute(
                f"SELECT number, {side}_id FROM state_link WHERE scope_id = %s AND {condition}", [scope, *values]
            )
            held = {id_ for number, id_ in cursor.fetchall() if number not in own}
            seen: set[str] = set()
            for id_ in ids:
                if id_ in held or id_ in seen:
                    return LinkTaken(side, id_)
                seen.add(id_)
        return TallystickError("The link table refused links whose ids are free.")


def record_batch(gathered: Sequence[str | None], schema: pa.Schema) -> pa.RecordBatch:
    """The batch whose columns came as JSON arrays; booleans as 0 and 1."""
    arrays = []
    for text, field in zip(gathered, schema, strict=True):
        values = orjson.loads(text or "[]")
        is_flag = pa.types.is_boolean(field.type)
        arrays.append(pa.array(values, pa.int8()).cast(field.type) if is_flag else pa.array(values, field.type))
    return pa.record_batch(arrays, schema=schema)


def _id(end: LinkEnd | None) -> str | None:
    return end.id if end is not None else None


def _narrow(link: Link) -> tuple[Any, ...]:
    """The values of the columns NARROW, number and scope aside."""
    left, right = link.left, link.right
    return (
        left.id if left else None,
        right.id if right else None,
        left.fingerprint if left else None,
        right.fingerprint if right else None,
        left.version if left else None,
        right.version if right else None,
        link.state is LinkState.ACTIVE,
        link.cause,
        link.turns,
        link.last_side.value if link.last_side else None,
    )


def _wide(link: Link) -> tuple[Any, ...]:
    """The values of the columns WIDE, number aside."""
    return (
        of_values(link.left.base) if link.left else None,
        of_values(link.right.base) if link.right else None,
        text_of(link.evidence) if link.evidence else None,
    )


def link_of(row: tuple[Any, ...]) -> Link:
    """The link of a row of WHOLE."""
    number, left_id, right_id, left_mark, right_mark, left_version, right_version = row[:7]
    is_active, cause, turns, last_side, left, right, evidence = row[7:]
    return Link(
        number=number,
        left=_end(left_id, left_mark, left, left_version),
        right=_end(right_id, right_mark, right, right_version),
        state=LinkState.ACTIVE if is_active else LinkState.DORMANT,
        cause=cause,
        evidence=mapping(evidence),
        turns=turns,
        last_side=Side(last_side) if last_side else None,
    )


def _end(id_: str | None, fingerprint: int, base: str | None, version: str | None) -> LinkEnd | None:
    if id_ is None:
        return None
    return LinkEnd(id=id_, fingerprint=fingerprint, base=mapping(base), version=version)
