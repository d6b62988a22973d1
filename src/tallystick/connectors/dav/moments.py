"""Dates and times as canonical text, from and to the spellings of vCard and iCalendar."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tallystick.errors import RecordError

DATE: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T.*)?\Z", re.ASCII)
STAMP: Final = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?(Z|[+-]\d{2}(?::?\d{2})?)?\Z", re.ASCII
)
DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?\Z", re.ASCII | re.IGNORECASE
)


def date_of(text: str) -> date | None:
    """The date in a vCard value of any version; None where it has no year or is none."""
    match = DATE.match(text.strip())
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def stamp_of(text: str) -> datetime | None:
    """The instant in a REV, CREATED or LAST-MODIFIED value; without a zone it is taken as UTC, as their RFCs say."""
    match = STAMP.match(text.strip().upper())
    if match is None:
        day = date_of(text)
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    year, month, day_, hour, minute, second, zone = match.groups()
    try:
        seconds = min(int(second or 0), 59)
        return datetime(int(year), int(month), int(day_), int(hour), int(minute), seconds, tzinfo=UTC) - _offset(zone)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    amount = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -amount if zone[0] == "-" else amount


def duration_of(text: str) -> timedelta | None:
    match = DURATION.match(text.strip())
    if match is None:
        return None
    sign, *numbers = match.groups()
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
    amount = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -amount if sign == "-" else amount


def instant_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def instant_in(text: str, name: str) -> datetime:
    """The aware UTC moment of a canonical datetime. Raises RecordError."""
    moment = _parsed(text, name) if text.endswith("Z") else None
    if moment is None:
        raise RecordError(f"The field {name} needs a moment in UTC such as 2026-11-22T09:30:00Z.")
    return _whole_seconds(moment, name)


def wall_in(text: str, name: str) -> datetime:
    """The naive moment of a canonical local_datetime. Raises RecordError."""
    moment = None if text.endswith("Z") else _parsed(text, name)
    if moment is None or moment.tzinfo is not None or "T" not in text:
        raise RecordError(f"The field {name} needs a moment without a zone such as 2026-11-22T09:30:00.")
    return _whole_seconds(moment, name)


def day_in(text: str, name: str) -> date:
    """The date of a canonical date. Raises RecordError."""
    try:
        if len(text) != 10:
            raise ValueError("not the one spelling")
        return date.fromisoformat(text)
    except ValueError:
        raise RecordError(f"The field {name} needs a date such as 2026-11-22.") from None


def _whole_seconds(moment: datetime, name: str) -> datetime:
    if moment.microsecond:
        raise RecordError(f"The field {name} holds whole seconds only.", hint="Cut the fraction off in the mapping.")
    return moment


def _parsed(text: str, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RecordError(f"The field {name} needs a moment such as 2026-11-22T09:30:00Z.") from None
