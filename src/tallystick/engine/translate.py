"""Records of one side -> the fields of the other, and the shared fields that matching looks at.

Pure: no store, no system; other flows' links come in through `References`. Source: spec/engine.md E6-E11.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from tallystick.engine.lines import Line
from tallystick.engine.translated import References, Translated, TranslatedRecord, Trouble
from tallystick.engine.ways import OneByOne
from tallystick.model.flow import Flow
from tallystick.model.plan import Planned
from tallystick.model.schema import Field
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value

__all__ = ["Line", "References", "Translated", "TranslatedRecord", "Translator", "Trouble"]


class Translator:
    """The lines of a flow, compiled.

    `types` are the fields each system described; one that is not there counts as a nullable text. `paused` names the
    field maps left out because a system no longer has their field (E11). Raises ConfigurationError.
    """

    def __init__(
        self,
        flow: Flow,
        types: Mapping[Side, Mapping[str, Field]],
        *,
        references: References,
        paused: Collection[str] = (),
    ) -> None:
        self.lines = tuple(Line(map, types, references) for map in flow.maps if map.name not in paused)
        self._plain = {side: _Plain(side, self.lines) for side in SIDES}
        self._rest = {
            side: tuple(line for line in self.lines if line.can_flow(side) and line.name not in self._plain[side].names)
            for side in SIDES
        }
        self._shared: dict[tuple[Side, str], Callable[[Mapping[str, Value]], Value]] = {}

    def fields(self, side: Side) -> tuple[str, ...]:
        """Every field of `side` that some line reads or writes, sorted."""
        return tuple(sorted({name for line in self.lines for name in line.fields(side)}))

    def line_fields(self, name: str, side: Side) -> tuple[str, ...]:
        """The fields of `side` in the line of this name."""
        return next((line.fields(side) for line in self.lines if line.name == name), ())

    def record(self, side: Side, values: Mapping[str, Value]) -> TranslatedRecord:
        """What a new record on `side` is to hold, from the other side's `values`."""
        results = self._plain[side].translate(values)
        rest = self._rest[side] if results is not None else self._plain[side].lines + self._rest[side]
        results = results if results is not None else {}
        if not rest:
            return TranslatedRecord(values=results)
        lossy: list[str] = []
        missing: list[str] = []
        troubles: dict[Trouble, dict[str, Translated]] = {}
        for line in rest:
            translated = line.towards(side, values)
            if translated.trouble is None:
                results.update(translated.values)
                if translated.is_lossy:
                    lossy.append(line.name)
            elif translated.trouble is Trouble.MISSING:
                missing.append(line.name)
            else:
                troubles.setdefault(translated.trouble, {})[line.name] = translated
        return TranslatedRecord(
            values=results,
            lossy=tuple(lossy),
            held={**troubles.get(Trouble.UNMAPPED_CODE, {}), **troubles.get(Trouble.TOO_LONG, {})},
            missing=tuple(missing),
            rejects=troubles.get(Trouble.UNFIT, {}),
            waits=troubles.get(Trouble.NO_REFERENCE, {}),
        )

    def shared(self, side: Side, values: Mapping[str, Value], names: Sequence[str]) -> dict[str, Value]:
        """The left-named fields of a record of either side, for matching.

        A right record is translated; what cannot be translated is null, for it is no evidence. Where the right holds
        only a projection of the left (a cut text, one code for two), the left's value is taken there and back, so
        that equal means equal on the projection (E8).
        """
        return {name: self._reading(side, name)(values) for name in names}

    def _reading(self, side: Side, name: str) -> Callable[[Mapping[str, Value]], Value]:
        reading = self._shared.get((side, name))
        if reading is None:
            reading = self._shared[side, name] = self._make_reading(side, name)
        return reading

    def _make_reading(self, side: Side, name: str) -> Callable[[Mapping[str, Value]], Value]:
        line = next((line for line in self.lines if name in line.map.left and line.can_flow(Side.LEFT)), None)
        if side is Side.LEFT and (line is None or not line.can_flow(Side.RIGHT) or _is_rename(line)):
            return lambda values: values.get(name)
        if line is None:
            return lambda values: None
        way = line.ways[Side.LEFT]
        if isinstance(way, OneByOne) and _is_rename(line):
            source = next(cell.source.name for cell in way.cells if cell.target.name == name)
            return lambda values: values.get(source)

        def of_right(values: Mapping[str, Value]) -> Value:
            value = line.towards(Side.LEFT, values).values.get(name)
            return value if isinstance(value, str) else None

        def of_left(values: Mapping[str, Value]) -> Value:
            there = line.towards(Side.RIGHT, values).values
            texts = {field: value for field, value in there.items() if value is None or isinstance(value, str)}
            back = line.towards(Side.LEFT, texts)
            value = back.values.get(name) if back.trouble is None else None
            return value if isinstance(value, str) else values.get(name)

        return of_left if side is Side.LEFT else of_right


def _is_rename(line: Line) -> bool:
    """Whether the line is a rename without a length on either side."""
    return all(
        isinstance(way, OneByOne) and all(cell.is_plain and cell.target.limit is None for cell in way.cells)
        for way in line.ways.values()
    )


class _Plain:
    """The lines that are plain renames towards one side, all at once: most of a first load."""

    def __init__(self, side: Side, lines: Sequence[Line]) -> None:
        plain = [
            (line, way)
            for line in lines
            if isinstance(way := line.ways[side], OneByOne) and all(cell.is_plain for cell in way.cells)
        ]
        cells = [cell for _, way in plain for cell in way.cells]
        self.lines = tuple(line for line, _ in plain)
        self.names = frozenset(line.name for line in self.lines)
        self._targets = tuple(cell.target.name for cell in cells)
        self._limits = tuple(cell.target.limit for cell in cells)
        self._shortest = min((limit for limit in self._limits if limit is not None), default=None)
        sources = [cell.source.name for cell in cells]
        self._get: Callable[[Mapping[str, Value]], Any] = (
            itemgetter(*sources) if len(sources) > 1 else lambda values: tuple(values[name] for name in sources)
        )

    def translate(self, values: Mapping[str, Value]) -> dict[str, Planned] | None:
        """All values; None when one is missing or too long and the lines have to be looked at one by one."""
        try:
            got: tuple[Value, ...] = self._get(values)
        except KeyError:
            return None
        text = "".join([value for value in got if value])
        if not text.isascii():
            got = tuple(unicodedata.normalize("NFC", value) if value else value for value in got)
        if self._shortest is not None and len(text) > self._shortest:
            for value, limit in zip(got, self._limits, strict=True):
                if value and limit is not None and len(value) > limit:
                    return None
        return dict(zip(self._targets, got, strict=True))
