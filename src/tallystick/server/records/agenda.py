"""Who is busy when: calendar items and tasks between two days, series taken apart, private ones of others as a time.

Source: spec/pim.md P12, P21, P22, P24.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.models import CalendarItem, Person, Relation
from tallystick.server.records.occurrences import days, occurrences
from tallystick.server.records.record_types import RecordType, record_type
from tallystick.server.records.titles import url_of

MOST: Final = 2_000
"""Of each kind that a calendar shows; `Agenda.is_cut` tells when there were more."""
LONGEST: Final = timedelta(days=366)
"""An item that began longer ago than this is not looked for."""
ITEM, TASK = "calendar_item", "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Whole days from `starts_on` to `ends_on`, both among them; or the moments `starts_at` to `ends_at`.

    Of a private one of somebody else only the time is there: no id, no title, no address. A task has a day alone.
    """

    type: str  # calendar_item or task
    is_busy: bool  # a private one of somebody else
    id: str
    title: str
    url: str
    starts_on: date
    ends_on: date
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_series: bool = False

    @property
    def order(self) -> tuple[Any, ...]:
        return (
            self.starts_on,
            self.starts_at is not None,
            self.starts_at or datetime.min.replace(tzinfo=UTC),
            self.title,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """`entries` in the order they happen."""

    entries: list[Entry]
    is_cut: bool


def agenda(actor: Actor, since: date, until: date, *, zone: tzinfo, person: str = "") -> Agenda:
    """From the first of these days to the last, in this zone; of one person (the id of a record) or of everybody.

    Raises NotAllowed for who may see neither calendar items nor tasks.
    """
    kinds = [record_type(ITEM), record_type(TASK)]
    if not any(actor.may(kind.permission("view")) for kind in kinds):
        actor.check(kinds[0].permission("view"))
    window = _Window(since=since, until=until, zone=zone)
    found: list[Entry] = []
    is_cut = False
    for kind in kinds:
        if not actor.may(kind.permission("view")):
            continue
        for rows, is_busy in ((queries.live(kind, actor), False), (queries.hidden(kind, actor), True)):
            if person:
                rows = rows.filter(_of_person(kind, person))
            entries, more = window.entries(kind, rows, is_busy=is_busy)
            found += entries
            is_cut = is_cut or more
    return Agenda(entries=sorted(found, key=lambda entry: entry.order), is_cut=is_cut)


def own_person(actor: Actor) -> str:
    """The record of the person who is this user; empty where there is none."""
    if actor.person is None:
        return ""
    found = Person.objects.using(queries.HUB).filter(user=str(actor.person), gone_at__isnull=True)
    return found.values_list("pk", flat=True).first() or ""


def _of_person(kind: RecordType, person: str) -> Any:
    assigned = Relation.objects.using(queries.HUB).filter(
        record=OuterRef("pk"), record_type=kind.name, field="assignees", target=person
    )
    return Q(owner=person) | Exists(assigned)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    since: date
    until: date
    zone: tzinfo

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.since, time.min, self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.until + timedelta(days=1), time.min, self.zone).astimezone(UTC)

    def entries(self, kind: RecordType, rows: Any, *, is_busy: bool) -> tuple[list[Entry], bool]:
        make = self._items if kind.name == ITEM else self._tasks
        found: list[Entry] = []
        for entry in make(kind, rows, is_busy):
            if len(found) == MOST:
                return found, True
            found.append(entry)
        return found, False

    def _items(self, kind: RecordType, rows: Any, is_busy: bool) -> Iterator[Entry]:
        once = rows.filter(recurrence__isnull=True)
        timed = once.filter(starts_at__lt=self.end, starts_at__gte=self.begin - LONGEST, is_all_day=False)
        timed = timed.filter(Q(ends_at__gt=self.begin) | Q(starts_at__gte=self.begin))
        whole = once.filter(starts_on__lte=self.until, starts_on__gte=self.since - LONGEST, is_all_day=True)
        whole = whole.filter(Q(ends_on__gte=self.since) | Q(starts_on__gte=self.since))
        for found in (timed.order_by("starts_at", "pk"), whole.order_by("starts_on", "pk")):
            for row in found.only(*_COLUMNS)[: MOST + 1]:
                yield self._item(kind, row, is_busy, row.starts_at, row.starts_on)
        series = list(rows.filter(recurrence__isnull=False).only(*_COLUMNS)[: MOST + 1])
        replaced = _replaced([row.pk for row in series])
        for row in series:
            if row.is_all_day and row.starts_on:
                length = (row.ends_on or row.starts_on) - row.starts_on
                for day in days(row.recurrence, row.starts_on, self.since - length, self.until):
                    yield self._item(kind, row, is_busy, None, day)
            elif row.starts_at:
                length = (row.ends_at or row.starts_at) - row.starts_at
                moments = occurrences(row.recurrence, row.starts_at, row.zone, self.begin - length, self.end)
                for moment in moments:
                    if moment not in replaced[row.pk] and (moment >= self.begin or moment + length > self.begin):
                        yield self._item(kind, row, is_busy, moment, None)

    def _item(self, kind: RecordType, row: Any, is_busy: bool, moment: datetime | None, day: date | None) -> Entry:
        ends_at: datetime | None = None
        if moment is None or row.is_all_day:
            first = day or row.starts_on or self.since
            last = first + ((row.ends_on or row.starts_on or first) - (row.starts_on or first))
            moment = None
        else:
            ends_at = moment + ((row.ends_at or row.starts_at) - row.starts_at)
            first = moment.astimezone(self.zone).date()
            last = max(first, (ends_at - timedelta(microseconds=1)).astimezone(self.zone).date())
        return Entry(
            type=kind.name,
            is_busy=is_busy,
            id="" if is_busy else row.pk,
            title=_("Busy") if is_busy else row.subject or kind.called(row.number),
            url="" if is_busy else url_of(kind, row.pk),
            starts_on=first,
            ends_on=last,
            starts_at=moment,
            ends_at=ends_at,
            is_series=not is_busy and row.recurrence is not None,
        )

    def _tasks(self, kind: RecordType, rows: Any, is_busy: bool) -> Iterator[Entry]:
        on_day = Q(due_on__gte=self.since, due_on__lte=self.until)
        starting = Q(due_on__isnull=True, starts_on__gte=self.since, starts_on__lte=self.until)
        once = rows.filter(on_day | starting, recurrence__isnull=True)
        for row in once.order_by("due_on", "pk").only(*_TASK_COLUMNS)[: MOST + 1]:
            yield self._task(kind, row, is_busy, row.due_on or row.starts_on)
        for row in rows.filter(recurrence__isnull=False).only(*_TASK_COLUMNS)[: MOST + 1]:
            first = row.due_on or row.starts_on
            for day in days(row.recurrence, first, self.since, self.until) if first else ():
                yield self._task(kind, row, is_busy, day)

    def _task(self, kind: RecordType, row: Any, is_busy: bool, day: date) -> Entry:
        return Entry(
            type=kind.name,
            is_busy=is_busy,
            id="" if is_busy else row.pk,
            title=_("Private task") if is_busy else row.subject or kind.called(row.number),
            url="" if is_busy else url_of(kind, row.pk),
            starts_on=day,
            ends_on=day,
            is_series=not is_busy and row.recurrence is not None,
        )


_COLUMNS: Final = (
    "id",
    "number",
    "subject",
    "is_all_day",
    "starts_at",
    "ends_at",
    "starts_on",
    "ends_on",
    "zone",
    "recurrence",
)
_TASK_COLUMNS: Final = ("id", "number", "subject", "starts_on", "due_on", "recurrence")


def _replaced(series: list[str]) -> dict[str, set[datetime]]:
    """series -> the moments of it that another item stands for."""
    found: dict[str, set[datetime]] = defaultdict(set)
    rows = CalendarItem.objects.using(queries.HUB).filter(
        series__in=series[:MOST], original_at__isnull=False, gone_at__isnull=True
    )
    for id_, moment in rows.values_list("series", "original_at"):
        found[str(id_)].add(moment)
    return found
