"""Values between the three forms they have here: canonical text, Python values, and what a column keeps.

Everything that travels (history, connector, import, forms, API) is canonical text (model/value.py); only the columns
keep the database's own types. Source: spec/engine.md E9.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.connectors import spelling
from tallystick.model.value import FieldType, Value
from tallystick.server.records.codes import Codes
from tallystick.server.records.columns import Whole
from tallystick.server.records.record_types import Field

_LARGEST: Final = Decimal(10) ** 11
_STEP: Final = Decimal("0.0001")


class Unfit(ValueError):
    """A value a field cannot take; the text is a whole sentence and never holds the value."""


def taken(field: Field, value: Value, *, kept: Value = None, is_return: bool = False) -> Value:
    """`value` as the field keeps it: composed, canonical, within its limits. Raises Unfit.

    `kept` is what the record has: a retired code may stay. With `is_return` it may also come back.
    """
    if value is None:
        if field.is_required or not field.is_nullable:
            raise Unfit(_("{field} needs a value.").format(field=field.title))
        return None
    try:
        value = spelling.canonical(value, field.type)
    except ValueError as error:
        raise Unfit(_SENTENCES[field.type](str(field.title))) from error
    if value is None:
        raise Unfit(_SENTENCES[field.type](str(field.title)))
    if field.is_required and not value.strip():
        raise Unfit(_("{field} needs a value.").format(field=field.title))
    if field.limit is not None and len(value) > field.limit:
        raise Unfit(
            _("{field} takes {limit} characters, not {count}.").format(
                field=field.title, limit=field.limit, count=len(value)
            )
        )
    _CHECKS.get(field.type, _nothing)(field, value)
    if field.codes is not None:
        _check_codes(field, field.codes, value, kept=kept, is_return=is_return)
    return value


def _check_codes(field: Field, codes: Codes, value: str, *, kept: Value, is_return: bool) -> None:
    is_list = field.type is FieldType.LIST
    has = (listed(kept) if is_list else (kept,)) if kept else ()
    for code in listed(value) if is_list else (value,):
        known = codes.titles if is_return else codes.given
        if code not in known and code not in has:
            raise Unfit(
                _("{field} takes one of {codes} and nothing else.").format(
                    field=field.title, codes=", ".join(codes.codes)
                )
            )


def _check_whole(field: Field, value: str) -> None:
    column = field.column
    least, most = (column.least, column.most) if isinstance(column, Whole) else (-(2**63), 2**63 - 1)
    if len(value) > 20 or not least <= int(value) <= most:
        raise Unfit(
            _("{field} takes whole numbers from {least} to {most}.").format(field=field.title, least=least, most=most)
        )


def _check_amount(field: Field, value: str) -> None:
    try:
        number = Decimal(value)
        is_fit = abs(number) < _LARGEST and number == number.quantize(_STEP)
    except InvalidOperation:
        is_fit = False
    if not is_fit:
        raise Unfit(
            _("{field} takes numbers below 100,000,000,000 with at most 4 decimal places.").format(field=field.title)
        )


def _check_moment(field: Field, value: str) -> None:
    if len(value.partition(".")[2]) > 7:  # six digits and the Z
        raise Unfit(_("{field} takes moments to the microsecond.").format(field=field.title))


def _nothing(field: Field, value: str) -> None:
    return None


_CHECKS: Final[dict[FieldType, Callable[[Field, str], None]]] = {
    FieldType.INTEGER: _check_whole,
    FieldType.DECIMAL: _check_amount,
    FieldType.DATETIME: _check_moment,
}
_SENTENCES: Final[dict[FieldType, Callable[[str], str]]] = {
    FieldType.TEXT: lambda field: _("{field} holds a character that is none.").format(field=field),
    FieldType.INTEGER: lambda field: _("{field} needs a whole number.").format(field=field),
    FieldType.DECIMAL: lambda field: _("{field} needs a number.").format(field=field),
    FieldType.BOOLEAN: lambda field: _("{field} needs yes or no.").format(field=field),
    FieldType.DATE: lambda field: _("{field} needs a date like 2026-11-22.").format(field=field),
    FieldType.DATETIME: lambda field: _("{field} needs a date with a time like 2026-11-22T09:30:00Z.").format(
        field=field
    ),
    FieldType.LIST: lambda field: _("{field} needs a list of texts.").format(field=field),
    FieldType.JSON: lambda field: _("{field} needs a JSON document.").format(field=field),
}

# --- columns


def of_column(type_: FieldType, value: Any) -> Value:
    """Canonical text of what Django reads from a column."""
    if value is None or type(value) is str:
        return value
    return _READERS[type_](value)


def reader(type_: FieldType) -> Callable[[Any], Value] | None:
    """`of_column` for a whole column of values that are not null; None where they are canonical already."""
    return _READERS.get(type_)


def to_column(type_: FieldType, value: Value) -> Any:
    """What Django writes to a column for canonical text that `taken` gave."""
    if value is None:
        return None
    writer = _WRITERS.get(type_)
    return value if writer is None else writer(value)


def stamp(moment: datetime) -> str:
    """The canonical text of an aware moment."""
    text = (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()[:-6]
    return (text.rstrip("0") if "." in text else text) + "Z"


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


_READERS: Final[dict[FieldType, Callable[[Any], str]]] = {
    FieldType.INTEGER: str,
    FieldType.DECIMAL: _plain,
    FieldType.BOOLEAN: lambda value: "true" if value else "false",
    FieldType.DATE: lambda value: value.isoformat(),
    FieldType.DATETIME: stamp,
}
_WRITERS: Final[dict[FieldType, Callable[[str], Any]]] = {
    FieldType.INTEGER: int,
    FieldType.DECIMAL: Decimal,
    FieldType.BOOLEAN: lambda value: value == "true",
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: datetime.fromisoformat,
}

# --- lists


def listed(value: Value) -> tuple[str, ...]:
    """The texts of a canonical list; none of null."""
    return tuple(json.loads(value)) if value else ()


def list_of(texts: Sequence[str]) -> str:
    """The canonical list of these texts."""
    return json.dumps(list(texts), ensure_ascii=False, separators=(",", ":"))
