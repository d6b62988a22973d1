"""Which records and fields a flow wants of one side."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from msgspec import Struct

from tallystick.model.value import Value


class Test(enum.StrEnum):
    """The clauses of a filter; all compare canonical text, so `before`/`after` order dates and moments.

    Null: `is: null`, `in: [x, null]` and `empty: true` find it; `is_not: x` passes null; every other test fails on
    null. `empty: true` is null or ""; `contains` and `starts_with` are case sensitive. `contains` on a list field
    means one of its elements equals the value.
    """

    __test__ = False  # not a pytest class

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    EMPTY = "empty"
    BEFORE = "before"
    AFTER = "after"


class Clause(Struct, frozen=True, kw_only=True):
    field: str
    test: Test
    value: Value | tuple[Value, ...] | bool  # tuple for IN, bool for EMPTY

    def passes(self, value: Value) -> bool:
        match self.test:
            case Test.IS:
                return value == self.value
            case Test.IS_NOT:
                return value != self.value
            case Test.EMPTY:
                return (value in (None, "", "[]")) is self.value
            case Test.IN:
                return value in self.value  # type: ignore[operator]
            case _ if value is None:
                return False
            case Test.CONTAINS:
                return str(self.value) in value
            case Test.STARTS_WITH:
                return value.startswith(str(self.value))
            case Test.BEFORE:
                return value < str(self.value)
            case Test.AFTER:
                return value > str(self.value)


class Filter(Struct, frozen=True, kw_only=True):
    """Clauses joined by all-and or all-or, never mixed (P33)."""

    clauses: tuple[Clause, ...]
    is_all: bool = True

    def passes(self, values: Mapping[str, Value]) -> bool:
        results = (clause.passes(values.get(clause.field)) for clause in self.clauses)
        return all(results) if self.is_all else any(results)


class SoftDelete(Struct, frozen=True, kw_only=True):
    """A record whose `column` equals `equals` counts as deleted; our own delete sets it."""

    column: str
    equals: str


class Selection(Struct, frozen=True, kw_only=True):
    record: str  # table, collection, entity set
    fields: tuple[str, ...]  # wanted fields, sorted
    key: tuple[str, ...] = ()  # the fields that make the id; empty: the type's own
    changed: str | None = None  # column of the last change, for incremental reads and `newest`
    deleted: SoftDelete | None = None
    where: Filter | None = None


def id_of(parts: tuple[str, ...]) -> str:
    """The id made of one or more key values: the value itself, or the parts joined by `|` (`\\` and `|` escaped)."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def parts_of(id_: str, count: int) -> tuple[str, ...]:
    """The key values of an id; the inverse of `id_of`. Raises ValueError when it has not `count` parts."""
    if count == 1:
        return (id_,)
    parts, part, is_escaped = [], "", False
    for char in id_:
        if is_escaped:
            part, is_escaped = part + char, False
        elif char == "\\":
            is_escaped = True
        elif char == "|":
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    if len(parts) != count:
        raise ValueError(f"id {id_!r} has {len(parts)} parts, not {count}")
    return tuple(parts)
