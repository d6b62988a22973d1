"""One line of `fields:` compiled into two ways, one per side.

Compiled once per flow, so that a value passes only the steps its line asks for; a plain rename passes none.
Source: spec/engine.md E6, E8-E10, E26.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from tallystick.engine.cells import split
from tallystick.engine.translated import Problem, References, Translated, Trouble
from tallystick.engine.ways import Way, way
from tallystick.model.flow import FieldMap
from tallystick.model.plan import Planned
from tallystick.model.schema import Field
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value

_MISSING = Translated(trouble=Trouble.MISSING, message="A field was not delivered.")


class Line:
    """One FieldMap, ready to translate both ways. Raises ConfigurationError when it cannot work at all."""

    def __init__(self, map: FieldMap, types: Mapping[Side, Mapping[str, Field]], references: References) -> None:
        self.name = map.name
        self.map = map
        self.ways: dict[Side, Way | None] = {side: way(map, side, types, references) for side in SIDES}
        self._fields: dict[Side, tuple[str, ...]] = {side: _fields(map, side, self.ways[side.other]) for side in SIDES}

    def fields(self, side: Side) -> tuple[str, ...]:
        """The fields of `side` this line reads or writes: the mapped ones, then those only an expression names."""
        return self._fields[side]

    def can_flow(self, towards: Side) -> bool:
        """False when nothing computes a value for that side: no fields there, or a constant or expression that
        only the other side has."""
        return self.ways[towards] is not None

    def towards(self, side: Side, values: Mapping[str, Value]) -> Translated:
        """The values `side` should have; `values` are the other side's, more than needed is no harm."""
        found = self.ways[side]
        if found is None or any(name not in values for name in found.sources):
            return _MISSING
        try:
            return found.translate(values)
        except Problem as problem:
            return problem.translated

    def agrees(self, left: Mapping[str, Value], right: Mapping[str, Value]) -> bool:
        """Whether the two sides say the same, as far as either can hold it (E8).

        True when one side's translation is what the other has, or one of the codes that fit. So a cut text agrees
        with its source, decimal 1.5 with text "1.50", and null with "" where the field cannot hold the difference
        (a date, a number, a text that is never null). Spaces around the parts of joined and separated texts and empty
        parts do not count. A field that either side did not deliver differs from nothing.
        """
        sides = {Side.LEFT: left, Side.RIGHT: right}
        for side in SIDES:
            if any(name not in sides[side] for name in self._fields[side]):
                return True
        is_one_way = True
        for side in SIDES:
            found = self.ways[side]
            if found is None:
                continue
            is_one_way = False
            if found.fits(sides[side.other], sides[side]):
                return True
            translated = self.towards(side, sides[side.other])
            if translated.trouble is None and self._is_same(side, translated.values, sides[side]):
                return True
        return is_one_way

    def is_poorer(self, side: Side, values_of_other: Mapping[str, Value]) -> bool:
        """Whether `side` can hold only a projection of these values of the other side (for a lossy edit, E8)."""
        return self.towards(side, values_of_other).is_lossy

    def _is_same(self, side: Side, ours: Mapping[str, Planned], theirs: Mapping[str, Value]) -> bool:
        return all(
            ours[name] == theirs[name] or self._spelled(ours[name]) == self._spelled(theirs[name])
            for name in self.map.fields(side)
        )

    def _spelled(self, value: Planned) -> Planned | tuple[str, ...]:
        """The value with what does not count taken out."""
        if not isinstance(value, str):
            return value
        text = value if value.isascii() else unicodedata.normalize("NFC", value)
        if self.map.join is not None:
            return " ".join(text.split())
        if self.map.separator is not None and not text.startswith("["):
            return tuple(split(text, self.map.separator))
        return text


def _fields(map: FieldMap, side: Side, reading: Way | None) -> tuple[str, ...]:
    named = map.fields(side)
    extra: Sequence[str] = reading.sources if reading is not None else ()
    return (*named, *sorted(name for name in extra if name not in named))
