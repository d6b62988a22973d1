"""The functions of expressions: plain, bounded, without a look at clock, file or network.

A function takes and gives texts, `Decimal` numbers, booleans and None. Null in gives null out, except where a
function is there to deal with null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any, Final

from tallystick.errors import RecordError

Term = str | Decimal | bool | None
"""A value inside an expression."""

MAX_LENGTH: Final = 1_000_000
MAX_PADDING: Final = 10_000
ARITHMETIC: Final = Context(prec=34, Emax=40, Emin=-40, traps=[InvalidOperation, DivisionByZero, Overflow])

_NUMBER = re.compile(r"[-+]?[0-9]{1,40}(\.[0-9]{1,40})?")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_PATTERN_PARTS: Final = {"YYYY": r"\d{4}", "MM": r"\d\d", "DD": r"\d\d", "HH": r"\d\d", "mm": r"\d\d", "ss": r"\d\d"}
_PATTERN = re.compile("|".join(_PATTERN_PARTS))


class ExpressionFailed(RecordError):
    """An expression has no value for this record: a text that is no number, a date that is none, a division by zero."""

    code = "expression_failed"


def text(term: Term) -> str:
    """The canonical text of `term`; null is empty."""
    match term:
        case None:
            return ""
        case bool():
            return "true" if term else "false"
        case Decimal():
            plain = format(term, "f")
            plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
            return "0" if plain in ("-0", "") else plain
        case _:
            return term


def number(term: Term) -> Decimal:
    """The number that `term` is or spells. Raises ExpressionFailed."""
    if isinstance(term, Decimal):
        return term
    if isinstance(term, str) and _NUMBER.fullmatch(term.strip()):
        return Decimal(term.strip())
    raise ExpressionFailed(f"{_said(term)} is not a number.", hint="Correct it, or change the expression.")


def whole(term: Term) -> int:
    """The whole number that `term` is. Raises ExpressionFailed."""
    value = number(term)
    if value != value.to_integral_value() or abs(value) > MAX_LENGTH:
        raise ExpressionFailed(f"{_said(term)} is not a whole number up to {MAX_LENGTH}.")
    return int(value)


def truth(term: Term) -> bool:
    """Whether a condition holds: `true` and `false`, null and empty count as false. Raises ExpressionFailed."""
    if isinstance(term, bool):
        return term
    if term is None or term in ("", "false"):
        return False
    if term == "true":
        return True
    raise ExpressionFailed(f"{_said(term)} is neither true nor false.", hint="Compare it, as in status == 'open'.")


def bounded(term: Term) -> Term:
    """`term` itself. Raises ExpressionFailed when it is a text longer than `MAX_LENGTH`."""
    if isinstance(term, str) and len(term) > MAX_LENGTH:
        raise ExpressionFailed(f"The result is longer than {MAX_LENGTH} characters.")
    return term


def _said(term: Term) -> str:
    if term is None:
        return "Null"
    shown = text(term)
    return f"`{shown[:20]}…`" if len(shown) > 20 else f"`{shown}`"


# --- texts ------------------------------------------------------------------------------------------------------


def _title(value: Term) -> str:
    def capital(found: re.Match[str]) -> str:
        first, *rest = re.split(r"(['’])", found[0])
        is_prefix = len(first) == 1  # O'Neil, d'Arc; but It's
        return first.capitalize() + "".join(part.capitalize() if is_prefix else part.lower() for part in rest)

    return _WORD.sub(capital, text(value))


def _replace(value: Term, old: Term, new: Term) -> str:
    whole_text, part, other = text(value), text(old), text(new)
    if not part:
        return whole_text
    if len(whole_text) + whole_text.count(part) * (len(other) - len(part)) > MAX_LENGTH:
        raise ExpressionFailed(f"The result is longer than {MAX_LENGTH} characters.")
    return whole_text.replace(part, other)


def _left(value: Term, count: Term) -> str:
    return text(value)[: max(0, whole(count))]


def _right(value: Term, count: Term) -> str:
    wanted = max(0, whole(count))
    return text(value)[-wanted:] if wanted else ""


def _substring(value: Term, start: Term, *length: Term) -> str:
    first = max(1, whole(start)) - 1
    return text(value)[first : first + max(0, whole(length[0]))] if length else text(value)[first:]


def _split_part(value: Term, separator: Term, place: Term) -> str:
    at = whole(place)
    if not text(separator) or at == 0:
        raise ExpressionFailed("split_part wants a separator and a place counted from 1, or from -1 at the end.")
    parts = text(value).split(text(separator))
    return parts[at - 1 if at > 0 else at] if -len(parts) <= at <= len(parts) else ""


def _pad(value: Term, length: Term, fill: Term) -> tuple[str, str]:
    wanted, filler = whole(length), text(fill)
    if wanted > MAX_PADDING or len(filler) != 1:
        raise ExpressionFailed(f"A text is padded with one character, to at most {MAX_PADDING}.")
    own = text(value)
    return own, filler * max(0, wanted - len(own))


def _pad_left(value: Term, length: Term, fill: Term) -> str:
    own, padding = _pad(value, length, fill)
    return padding + own


def _pad_right(value: Term, length: Term, fill: Term) -> str:
    own, padding = _pad(value, length, fill)
    return own + padding


def _concat(*values: Term) -> str:
    return "".join(text(value) for value in values)


def _join(separator: Term, *values: Term) -> str:
    return text(separator).join(text(value) for value in values if text(value))


# --- null and conditions ----------------------------------------------------------------------------------------


def _coalesce(*values: Term) -> Term:
    return next((value for value in values if value is not None and value != ""), None)


def _null_if(value: Term, other: Term) -> Term:
    return None if value is not None and text(value) == text(other) else value


# --- numbers ----------------------------------------------------------------------------------------------------


def _round(value: Term, *places: Term) -> Decimal:
    count = whole(places[0]) if places else 0
    if not 0 <= count <= 20:
        raise ExpressionFailed("A number is rounded to 0 to 20 places.")
    return number(value).quantize(Decimal(1).scaleb(-count), ROUND_HALF_UP, ARITHMETIC)


# --- dates ------------------------------------------------------------------------------------------------------


def _moment(value: Term) -> datetime:
    try:
        return datetime.fromisoformat(text(value))
    except ValueError:
        raise ExpressionFailed(f"{_said(value)} is neither a date nor a moment.") from None


def _date(value: Term) -> str:
    return _moment(value).date().isoformat()


def _time(value: Term) -> str:
    spelled = _moment(value).time().isoformat()
    return spelled.rstrip("0") if "." in spelled else spelled


def _format_date(value: Term, pattern: Term) -> str:
    at = _moment(value)
    spelled = {
        "YYYY": f"{at.year:04}",
        "MM": f"{at.month:02}",
        "DD": f"{at.day:02}",
        "HH": f"{at.hour:02}",
        "mm": f"{at.minute:02}",
        "ss": f"{at.second:02}",
    }
    return _PATTERN.sub(lambda found: spelled[found[0]], text(pattern))


def _parse_date(value: Term, pattern: Term) -> str:
    parts: list[str] = _PATTERN.findall(text(pattern))
    if not {"YYYY", "MM", "DD"} <= set(parts) or len(parts) != len(set(parts)):
        raise ExpressionFailed("A pattern names each of YYYY, MM and DD once, and no part twice.")
    written, at = "", 0
    for found in _PATTERN.finditer(text(pattern)):
        written += re.escape(text(pattern)[at : found.start()]) + f"({_PATTERN_PARTS[found[0]]})"
        at = found.end()
    read = re.fullmatch(written + re.escape(text(pattern)[at:]), text(value).strip(), re.ASCII)
    if read is None:
        raise ExpressionFailed(f"{_said(value)} is not written as {text(pattern)}.")
    numbers = {part: int(digits) for part, digits in zip(parts, read.groups(), strict=True)}
    try:
        day = date(numbers["YYYY"], numbers["MM"], numbers["DD"])
        if not {"HH", "mm", "ss"} & set(parts):
            return day.isoformat()
        hour, minute, second = (numbers.get(part, 0) for part in ("HH", "mm", "ss"))
        return datetime(day.year, day.month, day.day, hour, minute, second).isoformat()  # noqa: DTZ001  # a local moment
    except ValueError:
        raise ExpressionFailed(f"{_said(value)} is no date of the calendar.") from None


def _add_days(value: Term, days: Term) -> str:
    at, count = _moment(value), whole(days)
    try:
        moved = at + timedelta(days=count)
    except OverflowError:
        raise ExpressionFailed(f"{_said(value)} moved by {count} days is no date of the calendar.") from None
    if "T" not in text(value):
        return moved.date().isoformat()
    spelled = moved.replace(tzinfo=None).isoformat()
    spelled = spelled.rstrip("0") if "." in spelled else spelled
    return spelled + ("Z" if moved.tzinfo is UTC else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of expressions: how many values it takes, and whether null stands in for its result."""

    call: Callable[..., Term]
    least: int
    most: int | None  # None: any number
    is_null_through: bool = True  # null as first value gives null
    use: str  # how it is written, and what it gives

    def __call__(self, *values: Term) -> Term:
        if self.is_null_through and values and values[0] is None:
            return None
        try:
            return bounded(self.call(*values))
        except DecimalException:
            raise ExpressionFailed("A number is too large, or a division is by zero.") from None


def _function(
    use: str, call: Callable[..., Any], least: int, most: int | None, *, is_null_through: bool = True
) -> Function:
    return Function(call=call, least=least, most=most, is_null_through=is_null_through, use=use)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "upper": _function("upper(text): in capitals", lambda value: text(value).upper(), 1, 1),
    "lower": _function("lower(text): in small letters", lambda value: text(value).lower(), 1, 1),
    "title": _function("title(text): each word with a capital", _title, 1, 1),
    "trim": _function("trim(text): without blanks at both ends", lambda value: text(value).strip(), 1, 1),
    "replace": _function("replace(text, old, new): every `old` made `new`", _replace, 3, 3),
    "left": _function("left(text, n): the first n characters", _left, 2, 2),
    "right": _function("right(text, n): the last n characters", _right, 2, 2),
    "substring": _function("substring(text, start[, length]): counted from 1", _substring, 2, 3),
    "split_part": _function("split_part(text, separator, n): the n-th part; -1 is the last", _split_part, 3, 3),
    "pad_left": _function("pad_left(text, length, character): filled up in front", _pad_left, 3, 3),
    "pad_right": _function("pad_right(text, length, character): filled up at the end", _pad_right, 3, 3),
    "digits": _function("digits(text): only 0 to 9", lambda value: re.sub("[^0-9]", "", text(value)), 1, 1),
    "length": _function("length(text): number of characters", lambda value: Decimal(len(text(value))), 1, 1),
    "contains": _function(
        "contains(text, part): whether it holds it", lambda value, part: text(part) in text(value), 2, 2
    ),
    "starts_with": _function(
        "starts_with(text, part): whether it begins so", lambda value, part: text(value).startswith(text(part)), 2, 2
    ),
    "ends_with": _function(
        "ends_with(text, part): whether it ends so", lambda value, part: text(value).endswith(text(part)), 2, 2
    ),
    "concat": _function("concat(a, b, ...): one after the other", _concat, 1, None, is_null_through=False),
    "join": _function("join(separator, a, b, ...): those that are not empty", _join, 2, None, is_null_through=False),
    "coalesce": _function(
        "coalesce(a, b, ...): the first that is not empty", _coalesce, 1, None, is_null_through=False
    ),
    "null_if": _function("null_if(a, b): null where both are equal, else a", _null_if, 2, 2, is_null_through=False),
    "is_empty": _function(
        "is_empty(a): whether it is null or empty",
        lambda value: value is None or value == "",
        1,
        1,
        is_null_through=False,
    ),
    "number": _function("number(text): the number it spells", number, 1, 1),
    "round": _function("round(number[, places]): halves go up", _round, 1, 2),
    "abs": _function("abs(number): without its sign", lambda value: abs(number(value)), 1, 1),
    "date": _function("date(moment): its date", _date, 1, 1),
    "time": _function("time(moment): its time of day", _time, 1, 1),
    "year": _function("year(date): its year", lambda value: Decimal(_moment(value).year), 1, 1),
    "month": _function("month(date): its month, 1 to 12", lambda value: Decimal(_moment(value).month), 1, 1),
    "day": _function("day(date): its day of the month", lambda value: Decimal(_moment(value).day), 1, 1),
    "format_date": _function("format_date(date, 'DD.MM.YYYY HH:mm:ss'): spelled so", _format_date, 2, 2),
    "parse_date": _function("parse_date(text, 'DD.MM.YYYY'): the date spelled so", _parse_date, 2, 2),
    "add_days": _function("add_days(date, n): n days later, or earlier", _add_days, 2, 2),
}
"""By name; `field` and `if_` besides them belong to the expression itself."""
