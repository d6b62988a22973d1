"""Fields of two systems that no line of a flow keeps in agreement yet, and which of them look like one.

Source: spec/engine.md E11: what is new in a system is offered, what is gone is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rapidfuzz.fuzz import token_sort_ratio

from tallystick.model.flow import Flow
from tallystick.model.schema import Field, RecordType
from tallystick.model.side import SIDES, Side
from tallystick.model.value import FieldType
from tallystick.server.connections.described import restored
from tallystick.server.connections.models import Connection

ALIKE: Final = 85.0
"""How alike two names are from here on, of 100, for one of them to be proposed for the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A field of each side that may be one."""

    left: Field
    right: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a flow could keep in agreement besides. `asked_at`: when each system was last asked what it holds; a side
    that is not in it has not been asked.
    """

    pairs: tuple[Offer, ...]
    free: Mapping[Side, tuple[Field, ...]]
    gone: Mapping[Side, frozenset[str]]  # fields that lines name and the system has no more; of sides that were asked
    types: Mapping[Side, Mapping[str, FieldType]]  # of sides that were asked
    asked_at: Mapping[Side, datetime]

    @property
    def is_known(self) -> bool:
        return len(self.asked_at) == len(SIDES)


def offers_of(flow: Flow, connections: Mapping[str, str]) -> Offers:
    """`connections`: the connection of each system. What the systems said last is looked at; none is asked."""
    kept = {
        one.name: one
        for one in Connection.objects.filter(name__in=connections.values()).only("name", "described", "described_at")
    }
    kinds: dict[Side, RecordType] = {}
    asked: dict[Side, datetime] = {}
    for side in SIDES:
        end = flow.end(side)
        one = kept.get(connections.get(end.system, ""))
        if one is None or one.described is None or one.described_at is None:
            continue
        if (kind := restored(one.described).record_type(end.selection.record)) is not None:
            kinds[side], asked[side] = kind, one.described_at
    free = {side: tuple(_free(flow, side, kinds[side])) if side in kinds else () for side in SIDES}
    return Offers(
        pairs=tuple(_alike(free[Side.LEFT], free[Side.RIGHT])),
        free=free,
        gone={side: _gone(flow, side, kind) for side, kind in kinds.items()},
        types={
            side: {field.name: field.type for field in kinds[side].fields} if side in kinds else {} for side in SIDES
        },
        asked_at=asked,
    )


def _free(flow: Flow, side: Side, kind: RecordType) -> list[Field]:
    """Those without the ones by which the flow finds, dates and chooses records: systems keep them themselves."""
    selection = flow.end(side).selection
    used = {name for line in flow.maps for name in line.fields(side)} | set(selection.key or kind.key)
    if selection.changed:
        used.add(selection.changed)
    if selection.deleted is not None:
        used.add(selection.deleted.column)
    return [field for field in kind.fields if field.name not in used]


def _gone(flow: Flow, side: Side, kind: RecordType) -> frozenset[str]:
    return frozenset(name for line in flow.maps for name in line.fields(side) if kind.field(name) is None)


def _alike(left: tuple[Field, ...], right: tuple[Field, ...]) -> list[Offer]:
    """The best pairs first, each field in one of them at most; both of a kind, and one of them writable."""
    names = {field.name: _words(field.name) for field in (*left, *right)}
    found = sorted(
        (
            (token_sort_ratio(names[one.name], names[other.name]), one.name, other.name, Offer(left=one, right=other))
            for one in left
            for other in right
            if _is_of_a_kind(one, other) and (one.is_writable or other.is_writable)
        ),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    offers: list[Offer] = []
    taken: set[tuple[Side, str]] = set()
    for likeness, one, other, offer in found:
        ends = {(Side.LEFT, one), (Side.RIGHT, other)}
        if likeness >= ALIKE and not ends & taken:
            taken |= ends
            offers.append(offer)
    return offers


def _is_of_a_kind(one: Field, other: Field) -> bool:
    return one.type is other.type or {one.type, other.type} <= {FieldType.INTEGER, FieldType.DECIMAL}


def _words(name: str) -> str:
    """`serialNo`, `SERIAL_NO` and `serial no` are one."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"\w+", parted.replace("_", " ").casefold()))
