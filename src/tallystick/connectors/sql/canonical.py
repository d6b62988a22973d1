"""Columns as a database delivers them into canonical text, whole columns at a time.

What the vectorised way does not know is left, value by value, to `spelling`, so both always agree: the fast way
only takes spellings whose canonical text it is sure of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.connectors import spelling
from tallystick.model.value import FieldType

Faults = dict[int, str]
"""Row -> why its value cannot be told, the end of a sentence."""

_DAY = r"^\d{4}-\d\d-\d\d$"
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?$"
_MOMENT = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00|\+00)?$"
_ZONED = r"[0-9](Z|\+00:00|\+00)$"
_INTEGER = r"^(0|-?[1-9]\d*)$"
_DECIMAL = r"^-?(0|[1-9]\d*)(\.\d+)?$"
_BOOLEANS: Mapping[str, str] = {"t": "true", "f": "false", "1": "true", "0": "false", "true": "true", "false": "false"}


def canonical_column(array: pa.Array, type_: FieldType, zone: tzinfo) -> tuple[pa.Array, Faults]:
    """The canonical text of every value; null, and a fault, where there is none."""
    if array.null_count == len(array):
        return pa.nulls(len(array), pa.string()), {}
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array, faults = _well_formed(array.cast(pa.string()))
        if type_ is FieldType.TEXT:
            return array, faults
        quick = _of_text(array, type_, zone)
        if quick is not None:
            return quick, faults
        slow, more = _each(array.dictionary_encode(), type_, zone)
        return slow, faults | more
    quick = _of_native(array, type_)
    return (quick, {}) if quick is not None else _each(array.dictionary_encode(), type_, zone)


def canonical_values(values: Sequence[object], type_: FieldType, zone: tzinfo) -> tuple[pa.Array, Faults]:
    """The same for values of a driver's row; kinds may be mixed, as SQLite allows."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if kinds in ({str}, {float}, {bool}) or (kinds == {bytes} and type_ is FieldType.BINARY) or not kinds:
        return canonical_column(pa.array(values, None if kinds else pa.string()), type_, zone)
    if kinds == {int} or (kinds == {int, float} and type_ is FieldType.DECIMAL):
        try:  # refused where a number is beyond 64 bits, or beyond what a double holds exactly
            numbers = pa.array(values, pa.int64() if kinds == {int} else pa.float64())
        except (OverflowError, pa.ArrowInvalid):
            pass
        else:
            return canonical_column(numbers, type_, zone)
    found: list[str | None] = []
    faults: Faults = {}
    for row, value in enumerate(values):
        try:
            found.append(spelling.canonical(value, type_, zone))
        except ValueError as error:
            found.append(None)
            faults[row] = str(error)
    return pa.array(found, pa.string()), faults


def _well_formed(array: pa.Array) -> tuple[pa.Array, Faults]:
    """NFC text; what is no UTF-8 or holds NUL becomes null with a fault."""
    content = _content(array)
    has_nul = b"\0" in content
    if content.isascii() and not has_nul:
        return array, {}
    faults: Faults = {}
    try:
        array.validate(full=True)
        is_sound = not has_nul
    except pa.ArrowInvalid:
        is_sound = False
    if not is_sound:
        raw: list[bytes | None] = array.cast(pa.binary()).to_pylist()
        for row, value in enumerate(raw):
            if value is not None and (reason := _unsound(value)):
                faults[row] = reason
        array = pa.array([None if row in faults else value for row, value in enumerate(raw)], pa.binary())
        array = array.cast(pa.string())
    return pc.utf8_normalize(array, form="NFC"), faults


def _content(array: pa.Array) -> bytes:
    """All bytes of a text column, in a row; nulls take none."""
    _, offsets, data = array.buffers()
    if data is None:
        return b""
    ends = memoryview(offsets).cast("i")
    return data[ends[array.offset] : ends[array.offset + len(array)]].to_pybytes()  # type: ignore[no-any-return]


def _unsound(value: bytes) -> str:
    if b"\0" in value:
        return "holds a NUL character"
    try:
        value.decode()
    except UnicodeDecodeError:
        return "holds bytes that are not UTF-8 text"
    return ""


def _of_native(array: pa.Array, type_: FieldType) -> pa.Array | None:
    is_integer = pa.types.is_integer(array.type)
    match type_:
        case FieldType.INTEGER | FieldType.DECIMAL | FieldType.TEXT if is_integer:
            return array.cast(pa.string())
        case FieldType.DECIMAL | FieldType.TEXT if pa.types.is_floating(array.type):
            return _of_floats(array)
        case FieldType.BOOLEAN if pa.types.is_boolean(array.type):
            return array.cast(pa.string())
        case FieldType.BOOLEAN if is_integer:
            bounds = pc.min_max(array).as_py()
            if bounds["min"] >= 0 and bounds["max"] <= 1:
                return array.cast(pa.bool_()).cast(pa.string())
    return None


def _of_floats(array: pa.Array) -> pa.Array:
    """Plain notation of the shortest text that reads back as the same number."""
    array = pc.if_else(pc.is_finite(array), array, None)
    spelled = array.cast(pa.string())
    spelled = pc.if_else(pc.equal(spelled, "-0"), "0", spelled)
    powers = pc.match_substring(spelled, "e")
    if not pc.any(powers).as_py():
        return spelled
    plain = [spelling.decimal(value) if value and "e" in value else value for value in spelled.to_pylist()]
    return pa.array(plain, pa.string())


def _of_text(array: pa.Array, type_: FieldType, zone: tzinfo) -> pa.Array | None:
    """The canonical text of well-formed text, or None when a spelling is out of the ordinary."""
    match type_:
        case FieldType.INTEGER:
            return array if _all_match(array, _INTEGER) else None
        case FieldType.DECIMAL:
            return _trimmed(array) if _all_match(array, _DECIMAL) else None
        case FieldType.BOOLEAN:
            places = pc.index_in(array, value_set=pa.array(list(_BOOLEANS)))
            return pa.array(list(_BOOLEANS.values())).take(places) if places.null_count == array.null_count else None
        case FieldType.DATE:
            return array if _all_match(array, _DAY) and _is_calendar(array, pa.date32()) else None
        case FieldType.TIME:
            return _trimmed(array) if _all_match(array, _CLOCK) else None
        case FieldType.DATETIME if zone is UTC:
            local = _local(array)
            return None if local is None else pc.binary_join_element_wise(local, "Z", "")
        case FieldType.LOCAL_DATETIME if zone is UTC or not pc.any(pc.match_substring_regex(array, _ZONED)).as_py():
            return _local(array)
    return None


def _local(array: pa.Array) -> pa.Array | None:
    """`2026-11-22T09:30:00.5` of every spelling of a moment in UTC."""
    if not _all_match(array, _MOMENT):
        return None
    days = pc.utf8_slice_codeunits(array, 0, 10)
    clocks = pc.utf8_slice_codeunits(array, 11, 19)
    seconds = pc.binary_join_element_wise(days, clocks, "T")
    if not _is_calendar(seconds, pa.timestamp("s")):
        return None
    if not pc.any(pc.match_substring(array, ".")).as_py():
        return seconds
    rest = pc.utf8_slice_codeunits(array, 19)
    rest = pc.replace_substring_regex(rest, r"(Z|\+00:00|\+00)$", "")
    return _trimmed(pc.binary_join_element_wise(seconds, rest, ""))


def _trimmed(array: pa.Array) -> pa.Array:
    """Numbers and moments without the zeros that end a fraction; `-0` is `0`."""
    fractions = pc.match_substring(array, ".")
    if pc.any(fractions).as_py():
        array = pc.if_else(fractions, pc.ascii_rtrim(pc.ascii_rtrim(array, "0"), "."), array)
    return pc.if_else(pc.equal(array, "-0"), "0", array)


def _all_match(array: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(array, pattern)).as_py())


def _is_calendar(array: pa.Array, type_: pa.DataType) -> bool:
    try:
        array.cast(type_)
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.starts_with(array, "0000")).as_py()


def _each(array: pa.DictionaryArray, type_: FieldType, zone: tzinfo) -> tuple[pa.Array, Faults]:
    """Every distinct value by itself."""
    found: list[str | None] = []
    reasons: dict[int, str] = {}
    for place, value in enumerate(array.dictionary.to_pylist()):
        try:
            found.append(spelling.canonical(value, type_, zone))
        except ValueError as error:
            found.append(None)
            reasons[place] = str(error)
    faults: Faults = {}
    if reasons:
        for row, place in enumerate(array.indices.to_pylist()):
            if place in reasons:
                faults[row] = reasons[place]
    return pa.array(found, pa.string()).take(array.indices), faults
