"""One value, as a database or a file spells it, into canonical text (model/value.py).

Fault sentences never hold the value: they are shown, logged and kept.
"""

from __future__ import annotations

import base64
import json
import math
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from tallystick.model.value import FieldType, Value

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_NOT_FINITE = frozenset({"nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)? ?(Z|[+-]\d\d(?::?\d\d)?(?::\d\d)?)?)?", re.ASCII
)
_TRUE: Final = frozenset({"true", "t", "1", "yes", "y", "on"})
_FALSE: Final = frozenset({"false", "f", "0", "no", "n", "off"})


def canonical(value: object, type_: FieldType, zone: tzinfo = UTC) -> Value:
    """The canonical text of `value`; None for null, NaN and infinities.

    `zone` is the zone of moments that name none. Raises ValueError with the end of a sentence ("holds text that
    is not a date") for what does not fit the type.
    """
    if value is None:
        return None
    return _READERS[type_](value, zone)


def text(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case str():
            pass
        case bool():
            return "true" if value else "false"
        case int() | UUID():
            return str(value)
        case float() | Decimal():
            return decimal(value)
        case bytes():
            raise ValueError("holds bytes, not text")
        case _:
            value = str(value)
    if "\0" in value:
        raise ValueError("holds a NUL character")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character (a lone surrogate)") from error
    return unicodedata.normalize("NFC", value)


def integer(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case bool() | int():
            return str(int(value))
        case str() if _INTEGER.fullmatch(value):
            return str(int(value)) if len(value) < 4000 else _strip_number(value)
        case float() | Decimal() if value == value and abs(value) != math.inf and value == int(value):
            return str(int(value))
    raise ValueError(f"holds {_kind(value)} that is not an integer")


def decimal(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case bool() | int():
            return str(int(value))
        case float():
            return None if math.isnan(value) or math.isinf(value) else _plain(Decimal(repr(value)))
        case Decimal():
            return _plain(value) if value.is_finite() else None
        case str() if _NUMBER.fullmatch(value):
            return _plain(Decimal(value))
        case str() if value.lower() in _NOT_FINITE:
            return None
    raise ValueError(f"holds {_kind(value)} that is not a number")


def boolean(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case bool() | int() | float() if value in (0, 1):
            return "true" if value else "false"
        case str() if value.lower() in _TRUE:
            return "true"
        case str() if value.lower() in _FALSE:
            return "false"
        case bytes() if value in (b"\x00", b"\x01"):  # BIT(1)
            return "true" if value == b"\x01" else "false"
    raise ValueError(f"holds {_kind(value)} that is neither true nor false")


def day(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case datetime() if value.time() != time():
            pass
        case date():
            return f"{value.year:04}-{value.month:02}-{value.day:02}"
        case str():
            found = _MOMENT.fullmatch(value)
            if found and not (set("".join(part or "" for part in found.groups()[1:])) - set("0:+-Z")):
                return _checked_day(found[1])
    raise ValueError(f"holds {_kind(value)} that is not a date")


def clock_time(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case time() if value.tzinfo is None:
            return _cut(value.isoformat())
        case timedelta() if timedelta() <= value < timedelta(days=1):
            return _cut((datetime(1, 1, 1, tzinfo=UTC) + value).time().isoformat())
        case str():
            if found := _TIME.fullmatch(value):
                return _checked_time(found[1], found[2], found[3])
    raise ValueError(f"holds {_kind(value)} that is not a time of day")


def moment(value: object, zone: tzinfo = UTC) -> Value:
    """An instant in UTC; what names no zone is taken to be in `zone`."""
    local, offset = _local(value)
    if (offset is None and zone is UTC) or offset == timedelta():
        return f"{local}Z"
    whole, dot, fraction = local.partition(".")
    naive = datetime.fromisoformat(whole)
    try:
        shifted = naive.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) if offset is None else naive - offset
    except OverflowError as error:
        raise ValueError("holds a moment outside the years 1 to 9999") from error
    return f"{shifted.isoformat()}{dot}{fraction}Z"


def local_moment(value: object, zone: tzinfo = UTC) -> Value:
    """A date and time without a zone; what names one is turned into `zone`."""
    local, offset = _local(value)
    if offset is None or (offset == timedelta() and zone is UTC):
        return local
    whole, dot, fraction = local.partition(".")
    try:
        shifted = (datetime.fromisoformat(whole) - offset).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError as error:
        raise ValueError("holds a moment outside the years 1 to 9999") from error
    return f"{shifted.isoformat()}{dot}{fraction}"


def binary(value: object, _zone: tzinfo = UTC) -> Value:
    match value:
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case str():
            return base64.b64encode(value.encode()).decode()
    raise ValueError(f"holds {_kind(value)}, not bytes")


def text_list(value: object, _zone: tzinfo = UTC) -> Value:
    content = parsed_json(value) if isinstance(value, str) else value
    if not isinstance(content, list | tuple):
        raise ValueError(f"holds {_kind(content)}, not a list")
    parts = []
    for part in content:
        if part is None or isinstance(part, dict | list | tuple):
            raise ValueError("holds a list whose elements are not all texts")
        parts.append(part.spelled if isinstance(part, Number) else text(part))
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def document(value: object, _zone: tzinfo = UTC) -> Value:
    content = parsed_json(value) if isinstance(value, str) else value
    if isinstance(content, bytes):
        raise ValueError("holds bytes, not JSON")
    return decimal(content) if isinstance(content, float) and type(content) is float else text(compact_json(content))


def _checked_day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("holds a date that is not in the calendar") from None
    return value


def _checked_time(minutes: str, seconds: str | None, fraction: str | None) -> str:
    whole = f"{minutes}:{seconds or '00'}"
    try:
        time.fromisoformat(whole)
    except ValueError:
        raise ValueError("holds a time that is not on the clock") from None
    fraction = (fraction or "").rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _local(value: object) -> tuple[str, timedelta | None]:
    """The date and time as spelled, and the offset it names."""
    match value:
        case datetime():
            return _cut(value.replace(tzinfo=None).isoformat()), value.utcoffset()
        case date():
            return f"{value.isoformat()}T00:00:00", None
        case str():
            if found := _MOMENT.fullmatch(value):
                day_, minutes, seconds, fraction, zone = found.groups()
                spelled = f"{_checked_day(day_)}T{_checked_time(minutes or '00:00', seconds, fraction)}"
                return spelled, _offset(zone) if zone else None
    raise ValueError(f"holds {_kind(value)} that is not a date with a time")


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(6, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return -size if zone[0] == "-" else size


def _cut(spelled: str) -> str:
    return spelled.rstrip("0") if "." in spelled else spelled


def _strip_number(value: str) -> str:
    """A huge integer without sign or leading zeros too many; int() refuses thousands of digits."""
    digits = value.lstrip("+-").lstrip("0") or "0"
    return f"-{digits}" if value[0] == "-" and digits != "0" else digits


def _plain(number: Decimal) -> str:
    try:
        spelled = format(number, "f")
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError("holds a number out of all bounds") from error
    if "." in spelled:
        spelled = spelled.rstrip("0").rstrip(".")
    return _strip_decimal(spelled)


def _strip_decimal(spelled: str) -> str:
    sign, digits = ("-", spelled[1:]) if spelled[0] == "-" else ("", spelled)
    whole, dot, fraction = digits.partition(".")
    digits = (whole.lstrip("0") or "0") + dot + fraction
    return digits if digits == "0" else sign + digits


def _kind(value: object) -> str:
    match value:
        case "":
            return "empty text"
        case str():
            return "text"
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case bytes():
            return "bytes"
        case _:
            return "a value"


class Number(float):
    """A number of a JSON document, written back as it was spelled."""

    spelled: str

    def __new__(cls, spelled: str) -> Number:
        number = super().__new__(cls, 0)
        number.spelled = spelled
        return number


def parsed_json(value: str) -> object:
    """A JSON document whose numbers keep their spelling. Raises ValueError with the end of a sentence."""
    try:
        return json.loads(value, parse_float=Number, parse_int=Number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("holds text that is not JSON") from None


def _no_constant(_name: str) -> None:
    raise ValueError("no JSON")


def compact_json(content: object) -> str:
    """A document without spaces, its keys sorted, its numbers as they were spelled."""
    match content:
        case Number():
            return content.spelled
        case dict():
            inner = ",".join(
                f"{json.dumps(key, ensure_ascii=False)}:{compact_json(content[key])}" for key in sorted(content)
            )
            return f"{{{inner}}}"
        case list():
            return f"[{','.join(map(compact_json, content))}]"
        case _:
            return json.dumps(content, ensure_ascii=False)


_READERS: dict[FieldType, Callable[[object, tzinfo], Value]] = {
    FieldType.TEXT: text,
    FieldType.INTEGER: integer,
    FieldType.DECIMAL: decimal,
    FieldType.BOOLEAN: boolean,
    FieldType.DATE: day,
    FieldType.TIME: clock_time,
    FieldType.DATETIME: moment,
    FieldType.LOCAL_DATETIME: local_moment,
    FieldType.BINARY: binary,
    FieldType.LIST: text_list,
    FieldType.JSON: document,
}
