"""Tasks, calendar items and notes: what they belong to, when they are, and how they recur (RFC 5545)."""

from __future__ import annotations

import json
import re
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from icalendar.prop import vDDDLists, vRecur

from tallystick.server.records.domain import stamped
from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place

RELATED: Final = ("lead", "opportunity", "service_order", "case")
ABOUT: Final = (
    "case",
    "task",
    "calendar_item",
    "service_order",
    "lead",
    "opportunity",
    "account",
    "person",
    "asset",
)
ANSWERS: Final = ("assigned", "accepted", "declined", "completed")
_LINE: Final = re.compile(r"(RRULE|RDATE|EXDATE)((?:;[A-Z-]+=[^:;]+)*):(.+)")


class PlannedRules(Rules):
    def check(self, draft: Draft) -> None:
        named = [name for name in RELATED if draft.after[name] is not None]
        if len(named) > 1:
            draft.refuse(
                named[1],
                _("It belongs to one lead, opportunity, service order or case at most; clear the other first."),
            )
        if draft.is_changed("recurrence"):
            self._check_recurrence(draft)
        if draft.is_changed("answers"):
            self._check_answers(draft)

    def _check_recurrence(self, draft: Draft) -> None:
        for line in (draft.after["recurrence"] or "").splitlines():
            if line.strip() and not is_recurrence(line.strip()):
                draft.refuse(
                    "recurrence",
                    _("Recurrence needs RRULE, RDATE and EXDATE lines of RFC 5545, like RRULE:FREQ=WEEKLY;BYDAY=MO."),
                )
                return

    def _check_answers(self, draft: Draft) -> None:
        answers = json.loads(draft.after["answers"] or "{}")
        if not isinstance(answers, dict) or any(answer not in ANSWERS for answer in answers.values()):
            draft.refuse(
                "answers",
                _("Answers map ids of assignees to one of {answers}.").format(answers=", ".join(ANSWERS)),
            )


class TaskRules(PlannedRules):
    def derive(self, draft: Draft, place: Place) -> None:
        stamped.TASK.derive(draft, place)

    def check(self, draft: Draft) -> None:
        super().check(draft)
        start, due = draft.after["starts_on"], draft.after["due_on"]
        if draft.is_changed("starts_on", "due_on") and start and due and due < start:
            draft.refuse("due_on", _("The task is due before it starts."))


class CalendarRules(PlannedRules):
    def derive(self, draft: Draft, place: Place) -> None:
        after = draft.after
        if "is_all_day" not in draft.step.values and draft.is_changed("starts_on", "starts_at"):
            after["is_all_day"] = "true" if after["starts_on"] and not after["starts_at"] else "false"

    def check(self, draft: Draft) -> None:
        super().check(draft)
        after = draft.after
        if not draft.is_create and not draft.is_changed(
            "is_all_day", "starts_at", "ends_at", "starts_on", "ends_on", "zone"
        ):
            return
        if after["is_all_day"] == "true":
            if not after["starts_on"]:
                draft.refuse("starts_on", _("An all-day item needs its first day."))
            elif after["ends_on"] and after["ends_on"] < after["starts_on"]:
                draft.refuse("ends_on", _("The item ends before it starts."))
        elif not after["starts_at"]:
            draft.refuse("starts_at", _("A calendar item needs the moment it starts, or a first day."))
        elif after["ends_at"] and _moment(after["ends_at"]) < _moment(after["starts_at"]):
            draft.refuse("ends_at", _("The item ends before it starts."))
        if draft.is_changed("zone") and after["zone"] and not is_zone(after["zone"]):
            draft.refuse("zone", _("The time zone needs a name like Europe/Berlin."))


class NoteRules(Rules):
    def check(self, draft: Draft) -> None:
        count = sum(draft.after[name] is not None for name in ABOUT)
        if count != 1 and (draft.is_create or draft.is_changed(*ABOUT)):
            draft.refuse("case", _("A note is about exactly one record."))


def is_recurrence(line: str) -> bool:
    """Whether it is one RRULE, RDATE or EXDATE line of RFC 5545."""
    found = _LINE.fullmatch(line)
    if found is None:
        return False
    try:
        if found[1] == "RRULE":
            rule = vRecur.from_ical(found[3])
            return "FREQ" in rule and not ("COUNT" in rule and "UNTIL" in rule)
        zones = [part.partition("=")[2] for part in found[2].split(";") if part.startswith("TZID=")]
        if any(not is_zone(zone) for zone in zones):
            return False
        vDDDLists.from_ical(found[3])  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, TypeError):
        return False
    return True


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def _moment(text: str) -> tuple[str, str]:
    """Orders moments with and without a fraction."""
    whole, _dot, fraction = text.rstrip("Z").partition(".")
    return whole, fraction
