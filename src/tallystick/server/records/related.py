"""What belongs to a record: every other record that refers to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, Q, Window
from django.urls import reverse

from tallystick.model.value import FieldType
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries, shown
from tallystick.server.records.codes import Title
from tallystick.server.records.ids import among, gathered
from tallystick.server.records.models import Employment, Relation
from tallystick.server.records.record_types import RECORD_TYPES, Field, RecordType
from tallystick.server.records.titles import Titles, url_of
from tallystick.server.records.values import of_column

SHOWN: Final = 5
COUNTED: Final = 1_000
NOTE_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedRow:
    called: str
    title: str
    url: str
    state: Any  # a badge, or nothing
    text: str = ""  # of a note


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Records of one type that name this one in one of their fields; the newest few of `count` (at most COUNTED)."""

    kind: RecordType
    field: Field
    title: Title
    rows: list[RelatedRow]
    count: int
    all_url: str  # the list of all of them; empty where it cannot be narrowed so
    new_url: str  # empty where this person may not make one


def related(kind: RecordType, actor: Actor, id_: str) -> list[Related]:
    """Everything that refers to the record and that the actor may see. Two queries for each kind of it."""
    return [found for found in _related(kind, actor, id_) if found.rows or found.new_url]


def _related(kind: RecordType, actor: Actor, id_: str) -> Iterator[Related]:
    for other in RECORD_TYPES:
        if not actor.may(other.permission("view")):
            continue
        for field in other.fields.values():
            if field.refers_to == kind.name and not _is_aside(field):
                yield _of(other, field, actor, id_)


def _is_aside(field: Field) -> bool:
    """References that would fill a page and tell little: the owner of everything, answers."""
    return field.name in ("author", "lead") and field.refers_to == "person"


def _of(other: RecordType, field: Field, actor: Actor, id_: str) -> Related:
    title = other.fields[other.title_field]
    state = next((other.fields[name] for name in ("status", "stage") if name in other.fields), None)
    more = [state.attname] if state else ["body"] if other.name == "note" else []
    columns = ["id", "number", title.attname, *more]
    found, count = _newest(other, field, actor, id_, columns)
    titles = Titles(actor)
    listed = [
        RelatedRow(
            called=other.called(row[1]),
            title=row[2] or other.called(row[1]),
            url=url_of(other, row[0]),
            state=shown.value(state, of_column(state.type, row[3]), titles) if state else "",
            text=row[3][:NOTE_CHARACTERS] if other.name == "note" else "",
        )
        for row in found
    ]
    query = urlencode({field.name: id_})
    is_filter = field.name in other.filters
    may_add = actor.may(other.permission("add")) and field.type is not FieldType.LIST and field.is_writable
    is_offered = may_add and field.name not in ("owner", "manager", "lead", "parent", "series", "author")
    return Related(
        kind=other,
        field=field,
        title=other.plural if not _is_second(other, field) else f"{other.plural}: {field.title}",
        rows=listed,
        count=count,
        all_url=f"{reverse('records:list', args=[other.name])}?{query}" if is_filter else "",
        new_url=f"{reverse('records:new', args=[other.name])}?{query}" if is_offered else "",
    )


def _newest(
    other: RecordType, field: Field, actor: Actor, id_: str, columns: Sequence[str]
) -> tuple[list[tuple[Any, ...]], int]:
    """Columns of the newest few that name the record in this field, and how many do, up to COUNTED.

    Up to COUNTED are gathered, then sorted. Asked for the newest at once, PostgreSQL would read every record of the
    type from the newest on, wherever it takes for many what is few or nothing.
    """
    live: Any = queries.live(other, actor)
    few, all_, ids, count = Q(), Q(), list[str](), 0
    if field.type is not FieldType.LIST:
        all_ = Q(**{field.attname: id_})
        few = gathered(live.filter(all_), COUNTED)
    if (beside := _told_beside(other, field, id_)) is not None:
        ids = list(beside[: COUNTED + 1])
        few, all_ = few | among(ids), all_ | Q(pk__in=beside)
    if len(ids) <= COUNTED:
        rows = live.filter(few).annotate(of=Window(Count("*"))).order_by("-number")
        found = list(rows.values_list(*columns, "of")[:SHOWN])
        count = found[0][-1] if found else 0
        if count < COUNTED:
            return [row[:-1] for row in found], count
    rows = live.filter(all_)
    newest = list(rows.order_by("-number").values_list(*columns)[:SHOWN])
    return newest, COUNTED if count else rows.order_by()[:COUNTED].count()


def _told_beside(other: RecordType, field: Field, id_: str) -> Any:
    """Ids of records that name this one in a row of another table, if this field has such rows."""
    if field.type is FieldType.LIST:
        relations = Relation.objects.using(queries.HUB).filter(target=id_, record_type=other.name, field=field.name)
        return relations.values_list("record", flat=True)
    if (other.name, field.name) == ("person", "account"):  # everybody who belongs to the company, main or not
        return Employment.objects.using(queries.HUB).filter(account=id_).values_list("person", flat=True)
    return None


def _is_second(other: RecordType, field: Field) -> bool:
    """Whether another field of the type refers to the same type before this one."""
    same = [one.name for one in other.fields.values() if one.refers_to == field.refers_to]
    return len(same) > 1
