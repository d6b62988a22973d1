"""Lists of any length, a page at a time: each page says where the next and the one before begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")

PAGE_ROWS = 25
MOST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a page begins: after the row of number `after`, or, going back, before the row of number `before`."""

    after: int | None = None
    before: int | None = None
    rows: int = PAGE_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Some rows in the order of the list. `after` begins the next page, `before` the previous; None: there is none."""

    rows: tuple[Row, ...]
    after: int | None = None
    before: int | None = None


def bounds(at: At, column: str, *, is_descending: bool) -> tuple[list[str], list[Any], str]:
    """Conditions, their values, and the order with its limit of a statement for this page."""
    is_back = at.before is not None
    goes_down = is_descending is not is_back
    start = at.before if is_back else at.after
    conditions = [f"{column} {'<' if goes_down else '>'} %s"] if start is not None else []
    values = [start] if start is not None else []
    rows = min(max(1, at.rows), MOST_ROWS) + 1  # one more tells whether there is another page
    return conditions, values, f"ORDER BY {column} {'DESC' if goes_down else 'ASC'} LIMIT {rows}"


def page(found: Sequence[Any], at: At, number: Callable[[Any], int], row: Callable[[Any], Row]) -> Page[Row]:
    """The page of what a statement made by `bounds` found."""
    rows = min(max(1, at.rows), MOST_ROWS)
    is_back = at.before is not None
    is_more = len(found) > rows
    kept = list(found[:rows])
    if is_back:
        kept.reverse()
    first, last = (number(kept[0]), number(kept[-1])) if kept else (None, None)
    has_next = is_back or is_more
    has_previous = is_more if is_back else at.after is not None
    return Page(
        rows=tuple(row(one) for one in kept),
        after=last if has_next else None,
        before=first if has_previous else None,
    )
