"""Canonical text of one type made into canonical text of another.

What a type cannot hold is Unfit and stops the record, it is never rounded, guessed or nulled. The one thing that is
left out on purpose is the time of day where a moment becomes a date, and such a value is marked lossy by the
caller. Source: spec/engine.md E6; model/value.py for the canonical spelling.
"""

from __future__ import annotations

import base64
import binascii
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

import orjson

from tallystick.errors import ConfigurationError
from tallystick.model.value import FieldType, Value

Convert = Callable[[str], Value]
"""Gives the canonical text of the target type; None only for an empty text. Raises Unfit."""

TRUE: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
FALSE: Final = frozenset({"false", "f", "no", "n", "off", "0"})
DIGITS: Final = 400
"""Longer numbers are not numbers of a business record, and plain notation of 1e999999999 would fill the memory."""

MOMENTS: Final = (FieldType.DATETIME, FieldType.LOCAL_DATETIME)
_TEMPORAL: Final = (*MOMENTS, FieldType.DATE, FieldType.TIME)
_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")


class Unfit(ValueError):
    """The value cannot be of the wanted type; the text continues the sentence "... is 'abc', which ..."."""


def zone(name: str) -> tzinfo:
    """The IANA zone. Raises ConfigurationError."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(f"There is no time zone {name!r}.", hint="Use a name such as Europe/London.") from None


def conversion(
    source: FieldType, target: FieldType, *, source_zone: tzinfo | None = None, target_zone: tzinfo | None = None
) -> Convert | None:
    """How a text of type `source` becomes one of type `target`; None: it stays as it is.

    A zone says which wall clock the local moments of that side show; the two zones may differ. Raises
    ConfigurationError when a local moment has to become an instant, or the reverse, and no zone is declared.
    """
    if source in _TEMPORAL and target is FieldType.TEXT:
        return None
    if target in _TEMPORAL and (source in _TEMPORAL or source is FieldType.TEXT):
        is_same = source is target and (target is not FieldType.LOCAL_DATETIME or source_zone == target_zone)
        return None if is_same else _temporal(source, target, source_zone, target_zone)
    if source is target or target is FieldType.TEXT:
        return None
    if source is FieldType.BOOLEAN and target in (FieldType.INTEGER, FieldType.DECIMAL):
        return _number_of_boolean
    return _empty_is_null(_PARSERS[target])


def is_projection(source: FieldType, target: FieldType) -> bool:
    """Whether a converted value may not lead back to its source: the time of day is gone, an hour is ambiguous."""
    return source in _TEMPORAL and target in _TEMPORAL


def _empty_is_null(convert: Callable[[str], str]) -> Convert:
    def parse(text: str) -> Value:
        return convert(text) if text and not text.isspace() else None

    return parse


def _integer(text: str) -> str:
    text = text.strip()
    if not _WHOLE.fullmatch(text) or len(text) > DIGITS:
        raise Unfit("is not a whole number")
    return str(int(text.partition(".")[0]))


def _decimal(text: str) -> str:
    try:
        number = Decimal(text.strip().replace("_", "?"))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > DIGITS or len(text) > DIGITS:
        raise Unfit("is not a number (written like 12.5)")
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def _boolean(text: str) -> str:
    word = text.strip().casefold()
    if word in TRUE:
        return "true"
    if word in FALSE:
        return "false"
    raise Unfit("is neither yes nor no")


def _number_of_boolean(text: str) -> str:
    return "1" if _boolean(text) == "true" else "0"


def _binary(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unfit("is not base64") from None
    return text


def _list(text: str) -> str:
    """A JSON array of texts, else a list of this one text."""
    if text.startswith("["):
        try:
            items = orjson.loads(text)
        except orjson.JSONDecodeError:
            items = None
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return orjson.dumps(items).decode()
    return orjson.dumps([text]).decode()


def _json(text: str) -> str:
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONDecodeError, TypeError):
        raise Unfit("is not JSON") from None


def _never(text: str) -> str:
    raise Unfit("is neither a date nor a time")


def _without_date(text: str) -> str:
    raise Unfit("is a time of day without its date")


_PARSERS: Final[dict[FieldType, Callable[[str], str]]] = {
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.BOOLEAN: _boolean,
    FieldType.BINARY: _binary,
    FieldType.LIST: _list,
    FieldType.JSON: _json,
    FieldType.DATE: _never,
    FieldType.TIME: _never,
    FieldType.DATETIME: _never,
    FieldType.LOCAL_DATETIME: _never,
}


def _temporal(source: FieldType, target: FieldType, source_zone: tzinfo | None, target_zone: tzinfo | None) -> Convert:
    """Between dates, times and moments. A wall-clock time that a clock change skips moves forward by the gap, one
    that happens twice is the first of the two (PEP 495, fold 0)."""
    here, there = source_zone or target_zone, target_zone or source_zone
    if (source, target) in ((MOMENTS[0], MOMENTS[1]), (MOMENTS[1], MOMENTS[0])) and here is None:
        raise ConfigurationError(
            "One side keeps instants and the other local times, and no time zone says how they meet.",
            hint="Declare the zone of the local side with `zone`.",
        )

    def instant(moment: datetime) -> datetime:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if here is None:
            raise Unfit("names no time zone")
        return moment.replace(tzinfo=here).astimezone(UTC)

    def local(moment: datetime) -> datetime:
        if moment.tzinfo is None and (source_zone is None or target_zone is None or source_zone == target_zone):
            return moment
        if there is None:
            raise Unfit("is an instant, and no time zone says what the clock showed")
        return instant(moment).astimezone(there).replace(tzinfo=None)

    def day(moment: datetime) -> str:
        return (moment.astimezone(there or UTC) if moment.tzinfo else moment).date().isoformat()

    def to_datetime(text: str) -> str:
        moment = _moment(text)
        if source is FieldType.DATE and here is None:
            moment = moment.replace(tzinfo=UTC)
        return spelled(instant(moment)) + "Z"

    def to_local(text: str) -> str:
        return spelled(_moment(text) if source is FieldType.DATE else local(_moment(text)))

    def to_date(text: str) -> str:
        moment = _moment(text)
        if source is FieldType.TEXT and moment.time() != time():
            raise Unfit("has a time of day, where only a date is kept")
        return moment.date().isoformat() if source is FieldType.TEXT else day(moment)

    def to_time(text: str) -> str:
        if source is FieldType.DATE:
            raise Unfit("is a date, not a time")
        return _clock(text if source is FieldType.TEXT else to_local(text).partition("T")[2])

    if source is FieldType.TIME:
        return _empty_is_null(_without_date)
    convert = {
        FieldType.DATETIME: to_datetime,
        FieldType.LOCAL_DATETIME: to_local,
        FieldType.DATE: to_date,
        FieldType.TIME: to_time,
    }[target]

    def guarded(text: str) -> str:
        try:
            return convert(text.strip())
        except OverflowError:
            raise Unfit("is too early or too late for a calendar") from None

    return _empty_is_null(guarded)


def _moment(text: str) -> datetime:
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time())
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unfit("is not a date (written like 2026-11-22 or 2026-11-22T09:30:00)") from None


def _clock(text: str) -> str:
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise Unfit("is not a time (written like 09:30)") from None
    if at.tzinfo is not None:
        raise Unfit("names a time zone, where a plain time is kept")
    return f"{at:%H:%M:%S}" + _fraction(at.microsecond)


def spelled(moment: datetime) -> str:
    """Canonical text of the wall-clock part."""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}" + _fraction(moment.microsecond)


def _fraction(microseconds: int) -> str:
    return f".{microseconds:06d}".rstrip("0") if microseconds else ""
