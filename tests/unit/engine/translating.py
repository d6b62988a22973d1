"""What the tests of translating share: lines and translators made of a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.engine.translate import Line, Translator
from tallystick.model.flow import CodeSet, FieldMap, Flow, FlowEnd
from tallystick.model.plan import Planned
from tallystick.model.schema import Field
from tallystick.model.selection import Selection
from tallystick.model.side import Side
from tallystick.model.value import FieldType

LEFT, RIGHT = Side.LEFT, Side.RIGHT


@dataclass
class Links:
    """The links of other flows: (flow, side, id) -> the id on the other side."""

    partners: Mapping[tuple[str, Side, str], Planned] = field(default_factory=dict)

    def partner(self, flow: str, side: Side, id: str) -> Planned | None:
        return self.partners.get((flow, side, id))


def field_map(left: str | tuple[str, ...] = "a", right: str | tuple[str, ...] = "b", **settings: Any) -> FieldMap:
    lefts, rights = _names(left), _names(right)
    return FieldMap(name="+".join(lefts or rights), left=lefts, right=rights, **settings)


def fields(side: Side, names: Iterable[str], kind: FieldType = FieldType.TEXT, **facts: Any) -> dict[str, Field]:
    return {name: Field(name=name, type=kind, **facts) for name in names}


def line(
    left: str | tuple[str, ...] = "a",
    right: str | tuple[str, ...] = "b",
    *,
    types: Mapping[Side, FieldType] | None = None,
    facts: Mapping[Side, Mapping[str, Any]] | None = None,
    declared: Mapping[Side, FieldType] | None = None,
    links: Links | None = None,
    **settings: Any,
) -> Line:
    """One line; `types` are what the systems described, `facts` what else they said of their fields."""
    map = field_map(left, right, types=declared or {}, **settings)
    described = {
        side: fields(side, map.fields(side), (types or {}).get(side, FieldType.TEXT), **(facts or {}).get(side, {}))
        for side in Side
    }
    return Line(map, described, links or Links())


def translator(*maps: FieldMap, links: Links | None = None, **settings: Any) -> Translator:
    end = FlowEnd(system="s", selection=Selection(record="r", fields=()))
    types: dict[Side, dict[str, Field]] = settings.pop("types", {LEFT: {}, RIGHT: {}})
    return Translator(Flow(name="flow", left=end, right=end, maps=maps), types, references=links or Links(), **settings)


def code_set(to_right: Mapping[str, tuple[str, ...]], to_left: Mapping[str, tuple[str, ...]]) -> CodeSet:
    return CodeSet(name="codes", to_right=to_right, to_left=to_left)


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) and names else tuple(names)
