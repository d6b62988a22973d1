"""When a series happens: RFC 5545 lines of a record, between two moments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, tzinfo
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]
from icalendar.prop import vDDDLists

MOST_LOOKED_AT: Final = 20_000
"""Of one series, from its first one on: a daily one reaches 54 years, one of every second a few hours."""
_UNTIL: Final = re.compile(r"UNTIL=(\d{8})(T\d{6})?Z?")
_LINE: Final = re.compile(r"(RRULE|RDATE|EXDATE)((?:;[^:]+)?):(.+)")


def occurrences(recurrence: str, first: datetime, zone: str | None, since: datetime, until: datetime) -> list[datetime]:
    """The beginnings of a series that begins at `first` (aware), from `since` on and before `until`."""
    place: tzinfo = ZoneInfo(zone) if zone else UTC
    return [moment.astimezone(UTC) for moment in _between(recurrence, first.astimezone(place), since, until)]


def days(recurrence: str, first: date, since: date, until: date) -> list[date]:
    """The first days of an all-day series, both ends among them."""
    begin = datetime.combine(first, time.min)
    found = _between(
        recurrence, begin, datetime.combine(since, time.min), datetime.combine(until, time.max), is_whole=True
    )
    return [moment.date() for moment in found]


def _between(
    recurrence: str, first: datetime, since: datetime, until: datetime, *, is_whole: bool = False
) -> Iterator[datetime]:
    """A rule that makes no sense leaves the first one."""
    try:
        found = _rules(recurrence, first, is_whole=is_whole)
        for moment in islice(found, MOST_LOOKED_AT):
            if moment >= until:
                return
            if moment >= since:
                yield moment
    except (ValueError, KeyError, TypeError, OverflowError):
        if since <= first < until:
            yield first


def _rules(recurrence: str, first: datetime, *, is_whole: bool) -> rruleset:
    rules = rruleset()
    is_bare = True
    for line in recurrence.splitlines():
        found = _LINE.fullmatch(line.strip())
        if found is None:
            continue
        if found[1] == "RRULE":
            is_bare = False
            rules.rrule(rrulestr(_UNTIL.sub(_plain if is_whole else _utc, found[3]), dtstart=first))
            continue
        add = rules.rdate if found[1] == "RDATE" else rules.exdate
        for moment in _moments(found[3], found[2], first, is_whole=is_whole):
            add(moment)
    if is_bare:
        rules.rdate(first)
    return rules


def _utc(found: re.Match[str]) -> str:
    return f"UNTIL={found[1]}{found[2] or 'T235959'}Z"


def _plain(found: re.Match[str]) -> str:
    return f"UNTIL={found[1]}"


def _moments(text: str, parameters: str, first: datetime, *, is_whole: bool) -> Iterator[datetime]:
    zone = next((part.partition("=")[2] for part in parameters.split(";") if part.startswith("TZID=")), "")
    for value in vDDDLists.from_ical(text):  # type: ignore[no-untyped-call]
        if not isinstance(value, date):
            continue
        moment = value if isinstance(value, datetime) else datetime.combine(value, first.time())
        if is_whole:
            yield datetime.combine(moment.date(), time.min)
        elif moment.tzinfo is None:
            yield moment.replace(tzinfo=ZoneInfo(zone) if zone else first.tzinfo)
        else:
            yield moment
