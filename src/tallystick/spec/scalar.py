"""What an unquoted word of the file means, and the canonical text of a value.

The file is YAML 1.2, read by one short rule: a value in quotes is the text in the quotes. Without quotes `true` and
`false` are booleans, `null`, `~` and nothing at all are null, plain numerals are numbers, a date with a time is a
moment, and everything else is the text as written. A plain numeral has no leading zero, no exponent and no more
digits than a number keeps, so `010`, `1E5` and `0x1F` are the codes they look like. Source: spec/interface.md.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tallystick.model.value import Value

Scalar = str | int | float | bool | None
"""What one scalar of the file holds; a float has at most `DIGITS` digits, so nothing of it is lost."""

DIGITS: Final = 15
NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt]|[ \t]+)(\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)[ \t]*(Z|z|[-+]\d\d(?::?\d\d)?)?", re.ASCII
)


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar, by the rule above; a moment stays the text that was written."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if sum(map(str.isdigit, text[: DIGITS + 3])) <= DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
    return text


def moment(text: str) -> str:
    """Canonical text of an unquoted date with a time (`2026-11-22 09:30` and the like); any other text unchanged."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    day, time, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{time}{(zone or '').upper()}")
        at = at.astimezone(UTC) if zone else at
    except (ValueError, OverflowError):
        return text
    fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + ("Z" if zone else "")


def canonical(value: Scalar) -> Value:
    """Canonical text as in `tallystick.model.value`: `true`, `12.5`, text in NFC. None stays None."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            text = format(Decimal(repr(value)), "f")
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if text == "-0" else text
        case _:
            return unicodedata.normalize("NFC", value)
