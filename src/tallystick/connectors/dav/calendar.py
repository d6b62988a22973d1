"""Events and tasks: the fields of a VEVENT and a VTODO. Source: RFC 5545."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from tallystick.connectors.dav.calendar_fields import DERIVED, EVENT, FORM_TYPES, TASK
from tallystick.connectors.dav.lines import Component, make_line, parse, view_of
from tallystick.connectors.dav.properties import (
    text,
    text_of,
)
from tallystick.connectors.dav.series import excluded, follow, overrides, put_excluded, put_rule, rule_of
from tallystick.connectors.dav.text import whole
from tallystick.connectors.dav.times import (
    FORMS,
    NO_START,
    NO_START_HINT,
    Moment,
    Slot,
    moment_of,
    put_moment,
)
from tallystick.connectors.dav.vocabulary import Property, check_names, write
from tallystick.connectors.dav.zones import Zones
from tallystick.errors import RecordError
from tallystick.model.schema import Field
from tallystick.model.value import FieldType, Value


@dataclass(frozen=True, slots=True)
class Entry:
    """The component that is read and written, its changed instances, and the zones around it."""

    master: Component
    instances: list[Component]
    zones: Zones


class Calendars:
    """The vocabulary of one kind of entry. `zone` is where new times live when nobody says."""

    suffix = ".ics"
    media_type = "text/calendar; charset=utf-8"
    body_field = "ics"

    def __init__(
        self, component: str, *, now: Callable[[], datetime], zone: str = "UTC", extra: Mapping[str, str] | None = None
    ) -> None:
        self._component = component
        self._now = now
        is_event = component == "VEVENT"
        self._start = Slot(prefix="start", line_name="DTSTART", is_required=is_event, default=zone)
        self._end = (
            Slot(prefix="end", line_name="DTEND", is_exclusive=True, default=zone)
            if is_event
            else Slot(prefix="due", line_name="DUE", default=zone)
        )
        more = [text(name, prop.upper(), prop) for name, prop in (extra or {}).items()]
        self._properties: dict[str, Property] = {
            prop.field.name: prop for prop in (*(EVENT if is_event else TASK), *more)
        }
        times = [
            Field(
                name=f"{slot.prefix}_{form}",
                type=FORM_TYPES[form][0],
                title=f"{slot.prefix.capitalize()}: {FORM_TYPES[form][1]}",
            )
            for slot in (self._start, self._end)
            for form in FORMS
        ]
        body = Field(name=self.body_field, type=FieldType.TEXT, title="Whole calendar object as it is stored")
        self.fields = (*(prop.field for prop in self._properties.values()), *times, *DERIVED, body)

    def holds(self, body: str) -> bool:
        root = view_of(body)
        if not root.components("VCALENDAR"):
            raise RecordError("There is no calendar object in it.")
        return self._entry(root) is not None

    def read(self, body: str, names: Collection[str]) -> dict[str, Value]:
        entry = self._entry(view_of(body))
        if entry is None:
            raise RecordError(f"There is no {self._component} in it.")
        values = {name: self._value(entry, name) for name in names if name != self.body_field}
        if self.body_field in names:
            values[self.body_field] = whole(body)
        return values

    def patched(self, body: str, values: Mapping[str, Value], mapped: Collection[str]) -> str:
        check_names(self.fields, values)
        body = values.get(self.body_field) or body
        root = parse(body)
        entry = self._entry(root)
        if entry is None:
            raise RecordError(f"There is no {self._component} in it.")
        master = entry.master
        uid = master.line("UID")
        if uid is not None and values.get("uid", "") not in ("", None, text_of(master, uid)):
            raise RecordError(
                "The unique id of an existing entry cannot be changed.", hint="Map `uid` for creating only."
            )
        self._refuse_derived(entry, values)
        self._write_times(entry, values, mapped)
        for name, prop in self._properties.items():
            if name in values and prop.read(master) != values[name]:
                write(prop, master, values[name])
        if "recurrence_rule" in values and rule_of(master) != (values["recurrence_rule"] or None):
            put_rule(master, values["recurrence_rule"])
        if "excluded_dates" in values and excluded(master, entry.zones) != (values["excluded_dates"] or None):
            put_excluded(master, values["excluded_dates"], entry.zones)
        return root.text()

    def created(self, values: Mapping[str, Value], uid: str) -> str:
        stored = values.get(self.body_field)
        if stored:
            return self.patched(stored, {**values, self.body_field: None}, ())
        if self._start.is_required and not any(values.get(f"start_{form}") for form in ("at", "on", "local")):
            raise RecordError(NO_START, hint=NO_START_HINT)
        uid = values.get("uid") or uid
        end = "\r\n"
        body = "".join(
            make_line(name, value, end).raw
            for name, value in (
                ("BEGIN", "VCALENDAR"),
                ("VERSION", "2.0"),
                ("PRODID", "-//Tallystick//EN"),
                ("BEGIN", self._component),
                ("UID", uid),
                ("DTSTAMP", self._now().strftime("%Y%m%dT%H%M%SZ")),
                ("END", self._component),
                ("END", "VCALENDAR"),
            )
        )
        return self.patched(body, {**values, "uid": uid}, ())

    def _refuse_derived(self, entry: Entry, values: Mapping[str, Value]) -> None:
        for field in DERIVED:
            if not field.is_writable and field.name in values and self._value(entry, field.name) != values[field.name]:
                raise RecordError(
                    f"The field {field.name} can only be read.", hint="Map it in the other direction only."
                )

    def _entry(self, root: Component) -> Entry | None:
        for calendar in root.components("VCALENDAR"):
            found = calendar.components(self._component)
            if found:
                master = next((one for one in found if one.line("RECURRENCE-ID") is None), found[0])
                uid = master.line("UID")
                key = uid.value.strip() if uid else None
                instances = [
                    one
                    for one in found
                    if one is not master and (line := one.line("UID")) is not None and line.value.strip() == key
                ]
                return Entry(master, instances, Zones(calendar))
        return None

    def _value(self, entry: Entry, name: str) -> Value:
        if name in self._properties:
            return self._properties[name].read(entry.master)
        prefix, _, form = name.rpartition("_")
        for slot in (self._start, self._end):
            if slot.prefix == prefix and form in FORMS:
                return slot.read(entry.master, form, entry.zones)
        match name:
            case "is_all_day":
                start = self._start.moment(entry.master) or self._end.moment(entry.master)
                return _flag(start is not None and start.is_day)
            case "is_multi_day":
                return _flag(self._is_multi_day(entry))
            case "duration_minutes":
                return self._duration(entry)
            case "is_recurring":
                return _flag(bool(entry.master.lines("RRULE", "RDATE")))
            case "recurrence_rule":
                return rule_of(entry.master)
            case "excluded_dates":
                return excluded(entry.master, entry.zones)
            case "override_count":
                return str(len(entry.instances))
            case "overrides":
                return overrides(entry.instances, entry.zones)
        raise KeyError(name)

    def _is_multi_day(self, entry: Entry) -> bool:
        """A time that ends at midnight sharp still belongs to the day before."""
        start, end = self._start.moment(entry.master), self._end.moment(entry.master)
        if start is None or end is None:
            return False
        last = end.wall
        if not end.is_day and start.tzid != end.tzid and (instant := end.instant(entry.zones)) is not None:
            last = start.at(instant, entry.zones).wall
        is_midnight = not end.is_day and last.time() == datetime.min.time() and last > start.wall
        return last.date().toordinal() - is_midnight > start.wall.date().toordinal()

    def _duration(self, entry: Entry) -> Value:
        start, end = self._start.moment(entry.master), self._end.moment(entry.master)
        if start is None or end is None:
            return None
        begin, finish = start.instant(entry.zones), end.instant(entry.zones)
        length = finish - begin if begin is not None and finish is not None else end.wall - start.wall
        minutes = int(length.total_seconds() // 60) + (1440 if end.is_day and self._end.is_exclusive else 0)
        return str(max(0, minutes))

    def _write_times(self, entry: Entry, values: Mapping[str, Value], mapped: Collection[str]) -> None:
        master, zones = entry.master, entry.zones
        wanted = dict(values)
        if master.line("DTSTART") is not None and wanted.get("is_all_day") == self._value(entry, "is_all_day"):
            del wanted["is_all_day"]
        if not any(name in wanted for name in ("is_all_day", *self._start.names, *self._end.names)):
            return
        before, length = self._start.moment(master), self._duration(entry)
        self._start.write(master, wanted, mapped, zones)
        after = self._start.moment(master)
        if before != after and after is not None and before is not None and before.is_day != after.is_day:
            self._drop_end(master, wanted)
        self._end.write(master, wanted, mapped, zones)
        self._check_order(entry, before, length, {*wanted, *mapped})
        follow(master, entry.instances, before, zones)

    def _drop_end(self, master: Component, wanted: Mapping[str, Value]) -> None:
        """From whole days to a time or back: an end of the other kind no longer fits, unless the flag converts it."""
        line = master.line(self._end.line_name)
        if line is not None and wanted.get("is_all_day") != "true":
            master.remove(line)

    def _check_order(self, entry: Entry, before: Moment | None, length: Value, looked_after: set[str]) -> None:
        master, zones = entry.master, entry.zones
        start, end = self._start.moment(master), self._end.moment(master)
        line = master.line(self._end.line_name)
        if start is None or end is None or line is None:
            return
        if start.is_day != end.is_day:
            master.remove(line)
            return
        begin, finish = start.instant(zones), end.instant(zones)
        is_reversed = finish < begin if begin is not None and finish is not None else end.wall < start.wall
        if not is_reversed:
            return
        if looked_after & set(self._end.names) or before is None or length is None:
            raise RecordError("The end would be before the start.")
        shift = start.wall - before.wall
        put_moment(
            master, self._end.line_name, moment_of(line).moved(shift), line
        )  # nobody maps the end: it keeps its distance


def _flag(value: bool) -> str:
    return "true" if value else "false"
