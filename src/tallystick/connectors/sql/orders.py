"""Writes made ready for a table: native values, and which of them may go together.

Source: spec/engine.md E7, E27.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tallystick.connectors.sql import bind
from tallystick.connectors.sql.bind import Binder
from tallystick.connectors.sql.database import Database
from tallystick.connectors.sql.reading import Reading
from tallystick.connectors.sql.table import Column
from tallystick.errors import UnknownField
from tallystick.model.selection import parts_of
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write

_AT_A_TIME = 500


@dataclass(slots=True)
class Order:
    """A write made ready: native values, and what became of it."""

    write: Write
    names: tuple[str, ...] = ()  # columns to set
    row: tuple[object, ...] = ()  # their native values
    stored: dict[str, Value] = field(default_factory=dict)  # where the column keeps less than it is given
    raw_key: tuple[object, ...] = ()  # of the row that is there
    version: str | None = None  # that it has
    outcome: Outcome | None = None

    def settle(self, result: Result, message: str = "", *, id_: str | None = None) -> None:
        self.outcome = Outcome(key=self.write.key, result=result, message=message, id=id_)


class Orders:
    """Makes writes into the table of one reading ready."""

    def __init__(self, database: Database, reading: Reading) -> None:
        self._database = database
        self._reading = reading
        self._table = reading.table
        self._fields: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._binders: dict[str, tuple[Column, Binder]] = {}

    def make_ready(self, orders: Sequence[Order]) -> None:
        """Native values, column by column for writes of the same fields: most of the work of a write is this."""
        alike: dict[tuple[bool, tuple[str, ...]], list[Order]] = {}
        for order in orders:
            write = order.write
            if write.action is not Action.DELETE:
                is_named = write.action is Action.CREATE and write.id is not None
                alike.setdefault((is_named, tuple(write.values)), []).append(order)
        parts = ((is_named, part) for (is_named, _), group in alike.items() for part in _parts(group))
        for is_named, group in parts:
            names, columns = self._named(group) if is_named else _columns(group)
            group = [order for order in group if order.outcome is None]
            same = self._fields.setdefault(names, names)  # one tuple for all, so that orders are grouped by it
            bound = [self._bound(name, values, group) for name, values in zip(names, columns, strict=True)]
            for order, row in zip(group, zip(*bound, strict=True) if bound else [()] * len(group), strict=True):
                order.names, order.row = same, row

    def _named(self, group: Sequence[Order]) -> tuple[tuple[str, ...], list[Sequence[Value]]]:
        """The columns of creates with an id: the id stands for its key fields."""
        key = self._reading.key
        ids: list[tuple[str, ...]] = []
        named: list[Order] = []
        for order in group:
            try:
                ids.append(parts_of(str(order.write.id), len(key)))
                named.append(order)
            except ValueError:
                order.settle(Result.REFUSED, f"The id is not made of {' and '.join(key)}.")
        names, columns = _columns(named)
        others = [(name, values) for name, values in zip(names, columns, strict=True) if name not in key]
        parts = list(zip(*ids, strict=True)) if ids else [()] * len(key)
        return (*key, *(name for name, _ in others)), [*parts, *(values for _, values in others)]

    def _bound(self, name: str, values: Sequence[Value], group: Sequence[Order]) -> Sequence[object]:
        try:
            column, binder = self._binding(name)
        except ValueError as error:
            for order in group:
                order.settle(Result.REFUSED, f"The field {name!r} of {self._table.name!r} {error}.")
            return values
        if column.fraction_digits is not None:
            values = self._kept(column, values, group)
        quick = self._database.bind_all(column, values)
        if quick is not None:
            return quick
        bound: list[object] = []
        for order, value in zip(group, values, strict=True):
            try:
                bound.append(None if value is None else binder(value))
            except ValueError as error:
                bound.append(None)
                order.settle(Result.REFUSED, f"The field {name!r} of {self._table.name!r} {error}.")
        return bound

    def _kept(self, column: Column, values: Sequence[Value], group: Sequence[Order]) -> Sequence[Value]:
        kept = [value and bind.kept(value, column) for value in values]
        if kept != list(values):
            for order, value, cut in zip(group, values, kept, strict=True):
                if cut != value:
                    order.stored[column.name] = cut
        return kept

    def native(self, name: str, value: Value) -> object:
        """The native value of one column."""
        _, binder = self._binding(name)
        return None if value is None else binder(value)

    def _binding(self, name: str) -> tuple[Column, Binder]:
        if name in self._binders:
            return self._binders[name]
        try:
            column = self._table.column(name)
        except UnknownField:
            raise ValueError("is not there") from None
        if not column.is_writable:
            raise ValueError("is computed by the database and takes no value")
        self._binders[name] = column, self._database.binder(column)
        return self._binders[name]


def _parts(group: Sequence[Order]) -> Iterator[Sequence[Order]]:
    """Parts small enough for the processor's cache."""
    for start in range(0, len(group), _AT_A_TIME):
        yield group[start : start + _AT_A_TIME]


def _columns(group: Sequence[Order]) -> tuple[tuple[str, ...], list[Sequence[Value]]]:
    """The fields that all these writes set, and their values column by column."""
    if not group:
        return (), []
    names = tuple(group[0].write.values)
    rows = [order.write.values for order in group]
    return names, [[row[name] for row in rows] for name in names]


def waves(orders: Sequence[Order]) -> Iterator[list[Order]]:
    """Parts in which no record occurs twice, in order."""
    wave: list[Order] = []
    seen: set[str] = set()
    for order in orders:
        id_ = order.write.id
        if id_ is not None and id_ in seen:
            yield wave
            wave, seen = [], set()
        wave.append(order)
        if id_ is not None:
            seen.add(id_)
    if wave:
        yield wave


def groups(orders: Sequence[Order]) -> Iterator[list[Order]]:
    """Equal writes together; kinds of writes stay in order, for a delete may make room for a create."""
    stretch: dict[tuple[int, bool], list[Order]] = {}
    action: Action | None = None
    for order in orders:
        if order.write.action is not action:
            yield from stretch.values()
            stretch, action = {}, order.write.action
        stretch.setdefault((id(order.names), order.write.id is None), []).append(order)
    yield from stretch.values()
