"""What is gone, of all types together: deleted, archived, merged; the last first, page by page. Source: P27."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain.steps import GOING
from tallystick.server.records.entry import Entry
from tallystick.server.records.record_types import BY_NAME, RecordType
from tallystick.server.records.search import matching
from tallystick.server.records.titles import url_of
from tallystick.server.ui.paging import COUNTED, SIZE, Page, read_edge, turned_to

WHYS: Final = tuple(str(doing) for doing in GOING)
MOST_AT_ONCE: Final = 5_000
"""So many can be brought back by one press of a button."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneRow:
    kind: RecordType
    id: str
    called: str
    title: str
    url: str
    at: datetime
    by: str
    why: str  # one of WHYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a page of gone records is narrowed by; empty where by nothing. Days are the reader's."""

    kinds: tuple[RecordType, ...]
    words: str = ""
    why: str = ""
    by: str = ""
    since: date | None = None
    until: date | None = None

    def of(self, kind: RecordType, actor: Actor) -> QuerySet[Entry, Entry]:
        """Raises NotAllowed."""
        rows = queries.records(kind, actor).filter(gone_at__isnull=False)
        if self.why:
            rows = rows.filter(gone_why=self.why)
        if self.by:
            rows = rows.filter(gone_by__icontains=self.by)
        if self.since is not None:
            rows = rows.filter(gone_at__gte=_midnight(self.since))
        if self.until is not None:
            rows = rows.filter(gone_at__lt=_midnight(self.until + timedelta(days=1)))
        return matching(rows, kind, self.words, using=queries.HUB) if self.words.strip() else rows


def kinds_for(actor: Actor) -> tuple[RecordType, ...]:
    """Types whose records this person may bring back, and see."""
    return tuple(k for k in BY_NAME.values() if actor.may(k.permission("delete")) and actor.may(k.permission("view")))


def wanted_of(actor: Actor, query: QueryDict) -> Wanted:
    """What an address asks for; what makes no sense is left out."""
    kinds = kinds_for(actor)
    chosen = query.get("type", "")
    why, by = query.get("why", ""), query.get("by", "").strip().replace("\0", "")
    return Wanted(
        kinds=tuple(kind for kind in kinds if kind.name == chosen) if chosen in BY_NAME else kinds,
        words=query.get("q", ""),
        why=why if why in WHYS else "",
        by=by,
        since=_day(query.get("since", "")),
        until=_day(query.get("until", "")),
    )


def page_of(actor: Actor, wanted: Wanted, query: QueryDict, *, size: int = SIZE) -> Page[GoneRow]:
    """A few queries for each type."""
    edge = _edge(query.get("before", ""))
    is_back = edge is not None
    edge = edge or _edge(query.get("after", ""))
    found: list[GoneRow] = []
    count = 0
    for kind in wanted.kinds:
        rows = wanted.of(kind, actor)
        if count <= COUNTED:
            count += rows.order_by()[: COUNTED + 1 - count].count()
        found += _rows(kind, rows, edge, size + 1, is_back=is_back)
    order = heapq.nsmallest if is_back else heapq.nlargest
    found = order(size + 1, found, key=lambda row: (row.at, row.id))
    has_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    has_next, has_previous = (True, has_more) if is_back else (has_more, edge is not None)
    return Page(
        rows=found,
        count=min(count, COUNTED),
        is_more=count > COUNTED,
        next=_query(query, "after", found[-1]) if found and has_next else "",
        previous=_query(query, "before", found[0]) if found and has_previous else "",
    )


def ids_of(actor: Actor, wanted: Wanted, *, most: int = MOST_AT_ONCE) -> dict[str, list[str]]:
    """type -> ids of all that are wanted, the last gone first, up to `most` in all."""
    found: dict[str, list[str]] = {}
    left = most
    for kind in wanted.kinds:
        ids = list(wanted.of(kind, actor).order_by("-gone_at", "-pk").values_list("pk", flat=True)[:left])
        if ids:
            found[kind.name] = ids
            left -= len(ids)
        if not left:
            break
    return found


def _rows(
    kind: RecordType, rows: QuerySet[Entry, Entry], edge: tuple[datetime, str] | None, count: int, *, is_back: bool
) -> Iterator[GoneRow]:
    if edge is not None:
        way = "gt" if is_back else "lt"
        same = Q(**{"gone_at": edge[0], f"pk__{way}": edge[1]})
        rows = rows.filter(Q(**{f"gone_at__{way}e": edge[0]}) & (Q(**{f"gone_at__{way}": edge[0]}) | same))
    sign = "" if is_back else "-"
    column = kind.fields[kind.title_field].attname
    listed: Any = rows.order_by(f"{sign}gone_at", f"{sign}pk")
    for id_, number, title, at, by, why in listed.values_list("pk", "number", column, "gone_at", "gone_by", "gone_why")[
        :count
    ]:
        called = kind.called(number)
        yield GoneRow(
            kind=kind,
            id=id_,
            called=called,
            title=title if title and title.strip() else called,
            url=url_of(kind, id_),
            at=at,
            by=by or "",
            why=why,
        )


def _edge(text: str) -> tuple[datetime, str] | None:
    key = read_edge(text, 2) if text else None
    if key is None:
        return None
    try:
        at = datetime.fromisoformat(key[0])
    except ValueError:
        return None
    return (at, key[1]) if timezone.is_aware(at) and "\0" not in key[1] else None


def _query(query: QueryDict, name: str, row: GoneRow) -> str:
    return turned_to(query, name, [row.at.isoformat(), row.id])


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1970, 1, 2) < found < date(9999, 12, 30) else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
