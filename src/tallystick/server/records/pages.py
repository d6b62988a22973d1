"""Pages of lists sorted by a column that may be null: the rows with a value first, then the others.

Each part is read in the order of an index, so that a page costs the same wherever it is. Source: ui/paging.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Func, Q, QuerySet
from django.http import QueryDict

from tallystick.server.records.entry import Entry
from tallystick.server.records.search import Many, Matches
from tallystick.server.ui.paging import COUNTED, SIZE, Page, read_edge, turned_to

PART_COUNTED: Final = 200
"""Rows counted of a part, each of which is looked up by its id: more are shown as "200+"."""
_NULL: Final = "-"
_VALUE: Final = "="
_PLACE: Final = "place_in_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where a page ends: the value sorted by (None: among the rows without one) and the id."""

    value: Any
    id: str


def page_of(
    matches: Matches, query: QueryDict, *, sort: str, columns: list[str], size: int = SIZE
) -> Page[dict[str, Any]]:
    """The page that `query` asks for, as rows of `columns`; `sort` is one of them, "-" before it for descending.

    Rows are counted up to a limit. At most four queries, and more where very many are searched.
    """
    rows = matches.listed
    name, is_down = sort.removeprefix("-"), sort.startswith("-")
    most = PART_COUNTED if matches.is_part else COUNTED
    count = matches.counted.order_by()[: most + 1].count()
    if _is_sorted_whole(matches, count):
        rows = rows.alias(**{_PLACE: _Place(name)}) if count else rows.none()
    edge = _edge(rows, query.get("before", ""), name)
    is_back = edge is not None
    edge = edge or _edge(rows, query.get("after", ""), name)
    found = _rows(rows, edge, name, columns, size + 1, many=matches.many, is_down=is_down, is_back=is_back)
    has_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    has_next = is_back or has_more
    has_previous = has_more if is_back else edge is not None
    return Page(
        rows=found,
        count=min(max(count, len(found)), most),
        is_more=count > most or matches.is_part,
        next=_query(rows, query, "after", found[-1], name) if found and has_next else "",
        previous=_query(rows, query, "before", found[0], name) if found and has_previous else "",
    )


def _is_sorted_whole(matches: Matches, count: int) -> bool:
    """Whether what the list was narrowed to is few enough to be sorted, whatever PostgreSQL takes it for: asked for the
    first in the order of the list, it may read the whole list and find none of them.
    """
    if matches.is_part or not matches.most_sorted:
        return False
    if matches.most_sorted > COUNTED < count:
        count = matches.counted.order_by()[: matches.most_sorted + 1].count()
    return count <= matches.most_sorted


class _Place(Func):
    """A column to sort by that PostgreSQL finds in no index."""

    template = "%(expressions)s"
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="GREATEST(%(expressions)s, %(expressions)s)", **context)


def _rows(
    rows: QuerySet[Entry, Entry],
    edge: Edge | None,
    name: str,
    columns: list[str],
    count: int,
    *,
    many: Many | None,
    is_down: bool,
    is_back: bool,
) -> list[dict[str, Any]]:
    """The rows from the edge on, in the order read; backwards when `is_back`."""
    is_falling = is_down != is_back
    sign, way = ("-", "lt") if is_falling else ("", "gt")
    is_nullable = rows.model._meta.get_field(name).null
    parts = [True, False] if is_nullable else [True]  # with a value, without
    if is_back:
        parts.reverse()
    if edge is not None:
        parts = parts[parts.index(edge.value is not None) :] if is_nullable else parts
    found: list[dict[str, Any]] = []
    for has_value in parts:
        part = rows.filter(**{f"{name}__isnull": False}) if is_nullable and has_value else rows
        order = [f"{sign}{_PLACE if _PLACE in rows.query.annotations else name}", f"{sign}id"]
        if not has_value:
            part, order = rows.filter(**{f"{name}__isnull": True}), order if _PLACE in order[0] else order[1:]
        if edge is not None and (edge.value is not None) == has_value:
            part = part.filter(_beyond(edge, name, way) if has_value else Q(**{f"id__{way}": edge.id}))
        found += _taken(part.order_by(*order), many, columns, count - len(found))
        if len(found) >= count:
            break
    return found


def _taken(rows: QuerySet[Entry, Entry], many: Many | None, columns: list[str], count: int) -> list[dict[str, Any]]:
    """The first of the rows. Where they are searched on the way, ids come first: an index has these and the order."""
    if many is None:
        return list(rows.values(*columns)[:count])
    ids = many.first(rows, count)
    whole: Any = rows.model._default_manager.using(rows.db).filter(pk__in=ids).values(*columns)
    by_id = {row["id"]: row for row in whole}
    return [by_id[id_] for id_ in ids if id_ in by_id]


def _beyond(edge: Edge, name: str, way: str) -> Q:
    same = Q(**{name: edge.value, f"id__{way}": edge.id})
    return Q(**{f"{name}__{way}e": edge.value}) & (Q(**{f"{name}__{way}": edge.value}) | same)


def _edge(rows: QuerySet[Entry, Entry], text: str, name: str) -> Edge | None:
    key = read_edge(text, 2) if text else None
    if key is None:
        return None
    if key[0] == _NULL:
        return Edge(value=None, id=key[1])
    try:
        column: Any = rows.model._meta.get_field(name)
        value = column.to_python(key[0].removeprefix(_VALUE))
    except ValidationError:
        return None
    return Edge(value=value, id=key[1])


def _query(rows: QuerySet[Entry, Entry], query: QueryDict, name: str, row: dict[str, Any], column: str) -> str:
    value = row[column]
    shown = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return turned_to(query, name, [_NULL if value is None else _VALUE + shown, str(row["id"])])
