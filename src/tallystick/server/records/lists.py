"""A list of records as a page shows it: searched, narrowed, sorted, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Func, QuerySet
from django.http import QueryDict

from tallystick.model.value import FieldType, Value
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.entry import Entry
from tallystick.server.records.models import Relation
from tallystick.server.records.pages import page_of
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.search import Matches, matches
from tallystick.server.records.titles import Titles
from tallystick.server.records.values import list_of, of_column
from tallystick.server.ui.paging import COUNTED, Page

SEARCH: Final = "q"
TIMES: Final = {"calendar_item": ("starts_at", "starts_on"), "task": ("due_on",)}
"""What is told of others' private records, by type."""
FEW: Final = COUNTED
SORTED: Final = 20_000
"""What a list is narrowed to is sorted whole up to so many: by a value, and by what other record is named. The latter
often stand together somewhere in the list, all assets of an account named alike, and far behind its first rows.
"""
WHOSE: Final = ("owner", "assignees")
"""Filters that ask whose time it is, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record in a list, its values as canonical texts."""

    id: str
    called: str
    version: int
    values: Mapping[str, Value]
    is_busy: bool = False  # a private one of somebody else: it has nothing but its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    kind: RecordType
    page: Page[Row]
    sort: str
    titles: Titles


def listing(kind: RecordType, actor: Actor, query: QueryDict, *, sort: str = "") -> Listing:
    """The page of live records that `query` asks for. Raises NotAllowed."""
    chosen = sorted_by(kind, query.get("sort", "") or sort)
    with_busy = _shows_busy(kind, query, chosen)
    seen = queries.seen_or_busy(kind, actor) if with_busy else queries.live(kind, actor)
    found = narrowed(seen, kind, query, sort=chosen)
    names = list(dict.fromkeys((*kind.shown, kind.title_field, chosen.removeprefix("-"))))
    attnames = {name: kind.fields[name].attname for name in names}
    columns = list(dict.fromkeys(("id", "number", "version", *attnames.values())))
    page = page_of(found, query, sort=chosen, columns=columns)
    ids = [row["id"] for row in page.rows]
    busy = set(queries.hidden(kind, actor).filter(pk__in=ids).values_list("pk", flat=True)) if with_busy else set()
    lines = [_row(kind, row, attnames, is_busy=row["id"] in busy) for row in page.rows]
    titles = Titles(actor)
    titles.load(kind, kind.shown, [row.values for row in lines])
    shown = Page(rows=lines, count=page.count, is_more=page.is_more, next=page.next, previous=page.previous)
    return Listing(kind=kind, page=shown, sort=chosen, titles=titles)


def _row(kind: RecordType, row: Mapping[str, Any], attnames: Mapping[str, str], *, is_busy: bool) -> Row:
    if is_busy:
        shown = {name: column for name, column in attnames.items() if name in TIMES[kind.name]}
        values = {name: of_column(kind.fields[name].type, row[column]) for name, column in shown.items()}
        return Row(id="", called="", version=0, values=dict.fromkeys(attnames) | values, is_busy=True)
    values = {name: of_column(kind.fields[name].type, row[column]) for name, column in attnames.items()}
    return Row(id=row["id"], called=kind.called(row["number"]), version=row["version"], values=values)


def _shows_busy(kind: RecordType, query: Mapping[str, Any], sort: str) -> bool:
    """Where a list is about time alone, others' private records show when somebody is busy. Anything else a list is
    searched, narrowed or sorted by would tell more of them.
    """
    if kind.name not in TIMES or sort.removeprefix("-") not in TIMES[kind.name]:
        return False
    return not any(str(query.get(name, "") or "") for name in (SEARCH, *kind.filters) if name not in WHOSE)


def sorted_by(kind: RecordType, wanted: str) -> str:
    """`name` or `-name`, of the columns this type can be sorted by; the type's own first one otherwise."""
    if wanted.removeprefix("-") in kind.sorts:
        return wanted
    first = kind.sorts[0]
    return f"-{first}" if first in ("number", "changed_at", "starts_at") else first


def narrowed(rows: QuerySet[Entry, Entry], kind: RecordType, query: Mapping[str, Any], *, sort: str = "") -> Matches:
    """Those that pass the search and the filters of an address; a filter that makes no sense is left out."""
    counted, most = rows, 0
    for name in kind.filters:
        value = str(query.get(name, "") or "")
        if value and "\0" not in value:
            rows = _filtered(rows, kind, name, value, sort.removeprefix("-"))
            counted = _filtered(counted, kind, name, value, "")  # in no order, so by the index of the filter
            most = max(most, FEW if kind.fields[name].refers_to is None else SORTED)
    words = str(query.get(SEARCH, "") or "")
    return matches(rows, kind, words, using=queries.HUB, counted=counted, most_sorted=most)


def _filtered(
    rows: QuerySet[Entry, Entry], kind: RecordType, name: str, value: str, sort: str
) -> QuerySet[Entry, Entry]:
    field = kind.fields[name]
    if field.type is FieldType.BOOLEAN:
        return rows.filter(**{name: value == "true"}) if value in ("true", "false") else rows
    if field.type is FieldType.LIST and field.refers_to is not None:
        related = Relation.objects.using(queries.HUB).filter(target=value, record_type=kind.name, field=name)
        return rows.filter(pk__in=related.values("record"))
    if field.type is FieldType.LIST:  # an element: it stands in the list in quotes
        return rows.filter(**{f"{name}__contains": list_of([value])[1:-1]})
    if field.codes is not None and sort and _is_in_order(kind, sort) and not _is_in_order(kind, name, sort):
        return rows.alias(wanted=_Plain(field.attname)).filter(wanted=value)
    return rows.filter(**{field.attname: value})


class _Plain(Func):
    """A column that SQLite looks up in no index. It does not know how many rows have a status, and would sort them all
    rather than read an index of the order until the page is full.
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def _is_in_order(kind: RecordType, *names: str) -> bool:
    """Whether an index begins with these columns."""
    return any(tuple(index.fields[: len(names)]) == names for index in kind.model._meta.indexes)
