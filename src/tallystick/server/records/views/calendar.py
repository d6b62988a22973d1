"""The monthly and the daily calendar. Source: spec/pim.md P12, P21, P22."""

from __future__ import annotations

import calendar as months
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.agenda import Agenda, Entry, agenda, own_person
from tallystick.server.records.domain.references import id_of_text
from tallystick.server.records.forms import ReferenceInput
from tallystick.server.records.record_types import record_type
from tallystick.server.records.titles import Titles

VIEW: Final = ("records.view_calendar_item", "records.view_task")
SHOWN: Final = 4
"""Lines in the field of a day; the day's page has all entries."""
EVERYBODY: Final = "all"


class WhoseForm(forms.Form):
    marks_optional = False

    def __init__(self, titles: Titles, data: Any) -> None:
        super().__init__(data)
        field = forms.CharField(label=_("Whose"), required=False, widget=ReferenceInput.to("person", titles))
        self.fields["person"] = field


@needs(*VIEW)
@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """`?month=2026-11` or `?day=2026-11-22`, `&person=` an id or "all"; else this month of whoever looks."""
    actor = request_actor(request)
    today = timezone.localdate()
    day = _day(request.GET.get("day", ""))
    month = _month(request.GET.get("month", "")) or (day or today).replace(day=1)
    titles = Titles(actor)
    person, whose, fault = _whose(request, titles)
    query = {"person": person or EVERYBODY}
    since, until = (day, day) if day else _span(month)
    found = agenda(actor, since, until, zone=timezone.get_current_timezone(), person=person)
    context = {
        "day": day,
        "title": formats.date_format(day or month, "DATE_FORMAT" if day else "YEAR_MONTH_FORMAT"),
        "whose": whose,
        "fault": fault,
        "form": WhoseForm(titles, {"person": person}),
        "is_everybody": not person,
        "is_cut": found.is_cut,
        "weeks": [] if day else _weeks(found, month, today, query, is_gathered=not person),
        "weekdays": [_weekday(number) for number in range(7)],
        "entries": [_shown(entry, day) for entry in found.entries] if day else [],
        "is_empty": not found.entries,
        "before": _turned(day, month, -1, query),
        "after": _turned(day, month, 1, query),
        "now": f"?{urlencode({'day': today.isoformat(), **query} if day else query)}",
        "all_url": f"?{urlencode({**_at(day, month), 'person': EVERYBODY})}",
        "month_url": f"?{urlencode({'month': month.strftime('%Y-%m'), **query})}",
        "month": month,
        "may_add": actor.may("records.add_calendar_item"),
    }
    return render(request, "records/calendar.html", context)


def _whose(request: HttpRequest, titles: Titles) -> tuple[str, str, str]:
    """The id of a person, empty for everybody; the name; what is wrong with what was asked."""
    actor = request_actor(request)
    asked = request.GET.get("person", "").strip()
    if asked == EVERYBODY:
        return "", "", ""
    if not asked:
        person = own_person(actor)
    else:
        try:
            person = id_of_text(record_type("person"), actor, asked)[:32]
        except LookupError as fault:
            return "", "", str(fault)[:1].upper() + str(fault)[1:]
    if person:
        titles.look_up("person", [person])
    return person, titles.name("person", person).title if person else "", ""


def _weeks(
    found: Agenda, month: date, today: date, query: dict[str, str], *, is_gathered: bool
) -> list[list[dict[str, Any]]]:
    """Days as they are shown, a week each; with `is_gathered` entries of a day that read the same are one line."""
    since, until = _span(month)
    by_day: dict[date, list[Entry]] = {}
    for entry in found.entries:
        day, last = max(entry.starts_on, since), min(entry.ends_on, until)
        while day <= last:
            by_day.setdefault(day, []).append(entry)
            day += timedelta(days=1)
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    fields = []
    for day in days:
        lines = _lines(by_day.get(day, []), is_gathered=is_gathered)
        fields.append(
            {
                "day": day,
                "is_other": day.month != month.month,
                "is_today": day == today,
                "lines": [{**_shown(line[0], day), "count": len(line)} for line in lines[:SHOWN]],
                "more": sum(map(len, lines[SHOWN:])),
                "url": f"?{urlencode({'day': day.isoformat(), **query})}",
            }
        )
    return [fields[start : start + 7] for start in range(0, len(fields), 7)]


def _lines(entries: list[Entry], *, is_gathered: bool) -> list[list[Entry]]:
    """Those of a time stand alone; a day of a whole company has dozens of tasks called the same."""
    found: dict[tuple[str, ...], list[Entry]] = {}
    for number, entry in enumerate(entries):
        is_alone = not is_gathered or entry.starts_at is not None
        found.setdefault((str(number),) if is_alone else (entry.type, entry.title), []).append(entry)
    return list(found.values())


def _shown(entry: Entry, day: date | None) -> dict[str, Any]:
    when = ""
    if entry.starts_at is not None and entry.ends_at is not None:
        begin, end = timezone.localtime(entry.starts_at), timezone.localtime(entry.ends_at)
        first = formats.time_format(begin) if begin.date() == day else "…"
        last = formats.time_format(end) if end.date() == day else "…"
        when = first if entry.starts_at == entry.ends_at else f"{first}–{last}"
    elif entry.type == "calendar_item":
        when = _("all day")
    return {"entry": entry, "when": when, "icon": "task_alt" if entry.type == "task" else ""}


def _span(month: date) -> tuple[date, date]:
    """Whole weeks from Monday on."""
    last = month.replace(day=months.monthrange(month.year, month.month)[1])
    return month - timedelta(days=month.weekday()), last + timedelta(days=6 - last.weekday())


def _turned(day: date | None, month: date, by: int, query: dict[str, str]) -> str:
    if day is not None:
        return f"?{urlencode({'day': (day + timedelta(days=by)).isoformat(), **query})}"
    count = month.year * 12 + month.month - 1 + by
    return f"?{urlencode({'month': f'{count // 12:04}-{count % 12 + 1:02}', **query})}"


def _at(day: date | None, month: date) -> dict[str, str]:
    return {"day": day.isoformat()} if day else {"month": month.strftime("%Y-%m")}


def _weekday(number: int) -> str:
    return formats.date_format(date(2024, 1, 1) + timedelta(days=number), "D")


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year <= 9000 else None


def _month(text: str) -> date | None:
    return _day(f"{text}-01")
