"""How a line's values are made for one side: by a constant, an expression, one by one, joined, split, or as an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from tallystick.engine.cells import Cell, Place, place
from tallystick.engine.translated import Problem, References, Translated, Trouble
from tallystick.errors import ConfigurationError, RecordError
from tallystick.model.flow import FieldMap
from tallystick.model.plan import Planned
from tallystick.model.schema import Field
from tallystick.model.selection import id_of, parts_of
from tallystick.model.side import Side
from tallystick.model.value import Value
from tallystick.spec.expression import Expression, compile_expression

Values = Mapping[str, Value]
Types = Mapping[Side, Mapping[str, Field]]


class Way(Protocol):
    sources: tuple[str, ...]
    targets: tuple[str, ...]

    def translate(self, values: Values) -> Translated:
        """From values that have all `sources`. Raises Problem."""
        ...

    def fits(self, source: Values, target: Values) -> bool:
        """Whether what the target has is one of several values that stand for the source's (E8)."""
        ...


class _Way:
    def __init__(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        self.sources = tuple(sources)
        self.targets = tuple(targets)

    def fits(self, source: Values, target: Values) -> bool:
        return False


def way(map: FieldMap, side: Side, types: Types, references: References) -> Way | None:
    """The way towards `side`; None when there is none. Raises ConfigurationError for a line that cannot work."""
    sources, targets = map.fields(side.other), map.fields(side)
    if not targets:
        return None
    if side in map.constant:
        return Constant(targets, map.constant[side])
    cells = _Cells(map, side, types, references)
    if side in map.expression:
        _one(map, targets, "an expression gives one value")
        computed = compile_expression(map.expression[side])
        back = map.expression.get(side.other)
        return Computed(
            computed,
            cells.text(f"the expression for {targets[0]}", targets[0]),
            sources,
            compile_expression(back) if back is not None else None,
        )
    if not sources or side.other in map.constant or side.other in map.expression:
        return None
    if map.ref is not None and (len(sources) > 1 or len(targets) > 1):
        return Keyed(map, sources, targets, cells.cell(sources[0], targets[0]), references)
    if len(sources) == len(targets):
        return OneByOne([cells.cell(source, target) for source, target in zip(sources, targets, strict=True)])
    joint = map.join if map.join is not None else map.separator
    if joint is None or min(len(sources), len(targets)) > 1:
        raise ConfigurationError(
            f"The fields {map.name} are {len(map.left)} on the left and {len(map.right)} on the right.",
            hint="Name as many on both sides, or one text on one of them and say with `join` what joins the others.",
        )
    if map.codes is not None:
        raise ConfigurationError(f"The fields {map.name} are joined, so no code set can apply.")
    if len(targets) == 1:
        return Joined(sources, cells.text(map.name, targets[0]), joint)
    return Split(sources[0], [cells.text(sources[0], target) for target in targets], joint)


def _one(map: FieldMap, targets: Sequence[str], why: str) -> None:
    if len(targets) != 1:
        raise ConfigurationError(f"The fields {map.name} are {len(targets)} on one side, but {why}.")


class _Cells:
    """Makes the cells of one way."""

    def __init__(self, map: FieldMap, side: Side, types: Types, references: References) -> None:
        self._map = map
        self._side = side
        self._types = types
        self._references = references

    def cell(self, source: str, target: str) -> Cell:
        """From field to field, with everything the line asks for."""
        here = place(self._map, self._side.other, source, self._types[self._side.other].get(source))
        return Cell(self._map, here, self._place(target), self._references)

    def text(self, source: str, target: str) -> Cell:
        """From a text that was made or taken apart already, called `source` in messages."""
        here = place(_NOTHING, self._side.other, source, None)
        map = replace(self._map, separator=None, join=None, codes=None, ref=None)
        return Cell(map, here, self._place(target), self._references)

    def _place(self, name: str) -> Place:
        return place(self._map, self._side, name, self._types[self._side].get(name))


_NOTHING = FieldMap(name="", left=(), right=())


class Constant(_Way):
    def __init__(self, targets: Sequence[str], value: Value) -> None:
        super().__init__((), targets)
        self._translated = Translated(values=dict.fromkeys(targets, value))

    def translate(self, values: Values) -> Translated:
        return self._translated


class OneByOne(_Way):
    """As many fields on one side as on the other; mostly one."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__([cell.source.name for cell in cells], [cell.target.name for cell in cells])
        self.cells = tuple(cells)

    def translate(self, values: Values) -> Translated:
        results: dict[str, Planned] = {}
        is_lossy = False
        for cell in self.cells:
            results[cell.target.name], is_poorer = cell.translate(values[cell.source.name])
            is_lossy = is_lossy or is_poorer
        return Translated(values=results, is_lossy=is_lossy)

    def fits(self, source: Values, target: Values) -> bool:
        return all(cell.fits(source[cell.source.name], target[cell.target.name]) for cell in self.cells)


class Joined(_Way):
    """Several fields into one text; null and blank parts leave no gap. Lossy when splitting gives other parts."""

    def __init__(self, sources: Sequence[str], cell: Cell, joint: str) -> None:
        super().__init__(sources, (cell.target.name,))
        self._cell = cell
        self._joint = joint

    def translate(self, values: Values) -> Translated:
        given = [values[name] for name in self.sources]
        stripped = [part.strip() if part is not None else "" for part in given]
        parts = [part for part in stripped if part]
        text = None if all(part is None for part in given) else self._joint.join(parts)
        result, is_lossy = self._cell.translate(text)
        if text is not None and not is_lossy:
            is_lossy = [part or "" for part in pieces(text, self._joint, len(given))] != stripped
        return Translated(values={self._cell.target.name: result}, is_lossy=is_lossy)


class Split(_Way):
    """One text into several fields: the last word into the last field, what is over into the first."""

    def __init__(self, source: str, cells: Sequence[Cell], joint: str) -> None:
        super().__init__((source,), [cell.target.name for cell in cells])
        self._cells = tuple(cells)
        self._joint = joint

    def translate(self, values: Values) -> Translated:
        text = values[self.sources[0]]
        parts = pieces(text, self._joint, len(self._cells)) if text is not None else [None] * len(self._cells)
        results: dict[str, Planned] = {}
        is_lossy = False
        for cell, part in zip(self._cells, parts, strict=True):
            results[cell.target.name], is_cut = cell.translate(part)
            is_lossy = is_lossy or is_cut
        return Translated(values=results, is_lossy=is_lossy)


def pieces(text: str, joint: str, count: int) -> list[Value]:
    """`count` parts of a joined text, split from its end; fewer words fill the first fields and leave null.

    `pieces("Mary Ann Smith", " ", 2) == ["Mary Ann", "Smith"]`. An empty text is an empty first part.
    """
    splitter = None if joint == " " else joint.strip() or joint
    parts: list[Value] = [part for raw in text.strip().rsplit(splitter, count - 1) if (part := raw.strip())]
    return [*(parts or [""]), *[None] * count][:count]


class Keyed(_Way):
    """The id of a record of another flow that is made of several fields on at least one side (E26)."""

    def __init__(
        self, map: FieldMap, sources: Sequence[str], targets: Sequence[str], cell: Cell, references: References
    ) -> None:
        super().__init__(sources, targets)
        self._map = map
        self._cell = cell
        self._references = references

    def translate(self, values: Values) -> Translated:
        given = [values[name] for name in self.sources]
        parts = [part for part in given if part is not None]
        if len(parts) < len(given):
            return Translated(values=dict.fromkeys(self.targets))
        id_ = id_of(tuple(parts))
        if len(self.targets) == 1:
            return Translated(values={self.targets[0]: self._cell.partner(id_)})
        try:
            ids = parts_of(self._cell.settled(id_), len(self.targets))
        except ValueError:
            raise Problem(
                Trouble.UNFIT,
                f"{self._map.name} on the {self._cell.target.side.value} takes {len(self.targets)} parts of an id, "
                f"and the id linked by the flow {self._map.ref} has another number.",
            ) from None
        return Translated(values=dict(zip(self.targets, ids, strict=True)))


class Computed(_Way):
    """A value computed from the other side's fields; lossy when the other side's expression does not lead back."""

    def __init__(self, expression: Expression, cell: Cell, sources: Sequence[str], back: Expression | None) -> None:
        super().__init__(sorted(expression.names), (cell.target.name,))
        self._expression = expression
        self._cell = cell
        self._source = sources[0] if len(sources) == 1 and sources[0] in expression.names else None
        self._back = back if back is not None and back.names <= {cell.target.name} else None

    def translate(self, values: Values) -> Translated:
        given = {name: values[name] for name in self.sources}
        try:
            value = self._expression.evaluate(given)
        except RecordError as error:
            raise Problem(Trouble.UNFIT, f"{self._cell.target} cannot be computed: {error}") from None
        result, is_lossy = self._cell.translate(value)
        if not is_lossy and self._back is not None and self._source is not None and isinstance(result, str):
            try:
                is_lossy = self._back.evaluate({self._cell.target.name: result}) != given[self._source]
            except RecordError:
                is_lossy = True
        return Translated(values={self._cell.target.name: result}, is_lossy=is_lossy)
