"""The statements behind a change: rows in and out many at a time, numbers, history, references, search words."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any, Final

import orjson
from django.db import connections
from django.db.models import F

from tallystick.model.value import FieldType, Value
from tallystick.server.records.domain.steps import GOING, Author, Doing, Draft, Row
from tallystick.server.records.models import Change, Numbering, Relation, SearchText
from tallystick.server.records.record_types import RecordType, reference_lists
from tallystick.server.records.values import listed, of_column, to_column
from tallystick.server.state.bulk import bulk_for

ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when something is written."""

    using: str  # Django's database alias
    now: datetime

    @property
    def is_postgresql(self) -> bool:
        return connections[self.using].vendor == "postgresql"


def rows(
    kind: RecordType, ids: Sequence[str], place: Place, *, is_kept: bool = True, only: Sequence[str] | None = None
) -> dict[str, Row]:
    """Those with these ids, gone or not; kept from other writers until the transaction ends. `only`: these values."""
    own = kind.own if only is None else only
    fields = kind.fields
    columns = ["id", "number", "version", "gone_why", "merged_into", *(fields[name].attname for name in own)]
    types = [fields[name].type for name in own]
    found: dict[str, Row] = {}
    for start in range(0, len(ids), ROWS_AT_ONCE):
        query = kind.model._default_manager.using(place.using).filter(pk__in=ids[start : start + ROWS_AT_ONCE])
        if is_kept and place.is_postgresql:
            query = query.select_for_update(of=("self",)).order_by("pk")
        for id_, number, version, gone_why, merged_into, *values in query.values_list(*columns):
            found[id_] = Row(
                id=id_,
                number=number,
                version=version,
                gone_why=gone_why,
                merged_into=merged_into,
                values={name: of_column(t, v) for name, t, v in zip(own, types, values, strict=True)},
            )
    return found


def numbers(kind: RecordType, count: int, place: Place) -> range:
    """The next `count` numbers of this type."""
    if count == 0:
        return range(0)
    kept = Numbering.objects.using(place.using).filter(record_type=kind.name)
    if not kept.update(last=F("last") + count):
        Numbering.objects.using(place.using).bulk_create(
            [Numbering(record_type=kind.name, last=0)], ignore_conflicts=True
        )
        kept.update(last=F("last") + count)
    last: int = kept.values_list("last", flat=True).get()
    return range(last - count + 1, last + 1)


def insert(kind: RecordType, drafts: Sequence[Draft], given: Sequence[int], author: Author, place: Place) -> None:
    """New rows."""
    if not drafts:
        return
    connection = connections[place.using]
    columns = {column.name: column for column in kind.model._meta.concrete_fields}
    now = columns["created_at"].get_db_prep_save(place.now, connection)
    kept = {
        "version": 1,
        "created_at": now,
        "created_by": author.by,
        "changed_at": now,
        "changed_by": author.by,
        "creator": author.by_id,
    }
    turns = [(name, _turn(kind.fields[name].type, columns[name], connection)) for name in kind.own]
    names = ["id", "number", *kept, *(kind.fields[name].attname for name in kind.own)]
    rows = (
        (draft.id, number, *kept.values(), *(turn(draft.after[name]) for name, turn in turns))
        for draft, number in zip(drafts, given, strict=True)
    )
    _insert(kind.model._meta.db_table, names, rows, place)


def _insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], place: Place) -> None:
    with connections[place.using].cursor() as cursor:
        bulk_for(place.using).insert(cursor, table, columns, rows)


def _turn(type_: FieldType, column: Any, connection: Any) -> Callable[[Value], Any]:
    """From canonical text to what the database's driver takes."""
    if type_ in (FieldType.TEXT, FieldType.LIST, FieldType.JSON):
        return lambda value: value
    if type_ in (FieldType.INTEGER, FieldType.BOOLEAN):
        return lambda value: to_column(type_, value)
    return lambda value: None if value is None else column.get_db_prep_save(to_column(type_, value), connection)


def update(kind: RecordType, drafts: Sequence[Draft], author: Author, place: Place) -> None:
    """Rows that are there get their new values, version and stamps."""
    connection = connections[place.using]
    quote = connection.ops.quote_name
    fields = kind.fields
    table = quote(kind.model._meta.db_table)
    columns = {column.name: column for column in kind.model._meta.concrete_fields}
    by_shape: dict[tuple[str, ...], list[list[Any]]] = {}
    for draft in drafts:
        if draft.row is None:
            raise ValueError("only a row that is there is updated")
        changed = tuple(draft.changes)
        values: list[Any] = [
            columns[name].get_db_prep_save(to_column(fields[name].type, draft.after[name]), connection)
            for name in changed
        ]
        shape = (*(fields[name].attname for name in changed), "version", "changed_at", "changed_by")
        stamp = columns["changed_at"].get_db_prep_save(place.now, connection)
        values += [draft.row.version + 1, stamp, author.by]
        if draft.doing in GOING:
            shape += ("gone_at", "gone_by", "gone_why", "merged_into")
            values += [stamp, author.by, str(draft.doing), draft.step.into]
        elif not draft.row.is_live:
            shape += ("gone_at", "gone_by", "gone_why", "merged_into")
            values += [None, None, None, None]
        by_shape.setdefault(shape, []).append([*values, draft.id])
    with connection.cursor() as cursor:
        for shape, parameters in by_shape.items():
            assignments = ", ".join(f"{quote(name)} = %s" for name in shape)
            cursor.executemany(f"UPDATE {table} SET {assignments} WHERE id = %s", parameters)


def remember(kind: RecordType, drafts: Iterable[Draft], author: Author, place: Place) -> None:
    """One row of history for each."""
    transaction = 0
    if place.is_postgresql:
        with connections[place.using].cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            transaction = int(cursor.fetchone()[0])
    at = Change._meta.get_field("at").get_db_prep_save(place.now, connections[place.using])
    same = (kind.name, at, author.by, author.by_id, author.via, author.run, transaction)
    columns = ("record_type", "at", "by", "by_id", "via", "run", "transaction")
    own = ("record", "version", "action", "key", "reason", "changes")
    rows = (
        (
            *same,
            draft.id,
            1 if draft.row is None else draft.row.version + 1,
            str(draft.doing),
            draft.step.key,
            draft.step.reason,
            orjson.dumps(draft.changes).decode(),
        )
        for draft in drafts
    )
    _insert(Change._meta.db_table, [*columns, *own], rows, place)


def relate(kind: RecordType, drafts: Sequence[Draft], place: Place) -> None:
    """Keeps the rows behind lists of references in step with them."""
    for field in reference_lists(kind):
        changed = [draft for draft in drafts if draft.is_changed(field.name)]
        old = [draft.id for draft in changed if draft.row is not None]
        kept = Relation.objects.using(place.using)
        for start in range(0, len(old), ROWS_AT_ONCE):
            kept.filter(record__in=old[start : start + ROWS_AT_ONCE], field=field.name).delete()
        rows = [
            (kind.name, draft.id, field.name, target, position)
            for draft in changed
            for position, target in enumerate(listed(draft.after[field.name]))
        ]
        if rows:
            columns = ("record_type", "record", "field", "target", "position")
            _insert(Relation._meta.db_table, columns, rows, place)


def index(kind: RecordType, drafts: Sequence[Draft], place: Place) -> None:
    """Keeps what records are found by."""
    changed = [draft for draft in drafts if draft.row is None or draft.is_changed(*kind.searched)]
    old = [draft.id for draft in changed if draft.row is not None]
    for start in range(0, len(old), ROWS_AT_ONCE):
        SearchText.objects.using(place.using).filter(record__in=old[start : start + ROWS_AT_ONCE]).delete()
    rows = [(draft.id, kind.name, search_text(kind, draft.after)) for draft in changed]
    if rows:
        _insert(SearchText._meta.db_table, ("record", "record_type", "text"), rows, place)


def search_text(kind: RecordType, values: dict[str, Value]) -> str:
    texts = (values.get(name) for name in kind.searched)
    return "\n".join([type_mark(kind.name), *(folded(text)[:400] for text in texts if text)])


def type_mark(name: str) -> str:
    """Three characters nobody types, by which the index of texts finds records of a type; two may have the same."""
    return "\x02" + md5(name.encode(), usedforsecurity=False).hexdigest()[:2]


def folded(text: str) -> str:
    """Without case, accents and marks, so that `muller` finds Müller."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def changes_of(text: str) -> dict[str, tuple[Value, Value]]:
    """What `Change.changes` holds."""
    return {name: (before, after) for name, (before, after) in json.loads(text).items()}


def answered(keys: Sequence[str], place: Place) -> dict[str, str]:
    """Idempotency key of an earlier create -> the record it made."""
    found = Change.objects.using(place.using).filter(key__in=keys, action=str(Doing.CREATE))
    return {str(key): record for key, record in found.values_list("key", "record")}
