"""What else makes two records alike besides being one, found among the pairs themselves. Source: spec/engine.md E14."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from tallystick.engine.learned import Learned, bits
from tallystick.engine.normalise import Columns
from tallystick.engine.similar import LEVELS
from tallystick.engine.weigh import IDENTIFIERS, candidates, show_parts, weighed
from tallystick.engine.workspace import Workspace
from tallystick.model.flow import Level, Rival, Weights
from tallystick.model.side import SIDES, Side

SURE: Final = 8.0
CLEAR: Final = 4.0
"""Bits from which a pair is surely one, and by which it is clearly more so than another."""
FEWEST: Final = 30
"""Pairs of another explanation below which it is none."""


def rivals(
    space: Workspace, weights: Weights, fields: Sequence[Learned], columns: Mapping[Side, Columns]
) -> dict[str, Rival]:
    """What else makes records alike: being neighbours of one that is found, or having taken over its name."""
    marks = [at for at, field in enumerate(fields) if (field.name,) in weights.blocks and field.kind in IDENTIFIERS]
    if len(marks) < 2:
        return {}  # nothing that one record could have taken over from another
    show_parts(space, weights, columns, {side: pa.array(range(columns[side].count), pa.int32()) for side in SIDES})
    candidates(space, weights)
    space.step("all_weighed", weighed(weights))
    for side in SIDES:
        space.step(f"{side}_best", f"SELECT {side}_row AS row, max(weight) AS best FROM all_weighed GROUP BY 1")
    space.step(
        "judged",
        "SELECT all_weighed.*, l.best AS left_best, r.best AS right_best FROM all_weighed"
        " JOIN left_best AS l ON l.row = left_row JOIN right_best AS r ON r.row = right_row",
    )
    ones = space.number(
        f"SELECT count(*) FROM judged WHERE weight >= {SURE} AND weight = left_best AND weight = right_best"
    )
    is_loser = f"greatest(left_best, right_best) >= greatest({SURE}, weight + {CLEAR})"
    same = " + ".join(f"(levels[{at + 1}] = 1)::INTEGER" for at in marks)
    other = " + ".join(f"(levels[{at + 1}] = {len(LEVELS)})::INTEGER" for at in marks)
    explained = {"neighbour": is_loser, "successor": f"{other} > {same} AND {same} > 0 AND NOT ({is_loser})"}
    found: dict[str, Rival] = {}
    for name, condition in explained.items():
        count = space.number(f"SELECT count(*) FROM judged WHERE {condition}")
        if count < FEWEST:
            continue
        learned: dict[str, Mapping[Level, float]] = {}
        for at, field in enumerate(fields):
            seen = {
                row["level"]: row["n"]
                for row in space.table(
                    f"SELECT levels[{at + 1}] AS level, count(*) AS n FROM judged WHERE {condition} GROUP BY 1"
                ).to_pylist()
            }
            total = sum(n for number, n in seen.items() if number)
            shares = {of: (seen.get(number, 0) + 0.5) / (total + 2.5) for number, of in enumerate(LEVELS, start=1)}
            learned[field.name] = {
                of: round(value, 2)
                for of, value in bits(shares, field.among_ones).items()
                if of is not Level.SWAPPED or field.swap
            }
        found[name] = Rival(start=round(math.log2(max(1, ones) / count), 2), weights=learned)
    return found
