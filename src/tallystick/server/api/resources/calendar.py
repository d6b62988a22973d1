"""Who is busy when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.errors import InputRefused
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Word, check_known
from tallystick.server.records.agenda import agenda
from tallystick.server.records.values import stamp

calls: Final = Calls("Calendar")
MOST_DAYS: Final = 100


class CalendarEntry(Schema):
    """Of a private one of somebody else `is_busy` is true, and only its time is told."""

    type: str = Shape(description="calendar_item or task")
    is_busy: bool
    id: str | None
    title: str | None
    starts_on: date
    ends_on: date
    starts_at: datetime | None
    ends_at: datetime | None
    is_series: bool


class CalendarOut(Schema):
    items: list[CalendarEntry]
    is_cut: bool = Shape(description="There is more than one answer holds; ask for fewer days, or for a person.")


@calls.get("", "records.view_calendar_item", "records.view_task", out=CalendarOut)
def get_calendar(
    request: HttpRequest,
    since: Annotated[date, Query()],
    until: Annotated[date, Query()],
    person: Word = "",
) -> Any:
    """Calendar items and tasks from a day to another, in the order they happen.

    Days are those of your time zone; 100 at most. `person`: the id of a person whose time it is. Series are taken
    apart. Private items and tasks of others come as `is_busy`, with their time alone.
    """
    check_known(request, "since", "until", "person")
    if not 0 <= (until - since).days < MOST_DAYS or not 1900 <= since.year <= until.year <= 9000:
        sentence = _("Ask for 1 to {most} days.").format(most=MOST_DAYS)
        raise InputRefused(_("The days make no sense."), fields={"until": sentence})
    found = agenda(actor_of(request), since, until, zone=timezone.get_current_timezone(), person=person)
    return {
        "items": [
            {
                "type": entry.type,
                "is_busy": entry.is_busy,
                "id": entry.id or None,
                "title": None if entry.is_busy else entry.title,
                "starts_on": entry.starts_on,
                "ends_on": entry.ends_on,
                "starts_at": stamp(entry.starts_at) if entry.starts_at else None,
                "ends_at": stamp(entry.ends_at) if entry.ends_at else None,
                "is_series": entry.is_series,
            }
            for entry in found.entries
        ],
        "is_cut": found.is_cut,
    }
