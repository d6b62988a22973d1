"""Canonical text into what a column takes. Refusals say what the column expects, never what it was given."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.connectors.sql.table import Column
from tallystick.model.value import Value

Binder = Callable[[str], object]
"""Raises ValueError with the end of a sentence: "takes ...". """

_INTEGER = re.compile(r"-?\d+", re.ASCII)
_DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_SIZES: Final = {"smallint": 16, "int2": 16, "integer": 32, "int": 32, "int4": 32, "mediumint": 24, "tinyint": 8}


def text(value: str) -> str:
    if "\0" in value:
        raise ValueError("takes no text with a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("takes no text with half a character (a lone surrogate)") from None
    return value


def bounded_text(column: Column) -> Binder:
    """For databases that refuse, or cut, what is longer than the column."""
    length = column.max_length

    def bind(value: str) -> str:
        if length is not None and len(value) > length:
            raise ValueError(f"takes at most {length} characters")
        return text(value)

    return bind


def plain_texts(column: Column | None, values: Sequence[Value]) -> Sequence[Value] | None:
    """The values, if all are plain ASCII text of the right length."""
    texts = [value for value in values if value is not None]
    joined = "".join(texts)
    if not joined.isascii() or "\0" in joined:
        return None
    if column is not None and column.max_length is not None and max(map(len, texts), default=0) > column.max_length:
        return None
    return values


def plain_integers(values: Sequence[Value]) -> Sequence[int | None] | None:
    """The numbers, if all are canonical and certainly of 64 bits."""
    array = pa.array(values, pa.string())
    if not pc.all(pc.match_substring_regex(array, r"^(0|-?[1-9]\d{0,17})$")).as_py():
        return None
    return array.cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]


def are_days(values: Sequence[Value]) -> bool:
    array = pa.array(values, pa.string())
    if not pc.all(pc.match_substring_regex(array, r"^\d{4}-\d\d-\d\d$")).as_py():
        return False
    try:
        array.cast(pa.date32())
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.starts_with(array, "0000")).as_py()


def plain_moments(values: Sequence[Value], between: str) -> Sequence[Value] | None:
    """Local moments of whole seconds, with another sign between day and time, if all are such."""
    array = pa.array(values, pa.string())
    if not pc.all(pc.match_substring_regex(array, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")).as_py():
        return None
    try:
        array.cast(pa.timestamp("s"))
    except pa.ArrowInvalid:
        return None
    if pc.any(pc.starts_with(array, "0000")).as_py():
        return None
    return pc.replace_substring(array, "T", between).to_pylist()  # type: ignore[no-any-return]


def integer(column: Column) -> Callable[[str], int]:
    """Whole numbers in the range of the column's type."""
    native = column.native.partition("(")[0].strip()
    words = native.split()
    bits = _SIZES.get(words[0] if words else "", 64)
    is_unsigned = "unsigned" in column.native
    low, high = (0, 2**bits - 1) if is_unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

    def bind(value: str) -> int:
        if not _INTEGER.fullmatch(value):
            raise ValueError("takes an integer")
        if len(value) > 30 or not low <= (number := int(value)) <= high:
            raise ValueError(f"takes an integer from {low} to {high}")
        return number

    return bind


def decimal(column: Column) -> Callable[[str], str]:
    """Decimal text; money is never rounded in silence."""
    scale = column.scale

    def bind(value: str) -> str:
        if not _DECIMAL.fullmatch(value):
            raise ValueError("takes a number")
        if scale is not None and len(value.partition(".")[2].rstrip("0")) > scale:
            raise ValueError(f"takes a number with at most {scale} decimal places")
        return value

    return bind


def number(value: str) -> float:
    """A double that says exactly what the text says."""
    if not _DECIMAL.fullmatch(value):
        raise ValueError("takes a number")
    found = float(value)
    spelled = repr(found)
    if spelled not in (value, f"{value}.0") and Decimal(spelled) != Decimal(value):
        raise ValueError("takes a number of at most 15 digits, more would be lost")
    return found


def single(value: str) -> float:
    """A number that four bytes hold."""
    found = number(value)
    try:
        kept = struct.unpack("f", struct.pack("f", found))[0]
    except OverflowError:
        raise ValueError("takes a smaller number") from None
    if float(f"{kept:.6g}") != found and kept != found:
        raise ValueError("takes a number of at most 6 digits, more would be lost")
    return found


def boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("takes true or false")
    return value == "true"


def day(value: str) -> str:
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise ValueError("takes a date")


def clock_time(value: str) -> str:
    if _TIME.fullmatch(value):
        try:
            time.fromisoformat(value[:8])
        except ValueError:
            pass
        else:
            return value
    raise ValueError("takes a time of day")


def moment(value: str) -> str:
    """A canonical datetime, `…Z`."""
    if value[-1:] == "Z":
        try:
            return f"{local_moment(value[:-1])}Z"
        except ValueError:
            pass
    raise ValueError("takes a moment in UTC")


def local_moment(value: str) -> str:
    try:
        if value[10:11] == "T":
            day(value[:10])
            clock_time(value[11:])
            return value
    except ValueError:
        pass
    raise ValueError("takes a date with a time, without a zone")


def binary(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("takes bytes as base64") from None


def text_list(value: str) -> list[str]:
    try:
        parts = json.loads(value)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("takes a list of texts")
    return [text(part) for part in parts]


def document(value: str) -> str:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("takes JSON") from None
    return text(value)


def kept(value: str, column: Column) -> str:
    """What the column keeps of a time: the fraction of a second cut to the digits it has."""
    digits = column.fraction_digits
    if digits is None or "." not in value:
        return value
    whole, _, fraction = value.removesuffix("Z").partition(".")
    fraction = fraction[:digits].rstrip("0")
    return f"{whole}.{fraction}{'Z' * value.endswith('Z')}" if fraction else f"{whole}{'Z' * value.endswith('Z')}"
