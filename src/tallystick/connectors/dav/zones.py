"""Time zones of a calendar body: from a TZID to rules, and a VTIMEZONE for a zone that a body does not define yet."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import icalendar
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tallystick.connectors.dav.lines import Component, parse
from tallystick.errors import RecordError

UTC_NAMES: Final = frozenset({"UTC", "Z", "GMT", "ETC/UTC", "ETC/GMT"})


@lru_cache(maxsize=512)
def known_name(tzid: str) -> str | None:
    """The IANA name of a TZID: itself, of a Windows name, or at the end of a path."""
    if tzid.upper() in UTC_NAMES:
        return "UTC"
    if tzid in WINDOWS_TO_OLSON:
        return str(WINDOWS_TO_OLSON[tzid])
    pieces = tzid.strip("/").split("/")
    for start in range(len(pieces)):
        name = "/".join(pieces[start:])
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
        return name
    return None


class Zones:
    """The zones that times in one VCALENDAR may name.

    A known name means the rules of the time zone database, which are kept up to date, rather than the copy that
    some client once put into the body; the copy is used where the name says nothing.
    """

    def __init__(self, calendar: Component) -> None:
        self._calendar = calendar

    def rules(self, tzid: str) -> tzinfo:
        """Raises RecordError when neither the name nor the body says what the zone is."""
        name = known_name(tzid)
        if name is not None:
            return UTC if name == "UTC" else ZoneInfo(name)
        for zone in self._calendar.components("VTIMEZONE"):
            line = zone.line("TZID")
            if line is not None and line.value.strip() == tzid:
                rules = _own_rules(zone.text())
                if rules is not None:
                    return rules
        raise RecordError("The time zone named is not known, and the entry does not define it.")

    def instant(self, wall: datetime, tzid: str) -> datetime:
        """The moment in UTC. A time that the clock skips is read with the offset before the gap (RFC 5545 3.3.5)."""
        return wall.replace(tzinfo=self.rules(tzid)).astimezone(UTC)

    def wall(self, instant: datetime, tzid: str) -> datetime | None:
        """The wall-clock time of an instant; None when it cannot be told apart (the second of two equal hours)."""
        wall = instant.astimezone(self.rules(tzid)).replace(tzinfo=None, fold=0)
        return wall if self.instant(wall, tzid) == instant else None

    def define(self, tzid: str) -> None:
        """Puts a VTIMEZONE for `tzid` into the body unless it has one."""
        for zone in self._calendar.components("VTIMEZONE"):
            line = zone.line("TZID")
            if line is not None and line.value.strip() == tzid:
                return
        definition = parse(_definition(tzid).replace("\r\n", self._calendar.line_end))
        for zone in definition.components("VTIMEZONE"):
            self._calendar.insert(zone)


@lru_cache(maxsize=256)
def _own_rules(text: str) -> tzinfo | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            zone: Any = icalendar.Timezone.from_ical(text)
            rules = zone.to_tz(lookup_tzid=False)
            rules.utcoffset(datetime(2026, 1, 1))  # noqa: DTZ001
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None  # a definition that says nothing usable is as good as none
    return rules if isinstance(rules, tzinfo) else None


@lru_cache(maxsize=128)
def _definition(tzid: str) -> str:
    """The VTIMEZONE of an IANA zone, with the changes from 1970 to 2038."""
    return str(icalendar.Timezone.from_tzid(tzid, first_date=date(1970, 1, 1)).to_ical().decode())
