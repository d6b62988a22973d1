"""The properties of events and tasks, besides their times and recurrence."""

from __future__ import annotations

from typing import Final

from tallystick.connectors.dav.lines import Component, Line
from tallystick.connectors.dav.moments import instant_in, instant_text, stamp_of
from tallystick.connectors.dav.properties import (
    categories,
    list_in,
    list_text,
    number,
    privacy,
    put_text,
    stamp,
    text,
    text_of,
    uri,
)
from tallystick.connectors.dav.times import Kind, Moment, put_moment
from tallystick.connectors.dav.vocabulary import Property
from tallystick.model.schema import Field
from tallystick.model.value import FieldType, Value

EVENT_STATES: Final = ("TENTATIVE", "CONFIRMED", "CANCELLED")
TASK_STATES: Final = ("NEEDS-ACTION", "IN-PROCESS", "COMPLETED", "CANCELLED")
FORM_TYPES: Final = {
    "at": (FieldType.DATETIME, "moment, for a time in a zone"),
    "on": (FieldType.DATE, "day, for whole days"),
    "local": (FieldType.LOCAL_DATETIME, "wall-clock time in its own zone"),
    "zone": (FieldType.TEXT, "time zone"),
}


def _mail(component: Component, line: Line) -> Value:
    found = text_of(component, line)
    return found[7:] if found and found[:7].lower() == "mailto:" else found


def organizer() -> Property:
    def write(component: Component, value: Value) -> None:
        line = component.line("ORGANIZER")
        if not value:
            put_text(component, line, "ORGANIZER", None)
        elif line is None:
            component.add("ORGANIZER", _calendar_address(value))
        else:
            component.replace(
                line, "ORGANIZER", _calendar_address(value)
            )  # its name and other parameters were another's

    def read(component: Component) -> Value:
        line = component.line("ORGANIZER")
        return _mail(component, line) if line else None

    return Property(field=Field(name="organizer", type=FieldType.TEXT, title="Organizer"), read=read, write=write)


def attendees() -> Property:
    """Mail addresses; who stays keeps name, role and answer."""

    def read(component: Component) -> Value:
        return list_text(found for line in component.lines("ATTENDEE") if (found := _mail(component, line)))

    def write(component: Component, value: Value) -> None:
        wanted = list_in(value, "attendees")
        kept: set[str] = set()
        for line in component.lines("ATTENDEE"):
            found = _mail(component, line)
            if found in wanted and found not in kept:
                kept.add(found)
            else:
                component.remove(line)
        for found in wanted:
            if found not in kept:
                component.add("ATTENDEE", _calendar_address(found))

    return Property(field=Field(name="attendees", type=FieldType.LIST, title="Attendees"), read=read, write=write)


def _calendar_address(value: str) -> str:
    value = " ".join(value.split())
    return value if ":" in value else f"mailto:{value}"


def _completed() -> Property:
    """When a task was done; kept in UTC."""

    def read(component: Component) -> Value:
        line = component.line("COMPLETED")
        moment = stamp_of(line.value) if line else None
        return instant_text(moment) if moment else None

    def write(component: Component, value: Value) -> None:
        line = component.line("COMPLETED")
        if value:
            wall = instant_in(value, "completed_at").replace(tzinfo=None)
            put_moment(component, "COMPLETED", Moment(kind=Kind.INSTANT, wall=wall), line)
        else:
            put_text(component, line, "COMPLETED", None)

    field = Field(name="completed_at", type=FieldType.DATETIME, title="Completed")
    return Property(field=field, read=read, write=write)


SHARED: Final = (
    text("uid", "UID", "Unique id"),
    text("summary", "SUMMARY", "Summary"),
    text("description", "DESCRIPTION", "Description"),
    text("location", "LOCATION", "Location"),
    categories(),
    privacy(),
    organizer(),
    attendees(),
    number("priority", "PRIORITY", "Priority (1 highest, 9 lowest, 0 none)", largest=9),
    number("sequence", "SEQUENCE", "Revision number", largest=0, is_writable=False),
    uri("url", "URL", "Web page"),
    stamp("created_at", ("CREATED",), "Created"),
    stamp("revised_at", ("LAST-MODIFIED", "DTSTAMP"), "Last revised"),
)
EVENT: Final = (
    *SHARED,
    text("status", "STATUS", "Status", choices=EVENT_STATES),
    text("transparency", "TRANSP", "Shown as busy or free", choices=("OPAQUE", "TRANSPARENT")),
)
TASK: Final = (
    *SHARED,
    text("status", "STATUS", "Status", choices=TASK_STATES),
    number("percent_complete", "PERCENT-COMPLETE", "Percent complete", largest=100),
    _completed(),
)
DERIVED: Final = (
    Field(name="is_all_day", type=FieldType.BOOLEAN, title="Lasts whole days"),
    Field(name="is_multi_day", type=FieldType.BOOLEAN, title="Goes on after its first day", is_writable=False),
    Field(name="duration_minutes", type=FieldType.INTEGER, title="Duration in minutes", is_writable=False),
    Field(name="is_recurring", type=FieldType.BOOLEAN, title="Recurs", is_writable=False),
    Field(name="recurrence_rule", type=FieldType.TEXT, title="Recurrence rule (RRULE)"),
    Field(name="excluded_dates", type=FieldType.LIST, title="Cancelled instances of the series (EXDATE)"),
    Field(name="override_count", type=FieldType.INTEGER, title="Number of changed instances", is_writable=False),
    Field(name="overrides", type=FieldType.JSON, title="Changed instances of the series", is_writable=False),
)
