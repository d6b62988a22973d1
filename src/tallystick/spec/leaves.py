"""The single values of the file as Pydantic types: what they take, what they refuse and in which words.

Each is read by a function here, so that a refusal is worded for people and no type is ever guessed: a number stands
where a number is wanted, a text where a text is wanted.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from tallystick.model.flow import (
    Compare,
    Direction,
    EditVsDelete,
    Exchange,
    Granularity,
    Limit,
    OnDeleted,
    OnNew,
    OnNull,
    OnPossible,
    OnScopeLeft,
    Rule,
    TooLong,
    WhenDown,
)
from tallystick.model.side import Side
from tallystick.model.value import FieldType, Value
from tallystick.spec import duration, scalar
from tallystick.spec.nearest import did_you_mean
from tallystick.spec.parse import NullKey

MAX_TEXT: Final = 10_000
MOST_BITS: Final = 100
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*%")


def refuse(message: str, hint: str = "") -> NoReturn:
    """Ends a validator with a sentence and a hint, which `tallystick.spec.faults` takes out again."""
    raise PydanticCustomError("worded", "{message}", {"message": message, "hint": hint})


def said(value: Any) -> str:
    """`value` as a message may show it: shortened, and a list or mapping only by its kind."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f"`{value if len(value) <= 40 else value[:40] + '…'}`"
        case _:
            return f"`{scalar.canonical(value)}`"


def _begin(words: str) -> str:
    return words[0].upper() + words[1:]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        hint = f'Write it in quotes: "{scalar.canonical(value)}".' if isinstance(value, int | float) else ""
        refuse(f"Here a text is wanted, not {said(value)}.", hint)
    if not value.strip():
        refuse("The text is empty.", "Write one, or leave the key out.")
    if len(value) > MAX_TEXT:
        refuse(f"The text is longer than {MAX_TEXT} characters.")
    return scalar.canonical(value) or ""


def _name(value: Any) -> str:
    text = _text(value)
    if not _NAME.fullmatch(text) or len(text) > 100:
        hint = "Use letters, digits, `_`, `-` and `.`, at most 100, beginning with a letter or digit."
        refuse(f"{said(text)} cannot be a name.", hint)
    return text


def _glue(value: Any) -> str:
    """Text between parts: a blank is one, nothing is not."""
    if not isinstance(value, str):
        refuse(f"Here a text in quotes is wanted, not {said(value)}.")
    if not value:
        refuse("The text between the parts is empty, so they could not be told apart again.", 'Write one, as in " ".')
    return value


def _value(value: Any) -> Value:
    if isinstance(value, dict | list):
        refuse(f"Here one value is wanted, not {said(value)}.")
    return scalar.canonical(value)


def _present(value: Any) -> str:
    text = _value(value)
    if text is None:
        refuse("Here a value is wanted, not null.", 'Write "null" in quotes if the text is meant.')
    return text


def _code(value: Any) -> str:
    if isinstance(value, NullKey):
        hint = 'Write "null" in quotes if the text is meant; what null does is said by `null:` of the field.'
        refuse("Null is not a code.", hint)
    return _present(value)


def _is(value: Any) -> Value:
    if isinstance(value, list):
        refuse("`is` and `is_not` take one value, not a list.", "Write `in: [...]` for several.")
    return _value(value)


def _positive(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        refuse(f"Here a whole number from 1 is wanted, not {said(value)}.")
    return value


def _bits(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST_BITS <= value <= MOST_BITS:
        refuse(f"Here a number from {-MOST_BITS} to {MOST_BITS} is wanted, not {said(value)}.", "Weights are in bits.")
    return float(value)


def _lead(value: Any) -> float:
    number = _bits(value)
    if number < 0:
        refuse(f"Here a number from 0 to {MOST_BITS} is wanted, not {said(value)}.", "Nobody is ahead by less than 0.")
    return number


def _share(value: Any) -> float:
    number = _percent(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
        refuse(f"Here a number from 0 to 1 is wanted, not {said(value)}.", "Write for example 0.85 or 85%.")
    return float(number)


def _percent(value: str) -> float | None:
    found = _PERCENT.fullmatch(value.strip())
    return None if found is None else round(float(found[1]) / 100, 10)


def _limit(value: Any) -> Limit:
    hint = "Write a percentage such as 10%, a number of records, or none for no limit."
    if isinstance(value, str):
        if value == "none":
            return Limit()
        share = _percent(value)
        if share is not None:
            return Limit(share=share)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Limit(count=value)
    if isinstance(value, float) and 0 < value < 1:
        hint = f"Write {scalar.canonical(round(value * 100, 8))}% if that share is meant."
    refuse(f"{_begin(said(value))} is not a limit.", hint)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        refuse(f"Here true or false is wanted, not {said(value)}.", "Write true or false without quotes.")
    return value


def _length_of_time(read: Callable[[str], float], example: str) -> Callable[[Any], float]:
    def validate(value: Any) -> float:
        if not isinstance(value, str):
            refuse(f"Here a text such as `{example}` is wanted, not {said(value)}.")
        try:
            return read(value)
        except ValueError as error:
            refuse(str(error), f"Write for example `{example}`; units are {', '.join(duration.UNITS_S)}.")

    return validate


def _time_of_day(value: Any) -> int:
    """Seconds from midnight."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        refuse(f"{_begin(said(value))} is not a time of day.", 'Write for example "22:00".')
    return int(found[1]) * 3600 + int(found[2]) * 60


def _day(value: Any) -> int:
    return DAYS.index(one_of(DAYS)(value))


def _zone(value: Any) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    name = _text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        suggestion = did_you_mean(name, available_timezones())
        refuse(f"{said(name)} is not a time zone.", suggestion or "Write one such as Europe/London or UTC.")
    return name


def one_of(values: Iterable[str]) -> Callable[[Any], str]:
    """A validator that takes exactly one of `values` and names them all when it refuses."""
    allowed = tuple(values)

    def validate(value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        listed = f"Write one of: {', '.join(allowed)}."
        suggestion = did_you_mean(value, allowed) if isinstance(value, str) else ""
        refuse(f"{_begin(said(value))} is not one of the values this key takes.", f"{suggestion} {listed}".lstrip())

    return validate


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """Marks a type as read by `read` and described to JSON Schema by `schema`."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return dict(self.schema)


def _choice(kind: type[enum.StrEnum], *, besides: tuple[str, ...] = ()) -> Leaf:
    allowed = [member.value for member in kind if member.value not in besides]
    check = one_of(allowed)
    return Leaf(lambda value: kind(check(value)), {"type": "string", "enum": allowed})


_SCALARS: Final = ("string", "number", "boolean")
_DURATION: Final = r"^\d+\s+(second|minute|hour|day|week)s?$"
_EVERY: Final = r"^every\s+(\d+\s+(second|minute|hour|day|week)s?|second|minute|hour|day|week)$"
_CLOCK_PATTERN: Final = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_PERCENTAGE: Final = r"^[0-9]+(\.[0-9]+)?\s*%$"

Text = Annotated[str, Leaf(_text, {"type": "string", "pattern": r"\S"})]
Name = Annotated[str, Leaf(_name, {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", "maxLength": 100})]
Glue = Annotated[str, Leaf(_glue, {"type": "string", "minLength": 1})]
Scalar = Annotated[Value, Leaf(_value, {"type": [*_SCALARS, "null"]})]
Present = Annotated[str, Leaf(_present, {"type": [*_SCALARS]})]
Is = Annotated[Value, Leaf(_is, {"type": [*_SCALARS, "null"]})]
Code = Annotated[str, Leaf(_code, {"type": [*_SCALARS]})]
Positive = Annotated[int, Leaf(_positive, {"type": "integer", "minimum": 1})]
Flag = Annotated[bool, Leaf(_flag, {"type": "boolean"})]
Share = Annotated[
    float,
    Leaf(
        _share, {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": _PERCENTAGE}]}
    ),
]
Bits = Annotated[float, Leaf(_bits, {"type": "number", "minimum": -MOST_BITS, "maximum": MOST_BITS})]
Lead = Annotated[float, Leaf(_lead, {"type": "number", "minimum": 0, "maximum": MOST_BITS})]
GuardLimit = Annotated[
    Limit,
    Leaf(
        _limit,
        {"anyOf": [{"type": "integer", "minimum": 0}, {"const": "none"}, {"type": "string", "pattern": _PERCENTAGE}]},
    ),
]
DurationText = Annotated[
    float, Leaf(_length_of_time(duration.seconds, "15 minutes"), {"type": "string", "pattern": _DURATION})
]
Interval = Annotated[
    float, Leaf(_length_of_time(duration.interval, "every 5 minutes"), {"type": "string", "pattern": _EVERY})
]
TimeOfDay = Annotated[int, Leaf(_time_of_day, {"type": "string", "pattern": _CLOCK_PATTERN})]
Day = Annotated[int, Leaf(_day, {"type": "string", "enum": list(DAYS)})]
Zone = Annotated[str, Leaf(_zone, {"type": "string"})]

SideWord = Annotated[Side, _choice(Side)]
DirectionWord = Annotated[Direction, _choice(Direction)]
TooLongWord = Annotated[TooLong, _choice(TooLong)]
NullWord = Annotated[OnNull, _choice(OnNull)]
WhenDownWord = Annotated[WhenDown, _choice(WhenDown)]
ExchangeWord = Annotated[Exchange, _choice(Exchange)]
TypeWord = Annotated[FieldType, _choice(FieldType)]
CompareWord = Annotated[Compare, _choice(Compare)]
PossibleWord = Annotated[OnPossible, _choice(OnPossible)]
NewWord = Annotated[OnNew, _choice(OnNew)]
DeletedWord = Annotated[OnDeleted, _choice(OnDeleted, besides=("set",))]
ScopeWord = Annotated[OnScopeLeft, _choice(OnScopeLeft)]
EditVsDeleteWord = Annotated[EditVsDelete, _choice(EditVsDelete)]
RuleWord = Annotated[Rule, _choice(Rule)]
GranularityWord = Annotated[Granularity, _choice(Granularity)]
