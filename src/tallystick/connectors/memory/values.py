"""Tells canonical text from what is not: a system refuses the one and cannot deliver the other."""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time

from tallystick.model.value import FieldType, Value

_DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d*[1-9])?", re.ASCII)


def canonical(value: Value, type_: FieldType) -> Value:
    """The value in Unicode NFC. Raises ValueError, with no value in it, when it is no canonical text of its type."""
    if value is None:
        return None
    if "\0" in value:
        raise ValueError("holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("holds half a character") from error
        value = unicodedata.normalize("NFC", value)
    if type_ is not FieldType.TEXT and not _IS_CANONICAL[type_](value):
        raise ValueError(f"is not a valid {type_.value}")
    return value


def stamp(moment: datetime) -> str:
    """The canonical text of an aware moment in UTC."""
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        time.fromisoformat(text[:8])
    except ValueError:
        return False
    return True


def _is_local_datetime(text: str) -> bool:
    day, letter, hour = text.partition("T")
    return letter == "T" and _is_date(day) and _is_time(hour)


def _is_binary(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except (binascii.Error, ValueError):
        return False


def _is_list(text: str) -> bool:
    if not _is_json(text):
        return False
    parts = json.loads(text)
    return isinstance(parts, list) and all(isinstance(part, str) for part in parts)


def _is_json(text: str) -> bool:
    try:
        content = json.loads(text, parse_constant=_refuse, parse_float=_Spelled, parse_int=_Spelled)
        return _compact(content) == text
    except (ValueError, RecursionError):
        return False


class _Spelled(float):
    """A number that is written back as it was read, whatever its size."""

    def __new__(cls, text: str) -> _Spelled:
        number = super().__new__(cls, 0)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def _compact(content: object) -> str:
    match content:
        case _Spelled():
            return content.text
        case dict():
            return "{" + ",".join(f"{_compact(key)}:{_compact(content[key])}" for key in sorted(content)) + "}"
        case list():
            return "[" + ",".join(_compact(part) for part in content) + "]"
        case _:
            return json.dumps(content, ensure_ascii=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_IS_CANONICAL: dict[FieldType, Callable[[str], bool]] = {
    FieldType.INTEGER: lambda text: bool(_INTEGER.fullmatch(text)) and text != "-0",
    FieldType.DECIMAL: lambda text: bool(_DECIMAL.fullmatch(text)) and text != "-0",
    FieldType.BOOLEAN: lambda text: text in ("true", "false"),
    FieldType.DATE: _is_date,
    FieldType.TIME: _is_time,
    FieldType.DATETIME: lambda text: text.endswith("Z") and _is_local_datetime(text[:-1]),
    FieldType.LOCAL_DATETIME: _is_local_datetime,
    FieldType.BINARY: _is_binary,
    FieldType.LIST: _is_list,
    FieldType.JSON: _is_json,
}
