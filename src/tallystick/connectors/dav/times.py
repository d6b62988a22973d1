"""When something begins, ends or is due: a date, an instant, a wall-clock time in a zone, or a floating time.

A time keeps the kind and zone it has: an instant written to an event in a zone is stored as wall-clock time of that
zone, so that a weekly meeting stays at nine when the clocks change. Source: RFC 5545 3.3.4, 3.3.5; scenarios.md S21.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from tallystick.connectors.dav.lines import Component, Line, with_param
from tallystick.connectors.dav.moments import date_of, day_in, duration_of, instant_in, instant_text, stamp_of, wall_in
from tallystick.connectors.dav.zones import Zones, known_name
from tallystick.errors import RecordError
from tallystick.model.value import Value

NEVER: Final = datetime(1, 1, 1)  # noqa: DTZ001  a wall clock has no zone
NO_START: Final = "An event needs a start."
NO_START_HINT: Final = "Map start_at, start_on or start_local, or filter such records out."


class Kind(enum.Enum):
    DAY = "day"
    INSTANT = "instant"
    ZONED = "zoned"
    FLOATING = "floating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    kind: Kind
    wall: datetime  # naive; in UTC for INSTANT, midnight for DAY
    tzid: str | None = None  # for ZONED, as the body spells it

    @property
    def is_day(self) -> bool:
        return self.kind is Kind.DAY

    def instant(self, zones: Zones) -> datetime | None:
        """In UTC; None for a day or a floating time."""
        match self.kind:
            case Kind.INSTANT:
                return self.wall.replace(tzinfo=UTC)
            case Kind.ZONED if self.tzid:
                return zones.instant(self.wall, self.tzid)
        return None

    def at(self, instant: datetime, zones: Zones) -> Moment:
        """`instant` in the manner of this moment: its zone where the time can be told apart there, else UTC."""
        wall = zones.wall(instant, self.tzid) if self.tzid else None
        if wall is None:
            return Moment(kind=Kind.INSTANT, wall=instant.replace(tzinfo=None))
        return Moment(kind=Kind.ZONED, wall=wall, tzid=self.tzid)

    def moved(self, by: timedelta) -> Moment:
        return Moment(kind=self.kind, wall=self.wall + by, tzid=self.tzid)


def day(value: date) -> Moment:
    return Moment(kind=Kind.DAY, wall=datetime.combine(value, time()))


def moment_of(line: Line, raw: str | None = None) -> Moment:
    """The moment a line (or the part `raw` of its value) names. Raises RecordError when it is none."""
    text = (line.value if raw is None else raw).strip().upper()
    found = date_of(text)
    if found is not None and "T" not in text:
        return day(found)
    stamp = stamp_of(text)
    if stamp is None or "T" not in text:
        raise RecordError(f"{line.name} is not a date or time.")
    wall = stamp.replace(tzinfo=None)
    tzid = (line.param("TZID") or "").strip()
    if text.endswith("Z") or tzid.upper() in ("UTC", "Z"):
        return Moment(kind=Kind.INSTANT, wall=wall)
    if tzid:
        return Moment(kind=Kind.ZONED, wall=wall, tzid=tzid)
    return Moment(kind=Kind.FLOATING, wall=wall)


def raw_of(moment: Moment) -> str:
    if moment.is_day:
        return moment.wall.date().isoformat().replace("-", "")
    return re.sub("[-:]", "", moment.wall.isoformat(timespec="seconds")) + ("Z" if moment.kind is Kind.INSTANT else "")


def put_moment(component: Component, name: str, moment: Moment, line: Line | None = None) -> Line:
    """Writes the moment into `line`, or adds a line; parameters other than VALUE and TZID stay."""
    head = with_param(line.head if line else name, "VALUE", "DATE" if moment.is_day else None)
    head = with_param(head, "TZID", _tzid_param(moment.tzid) if moment.kind is Kind.ZONED else None)
    raw = raw_of(moment)
    return component.replace(line, head, raw) if line else component.add(head, raw)


def _tzid_param(tzid: str | None) -> str | None:
    return f'"{tzid}"' if tzid and any(char in tzid for char in ":;,") else tzid


def zone_name(moment: Moment) -> Value:
    """The zone as people name it: the IANA name where it can be found out."""
    match moment.kind:
        case Kind.INSTANT:
            return "UTC"
        case Kind.ZONED if moment.tzid:
            return known_name(moment.tzid) or moment.tzid
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One of the times of a component, and the fields it is read and written by."""

    prefix: str  # start, end, due
    line_name: str  # DTSTART, DTEND, DUE
    is_exclusive: bool = False  # as a day, the line names the day after the last one
    is_required: bool = False
    default: str = "UTC"  # zone of a new time when nobody says

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}_{form}" for form in FORMS)

    def moment(self, component: Component) -> Moment | None:
        """The moment in effect; a day is the last day, not the one after it."""
        line = component.line(self.line_name)
        if line is not None:
            found = moment_of(line)
            return found.moved(timedelta(days=-1)) if self.is_exclusive and found.is_day else found
        start_line = component.line("DTSTART")
        if self.line_name == "DTSTART" or start_line is None:
            return None
        start, duration = moment_of(start_line), component.line("DURATION")
        length = duration_of(duration.value) if duration else None
        if length is not None:
            return start.moved(length - timedelta(days=1) if start.is_day and self.is_exclusive else length)
        return start if self.is_exclusive else None  # an event without an end lasts a day, or no time at all

    def read(self, component: Component, form: str, zones: Zones) -> Value:
        moment = self.moment(component)
        if moment is None:
            return None
        match form:
            case "on":
                return moment.wall.date().isoformat() if moment.is_day else None
            case "zone":
                return zone_name(moment)
            case "local":
                return None if moment.is_day else moment.wall.isoformat()
        instant = moment.instant(zones)
        return None if instant is None else instant_text(instant)

    def write(self, component: Component, values: Mapping[str, Value], mapped: Collection[str], zones: Zones) -> None:
        """Writes the fields of this slot (and `is_all_day`) that differ from what is there. Raises RecordError."""
        given = {form: values[f"{self.prefix}_{form}"] or None for form in FORMS if f"{self.prefix}_{form}" in values}
        given = {form: value for form, value in given.items() if self.read(component, form, zones) != value}
        current = self.moment(component)
        target = self._target(component, current, given, values, mapped, zones)
        line = component.line(self.line_name)
        if target is None:
            if self.is_required and current is not None:
                raise RecordError(NO_START, hint=NO_START_HINT)
            if line is not None:
                component.remove(line)
            self._drop_duration(component)
        elif target != current:
            is_new_zone = target.tzid is not None and (current is None or target.tzid != current.tzid)
            if is_new_zone and target.tzid and known_name(target.tzid) == target.tzid:
                zones.define(target.tzid)
            stored = target.moved(timedelta(days=1)) if self.is_exclusive and target.is_day else target
            put_moment(component, self.line_name, stored, line)
            self._drop_duration(component)

    def _drop_duration(self, component: Component) -> None:
        duration = component.line("DURATION")
        if duration is not None and self.line_name != "DTSTART":
            component.remove(duration)

    def _target(
        self,
        component: Component,
        current: Moment | None,
        given: Mapping[str, Value],
        values: Mapping[str, Value],
        mapped: Collection[str],
        zones: Zones,
    ) -> Moment | None:
        at, on, local, zone = (given.get(form) for form in ("at", "on", "local", "zone"))
        is_all_day = values.get("is_all_day") == "true" if self.prefix != "due" and "is_all_day" in values else None
        manner = self._manner(current, zone, zones)
        if is_all_day and not on:
            source = at or local
            if source is None and current is not None:
                return current if current.is_day else self._last_day(component, current)
            if source is not None:
                return day(date.fromisoformat(source[:10]))
        if on and (is_all_day or not (at or local)):
            return day(day_in(on, f"{self.prefix}_on"))
        if local:
            wall = wall_in(local, f"{self.prefix}_local")
            if manner.kind is Kind.ZONED:
                return Moment(kind=Kind.ZONED, wall=wall, tzid=manner.tzid)
            return Moment(kind=manner.kind, wall=wall)
        if at:
            return manner.at(instant_in(at, f"{self.prefix}_at"), zones)
        if current is not None and any(
            form in given and (form == "on") == current.is_day and form != "zone" for form in given
        ):
            return None  # what it had is null now, and nothing stands in its place
        if zone and current is not None and not current.is_day:
            instant = current.instant(zones)
            if instant is not None and f"{self.prefix}_at" in mapped:
                return manner.at(instant, zones)
            return Moment(kind=manner.kind, wall=current.wall, tzid=manner.tzid)
        if is_all_day is False and current is not None and current.is_day:
            raise RecordError(f"The entry lasts whole days, and no time is given for its {self.prefix}.")
        return current

    def _last_day(self, component: Component, moment: Moment) -> Moment:
        """The day of a time; one that ends at midnight sharp ends on the day before, but not before its start."""
        start = component.line("DTSTART")
        if not self.is_exclusive or start is None:
            return day(moment.wall.date())
        return day(max((moment.wall - timedelta(microseconds=1)).date(), moment_of(start).wall.date()))

    def _manner(self, current: Moment | None, zone: Value, zones: Zones) -> Moment:
        """The kind and zone that a new time takes."""
        if zone is None and current is not None and not current.is_day:
            return current
        name = zone or self.default
        if name.upper() in ("UTC", "Z"):
            return Moment(kind=Kind.INSTANT, wall=NEVER)
        zones.rules(name)
        if current is not None and current.tzid and known_name(current.tzid) == name:
            name = current.tzid  # as the body spells it already
        return Moment(kind=Kind.ZONED, wall=NEVER, tzid=name)


FORMS: Final = ("at", "on", "local", "zone")
