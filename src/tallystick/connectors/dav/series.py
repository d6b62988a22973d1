"""Recurring entries: rule, cancelled dates and changed instances, and how these follow when the series moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Final

import icalendar
import orjson

from tallystick.connectors.dav.lines import Component, Line
from tallystick.connectors.dav.moments import day_in, instant_in, instant_text, wall_in
from tallystick.connectors.dav.properties import list_in, list_text, text_of
from tallystick.connectors.dav.times import Kind, Moment, day, moment_of, put_moment, raw_of
from tallystick.connectors.dav.zones import Zones
from tallystick.errors import RecordError
from tallystick.model.value import Value

ORDER: Final = (
    "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY",
    "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST",
)  # fmt: skip
FREQUENCIES: Final = frozenset({"SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})


def rule_of(component: Component) -> Value:
    line = component.line("RRULE")
    return _ordered(line.value) if line is not None and line.value.strip() else None


def put_rule(component: Component, value: Value) -> None:
    line = component.line("RRULE")
    if not value:
        if line is not None:
            component.remove(line)
        return
    raw = re.sub(r"\s", "", value)
    try:
        rule = icalendar.vRecur.from_ical(raw)
        is_rule = set(map(str, rule.get("FREQ", []))) <= FREQUENCIES and "FREQ" in rule
    except (ValueError, KeyError, TypeError, AttributeError):
        is_rule = False
    if not is_rule:
        raise RecordError("The field recurrence_rule takes a rule such as FREQ=WEEKLY;BYDAY=MO.")
    if line is None:
        component.add("RRULE", raw)
    else:
        component.replace(line, line.head, raw)


def _ordered(raw: str) -> str:
    """The parts in one order, so that a server which stores them in another does not change the value."""
    parts = [part.strip().upper() for part in raw.split(";") if part.strip()]
    places = {name: place for place, name in enumerate(ORDER)}
    return ";".join(sorted(parts, key=lambda part: places.get(part.partition("=")[0], len(ORDER))))


def excluded(component: Component, zones: Zones) -> Value:
    """The cancelled dates in order: instants, or days, or floating times, as the series is."""
    return list_text(
        sorted({_spelled(moment, zones) for _, moments in _dates(component, "EXDATE") for moment in moments})
    )


def put_excluded(component: Component, value: Value, zones: Zones) -> None:
    wanted = list_in(value, "excluded_dates")
    kept: set[str] = set()
    for line, moments in list(_dates(component, "EXDATE")):
        staying = [moment for moment in moments if _spelled(moment, zones) in wanted]
        kept |= {_spelled(moment, zones) for moment in staying}
        if not staying:
            component.remove(line)
        elif len(staying) < len(moments):
            component.replace(line, line.head, ",".join(map(raw_of, staying)))
    start = component.line("DTSTART")
    manner = moment_of(start) if start else None
    for text in wanted:
        if text not in kept:
            put_moment(component, "EXDATE", _read(text, manner, zones))


def _read(text: str, manner: Moment | None, zones: Zones) -> Moment:
    if len(text) == 10:
        return day(day_in(text, "excluded_dates"))
    if not text.endswith("Z"):
        return Moment(kind=Kind.FLOATING, wall=wall_in(text, "excluded_dates"))
    instant = instant_in(text, "excluded_dates")
    if manner is None:
        return Moment(kind=Kind.INSTANT, wall=instant.replace(tzinfo=None))
    return manner.at(instant, zones)


def _spelled(moment: Moment, zones: Zones) -> str:
    if moment.is_day:
        return moment.wall.date().isoformat()
    instant = moment.instant(zones)
    return moment.wall.isoformat() if instant is None else instant_text(instant)


def _dates(component: Component, *names: str) -> Iterator[tuple[Line, list[Moment]]]:
    for line in component.lines(*names):
        if line.value.strip():
            yield line, [moment_of(line, raw.partition("/")[0]) for raw in line.value.split(",") if raw.strip()]


def overrides(instances: list[Component], zones: Zones) -> Value:
    """The changed instances, each with the date it stands for; read only."""
    found = []
    for instance in instances:
        original, start = instance.line("RECURRENCE-ID"), instance.line("DTSTART")
        if original is None:
            continue
        found.append(
            {
                "instance": _spelled(moment_of(original), zones),
                "start": _spelled(moment_of(start), zones) if start else None,
                "status": text_of(instance, instance.line("STATUS")),
                "summary": text_of(instance, instance.line("SUMMARY")),
            }
        )
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if found else None


def follow(master: Component, instances: list[Component], before: Moment | None, zones: Zones) -> None:
    """Moves cancelled dates, instance ids and the end of the rule along with the start of their series.

    Without this a meeting that was cancelled once would come back when the series is moved by an hour. Where each
    changed instance itself takes place stays as the person set it. Raises RecordError for a change between whole
    days and times.
    """
    line = master.line("DTSTART")
    after = moment_of(line) if line else None
    if before is None or after is None or before == after or not (master.line("RRULE") or master.line("RDATE")):
        return
    marks = [(instance, mark) for instance in instances for mark in instance.lines("RECURRENCE-ID")]
    dates = list(_dates(master, "EXDATE", "RDATE"))
    if before.is_day != after.is_day:
        if marks or dates:
            raise RecordError(
                "A series with changed or cancelled instances cannot change between whole days and times."
            )
        return
    shift = after.wall - before.wall

    def moved(moment: Moment) -> Moment:
        if moment.kind is Kind.INSTANT and before.kind is Kind.ZONED and before.tzid:
            wall = zones.wall(moment.wall.replace(tzinfo=UTC), before.tzid)
            if wall is not None and after.kind is Kind.ZONED and after.tzid:
                return Moment(kind=Kind.INSTANT, wall=zones.instant(wall + shift, after.tzid).replace(tzinfo=None))
        there = moment.moved(shift)
        if moment.kind is before.kind and moment.tzid == before.tzid:
            return Moment(kind=after.kind, wall=there.wall, tzid=after.tzid)
        return there

    for instance, mark in marks:
        put_moment(instance, "RECURRENCE-ID", moved(moment_of(mark)), mark)
    for dated, moments in dates:
        places = [moved(moment) for moment in moments]
        kept = put_moment(master, dated.name, places[0], dated)
        if len(places) > 1:
            master.replace(kept, kept.head, ",".join(map(raw_of, places)))
    _move_until(master, shift)


def _move_until(master: Component, shift: timedelta) -> None:
    rule = master.line("RRULE")
    match = re.search(r"UNTIL=(\d{8}T\d{6}Z?)", rule.value, re.IGNORECASE) if rule else None
    if rule is None or match is None:
        return
    end = moment_of(rule, match[1]).moved(shift)
    master.replace(rule, rule.head, rule.value[: match.start(1)] + raw_of(end) + rule.value[match.end(1) :])
