"""Values of every type that systems are known to damage, in canonical text."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from tallystick.model.value import FieldType, Value


@dataclass(frozen=True, slots=True)
class Case:
    value: Value
    may_be_refused: bool = False  # beyond what every system can hold; but never altered in silence


_ALL_BYTES = base64.b64encode(bytes(range(256))).decode()

_CASES: dict[FieldType, dict[str, Case]] = {
    FieldType.TEXT: {
        "plain": Case("Pump 7"),
        "empty": Case(""),
        "umlaut": Case("Zoë Müller-Lüdenscheid"),
        "emoji": Case("🔧 done 👩‍🔧 🇮🇸"),
        "chinese": Case("泵房 三号"),
        "arabic": Case("مضخة رقم ٧"),
        "devanagari": Case("कर्नाटक"),
        "spaces": Case("  indented, then trailing  "),
        "quotes": Case('O\'Hara "the" `tick`; -- \\ %s %(x)s {x} $x'),
        "markup": Case("<b>&amp;</b> ]]> <!--"),
        "separators": Case('a,b;c|d\te:f"g'),
        "lines": Case("first\nsecond\n\nfourth"),
        "windows lines": Case("first\r\nsecond"),
        "wildcards": Case("100%_*?[a]"),
        "zeros in front": Case("000123"),
        "like a number": Case("1e5"),
        "like a date": Case("2026-11-22"),
        "like null": Case("NULL"),
        "like false": Case("false"),
        "zero": Case("0"),
        "like a formula": Case("=1+1"),
        "zero width": Case("a\u200db\u00a0c\u202fd"),
        "control": Case("bell\x07", may_be_refused=True),
        "long": Case("Täglich prüfen. " * 400, may_be_refused=True),
        "very long": Case("0123456789" * 20_000, may_be_refused=True),
        "null": Case(None),
    },
    FieldType.INTEGER: {
        "zero": Case("0"),
        "one": Case("1"),
        "negative": Case("-12"),
        "32 bits": Case("2147483648", may_be_refused=True),
        "beyond a double": Case("9007199254740993", may_be_refused=True),
        "64 bits": Case("9223372036854775807", may_be_refused=True),
        "lowest of 64 bits": Case("-9223372036854775808", may_be_refused=True),
        "beyond 64 bits": Case("9223372036854775808", may_be_refused=True),
        "30 digits": Case("123456789012345678901234567890", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.DECIMAL: {
        "zero": Case("0"),
        "whole": Case("12"),
        "halves": Case("12.5"),
        "cents": Case("0.1"),
        "negative": Case("-0.001", may_be_refused=True),
        "big whole": Case("100000000", may_be_refused=True),
        "small": Case("0.0000001", may_be_refused=True),
        "beyond a double": Case("12345678901234567.89", may_be_refused=True),
        "30 digits": Case("123456789012345.678901234567891", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.BOOLEAN: {"true": Case("true"), "false": Case("false"), "null": Case(None)},
    FieldType.DATE: {
        "day": Case("2026-11-22"),
        "leap day": Case("2028-02-29"),
        "before 1970": Case("1931-03-07"),
        "first": Case("0001-01-01", may_be_refused=True),
        "last": Case("9999-12-31", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.TIME: {
        "morning": Case("09:30:00"),
        "midnight": Case("00:00:00"),
        "last second": Case("23:59:59"),
        "fraction": Case("09:30:00.5", may_be_refused=True),
        "microseconds": Case("09:30:00.000001", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.DATETIME: {
        "moment": Case("2026-11-22T09:30:00Z"),
        "midnight": Case("2026-11-22T00:00:00Z"),
        "clocks go back": Case("2026-10-25T00:30:00Z"),
        "before 1970": Case("1931-03-07T12:00:00Z"),
        "milliseconds": Case("2026-11-22T09:30:00.25Z", may_be_refused=True),
        "microseconds": Case("2026-11-22T09:30:00.000001Z", may_be_refused=True),
        "after 2038": Case("2041-01-01T00:00:00Z", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.LOCAL_DATETIME: {
        "moment": Case("2026-11-22T09:30:00"),
        "midnight": Case("2026-11-22T00:00:00"),
        "hour that does not exist in Berlin": Case("2026-03-29T02:30:00"),
        "fraction": Case("2026-11-22T09:30:00.25", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.BINARY: {
        "text": Case("aGVsbG8="),
        "every byte": Case(_ALL_BYTES),
        "empty": Case("", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.LIST: {
        "two": Case('["A","B"]'),
        "one": Case('["A"]'),
        "order": Case('["b","a","c"]'),
        "separators": Case('["A;B","C,D"]', may_be_refused=True),
        "other scripts": Case('["Zoë","泵"]'),
        "quotes": Case('["say \\"hi\\"","back\\\\slash"]', may_be_refused=True),
        "none": Case("[]", may_be_refused=True),
        "null": Case(None),
    },
    FieldType.JSON: {
        "object": Case('{"a":1,"b":[true,null,"x"]}'),
        "nested": Case('{"a":{"b":{"c":"ü"}}}'),
        "array": Case("[1,2,3]"),
        "text": Case('"x"', may_be_refused=True),
        "number": Case("0", may_be_refused=True),
        "null": Case(None),
    },
}

_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_HOUR = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d*[1-9])?"
_CANONICAL = {
    FieldType.TEXT: r"[^\0]*",
    FieldType.INTEGER: r"0|-?[1-9]\d*",
    FieldType.DECIMAL: r"0|-?([1-9]\d*(\.\d*[1-9])?|0\.\d*[1-9])",
    FieldType.BOOLEAN: r"true|false",
    FieldType.DATE: _DAY,
    FieldType.TIME: _HOUR,
    FieldType.DATETIME: f"{_DAY}T{_HOUR}Z",
    FieldType.LOCAL_DATETIME: f"{_DAY}T{_HOUR}",
    FieldType.BINARY: r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    FieldType.LIST: r'\[("(\\.|[^"\\])*"(,"(\\.|[^"\\])*")*)?\]',
    FieldType.JSON: r"\S(.*\S)?",
}

BAD = {
    FieldType.INTEGER: "twelve",
    FieldType.DECIMAL: "12,5 kg",
    FieldType.BOOLEAN: "perhaps",
    FieldType.DATE: "2026-02-30",
    FieldType.TIME: "25:00:00",
    FieldType.DATETIME: "yesterday",
    FieldType.LOCAL_DATETIME: "2026-11-22T99:00:00",
    FieldType.BINARY: "not base64!",
    FieldType.LIST: "no list",
    FieldType.JSON: "{broken",
    FieldType.TEXT: "nul \0 inside",
}
"""Per type, what is no value of it."""


def cases_of(type_: FieldType) -> dict[str, Case]:
    return _CASES[type_]


def is_canonical(value: Value, type_: FieldType) -> bool:
    return value is None or re.fullmatch(_CANONICAL[type_], value, re.ASCII | re.DOTALL) is not None
