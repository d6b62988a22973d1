"""Which fields, equal together, are worth comparing records by: few pairs, and nearly all that are one among them.

A block is a tuple of names; a reach tells of each block that could be how many pairs it compares.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.engine.learned import Learned
from tallystick.engine.normalise import Columns
from tallystick.engine.weigh import IDENTIFIERS, WIDEST
from tallystick.engine.workspace import Workspace
from tallystick.errors import InputRefused
from tallystick.model.flow import Compare, Level
from tallystick.model.side import SIDES, Side

MOST_BLOCKS: Final = 16
SHARP: Final = 6
WORTH: Final = 0.0005
"""The share of the pairs that a further block has to reach anew."""
DOUBT: Final = 0.8
"""Mistakes come together, so a field agrees less often on the pairs that other blocks miss."""
PER_RECORD: Final = 3
MODEST: Final = 200_000
"""Pairs of a block: so many for each record, or this many where that is more."""
YIELD: Final = 0.02
"""Above that many, the least share of a block's pairs that have to be one and reached by no other block."""
IDENTIFYING: Final = 0.9
"""The share of values of an identifier that are different."""
WIDE: Final = 0.1
"""The share of records that may be left out of a block, because their values are shared by too many."""


def reaches(
    space: Workspace, columns: Mapping[Side, Columns], kinds: Mapping[str, Compare]
) -> dict[tuple[str, ...], int]:
    """Sets of fields that could be blocks, and how many pairs each compares; none holds another one."""
    largest = max(columns[side].count for side in SIDES)
    limit = max(PER_RECORD * largest, min(MODEST, 20 * largest))
    found: dict[tuple[str, ...], int] = {}
    for size in (1, 2, 3):
        for names in itertools.combinations(kinds, size):
            if any(set(one) < set(names) for one in found):
                continue
            is_identifier = kinds[names[0]] in IDENTIFIERS
            if size == 1 and is_identifier and not _identifies(columns, names[0], kinds[names[0]]):
                continue
            pairs = _pairs(space, columns, kinds, names)
            if 0 < pairs <= (limit if size > 1 or is_identifier else largest):
                found[names] = pairs
    return found


def _identifies(columns: Mapping[Side, Columns], name: str, kind: Compare) -> bool:
    """Whether nearly every record of a side has a value of its own."""
    for side in SIDES:
        column = columns[side].column(name, kind)
        if pc.count_distinct(column).as_py() < IDENTIFYING * (len(column) - column.null_count):
            return False
    return True


def _pairs(
    space: Workspace, columns: Mapping[Side, Columns], kinds: Mapping[str, Compare], names: Sequence[str]
) -> int:
    """How many pairs are equal in these; 0 where too many records share their values with too many."""
    using = ", ".join(f"k{at}" for at in range(len(names)))
    held = " AND ".join(f"k{at} IS NOT NULL" for at in range(len(names)))
    for side in SIDES:
        texts = [columns[side].column(name, kinds[name]) for name in names]
        space.show(f"{side}_tried", pa.table({f"k{at}": text for at, text in enumerate(texts)}))
    keys = [f"(SELECT {using}, count(*) AS n FROM {side}_tried WHERE {held} GROUP BY ALL)" for side in SIDES]
    row = space.table(
        f"SELECT coalesce(sum(l.n * r.n) FILTER (l.n * r.n <= {WIDEST}), 0)::BIGINT AS pairs,"
        f" coalesce(sum(l.n) FILTER (l.n * r.n > {WIDEST}), 0)::BIGINT AS wide"
        f" FROM {keys[0]} AS l JOIN {keys[1]} AS r USING ({using})"
    ).to_pylist()[0]
    return int(row["pairs"]) if row["wide"] <= WIDE * columns[Side.LEFT].count else 0


def sharp(reach: Mapping[tuple[str, ...], int], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """A few of these with the fewest pairs, so that every field is outside of at least two: to learn from."""
    if not reach:
        raise InputRefused(
            "No combination of these fields picks out few enough pairs to compare.",
            hint="Name fields that tell records apart with --field, such as a number, a name or an address.",
        )
    chosen: list[tuple[str, ...]] = []
    outside = dict.fromkeys(names, 0)
    for block in sorted(reach, key=lambda block: (reach[block], block)):
        if any(outside[name] < 2 for name in names if name not in block):
            chosen.append(block)
            for name in names:
                outside[name] += name not in block
    return tuple(chosen[:SHARP])


def chosen(
    reach: Mapping[tuple[str, ...], int], fields: Sequence[Learned], counts: Mapping[Side, int]
) -> tuple[tuple[str, ...], ...]:
    """The blocks that together reach nearly every pair that is one, cheapest for what they reach."""
    equal = {
        field.name: DOUBT * field.known[Side.LEFT] * field.known[Side.RIGHT] * field.among_ones[Level.SAME]
        for field in fields
    }
    states: list[tuple[frozenset[str], float]] = [(frozenset(), 1.0)]
    for name in equal:
        states = [
            grown
            for state, share in states
            for grown in ((state | {name}, share * equal[name]), (state, share * (1 - equal[name])))
        ]
    largest, smallest = max(counts.values()), min(counts.values())
    found: list[tuple[str, ...]] = []
    while len(found) < MOST_BLOCKS:
        gains = {
            block: sum(share for state, share in states if state >= frozenset(block))
            for block in reach
            if block not in found
        }
        gains = {
            block: gain
            for block, gain in gains.items()
            if reach[block] <= MODEST or gain * smallest >= YIELD * reach[block]
        }
        best = max(gains, key=lambda block: (gains[block] / (reach[block] + largest), block), default=None)
        if best is None or gains[best] < WORTH:
            break
        found.append(best)
        states = [(state, share) for state, share in states if not state >= frozenset(best)]
    return tuple(found)
