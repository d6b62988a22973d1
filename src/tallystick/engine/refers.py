"""The fields of one side that name records, and their values with other names. Source: spec/engine.md E26."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from tallystick.engine.cells import parts_of, place
from tallystick.engine.context import Context
from tallystick.engine.translated import Problem
from tallystick.model.flow import FieldMap
from tallystick.model.side import Side
from tallystick.model.value import FieldType, Value

Find = Callable[[str, str], str | None]
"""(flow, id of a record of it) -> the id to stand instead; None when that record is not there."""


class Refers:
    """How the records of one side of a flow name records of the flows it refers to."""

    def __init__(self, context: Context, side: Side) -> None:
        maps = [line.map for line in context.translator.lines if line.map.ref is not None]
        self._maps: dict[str, FieldMap] = {name: map for map in maps for name in map.fields(side)}
        self._places = {name: place(m, side, name, context.types[side].field(name)) for name, m in self._maps.items()}
        self.fields = tuple(self._maps)

    def named(self, name: str, value: Value) -> list[tuple[str, str]]:
        """The records that this field names, as flow and id; none where the value is no list though it ought to be."""
        flow = self._maps[name].ref or ""
        if not value:
            return []
        if not self._is_list(name):
            return [(flow, value)]
        try:
            return [(flow, id_) for id_ in parts_of(self._places[name], value, self._maps[name])]
        except Problem:
            return []

    def exchanged(self, name: str, value: Value, find: Find) -> Value:
        """The value with every id in it exchanged; None when a record it names is not there."""
        named = self.named(name, value)
        found = [find(flow, id_) for flow, id_ in named]
        there = [id_ for id_ in found if id_ is not None]
        if there == [id_ for _, id_ in named]:
            return value
        if len(there) < len(found):
            return None
        if not self._is_list(name):
            return there[0]
        separator = self._maps[name].separator
        if separator is None or self._places[name].type is FieldType.LIST:
            return orjson.dumps(there).decode()
        return separator.join(there)

    def empty(self, name: str) -> Value:
        """What this field holds when it names no record."""
        return self._places[name].null

    def _is_list(self, name: str) -> bool:
        return self._maps[name].separator is not None or self._places[name].type is FieldType.LIST
