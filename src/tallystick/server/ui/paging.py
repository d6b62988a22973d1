"""Pages of lists that may have a million rows: by key instead of by number, with a count that stops counting.

`?after=` and `?before=` hold the key of the row at the edge; a page costs the same wherever it is.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.http import QueryDict

SIZE: Final = 50
COUNTED: Final = 1_000
"""Rows counted at most; more are shown as "1,000+"."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """`next` and `previous` are query strings without "?", empty where there is no such page."""

    rows: Sequence[Row]
    count: int
    is_more: bool  # than `count`
    next: str
    previous: str

    def __len__(self) -> int:
        return len(self.rows)


M = TypeVar("M", bound=Model)


def page_of(
    rows: QuerySet[M, M],
    query: QueryDict,
    *,
    order: Sequence[str],
    size: int = SIZE,
    counted: int = COUNTED,
) -> Page[M]:
    """The page that `query` asks for; two queries.

    `order`: fields of the table itself, "-" before one that descends, none of them nullable, the last one unique.
    A key that cannot be read gives the first page.
    """
    model = rows.model
    fields = [(_field(model, name.removeprefix("-")), name.startswith("-")) for name in order]
    count = rows.order_by()[: counted + 1].count()
    key = _read(query.get("before", ""), fields)
    is_back = key is not None
    key = key or _read(query.get("after", ""), fields)
    found = rows
    if key is not None:
        found = found.filter(_beyond(fields, key, is_back=is_back))
    turned = [_turned(name) for name in order] if is_back else order
    taken = list(found.order_by(*turned)[: size + 1])
    has_more, taken = len(taken) > size, taken[:size]
    if is_back:
        taken.reverse()
    has_next = is_back or has_more
    has_previous = has_more if is_back else key is not None
    return Page(
        rows=taken,
        count=min(count, counted),
        is_more=count > counted,
        next=_query(query, "after", taken[-1], fields) if taken and has_next else "",
        previous=_query(query, "before", taken[0], fields) if taken and has_previous else "",
    )


def edge(key: Sequence[str]) -> str:
    """A key as it stands in an address."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def read_edge(text: str, length: int) -> list[str] | None:
    """The key in an address; None when it is none of that many parts."""
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    is_right = isinstance(key, list) and len(key) == length and all(isinstance(part, str) for part in key)
    return key if is_right else None


def turned_to(query: QueryDict, name: str, key: Sequence[str]) -> str:
    """The query string with `name` (after or before) at this key, the rest as it is."""
    changed = query.copy()
    for other in ("after", "before"):
        changed.pop(other, None)
    changed[name] = edge(key)
    return changed.urlencode()


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    field = model._meta.get_field(name)
    if not isinstance(field, Field):
        raise TypeError(f"{model.__name__} cannot be paged by {name}, which is no field of its own")
    return field


def _beyond(fields: Sequence[tuple[Field[Any, Any], bool]], key: Sequence[Any], *, is_back: bool) -> Q:
    """Rows after the key. The first field is bounded by itself too, so that its index gives the place to begin."""
    found = Q()
    for last, (field, is_descending) in enumerate(fields):
        same = Q(**{before.attname: value for (before, _), value in zip(fields[:last], key[:last], strict=True)})
        way = "lt" if is_descending != is_back else "gt"
        found |= same & Q(**{f"{field.attname}__{way}": key[last]})
    field, is_descending = fields[0]
    way = "lte" if is_descending != is_back else "gte"
    return Q(**{f"{field.attname}__{way}": key[0]}) & found


def _read(text: str, fields: Sequence[tuple[Field[Any, Any], bool]]) -> list[Any] | None:
    key = read_edge(text, len(fields)) if text else None
    if key is None:
        return None
    try:
        return [field.to_python(part) for (field, _), part in zip(fields, key, strict=True)]
    except ValidationError:
        return None


def _query(query: QueryDict, name: str, row: Model, fields: Sequence[tuple[Field[Any, Any], bool]]) -> str:
    return turned_to(query, name, [str(field.value_to_string(row)) for field, _ in fields])


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"
